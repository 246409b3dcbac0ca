"""Mutants of an LNS that goes on with the authentication which the LAC has begun (4.4.5, 9.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from harness.peer.call import CallEvent, CallState
from harness.peer.examine import Examined
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.ppp import ADDRESS_AND_CONTROL, CHAP, PAP, Code
from harness.peer.proxy import Begun
from harness.peer.session import Session
from harness.peer.variant import LNS, Variant, with_session
from harness.wire import Packet

_CHAP: Final = ADDRESS_AND_CONTROL + CHAP.to_bytes(2, "big")
_PAP: Final = ADDRESS_AND_CONTROL + PAP.to_bytes(2, "big")
_CODE: Final = 4
_IDENTIFIER: Final = 5

CHAP_FAILURE: Final = 4

Change = Callable[["GoesOn", bytearray], None]


class GoesOn(Variant):
    """An LNS that takes the authentication over, and gets what it replies wrong."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.config = replace(self.config, takes_over=True)

    def change(self, reply: bytearray) -> None:
        """Change a reply to the client."""

    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        payload = bytearray(packet.payload)
        if payload.startswith((_CHAP, _PAP)) and payload[_CODE] != Code.REQUEST:
            self.change(payload)
        return (packet._replace(payload=bytes(payload)),)


def going_on(change: Change) -> type[Variant]:
    """An LNS that changes its reply."""

    class Peer(GoesOn):
        def change(self, reply: bytearray) -> None:
            change(self, reply)

    return Peer


def _set(number: int) -> Change:
    def change(peer: GoesOn, reply: bytearray) -> None:
        del peer
        reply[_IDENTIFIER] = number

    return change


def _next(peer: GoesOn, reply: bytearray) -> None:
    del peer
    reply[_IDENTIFIER] = (reply[_IDENTIFIER] + 1) % 256


def _counted(peer: GoesOn, reply: bytearray) -> None:
    number = peer.__dict__.get("replies", 0x40)
    peer.__dict__["replies"] = number + 1
    reply[_IDENTIFIER] = number % 256


def _signed(peer: GoesOn, reply: bytearray) -> None:
    del peer
    reply[_IDENTIFIER] &= 0x7F


def _of(protocol: bytes, change: Change) -> Change:
    """The change in one protocol only."""

    def changed(peer: GoesOn, reply: bytearray) -> None:
        if reply.startswith(protocol):
            change(peer, reply)

    return changed


def _of_a_failure(peer: GoesOn, reply: bytearray) -> None:
    if reply.startswith(_CHAP) and reply[_CODE] == CHAP_FAILURE:
        _set(0)(peer, reply)


for _name, _change, _text in (
    ("is-always-1", _set(1), "is always 1"),
    ("is-that-of-the-lns", _counted, "comes from a counter of its own"),
    ("is-the-next", _next, "is one more than that of the response"),
    ("is-read-from-the-wrong-octet", _set(0), "is read from the reserved octet"),
    ("has-seven-bits", _signed, "loses its highest bit"),
    ("is-forgotten-in-pap", _of(_PAP, _next), "is that of the response in CHAP only"),
    ("is-forgotten-in-chap", _of(_CHAP, _next), "is that of the response in PAP only"),
    ("is-forgotten-in-a-failure", _of_a_failure, "is 0 where the client is refused"),
):
    add(
        f"identifier-of-a-reply-{_name}",
        going_on(_change),
        "RFC2661-4.4.5-21",
        f"the identifier of what an LNS replies to a proxied authentication {_text}",
        roles=LNS,
    )


class TellsTwice(GoesOn):
    """Something else goes ahead of the reply, which has the identifier of the next response."""

    def ahead(self, reply: bytearray) -> None:
        """What the frame ahead of the reply has otherwise."""
        raise NotImplementedError

    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        for reply in super().alter_data(packet):
            payload = bytearray(reply.payload)
            if payload.startswith((_CHAP, _PAP)):
                self.ahead(payload)
                yield reply._replace(payload=bytes(payload))
                payload = bytearray(reply.payload)
                _next(self, payload)
            yield reply._replace(payload=bytes(payload))


