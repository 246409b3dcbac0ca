"""Mutants whose calls and tunnels end in words only: they go on, or keep their place (5.6, 5.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.call import CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import Action, Event, State
from harness.peer.examine import (
    LENGTH_IS_WRONG,
    OUT_OF_RANGE,
    UNKNOWN_MANDATORY_AVP,
    Examined,
)
from harness.peer.message_types import STOPCCN
from harness.peer.mutants.base import add, mutant
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant
from harness.spec.model import Role
from harness.wire import Packet

KEPT: Final[Sequence[tuple[str, CallKind, CallState, str, str]]] = (
    ("7.4.2-S02", CallKind.LNS_INCOMING, CallState.IDLE, "ICRQ_REFUSED", "a refused ICRQ"),
    ("7.4.2-S06", CallKind.LNS_INCOMING, CallState.WAIT_CONNECT, "ICCN_REFUSED", "a bad ICCN"),
    ("7.4.2-S09", CallKind.LNS_INCOMING, CallState.ESTABLISHED, "LOCAL_CLOSE", "a hang-up"),
    ("7.4.2-S10", CallKind.LNS_INCOMING, CallState.ESTABLISHED, "ICRQ", "an ICRQ"),
    ("7.4.2-S10", CallKind.LNS_INCOMING, CallState.ESTABLISHED, "ICRP", "an ICRP"),
    ("7.4.2-S10", CallKind.LNS_INCOMING, CallState.ESTABLISHED, "ICCN", "an ICCN"),
    ("7.4.1-S07", CallKind.LAC_INCOMING, CallState.WAIT_REPLY, "ICRQ", "an ICRQ"),
    ("7.4.1-S11", CallKind.LAC_INCOMING, CallState.ESTABLISHED, "ICRQ", "an ICRQ"),
    ("7.4.1-S11", CallKind.LAC_INCOMING, CallState.ESTABLISHED, "ICRP", "an ICRP"),
    ("7.4.1-S11", CallKind.LAC_INCOMING, CallState.ESTABLISHED, "ICCN", "an ICCN"),
    ("7.4.1-S12", CallKind.LAC_INCOMING, CallState.ESTABLISHED, "LOCAL_CLOSE", "a hang-up"),
    ("7.5.1-S02", CallKind.LAC_OUTGOING, CallState.IDLE, "OCRQ_REFUSED", "a refused OCRQ"),
    ("7.5.1-S07", CallKind.LAC_OUTGOING, CallState.WAIT_CS_ANSWER, "OCRQ", "an OCRQ"),
    ("7.5.1-S07", CallKind.LAC_OUTGOING, CallState.WAIT_CS_ANSWER, "OCRP", "an OCRP"),
    ("7.5.1-S07", CallKind.LAC_OUTGOING, CallState.WAIT_CS_ANSWER, "OCCN", "an OCCN"),
    ("7.5.1-S08", CallKind.LAC_OUTGOING, CallState.ESTABLISHED, "OCRQ", "an OCRQ"),
    ("7.5.1-S08", CallKind.LAC_OUTGOING, CallState.ESTABLISHED, "OCRP", "an OCRP"),
    ("7.5.1-S08", CallKind.LAC_OUTGOING, CallState.ESTABLISHED, "OCCN", "an OCCN"),
    ("7.5.1-S10", CallKind.LAC_OUTGOING, CallState.ESTABLISHED, "LOCAL_CLOSE", "a hang-up"),
    ("7.5.2-S05", CallKind.LNS_OUTGOING, CallState.WAIT_REPLY, "OCRP_REFUSED", "a bad OCRP"),
    ("7.5.2-S06", CallKind.LNS_OUTGOING, CallState.WAIT_REPLY, "OCCN", "an OCCN"),
    ("7.5.2-S07", CallKind.LNS_OUTGOING, CallState.WAIT_CONNECT, "OCCN_REFUSED", "a bad OCCN"),
    ("7.5.2-S08", CallKind.LNS_OUTGOING, CallState.WAIT_CONNECT, "OCRQ", "an OCRQ"),
    ("7.5.2-S08", CallKind.LNS_OUTGOING, CallState.WAIT_CONNECT, "OCRP", "an OCRP"),
    ("7.5.2-S10", CallKind.LNS_OUTGOING, CallState.ESTABLISHED, "OCRQ", "an OCRQ"),
    ("7.5.2-S10", CallKind.LNS_OUTGOING, CallState.ESTABLISHED, "OCRP", "an OCRP"),
    ("7.5.2-S10", CallKind.LNS_OUTGOING, CallState.ESTABLISHED, "OCCN", "an OCCN"),
    ("7.5.2-S11", CallKind.LNS_OUTGOING, CallState.ESTABLISHED, "LOCAL_CLOSE", "a hang-up"),
)
"""The row, whose call, the state, the event, and in words after what the call is kept."""

_ROLE: Final = {
    CallKind.LAC_INCOMING: LAC,
    CallKind.LNS_INCOMING: LNS,
    CallKind.LAC_OUTGOING: LAC,
    CallKind.LNS_OUTGOING: LNS,
}


def kept(kind: CallKind, state: CallState, event: CallEvent) -> type[Variant]:
    """A peer that says by CDN that a call has ended, and keeps it as it was."""

    class Keeping(Session):
        def handle(self, happens: CallEvent, now: float, examined: Examined | None = None) -> None:
            if self.kind is kind and self.state is state and happens is event:
                self.send_cdn()
            else:
                super().handle(happens, now, examined)

    class Keeper(Variant):
        session_type = Keeping

    return Keeper


class Undead(Tunnel):
    """A tunnel whose calls carry PPP for as long as they are there, also when it has ended."""

    def take_data(self, packet: Packet, now: float) -> None:
        session = self.sessions.get(packet.header.session_id)
        if session is not None:
            session.take_data(packet)
            self.flush(now)


@mutant("RFC2661-6.4-01", "the calls of a tunnel that was closed go on")
class CallsOutliveTunnel(Variant):
    class tunnel_type(Undead):  # noqa: N801 -- the name of the attribute
        def act(self, action: Action, now: float) -> None:
            if action is not Action.CLEAN_UP:
                super().act(action, now)


@mutant("RFC2661-6.4-01", "the outgoing calls of a tunnel that was closed go on")
class OutgoingCallsOutliveTunnel(Variant):
    class tunnel_type(Undead):  # noqa: N801 -- the name of the attribute
        def act(self, action: Action, now: float) -> None:
            outgoing = (CallKind.LNS_OUTGOING, CallKind.LAC_OUTGOING)
            left = {key: one for key, one in self.sessions.items() if one.kind in outgoing}
            super().act(action, now)
            if action is Action.CLEAN_UP:
                self.sessions.update(left)


@mutant("RFC2661-5.6-03", "a call that a CDN has ended still answers PPP frames")
class CallOutlivesCdn(Variant):
    class tunnel_type(Tunnel):  # noqa: N801 -- the name of the attribute
        def forget_session(self, session: Session) -> None:
            ended: dict[int, Session] = self.endpoint.__dict__.setdefault("ended", {})
            ended[session.local_id] = session
            super().forget_session(session)

        def take_data(self, packet: Packet, now: float) -> None:
            ended: dict[int, Session] = self.endpoint.__dict__.get("ended", {})
            session = ended.get(packet.header.session_id)
            if session is not None:
                session.take_data(packet)
            super().take_data(packet, now)


class FaultyEndsNothing(Tunnel):
    """A StopCCN or a CDN with a fault in it is acknowledged, and that is all."""

    message = ""

    def handle(self, packet: Packet, now: float) -> None:
        examined = self.examine(packet)
        named = examined.message is not None and examined.message.name == self.message
        if not named or examined.fault is None:
            super().handle(packet, now)


class FaultEndsTunnel(Tunnel):
    """What is wrong with a call is wrong with its tunnel."""

    def handle(self, packet: Packet, now: float) -> None:
        examined = self.examine(packet)
        about_a_call = examined.message is not None and examined.message.scope == "session"
        if about_a_call and examined.fault is not None and examined.fault.error in self.errors:
            self.close(examined.fault, now)
        else:
            super().handle(packet, now)

    errors: tuple[int, ...] = (UNKNOWN_MANDATORY_AVP,)


class MalformedEndsTunnel(FaultEndsTunnel):
    errors = (LENGTH_IS_WRONG, OUT_OF_RANGE)


@mutant("RFC2661-4.1-04", "an unknown AVP in any message about a call ends the whole tunnel")
class UnknownAvpOfACallEndsTunnel(Variant):
    tunnel_type = FaultEndsTunnel


@mutant("RFC2661-7.1-05", "a malformed AVP in any message about a call ends the whole tunnel")
class MalformedAvpOfACallEndsTunnel(Variant):
    tunnel_type = MalformedEndsTunnel


@mutant("RFC2661-6.12-02", "a CDN with a fault in it ends nothing")
class FaultyCdnEndsNothing(Variant):
    class tunnel_type(FaultyEndsNothing):  # noqa: N801 -- the name of the attribute
        message = "CDN"


@mutant("RFC2661-6.4-01", "a StopCCN with a fault in it ends nothing")
class FaultyStopccnEndsNothing(Variant):
    class tunnel_type(FaultyEndsNothing):  # noqa: N801 -- the name of the attribute
        message = "StopCCN"


@mutant("RFC2661-4.4.3-22", "a StopCCN with Tunnel ID 0 is acknowledged, and the tunnel goes on")
class StopccnToTunnelZeroEndsNothing(Variant):
    class tunnel_type(Tunnel):  # noqa: N801 -- the name of the attribute
        def handle(self, packet: Packet, now: float) -> None:
            if packet.header.tunnel_id or packet.message_type != STOPCCN:
                super().handle(packet, now)


@mutant("RFC2661-7.5.2-S09", "a CDN in answer to an OCRQ has no effect", roles=LNS)
class RefusedCallStays(Variant):
    class calls_type(CallControl):  # noqa: N801 -- the name of the attribute
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            session = self.find(tunnel, packet, examined)
            waits = session is not None and session.state is CallState.WAIT_REPLY
            if not (waits and examined.message is not None and examined.message.name == "CDN"):
                super().handle(tunnel, packet, examined, now)


CONNECTIONS_KEPT: Final[Sequence[tuple[str, State, Event, str]]] = (
    ("S09", State.WAIT_CTL_REPLY, Event.SCCCN_REFUSED, "an SCCCN"),
    ("S12", State.WAIT_CTL_CONN, Event.SCCRP_REFUSED, "an SCCRP"),
    ("S12", State.WAIT_CTL_CONN, Event.SCCRQ_REFUSED, "an SCCRQ"),
)
"""Rows of 7.2.1: the number, the state, the event, and in words after what the tunnel is kept.
What no state has a use for is never acceptable."""


def connection_kept(state: State, event: Event) -> type[Variant]:
    """A peer that says by StopCCN that a tunnel has ended, and keeps it as it was."""

    class Keeping(Tunnel):
        def event(self, happens: Event, now: float) -> None:
            if self.state is state and happens is event:
                self.send_stopccn()
            else:
                super().event(happens, now)

    class Keeper(Variant):
        tunnel_type = Keeping

    return Keeper


def _register() -> None:
    for number, at, told, words in CONNECTIONS_KEPT:
        add(
            f"{at.value}-{told.name.lower().removesuffix('_refused')}-kept",
            connection_kept(at, told),
            f"RFC2661-7.2.1-{number}",
            f"in {at.value}: {words} is answered by a StopCCN, and the tunnel kept",
        )
    for row, kind, state, event, words in KEPT:
        roles: frozenset[Role] = _ROLE.get(kind, BOTH)
        parts = (kind.value, state.value, event, "kept")
        name = "-".join(parts).lower().replace(" ", "-").replace("_", "-")
        text = f"{kind.value} in {state.value}: {words} is answered by a CDN, and the call kept"
        add(name, kept(kind, state, CallEvent[event]), f"RFC2661-{row}", text, roles=roles)


_register()
