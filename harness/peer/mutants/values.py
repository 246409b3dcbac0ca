"""Mutants of values: byte order, layout, Tie Breakers, result codes, causes, bearers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.examine import GENERAL_ERROR, OUT_OF_RANGE, Examined, Fault
from harness.peer.message_types import CDN, ICRQ, OCRP, SCCRP, SCCRQ
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, altered
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import (
    INVALID_DESTINATION,
    NO_FACILITIES_TEMPORARY,
    NOT_ESTABLISHED_IN_TIME,
    Session,
)
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_calls, with_session
from harness.wire import AVP, Packet

TIE_BREAKER: Final = 5
EIGHT_OCTETS: Final = (1 << 64) - 1
SIGN: Final = 0x80
BOTH_FRAMINGS: Final = 3


def _swapped(number: int) -> int:
    return int.from_bytes(number.to_bytes(2, "little"), "big")


def _host_order(packet: Packet) -> Packet:
    header = packet.header
    return packet._replace(header=header._replace(tunnel_id=_swapped(header.tunnel_id)))


def _type_before_vendor(packet: Packet) -> Packet:
    avps = tuple(one._replace(vendor=one.type, type=one.vendor) for one in packet.avps)
    return packet._replace(avps=avps)


LISTED: Final[tuple[Listed, ...]] = (
    (
        "ids-in-host-order",
        "RFC2661-3.0-05",
        "the Tunnel ID of the header has its low octet first",
        _host_order,
        BOTH,
    ),
    (
        "control-as-data",
        "RFC2661-3.1-03",
        "the T bit of control messages is 0",
        edits.header(control=False),
        BOTH,
    ),
    (
        "attribute-before-vendor",
        "RFC2661-4.1-01",
        "the Attribute Type stands before the Vendor ID",
        _type_before_vendor,
        BOTH,
    ),
    (
        "calling-number-in-latin",
        "RFC2661-4.4.4-18",
        "a Calling Number is not ASCII",
        edits.on((ICRQ,), edits.avp(22, value=b"\xe9")),
        LAC,
    ),
    (
        "cause-without-message",
        "RFC2661-4.4.4-01",
        "the cause of a disconnection comes with the message type 0",
        edits.on((CDN,), edits.avp(12, value=b"\0\x10\0")),
        LAC,
    ),
    (
        "vendor-error-unsaid",
        "RFC2661-4.4.2-08",
        "Error Code 6 comes without an Error Message",
        edits.on((CDN,), edits.avp(1, value=b"\0\2\0\6")),
        LAC,
    ),
    (
        "bearers-of-others",
        "RFC2661-4.4.3-06",
        "bearers are announced on which no call is placed",
        edits.on((SCCRP,), edits.avp(4, value=b"\0\0\0\3")),
        LNS,
    ),
    (
        "call-out-on-both",
        "RFC2661-4.4.3-07",
        "calls are placed although no bearer was announced",
        edits.on((CDN,), edits.avp(0, value=OCRP.to_bytes(2, "big"))),
        LNS,
    ),
)

for _name, _row, _text, _edit, _roles in LISTED:
    add(_name, altered(_edit), _row, _text, roles=_roles)

add(
    "vendor-avp-mandatory",
    altered(edits.on((SCCRP, SCCRQ), edits.plus(AVP(7, b"x", vendor=9)))),
    "RFC2661-4.2-01",
    "a vendor's AVP has M = 1",
    equivalent="4.2 only advises against it: the rule of the monitors makes a note of it",
)
add(
    "cause-in-latin",
    altered(edits.on((CDN,), edits.avp(12, value=b"\0\x10\x45caf\xe9"))),
    "RFC2661-4.4.4-02",
    "the words for a cause are not ASCII",
    roles=LAC,
    equivalent="what text is written in is worth a note only (P-54)",
)


# -- Tie Breakers ------------------------------------------------------------------------------


class Colliding(Variant):
    """A reference peer that sees another Tie Breaker than the one that came."""

    def seen(self, tie_breaker: bytes) -> bytes:
        """What it takes the peer's Tie Breaker for."""
        return tie_breaker

    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        avps = tuple(
            one._replace(value=self.seen(one.value)) if one.type == TIE_BREAKER else one
            for one in packet.avps
        )
        return super().resolve_collision(packet._replace(avps=avps), source, now)


@mutant("RFC2661-4.4.3-09", "the higher Tie Breaker wins")
class HigherTieWins(Colliding):
    def seen(self, tie_breaker: bytes) -> bytes:
        mine = int.from_bytes(self.config.tie_breaker or tie_breaker, "big")
        mirrored = 2 * mine - int.from_bytes(tie_breaker, "big")
        return max(0, min(mirrored, EIGHT_OCTETS)).to_bytes(8, "big")


@mutant("RFC2661-4.4.3-09", "Tie Breakers are compared as signed numbers")
class SignedTieBreakers(Colliding):
    def seen(self, tie_breaker: bytes) -> bytes:
        mine = self.config.tie_breaker
        if mine is None or (mine[0] ^ tie_breaker[0]) < SIGN:
            return tie_breaker
        # of different signs: the negative one is the lower
        return bytes(8) if tie_breaker[0] >= SIGN else b"\xff" * 8


@mutant("RFC2661-4.4.3-11", "with equal Tie Breakers the peer wins")
class EqualTieLost(Colliding):
    def seen(self, tie_breaker: bytes) -> bytes:
        return bytes(8) if tie_breaker == self.config.tie_breaker else tie_breaker


