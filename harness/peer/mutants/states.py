"""Mutants of the state tables of section 7: for every printed row one that does not take it.

For each message that a row names there are two: one on which the message has no effect, and one
that does all but sending what the row sends. Where a row only cleans up after a message for
nothing, the mutant answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import Action, Event, State
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import add
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant
from harness.spec.model import Role
from harness.wire import Packet

EITHER: Final = ""
ACCEPTABLE: Final = "acceptable"
REFUSED: Final = "refused"

IDLE, WAIT_REPLY, WAIT_CONN, ESTABLISHED = (
    State.IDLE,
    State.WAIT_CTL_REPLY,
    State.WAIT_CTL_CONN,
    State.ESTABLISHED,
)

CONNECTION: Final[Sequence[tuple[str, State, str, str, frozenset[Role]]]] = (
    ("S02", IDLE, "SCCRQ", ACCEPTABLE, BOTH),
    ("S03", IDLE, "SCCRQ", REFUSED, BOTH),
    ("S06", WAIT_REPLY, "SCCRP", ACCEPTABLE, BOTH),
    ("S07", WAIT_REPLY, "SCCRP", REFUSED, BOTH),
    ("S09", WAIT_REPLY, "SCCCN", EITHER, BOTH),
    ("S10", WAIT_CONN, "SCCCN", ACCEPTABLE, BOTH),
    ("S11", WAIT_CONN, "SCCCN", REFUSED, BOTH),
    ("S12", WAIT_CONN, "SCCRP", EITHER, BOTH),
    ("S12", WAIT_CONN, "SCCRQ", EITHER, BOTH),
    ("S15", ESTABLISHED, "SCCRQ", EITHER, BOTH),
    ("S15", ESTABLISHED, "SCCRP", EITHER, BOTH),
    ("S15", ESTABLISHED, "SCCCN", EITHER, BOTH),
    ("S16", WAIT_REPLY, "StopCCN", EITHER, BOTH),
    ("S16", WAIT_CONN, "StopCCN", EITHER, BOTH),
    ("S16", ESTABLISHED, "StopCCN", EITHER, BOTH),
)
"""Rows of 7.2.1 about a message: its number, the state, the message, what is made of it."""

_OPEN: Final = "8.1 allows what 7.2.1 refuses, so that any answer is worth a note only (P-30)"

_CALL_STATES: Final = {
    "idle": CallState.IDLE,
    "wait-reply": CallState.WAIT_REPLY,
    "wait-connect": CallState.WAIT_CONNECT,
    "wait-cs-answer": CallState.WAIT_CS_ANSWER,
    "established": CallState.ESTABLISHED,
}

CALLS: Final[Sequence[tuple[CallKind, str, str, Sequence[str], str]]] = (
    (CallKind.LAC_INCOMING, "7.4.1-S05", "wait-reply", ("ICRP",), ACCEPTABLE),
    (CallKind.LAC_INCOMING, "7.4.1-S06", "wait-reply", ("ICRP",), REFUSED),
    (CallKind.LAC_INCOMING, "7.4.1-S07", "wait-reply", ("ICRQ",), EITHER),
    (CallKind.LAC_INCOMING, "7.4.1-S08", "wait-reply", ("CDN", "ICCN"), EITHER),
    (CallKind.LAC_INCOMING, "7.4.1-S10", "established", ("CDN",), EITHER),
    (CallKind.LAC_INCOMING, "7.4.1-S11", "established", ("ICRQ", "ICRP", "ICCN"), EITHER),
    (CallKind.LNS_INCOMING, "7.4.2-S01", "idle", ("ICRQ",), ACCEPTABLE),
    (CallKind.LNS_INCOMING, "7.4.2-S02", "idle", ("ICRQ",), REFUSED),
    (CallKind.LNS_INCOMING, "7.4.2-S03", "idle", ("ICRP",), EITHER),
    (CallKind.LNS_INCOMING, "7.4.2-S05", "wait-connect", ("ICCN",), ACCEPTABLE),
    (CallKind.LNS_INCOMING, "7.4.2-S06", "wait-connect", ("ICCN",), REFUSED),
    (CallKind.LNS_INCOMING, "7.4.2-S07", "wait-connect", ("ICRQ", "ICRP"), EITHER),
    (CallKind.LNS_INCOMING, "7.4.2-S08", "wait-connect", ("CDN",), EITHER),
    (CallKind.LNS_INCOMING, "7.4.2-S08", "established", ("CDN",), EITHER),
    (CallKind.LNS_INCOMING, "7.4.2-S10", "established", ("ICRQ", "ICRP", "ICCN"), EITHER),
    (CallKind.LAC_OUTGOING, "7.5.1-S01", "idle", ("OCRQ",), ACCEPTABLE),
    (CallKind.LAC_OUTGOING, "7.5.1-S02", "idle", ("OCRQ",), REFUSED),
    (CallKind.LAC_OUTGOING, "7.5.1-S03", "idle", ("OCRP",), EITHER),
    (CallKind.LAC_OUTGOING, "7.5.1-S07", "wait-cs-answer", ("OCRQ", "OCRP", "OCCN"), EITHER),
    (CallKind.LAC_OUTGOING, "7.5.1-S08", "established", ("OCRQ", "OCRP", "OCCN"), EITHER),
    (CallKind.LAC_OUTGOING, "7.5.1-S09", "wait-cs-answer", ("CDN",), EITHER),
    (CallKind.LAC_OUTGOING, "7.5.1-S09", "established", ("CDN",), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S04", "wait-reply", ("OCRP",), ACCEPTABLE),
    (CallKind.LNS_OUTGOING, "7.5.2-S05", "wait-reply", ("OCRP",), REFUSED),
    (CallKind.LNS_OUTGOING, "7.5.2-S06", "wait-reply", ("OCCN", "OCRQ"), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S07", "wait-connect", ("OCCN",), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S08", "wait-connect", ("OCRQ", "OCRP"), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S09", "wait-connect", ("CDN",), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S09", "established", ("CDN",), EITHER),
    (CallKind.LNS_OUTGOING, "7.5.2-S10", "established", ("OCRQ", "OCRP", "OCCN"), EITHER),
)
"""Rows of the call tables about messages: whose, which, the state, messages, what is made of it."""

STRAYS: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("7.4.1-S02", "ICCN", LAC),
    ("7.4.1-S02", "ICRP", LAC),
    ("7.4.1-S02", "CDN", LAC),
    ("7.4.2-S04", "ICCN", LNS),
    ("7.4.2-S08", "CDN", LNS),
    ("7.5.2-S02", "OCCN", LNS),
    ("7.5.2-S02", "OCRP", LNS),
)
"""Idle rows that only clean up: there is nothing to say to such a message. A row that another
table has as well is here once; a CDN for an OCCN to a LAC (7.5.1) is worth a note only (P-66)."""

_ROLE: Final = {
    CallKind.LAC_INCOMING: LAC,
    CallKind.LNS_INCOMING: LNS,
    CallKind.LAC_OUTGOING: LAC,
    CallKind.LNS_OUTGOING: LNS,
}


def _named(message: str, condition: str, known: Callable[[str], object]) -> list[object]:
    """The events of a message: both of its kinds, or one."""
    names = {
        EITHER: (message, f"{message}_REFUSED"),
        ACCEPTABLE: (message,),
        REFUSED: (f"{message}_REFUSED",),
    }[condition]
    return [known(name) for name in names if message not in {"CDN", "STOPCCN"} or name == message]


def _connection_events(message: str, condition: str) -> frozenset[Event]:
    return frozenset(
        one
        for one in _named(message.upper(), condition, Event.__members__.get)
        if isinstance(one, Event)
    )


def _call_events(message: str, condition: str) -> frozenset[CallEvent]:
    return frozenset(
        one
        for one in _named(message, condition, CallEvent.__members__.get)
        if isinstance(one, CallEvent)
    )


def connection_ignoring(state: State, events: Collection[Event]) -> type[Variant]:
    """A peer on whose control connection events of one state have no effect."""

    class Unmoved(Tunnel):
        def event(self, event: Event, now: float) -> None:
            if self.state is not state or event not in events:
                super().event(event, now)

    class Peer(Variant):
        tunnel_type = Unmoved

    return Peer


def connection_silent(state: State, events: Collection[Event]) -> type[Variant]:
    """A peer whose control connection takes the row, but sends nothing."""

    class Mute(Tunnel):
        def event(self, event: Event, now: float) -> None:
            self.endpoint.muted = self.state is state and event in events  # type: ignore[attr-defined]
            super().event(event, now)
            self.endpoint.muted = False  # type: ignore[attr-defined]

        def act(self, action: Action, now: float) -> None:
            if not getattr(self.endpoint, "muted", False) or not action.value.startswith("send S"):
                super().act(action, now)
            elif action is Action.SEND_STOPCCN:
                self.linger(now)

    class Peer(Variant):
        tunnel_type = Mute

    return Peer


def call_ignoring(kind: CallKind, state: CallState, events: Collection[CallEvent]) -> type[Variant]:
    """A peer in whose calls events of one state have no effect."""

    class Unmoved(Session):
        def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
            if self.kind is not kind or self.state is not state or event not in events:
                super().handle(event, now, examined)

    class Peer(Variant):
        session_type = Unmoved

    return Peer


def call_silent(kind: CallKind, state: CallState, events: Collection[CallEvent]) -> type[Variant]:
    """A peer whose calls take the row, but send nothing."""

    class Mute(Session):
        def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
            endpoint = self.tunnel.endpoint
            here = self.kind is kind and self.state is state and event in events
            endpoint.muted = here  # type: ignore[attr-defined]
            super().handle(event, now, examined)
            endpoint.muted = False  # type: ignore[attr-defined]

        def act(self, action: CallAction, now: float) -> None:
            muted = getattr(self.tunnel.endpoint, "muted", False)
            if not muted or not action.value.startswith("send "):
                super().act(action, now)

    class Peer(Variant):
        session_type = Mute

    return Peer


def stray_answered(message: str) -> type[Variant]:
    """A peer that sends a CDN for a message that is about no session."""

    class Answering(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            named = examined.message is not None and examined.message.name == message
            if named and self.find(tunnel, packet, examined) is None:
                session = self.endpoint.make_session(
                    tunnel, CallKind.LNS_INCOMING, packet.header.session_id or 1
                )
                session.refuse(Fault(5, f"{message} for no session"))
                session.send_cdn()
            else:
                super().handle(tunnel, packet, examined, now)

    class Peer(Variant):
        calls_type = Answering

    return Peer


def _connections() -> None:
    for number, state, message, condition, roles in CONNECTION:
        row = f"RFC2661-7.2.1-{number}"
        events = _connection_events(message, condition)
        open_question = _OPEN if number == "S15" else None
        name = "-".join(one for one in (state.value, condition, message.lower()) if one)
        told = f"in {state.value}, {condition} {message}".replace("  ", " ")
        add(
            f"{name}-without-effect",
            connection_ignoring(state, events),
            row,
            f"{told} has no effect",
            roles=roles,
            equivalent=open_question,
        )
        if message != "StopCCN" and number != "S10":
            add(
                f"{name}-unanswered",
                connection_silent(state, events),
                row,
                f"{told} has its effect, but nothing is sent",
                roles=roles,
                equivalent=open_question,
            )


def _calls() -> None:
    for kind, row, state, messages, condition in CALLS:
        for message in messages:
            events = _call_events(message, condition)
            words = (kind.value.lower().replace(" ", "-"), state, condition, message.lower())
            name = "-".join(one for one in words if one)
            told = f"{kind.value}, in {state}: {condition} {message}".replace("  ", " ")
            at = _CALL_STATES[state]
            broken = f"RFC2661-{_WATCHED.get((row, state, message), row)}"
            add(
                f"{name}-without-effect",
                call_ignoring(kind, at, events),
                broken,
                f"{told} has no effect",
                roles=_ROLE[kind],
            )
            sends = message != "CDN" and row not in _SILENT_ROWS and (row, message) != _CLEANS
            if sends:
                add(
                    f"{name}-unanswered",
                    call_silent(kind, at, events),
                    broken,
                    f"{told} has its effect, but nothing is sent",
                    roles=_ROLE[kind],
                )


_SILENT_ROWS: Final = frozenset({"7.4.2-S05", "7.5.2-S04", "7.5.2-S07"})
"""Rows that send nothing anyway."""

_CLEANS: Final = ("7.4.1-S08", "ICCN")


_WATCHED: Final = {
    ("7.5.1-S09", "wait-cs-answer", "CDN"): "6.12-02",
}
"""Where a rule of the monitors sees it that watches over the sections about the message."""


def _strays() -> None:
    for row, message, roles in STRAYS:
        side = "lac" if roles is LAC else "lns"
        add(
            f"{side}-{row.lower()}-stray-{message.lower()}-answered",
            stray_answered(message),
            f"RFC2661-{row}",
            f"a {message} for no session is answered by a CDN",
            roles=roles,
        )


_connections()
_calls()
_strays()
