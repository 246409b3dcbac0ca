"""Mutants that are wrong in one situation of a call only, and right before and after it (7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import Event, State
from harness.peer.endpoint import Endpoint
from harness.peer.examine import INVALID_SESSION, NO_RESOURCES, Examined, Fault
from harness.peer.message_types import ICRP
from harness.peer.mutants import edits
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.forgetting import Clocked, Timed
from harness.peer.mutants.minding import IMPROPER, trouble
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls, with_session, with_tunnel
from harness.wire import Packet, Value

FOUR: Final = 4
RINGS: Final = 3.0
"""Seconds until a called party answers."""

# -- one call beside another ----------------------------------------------------------------------


class Alone(CallControl):
    def judge_connect(self, session: Session, name: str, examined: Examined) -> Fault | None:
        assert isinstance(session.tunnel, Tunnel)
        others = [one for one in session.tunnel.sessions.values() if one is not session]
        if name == "ICCN" and any(one.state is CallState.ESTABLISHED for one in others):
            return Fault(NO_RESOURCES, "one call is enough")
        return super().judge_connect(session, name, examined)


@mutant(
    "RFC2661-5.0-03",
    "one call of a tunnel can be connected, the others are refused then",
    roles=LNS,
)
class OneCallConnected(with_calls(Alone)):  # type: ignore[misc]
    pass


class Startled(CallControl):
    ended = False

    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        super().end(tunnel, packet, session, examined, now)
        self.ended = True

    def judge_connect(self, session: Session, name: str, examined: Examined) -> Fault | None:
        fault = super().judge_connect(session, name, examined)
        if self.ended and name == "ICCN" and fault is None:
            fault = Fault(INVALID_SESSION, "but it has just ended")
        self.ended = False
        return fault


@mutant("RFC2661-6.12-01", "behind a CDN the next call to be connected is refused", roles=LNS)
class CdnCostsTheNextCall(with_calls(Startled)):  # type: ignore[misc]
    pass


class BothNamed(CallControl):
    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        super().end(tunnel, packet, session, examined, now)
        named = self.by_peer_id(tunnel, examined.integer("assigned_session_id") or 0)
        if named is not None and named is not session:
            named.send_cdn()


@mutant("RFC2661-6.12-01", "a CDN is answered in the call that its AVP names", roles=LNS)
class CdnAnsweredInTheNamedCall(with_calls(BothNamed)):  # type: ignore[misc]
    pass


class OnceOnly(CallControl):
    """What becomes of a request with an id that a call had before which has ended."""

    def used(self, tunnel: Tunnel, name: str, now: float) -> bool:
        """Treat it; gives whether nothing is left to be done."""
        raise NotImplementedError

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        known: dict[int, set[int]] = self.endpoint.__dict__.setdefault("ids_used", {})
        ids = known.setdefault(tunnel.local_id, set())
        peer_id = examined.integer("assigned_session_id") or 0
        again = peer_id in ids and self.by_peer_id(tunnel, peer_id) is None
        ids.add(peer_id)
        if not again or not self.used(tunnel, name, now):
            super().request(tunnel, name, examined, now)


class ClosesOnUsed(OnceOnly):
    def used(self, tunnel: Tunnel, name: str, now: float) -> bool:
        tunnel.close(Fault(INVALID_SESSION, "there was such a call before"), now)
        return True


@mutant("RFC2661-6.12-02", "a request with the id of a call of before ends the tunnel")
class UsedIdEndsTheTunnel(with_calls(ClosesOnUsed)):  # type: ignore[misc]
    pass


class DeafToUsed(OnceOnly):
    def used(self, tunnel: Tunnel, name: str, now: float) -> bool:
        return True


@mutant("RFC2661-6.12-02", "a request with the id of a call of before is not answered")
class UsedIdUnanswered(with_calls(DeafToUsed)):  # type: ignore[misc]
    pass


class Offended(CallControl):
    """Takes no more calls in a tunnel in which a message was out of sequence."""

    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        kind, _ = trouble(self, tunnel, packet, examined)
        offended: set[int] = self.endpoint.__dict__.setdefault("offended", set())
        if kind == IMPROPER:
            offended.add(tunnel.local_id)
        elif tunnel.local_id in offended and packet.header.session_id == 0:
            return
        super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-7.1-04", "with a message out of sequence a tunnel takes no more calls")
class OutOfSequenceEndsCalling(with_calls(Offended)):  # type: ignore[misc]
    pass


# -- ids of calls ---------------------------------------------------------------------------------


@mutant("RFC2661-4.4.4-05", "the first ICRP of all has Session ID 0 in its header", roles=LNS)
class FirstIcrpToSessionZero(Variant):
    answered = False

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != ICRP or self.answered:
            return (packet,)
        self.answered = True
        return (edits.header(session_id=0)(packet),)


class Distinct(Session):
    def act(self, action: CallAction, now: float) -> None:
        kept = self.peer_id
        assert isinstance(self.tunnel, Tunnel)
        assert isinstance(self.tunnel.endpoint, Endpoint)
        others = [one for one in self.tunnel.endpoint.tunnels.values() if one is not self.tunnel]
        taken = {call.peer_id for one in others for call in one.sessions.values()}
        if action is CallAction.SEND_ICRP and self.peer_id in taken:
            self.peer_id += 1
        super().act(action, now)
        self.peer_id = kept


@mutant("RFC2661-3.1-18", "an ICRP has another Session ID where a tunnel has it already", roles=LNS)
class SessionIdsKeptApart(with_session(Distinct)):  # type: ignore[misc]
    pass


class Unnamed(Session):
    def send_cdn(self) -> None:
        kept = self.peer_id
        self.peer_id = self.peer_id or 7
        super().send_cdn()
        self.peer_id = kept


@mutant("RFC2661-4.4.4-06", "a CDN has a Session ID although the peer has assigned none")
class CdnToAMadeUpSession(with_session(Unnamed)):  # type: ignore[misc]
    pass


# -- the states of a call -------------------------------------------------------------------------


def on_event(
    kind: CallKind,
    state: CallState,
    event: CallEvent,
    what: Callable[[Session, float], None],
) -> type[Variant]:
    """A peer that does something of its own at an event of a call."""

    class Odd(Session):
        def handle(self, event_: CallEvent, now: float, examined: Examined | None = None) -> None:
            if self.kind is kind and self.state is state and event_ is event:
                what(self, now)
            else:
                super().handle(event_, now, examined)

    return with_session(Odd)


def _closes(session: Session, now: float) -> None:
    assert isinstance(session.tunnel, Tunnel)
    session.tunnel.close(Fault(INVALID_SESSION, "an ICCN from an LNS"), now)


def _connects(session: Session, now: float) -> None:
    del now
    session.state = CallState.ESTABLISHED
    session.tunnel.send("ICCN", session.message_values("ICCN"), session_id=session.peer_id)


for _name, _what, _text in (
    ("ends-the-tunnel", _closes, "ends the tunnel"),
    ("is-answered-by-an-iccn", _connects, "is answered by an ICCN, as if it were an ICRP"),
):
    add(
        f"iccn-to-a-lac-{_name}",
        on_event(CallKind.LAC_INCOMING, CallState.WAIT_REPLY, CallEvent.ICCN, _what),
        "RFC2661-7.4.1-S08",
        f"an ICCN for a call that waits for its ICRP {_text}",
        roles=LAC,
        broad=True,
    )


class Stubborn(Session):
    """A call that is placed for three seconds, whatever the LNS says meanwhile."""

    def act(self, action: CallAction, now: float) -> None:
        super().act(action, now)
        if action is CallAction.OPEN_BEARER:
            self.tunnel.ringing[self] = now + RINGS

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        if self.state is not CallState.WAIT_CS_ANSWER or event is not CallEvent.CDN:
            super().handle(event, now, examined)


@mutant("RFC2661-6.12-02", "a call that has ended while it rang is answered later on", roles=LAC)
class EndedCallIsAnswered(with_session(Stubborn)):  # type: ignore[misc]
    pass


class Patient(Timed):
    """Finds that a message was out of sequence when its call is connected, and not before."""

    kinds = frozenset({CallKind.LAC_OUTGOING})
    patience = 0.0
    offended: bool = False

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        if self.state is CallState.WAIT_CS_ANSWER and event.name.startswith("OC"):
            self.offended = True
        else:
            super().handle(event, now, examined)

    def late(self, now: float) -> None:
        assert isinstance(self.tunnel, Tunnel)
        if self.offended:
            self.tunnel.close(Fault(INVALID_SESSION, "that was out of sequence"), now)


@mutant(
    "RFC2661-7.5.1-S07",
    "a message out of sequence ends the tunnel, but when the call is connected",
    roles=LAC,
)
class OffendedWhenConnected(Variant):
    tunnel_type = Clocked
    session_type = Patient


class Curt(Session):
    placed: bool = False

    def act(self, action: CallAction, now: float) -> None:
        kept = self.tunnel.endpoint.__dict__
        if action is CallAction.SEND_OCRP:
            kept["placed"] = kept.get("placed", 0) + 1
            if kept["placed"] > FOUR:
                return
        super().act(action, now)


@mutant("RFC2661-5.0-03", "the fifth call and those behind it get no OCRP", roles=LAC)
class FifthCallWithoutOcrp(with_session(Curt)):  # type: ignore[misc]
    pass


# -- calls that wait for a tunnel -----------------------------------------------------------------


class Undecided(Tunnel):
    """Is not to be closed while it waits for an SCCRP."""

    def event(self, event: Event, now: float) -> None:
        if event is not Event.ADMIN_CLOSE or self.state is not State.WAIT_CTL_REPLY:
            super().event(event, now)


for _name, _row, _roles in (
    ("call-outlives-close-of-its-tunnel", "7.4.1-S03", LAC),
    ("outgoing-call-outlives-close-of-its-tunnel", "7.5.2-S12", LNS),
):
    add(
        _name,
        with_tunnel(Undecided),
        f"RFC2661-{_row}",
        "a tunnel that is closed while it waits for its SCCRP goes on with the call for it",
        roles=_roles,
        broad=True,
    )


class Explaining(Tunnel):
    """Tells the call that has waited for it, when it should tell its own end."""

    def handle_last(self, packet: Packet) -> None:
        super().handle_last(packet)
        if self.originator and packet.message_type == 2:
            result: Value = {"result": 1}
            self.send("CDN", {"result_code": result, "assigned_session_id": 7})


@mutant("RFC2661-7.4.1-S03", "a tunnel that was closed answers its SCCRP by a CDN", roles=LAC)
class ClosedTunnelSaysCdn(with_tunnel(Explaining)):  # type: ignore[misc]
    pass
