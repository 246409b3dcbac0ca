"""Mutants that answer a message by something else, one for each message and wrong answer.

They show what a case holds against an answer that is not the one it is about: the end of the whole
tunnel for a fault in one call, the end of another call, silence, a message that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from harness.peer.calls import CallControl
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import BOTH, LAC, LNS, Variant, add
from harness.peer.mutants.edits import CDN, RESULT_CODE, STOPCCN
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, parse

NONSENSE: Final = 99
"""A Message Type that nobody knows; with M = 0 it has to be ignored."""

CALL_MESSAGES: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("ICRQ", "6.6-01", LNS),
    ("ICRP", "6.7-01", LAC),
    ("ICCN", "6.8-02", LNS),
    ("OCRQ", "6.9-01", LAC),
    ("OCRP", "6.10-01", LNS),
    ("OCCN", "6.11-01", LNS),
    ("CDN", "6.12-01", BOTH),
    ("WEN", "6.13-01", LNS),
    ("SLI", "6.14-02", LAC),
)
"""Messages about a call, a row of the section about each, and who receives them."""

OTHERS: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("SCCRQ", "6.2-01", BOTH),
    ("SCCRP", "6.2-01", BOTH),
    ("SCCCN", "6.3-01", BOTH),
    ("HELLO", "6.5-03", BOTH),
)


def _named(examined: Examined, message: str) -> bool:
    return examined.message is not None and examined.message.name == message


def _others(
    calls: CallControl, tunnel: Tunnel, packet: Packet, examined: Examined
) -> list[Session]:
    """The calls of the tunnel that a message is not about."""
    subject = calls.find(tunnel, packet, examined)
    return [one for one in tunnel.sessions.values() if one is not subject]


def with_calls(kind: type[CallControl]) -> type[Variant]:
    """A reference peer that treats call messages otherwise."""

    class Peer(Variant):
        calls_type = kind

    return Peer


def ends_tunnel(message: str, *, beside: bool) -> type[Variant]:
    """A peer whose tunnel ends at such a message; `beside`: only if there is another call."""

    class Ending(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            here = _named(examined, message)
            if here and (not beside or _others(self, tunnel, packet, examined)):
                tunnel.close(Fault(0, f"no {message}, please", result=1), now)
            else:
                super().handle(tunnel, packet, examined, now)

    return with_calls(Ending)


def ends_another(message: str) -> type[Variant]:
    """A peer that ends another call at such a message."""

    class Ending(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            if _named(examined, message):
                for other in _others(self, tunnel, packet, examined):
                    other.send_cdn()
                    tunnel.forget_session(other)
            super().handle(tunnel, packet, examined, now)

    return with_calls(Ending)


def ignored(message: str) -> type[Variant]:
    """A peer on which such a message has no effect if there is another call."""

    class Ignoring(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            if not _named(examined, message) or not _others(self, tunnel, packet, examined):
                super().handle(tunnel, packet, examined, now)

    return with_calls(Ignoring)


def taken_with_faults(message: str) -> type[Variant]:
    """A peer that takes such a message whatever is wrong with it."""

    class Lenient(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            examined = super().examine(packet)
            return replace(examined, fault=None) if _named(examined, message) else examined

    class Peer(Variant):
        tunnel_type = Lenient

    return Peer


def unheard_with_faults(message: str) -> type[Variant]:
    """A peer that does not even acknowledge such a message when there is a fault in it."""

    class Peer(Variant):
        def receive(self, data: bytes, source: Address, now: float) -> None:
            packet = parse(data).packet
            tunnel = None if packet is None else self.tunnels.get(packet.header.tunnel_id)
            if packet is not None and tunnel is not None and packet.avps:
                examined = tunnel.examine(packet)
                if _named(examined, message) and examined.fault is not None:
                    return
            super().receive(data, source, now)

    return Peer


def followed_by_nonsense(message: str) -> type[Variant]:
    """A peer that sends a message which nobody knows behind each such message."""

    class Talkative(Tunnel):
        def handle(self, packet: Packet, now: float) -> None:
            super().handle(packet, now)
            if _named(self.examine(packet), message):
                header = Header(tunnel_id=self.peer_id, ns=0, nr=0)
                kind = AVP(0, NONSENSE.to_bytes(2, "big"), mandatory=False)
                self.channel.send(Packet(header, (kind,)))

    class Peer(Variant):
        tunnel_type = Talkative

    return Peer


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
        name, at = message.lower(), f"RFC2661-{row}"
        beside = "that comes beside another call"
        listed = [
            (
                "ends-the-tunnel",
                ends_tunnel(message, beside=False),
                f"the tunnel ends at a {message}",
            ),
            (
                "beside-a-call-ends-the-tunnel",
                ends_tunnel(message, beside=True),
                f"the tunnel ends at a {message} {beside}",
            ),
            ("ends-another-call", ends_another(message), f"a {message} ends another call"),
            ("beside-a-call-ignored", ignored(message), f"a {message} {beside} has no effect"),
        ]
        for what, kind, text in listed:
            add(f"{name}-{what}", kind, at, text, roles=roles, broad=True)
    for message, row, roles in (*CALL_MESSAGES, *OTHERS):
        name, at = message.lower(), f"RFC2661-{row}"
        if message not in {"CDN", "WEN", "SLI"}:
            text = f"a {message} is taken whatever is wrong with it"
            kind = taken_with_faults(message)
            add(f"faulty-{name}-taken", kind, "RFC2661-7.1-09", text, roles=roles, broad=True)
        if message != "SCCRQ":
            text = f"a {message} with a fault in it is not even acknowledged"
            kind = unheard_with_faults(message)
            add(f"faulty-{name}-unheard", kind, "RFC2661-7.1-09", text, roles=roles, broad=True)
        text = f"a message that nobody knows follows each {message}"
        kind = followed_by_nonsense(message)
        add(f"nonsense-behind-{name}", kind, at, text, roles=roles, broad=True)
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
    ):
        add(name, _coded(number, result, error), "RFC2661-4.4.2-03", text, broad=True)
    for name, change, text in (
        ("PppAnswersInAnotherProtocol", _other_protocol, "PPP answers in another protocol"),
        ("PppAnswersByAnotherCode", _other_code, "PPP answers by another code"),
        ("PppAnswersAnotherRequest", _other_identifier, "PPP answers with another identifier"),
    ):
        add(name, _framed(change), "RFC2661-5.3-02", text, broad=True)


_register()
