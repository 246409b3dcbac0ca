"""Mutants that say what nobody asked for, or do not ask for what they should (5.1.1, 4.4.3, 5.0).

They show what a case rests on: that a tunnel is challenged, that there are two Tie Breakers, that
nothing is said about calls before there is a tunnel, nor in other tunnels and calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from harness.peer.call import CallAction
from harness.peer.calls import CallControl
from harness.peer.control_connection import Event, State
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined
from harness.peer.message_types import SCCCN, SCCRP, SCCRQ, SLI, WEN
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, add_listed, altered
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.edits import Edit
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_calls, with_session, with_tunnel
from harness.spec.model import Role
from harness.wire import AVP, Packet, Value

BEARER_CAPABILITIES: Final = 4
TIE_BREAKER: Final = 5
CHALLENGE_RESPONSE: Final = 13
CALL_ERRORS: Final = 34
ACCM: Final = 35


def _unless_there(avp: AVP) -> Edit:
    """An AVP put at the end of a message that does not have it."""

    def edit(packet: Packet) -> Packet:
        there = any(one.type == avp.type and not one.vendor for one in packet.avps)
        return packet if there else edits.plus(avp)(packet)

    return edit


def _both(*made: Edit) -> Edit:
    def edit(packet: Packet) -> Packet:
        for one in made:
            packet = one(packet)
        return packet

    return edit


_ODD_BEARERS: Final = b"\0\0\0\x80"

LISTED: Final[Sequence[Listed]] = (
    (
        "response-unasked",
        "RFC2661-5.1.1-01",
        "SCCRP and SCCCN have a Challenge Response, whether or not there was a Challenge",
        edits.on((SCCRP, SCCCN), _unless_there(AVP(CHALLENGE_RESPONSE, bytes(16)))),
        BOTH,
    ),
    (
        "bearers-of-no-kind",
        "RFC2661-4.4.3-06",
        "Bearer Capabilities has reserved bits set",
        edits.on(
            (SCCRQ, SCCRP),
            _both(
                edits.avp(BEARER_CAPABILITIES, value=_ODD_BEARERS),
                _unless_there(AVP(BEARER_CAPABILITIES, _ODD_BEARERS)),
            ),
        ),
        BOTH,
    ),
    (
        "sli-always-of-no-mask",
        "RFC2661-6.14-01",
        "SLI tells that nothing is to be escaped, whatever was agreed on",
        edits.on((SLI,), edits.avp(ACCM, value=bytes(10))),
        LNS,
    ),
    (
        "sli-always-of-one-mask",
        "RFC2661-6.14-01",
        "SLI tells one mask, whatever was agreed on",
        edits.on((SLI,), edits.avp(ACCM, value=b"\0\0\0\x0a\0\0\xff\xff\xff\xff")),
        LNS,
    ),
)


class Unchallenging(Tunnel):
    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        values.pop("challenge", None)
        self.challenge = None
        return values


@mutant("RFC2661-5.1.1-01", "nobody is ever challenged", broad=True)
class NeverChallenges(with_tunnel(Unchallenging)):  # type: ignore[misc]
    pass


class RepeatsItself(Variant):
    """The second and every later WEN has the counters of the first."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != WEN:
            return (packet,)
        told = next((one.value for one in packet.avps if one.type == CALL_ERRORS), b"")
        first = self.__dict__.setdefault("first_counters", told)
        return (edits.avp(CALL_ERRORS, value=first)(packet),)


add(
    "wen-repeats-the-first",
    RepeatsItself,
    "RFC2661-6.13-02",
    "every WEN has the counters of the first",
    roles=LAC,
    broad=True,
)


# -- about calls, where there is nothing to say ---------------------------------------------------