@mutant(
    "RFC2661-4.4.5-21", "a reply to CHAP goes out in PAP as well, the other one late", roles=LNS
)
class ReplyInBothProtocols(TellsTwice):
    def ahead(self, reply: bytearray) -> None:
        _in_the_other(self, reply)


@mutant("RFC2661-4.4.5-21", "a reply follows one of no meaning, and counts up with it", roles=LNS)
class ReplyByTwoCodes(TellsTwice):
    def ahead(self, reply: bytearray) -> None:
        _by_a_response(self, reply)


class Believing(Session):
    @property
    def taken_over(self) -> Begun | None:
        told = super().taken_over
        return None if told is None else replace(told, response=self.believed(told))

    def believed(self, told: Begun) -> bytes:
        """What the client is taken to have responded."""
        return told.right


@mutant(
    "RFC2661-9.5-01", "a client that the LAC has asked is let in, whatever its response", roles=LNS
)
class AnyClientLetIn(with_session(Believing)):  # type: ignore[misc]
    pass


class Suspicious(Believing):
    def believed(self, told: Begun) -> bytes:
        return told.right + b"?"


@mutant(
    "RFC2661-9.5-01", "a client that the LAC has asked is refused, whatever its response", roles=LNS
)
class NoClientLetIn(with_session(Suspicious)):  # type: ignore[misc]
    pass


class Mute(Session):
    @property
    def taken_over(self) -> Begun | None:
        return None


@mutant("RFC2661-4.4.5-02", "the client is not told how its authentication came out", roles=LNS)
class ClientNeverTold(with_session(Mute)):  # type: ignore[misc]
    pass


def _in_the_other(peer: GoesOn, reply: bytearray) -> None:
    del peer
    reply[2:4] = (_PAP if reply.startswith(_CHAP) else _CHAP)[2:]


def _by_a_response(peer: GoesOn, reply: bytearray) -> None:
    del peer
    reply[_CODE] = 7


add(
    "client-told-in-another-protocol",
    going_on(_in_the_other),
    "RFC2661-4.4.5-02",
    "the client is told by PAP how its CHAP came out, and the other way round",
    roles=LNS,
)
add(
    "client-told-by-another-code",
    going_on(_by_a_response),
    "RFC2661-4.4.5-02",
    "the client is told by a code that neither CHAP nor PAP has",
    roles=LNS,
)


class Stubborn(Session):
    """LCP begins anew, and until it has come up nobody hears the client."""

    def begin_data(self) -> None:
        super().begin_data()
        if self.proxied and self.ppp is not None and not self.ppp.requested:
            self.send_data(self.ppp.request())

    def take_data(self, packet: Packet) -> None:
        if not self.proxied or self.ppp is None or self.ppp.acknowledged:
            super().take_data(packet)


@mutant("RFC2661-4.4.5-03", "begins LCP anew and waits for the client, deaf to its LCP", roles=LNS)
class AnewAndDeaf(with_session(Stubborn)):  # type: ignore[misc]
    pass


class Offended(Session):
    """A client that answers nothing for half a minute is more than the LNS can bear."""

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        super().handle(event, now, examined)
        if self.state is CallState.ESTABLISHED and self.begun is not None:
            self.tunnel.ringing.setdefault(self, now + 30.0)

    def end_ringing(self, now: float) -> None:
        del now
        tunnel_of(self).vanish()


@mutant("RFC2661-4.4.5-03", "a client that never answers takes the tunnel with it", roles=LNS)
class SilentClientEndsTunnel(with_session(Offended)):  # type: ignore[misc]
    pass


class Gone(Offended):
    def end_ringing(self, now: float) -> None:
        del now
        raise RuntimeError("PPP has no state for a client that never answers")


@mutant("RFC2661-4.4.5-03", "a client that never answers brings the LNS down", roles=LNS)
class SilentClientIsFatal(with_session(Gone)):  # type: ignore[misc]
    pass