@mutant("RFC2661-4.4.3-08", "every SCCRQ is accepted, also one that has lost")
class NoCollisions(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        return True, []


@mutant("RFC2661-4.4.3-10", "a tunnel that has lost goes on beside the one that has won")
class LoserGoesOn(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        kept = dict(self.tunnels)
        states = {tunnel: (tunnel.state, tunnel.phase) for tunnel in kept.values()}
        goes_on, _ = super().resolve_collision(packet, source, now)
        self.tunnels.update(kept)
        for tunnel, (state, phase) in states.items():
            tunnel.state, tunnel.phase = state, phase
        return goes_on, []


@mutant("RFC2661-4.4.3-12", "the only Tie Breaker of two SCCRQs counts for nothing")
class OneTieIgnored(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        theirs = any(one.type == TIE_BREAKER for one in packet.avps)
        if theirs is (self.config.tie_breaker is not None):
            return super().resolve_collision(packet, source, now)
        return True, []


@mutant("RFC2661-4.4.3-13", "without Tie Breakers the second SCCRQ is discarded")
class OneOfTwoWithout(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        goes_on, orphans = super().resolve_collision(packet, source, now)
        return goes_on and not any(one.originator for one in self.tunnels.values()), orphans


# -- the reasons of a CDN ------------------------------------------------------------------------


def _reasoned(change: Callable[[Fault | None], Fault | None]) -> type[Variant]:
    """A reference peer that gives another reason for its CDNs."""

    class Reasoning(Session):
        def send_cdn(self) -> None:
            self.refusal = change(self.refusal)
            super().send_cdn()

    return with_session(Reasoning)


def _changed(old: int | None, new: Fault | None) -> Callable[[Fault | None], Fault | None]:
    """The result `old` (None: no fault at all) told as something else."""
    return lambda fault: new if (fault.result if fault else None) == old else fault


for _name, _row, _text, _old, _new, _roles in (
    (
        "general-error-as-facilities",
        "RFC2661-4.4.2-CDN-2",
        "a malformed call request is refused for lack of facilities",
        GENERAL_ERROR,
        Fault(0, "no facilities", result=NO_FACILITIES_TEMPORARY),
        BOTH,
    ),
    (
        "hung-up-as-busy",
        "RFC2661-4.4.2-CDN-3",
        "a call that was hung up is said to have been busy",
        None,
        Fault(0, "busy", result=8),
        BOTH,
    ),
    (
        "too-many-calls-as-general-request",
        "RFC2661-4.4.2-CDN-4",
        "a call too many is refused for administrative reasons",
        NO_FACILITIES_TEMPORARY,
        None,
        LNS,
    ),
    (
        "unanswered-as-busy",
        "RFC2661-4.4.2-CDN-10",
        "a call that nobody answers is said to have been busy",
        NOT_ESTABLISHED_IN_TIME,
        Fault(0, "busy", result=8),
        LAC,
    ),
    (
        "wrong-number-as-busy",
        "RFC2661-4.4.2-CDN-6",
        "a number that nobody has is said to be busy",
        INVALID_DESTINATION,
        Fault(0, "busy", result=8),
        LAC,
    ),
):
    add(_name, _reasoned(_changed(_old, _new)), _row, _text, roles=_roles)


class Crowded(Variant):
    """A reference peer that says nothing when it has no tunnel left."""

    def turn_away(self, peer_id: int, source: Address) -> None:
        self.log("no tunnel left")


add(
    "too-many-tunnels-unanswered",
    Crowded,
    "RFC2661-4.4.2-error-4",
    "a tunnel too many is not answered",
    roles=BOTH,
)


class OneTooMany(CallControl):
    """A call beyond the limit is refused, and the first one ended."""

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        first = next(iter(tunnel.sessions.values()), None)
        full = len(tunnel.sessions) >= self.endpoint.config.max_sessions
        super().request(tunnel, name, examined, now)
        if first is not None and full:
            first.handle(CallEvent.LOCAL_CLOSE, now)


@mutant("RFC2661-4.4.2-CDN-4", "a call too many costs another one its place")
class CallTooManyEndsAnother(with_calls(OneTooMany)):  # type: ignore[misc]
    pass


class OneFraming(CallControl):
    def judge_outgoing(self, examined: Examined) -> Fault | None:
        if examined.integer("framing_type") == BOTH_FRAMINGS:
            return Fault(OUT_OF_RANGE, "which framing is it to be?")
        return super().judge_outgoing(examined)


@mutant("RFC2661-4.4.4-15", "an OCRQ that allows either framing is refused", roles=LAC)
class EitherFramingRefused(with_calls(OneFraming)):  # type: ignore[misc]
    pass


class AnyKind(CallControl):
    """Forgets which of the framings and bearers that there are it has announced itself."""

    def judge_outgoing(self, examined: Examined) -> Fault | None:
        return super().judge_outgoing(any_kind(examined))

    def judge_connect(self, session: Session, name: str, examined: Examined) -> Fault | None:
        return super().judge_connect(session, name, any_kind(examined))


def any_kind(examined: Examined) -> Examined:
    """The message without the bits of its Framing and Bearer Type that have a meaning."""
    kinds = {"framing_type", "bearer_type"} & set(examined.values)
    known = {name: (examined.integer(name) or 0) & ~BOTH_FRAMINGS for name in kinds}
    return replace(examined, values={**examined.values, **known})


@mutant("RFC2661-4.4.3-02", "a framing or bearer is taken that exists, but was not announced")
class TakesAnyKind(with_calls(AnyKind)):  # type: ignore[misc]
    pass


@mutant("RFC2661-3.1-10", "Echo-Requests of LCP go out without the P bit")
class EchoWithoutPriority(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        return (packet._replace(header=packet.header._replace(priority=False)),)