def early(message: str) -> type[Variant]:
    """A peer that answers a call message by another while the tunnel is being set up."""

    class Forward(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            if tunnel.state is State.ESTABLISHED:
                super().handle(tunnel, packet, examined, now)
                return
            own: dict[str, Value] = {"assigned_session_id": 77}
            tunnel.send(message, own, session_id=examined.integer("assigned_session_id") or 0)

    return with_calls(Forward)


class Hurried(Tunnel):
    """Asks for a call right behind its SCCRQ or SCCRP."""

    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        packet = super().send(name, values, session_id=session_id, hide=hide)
        if name in {"SCCRQ", "SCCRP"}:
            self.channel.slow_start = False  # both go out at once
            asked = "ICRQ" if self.config.role is Role.LAC else "OCRQ"
            super().send(asked, {"assigned_session_id": 77, "call_serial_number": 1})
        return packet


@mutant("RFC2661-5.0-01", "a call is asked for right behind the SCCRQ or SCCRP", broad=True)
class CallsBeforeTheTunnel(with_tunnel(Hurried)):  # type: ignore[misc]
    pass


class Answering(CallControl):
    """A CDN is answered by another."""

    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        if session is not None:
            session.send_cdn()
            tunnel.flush(now)
        super().end(tunnel, packet, session, examined, now)


@mutant("RFC2661-6.12-03", "a CDN is answered by a CDN", broad=True)
class CdnAnsweredByACdn(with_calls(Answering)):  # type: ignore[misc]
    pass


class Gossiping(Session):
    """With its own CDN the other calls of the tunnel are told that they are over."""

    def act(self, action: CallAction, now: float) -> None:
        super().act(action, now)
        if action is CallAction.SEND_CDN and isinstance(self.tunnel, Tunnel):
            for other in list(self.tunnel.sessions.values()):
                if other is not self:
                    other.send_cdn()


@mutant("RFC2661-6.12-01", "what ends one call is told to all calls of the tunnel", broad=True)
class CdnGoesToAllCalls(with_session(Gossiping)):  # type: ignore[misc]
    pass


class Rumour(Tunnel):
    """What ends one tunnel is told, as the end of a call, in all others."""

    def event(self, event: Event, now: float) -> None:
        super().event(event, now)
        assert isinstance(self.endpoint, Endpoint)
        if self.phase is not Phase.CLOSING:
            return
        for other in list(self.endpoint.tunnels.values()):
            if other is not self and other.phase is Phase.OPEN and other.peer_id:
                result: Value = {"result": 2, "error": 6, "message": "the other tunnel is gone"}
                other.send("CDN", {"result_code": result, "assigned_session_id": 77})
                other.flush(now)


@mutant(
    "RFC2661-6.4-01", "the end of a tunnel is told in the others, by a CDN", roles=LNS, broad=True
)
class EndIsToldInOtherTunnels(with_tunnel(Rumour)):  # type: ignore[misc]
    pass


class Fussy(Session):
    """Answers frames that it does not know by a CDN, and goes on."""

    def take_data(self, packet: Packet) -> None:
        payload = packet.payload
        if not payload.startswith(b"\xff\x03\xc0\x21") or b"\xc2\x27" in payload:
            self.send_cdn()
        super().take_data(packet)


@mutant("RFC2661-5.3-02", "a frame of an unknown protocol is answered by a CDN", broad=True)
class CdnForUnknownFrames(with_session(Fussy)):  # type: ignore[misc]
    pass


# -- ids that are given again ---------------------------------------------------------------------


def again(number: int) -> Callable[[dict[str, int], Callable[[], int]], int]:
    """Ids of which each of that number is the first once more."""

    def given(kept: dict[str, int], fresh: Callable[[], int]) -> int:
        kept["count"] = kept.get("count", 0) + 1
        first = kept.setdefault("first", 0) or fresh()
        kept["first"] = first
        return first if kept["count"] % number == 0 or kept["count"] == 1 else fresh()

    return given


_THIRD: Final = again(3)


@mutant("RFC2661-4.4.3-17", "every third tunnel gets the id of the first", broad=True)
class TunnelIdsGivenAgain(Variant):
    def new_tunnel(self, address: tuple[str, int]) -> Tunnel:
        tunnel = super().new_tunnel(address)
        wanted = _THIRD(self.__dict__.setdefault("tunnel_ids", {}), lambda: tunnel.local_id)
        if wanted != tunnel.local_id:
            del self.tunnels[tunnel.local_id]
            tunnel.local_id = wanted
            self.tunnels[wanted] = tunnel
        return tunnel


@mutant("RFC2661-4.4.4-03", "every third call gets the id of the first", broad=True)
class SessionIdsGivenAgain(Variant):
    def free_session_id(self, tunnel: Tunnel) -> int:
        kept = self.__dict__.setdefault("session_ids", {})
        return _THIRD(kept, lambda: super(SessionIdsGivenAgain, self).free_session_id(tunnel))


add_listed(LISTED)
for _name, _edit, _text in (
    (
        "tie-breaker-untold",
        edits.without(TIE_BREAKER),
        "the Tie Breaker that is compared does not stand in the SCCRQ",
    ),
    (
        "tie-breaker-unmeant",
        _unless_there(AVP(TIE_BREAKER, bytes(8), mandatory=False)),
        "the Tie Breaker in the SCCRQ is not compared",
    ),
):
    add(
        _name,
        altered(edits.on((SCCRQ,), _edit)),
        "RFC2661-4.4.3-08",
        _text,
        equivalent="with another Tie Breaker than it is set up to have the cases say nothing of it",
    )
for _message, _roles in (("ICRP", BOTH), ("ICRQ", BOTH), ("OCRP", BOTH), ("OCRQ", BOTH)):
    add(
        f"early-calls-answered-by-{_message.lower()}",
        early(_message),
        "RFC2661-5.0-01",
        f"a message about a call that comes before the tunnel is up is answered by {_message}",
        roles=_roles,
        broad=True,
    )
