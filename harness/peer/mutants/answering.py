"""Mutants that answer a message by something else, one for each message and wrong answer.

They show what a case holds against an answer that is not the one it is about: the end of the whole
tunnel for a fault in one call, a reason that there was not, another frame of PPP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from harness.peer.calls import CallControl
from harness.peer.examine import Examined, Fault
from harness.peer.message_types import CDN, STOPCCN
from harness.peer.mutants.base import add
from harness.peer.mutants.edits import RESULT_CODE
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls
from harness.spec.model import Role
from harness.wire import AVP, Packet

CALL_MESSAGES: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("ICRQ", "6.6-01", LNS),
    ("ICCN", "6.8-02", LNS),
    ("OCRQ", "6.9-01", LAC),
    ("OCRP", "6.10-01", LNS),
)
"""Messages about a call, a row of the section about each, and who receives them."""


def _named(examined: Examined, message: str) -> bool:
    return examined.message is not None and examined.message.name == message


def ends_tunnel(message: str) -> type[Variant]:
    """A peer whose tunnel ends at such a message."""

    class Ending(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            if _named(examined, message):
                tunnel.close(Fault(0, f"no {message}, please", result=1), now)
            else:
                super().handle(tunnel, packet, examined, now)

    return with_calls(Ending)


def _coded(message: int, result: int | None, error: int | None) -> type[Variant]:
    """A peer that tells another result, or another error beside the right result."""

    def changed(one: AVP) -> AVP:
        if one.type != RESULT_CODE or one.vendor or one.hidden:
            return one
        value = one.value
        if result is not None:
            value = result.to_bytes(2, "big") + value[2:]
        if error is not None:
            value = value[:2] + error.to_bytes(2, "big") + value[4:]
        return one._replace(value=value)

    class Peer(Variant):
        def alter(self, packet: Packet) -> Iterable[Packet]:
            if packet.message_type != message:
                return (packet,)
            return (packet._replace(avps=tuple(changed(one) for one in packet.avps)),)

    return Peer


def _framed(change: Callable[[bytearray], None]) -> type[Variant]:
    """A peer whose PPP answers with something else. The frame begins with FF03."""

    class Peer(Variant):
        def alter_data(self, packet: Packet) -> Iterable[Packet]:
            frame = bytearray(packet.payload)
            if len(frame) >= _LEAST:
                change(frame)
            return (packet._replace(payload=bytes(frame)),)

    return Peer


_LEAST: Final = 8
"""Octets of a PPP frame with FF03, the protocol, code, identifier and length."""


def _other_protocol(frame: bytearray) -> None:
    frame[2:4] = b"\xc0\x25"


def _other_code(frame: bytearray) -> None:
    frame[4] = 11


def _other_identifier(frame: bytearray) -> None:
    frame[5] ^= 0x80


def _register() -> None:
    for message, row, roles in CALL_MESSAGES:
        text = f"the tunnel ends at a {message}"
        kind = ends_tunnel(message)
        add(
            f"{message.lower()}-ends-the-tunnel",
            kind,
            f"RFC2661-{row}",
            text,
            roles=roles,
            broad=True,
        )
    for name, number, result, error, text in (
        ("OtherResultInCdn", CDN, 9, None, "a CDN has another result than what happened"),
        ("OtherErrorInCdn", CDN, None, 7, "a CDN has another error than what happened"),
        (
            "OtherResultInStopccn",
            STOPCCN,
            3,
            None,
            "a StopCCN has another result than what happened",
        ),
        ("OtherErrorInStopccn", STOPCCN, None, 7, "a StopCCN has another error than what happened"),
        ("EveryCdnOfAnyError", CDN, 2, 7, "every CDN tells a general error, number 7"),
        ("EveryCdnOfNoError", CDN, 2, 0, "every CDN tells a general error without a number"),
        ("EveryCdnOfWantAndWill", CDN, 3, 4, "every CDN tells two reasons that do not agree"),
        ("EveryStopccnOfAnyError", STOPCCN, 2, 7, "every StopCCN tells a general error, number 7"),
        ("EveryStopccnOfWantAndWill", STOPCCN, 3, 4, "every StopCCN tells two different reasons"),
    ):
        add(name, _coded(number, result, error), "RFC2661-4.4.2-03", text, broad=True)
    for name, change, text in (
        ("PppAnswersInAnotherProtocol", _other_protocol, "PPP answers in another protocol"),
        ("PppAnswersByAnotherCode", _other_code, "PPP answers by another code"),
        ("PppAnswersAnotherRequest", _other_identifier, "PPP answers with another identifier"),
    ):
        add(name, _framed(change), "RFC2661-5.3-02", text, broad=True)


_register()
