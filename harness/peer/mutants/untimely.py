"""Mutants that do things too early or too late: PPP around its call, answers after all patience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from harness.peer.call import CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import Action, Event
from harness.peer.data import DataChannel
from harness.peer.examine import Examined
from harness.peer.message_types import (
    ICCN,
    ICRP,
    ICRQ,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SCCRQ,
)
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.harm import Late
from harness.peer.ppp import PppEnd
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_session, with_tunnel
from harness.spec.model import MessageSpec, Role
from harness.wire import Packet


class Forward(Session):
    """A call whose PPP answers before it is established."""

    early: ClassVar[CallState] = CallState.WAIT_CONNECT

    def take_data(self, packet: Packet) -> None:
        if self.data is not None or self.state is not self.early:
            super().take_data(packet)
            return
        self.data = DataChannel(required=False, follows=False)
        for answer in PppEnd(bytes(4), requested=True).take(packet.payload):
            self.send_data(answer)
        self.data = None


@mutant("RFC2661-5.0-02", "PPP frames are answered ahead of the ICCN or OCCN", roles=LNS)
class PppBeforeConnected(with_session(Forward)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.3-03", "PPP frames are answered ahead of the ICRP or OCRP")
class PppBeforeReply(Variant):
    class session_type(Forward):  # noqa: N801 -- the name of the attribute
        early = CallState.WAIT_REPLY


@mutant("RFC2661-5.0-02", "PPP frames are answered while the called party is rung", roles=LAC)
class PppWhileItRings(Variant):
    class session_type(Forward):  # noqa: N801 -- the name of the attribute
        early = CallState.WAIT_CS_ANSWER


class Startled(Session):
    def take_data(self, packet: Packet) -> None:
        if self.state is CallState.WAIT_REPLY:
            self.tunnel.forget_session(self)
        super().take_data(packet)


@mutant("RFC2661-5.0-02", "a call for which a PPP frame comes too early is forgotten")
class ForgetsWhoIsEarly(with_session(Startled)):  # type: ignore[misc]
    pass


class Afterlife(Tunnel):
    """A tunnel that this side has closed, whose calls still answer PPP frames."""

    living: dict[int, Session]
    closed_here: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.living = {}

    def event(self, event: Event, now: float) -> None:
        self.closed_here = event is not Event.STOPCCN
        super().event(event, now)

    def act(self, action: Action, now: float) -> None:
        if action is Action.CLEAN_UP and self.closed_here:
            self.living = dict(self.sessions)
        super().act(action, now)

    def take_data(self, packet: Packet, now: float) -> None:
        session = self.living.get(packet.header.session_id)
        if session is not None and self.phase is Phase.CLOSING:
            session.data = session.data or DataChannel(required=False, follows=False)
            session.take_data(packet)
        super().take_data(packet, now)


@mutant("RFC2661-6.4-01", "calls go on in a tunnel that the peer itself has closed")
class CallsOutliveOwnStopccn(with_tunnel(Afterlife)):  # type: ignore[misc]
    pass


class FirstOnly(CallControl):
    """CDNs have an effect once."""

    ended = 0

    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        self.ended += session is not None
        if self.ended < 2 or session is None:
            super().end(tunnel, packet, session, examined, now)


@mutant("RFC2661-5.6-03", "only the first CDN has an effect")
class FirstCdnOnly(Variant):
    calls_type = FirstOnly


class FirstStopOnly(Tunnel):
    def event(self, event: Event, now: float) -> None:
        stopped = self.endpoint.__dict__.get("stopped", False)
        if event is Event.STOPCCN:
            self.endpoint.__dict__["stopped"] = True
        if not (stopped and event is Event.STOPCCN):
            super().event(event, now)


@mutant("RFC2661-6.4-01", "only the first StopCCN has an effect", roles=LNS)
class FirstStopccnOnly(with_tunnel(FirstStopOnly)):  # type: ignore[misc]
    pass


SLOW: Final[Sequence[tuple[str, int, str, frozenset[Role]]]] = (
    ("SCCRQ", SCCRQ, "7.2.1-S01", BOTH),
    ("SCCRP", SCCRP, "7.2.1-S02", BOTH),
    ("SCCCN", SCCCN, "7.2.1-S06", BOTH),
    ("ICRQ", ICRQ, "7.4.1-S04", LAC),
    ("ICRP", ICRP, "7.4.2-S01", LNS),
    ("ICCN", ICCN, "7.4.1-S05", LAC),
    ("OCRQ", OCRQ, "7.5.2-S03", LNS),
    ("OCRP", OCRP, "7.5.1-S01", LAC),
)
"""A message, the row that sends it, and who does."""


def slow(message: int) -> type[Variant]:
    """A peer that sends a message later than anybody waits for it."""

    class Slow(Late):
        messages = (message,)
        seconds = 6.0

    return Slow


for _message, _number, _row, _roles in SLOW:
    add(
        f"{_message.lower()}-six-seconds-late",
        slow(_number),
        f"RFC2661-{_row}",
        f"{_message} goes out 6 seconds late",
        roles=_roles,
        broad=True,
    )


class Weary(Tunnel):
    """Asks twice whether its peer is there, and then no more, whatever it was told."""

    def hello_due(self) -> float | None:
        due, interval = super().hello_due(), self.config.hello_interval
        if due is None or interval is None or self.last_hello < self.opened_at + 1.5 * interval:
            return due
        self.vanish()
        return None


@mutant("RFC2661-5.5-01", "a tunnel is forgotten after its second HELLO, which was acknowledged")
class ForgetsAfterTwoHellos(with_tunnel(Weary)):  # type: ignore[misc]
    pass


# -- what should change nothing --------------------------------------------------------------


class Distracted(Tunnel):
    """Forgets calls that are not established yet when a message of this kind comes."""

    def distracts(self, message: MessageSpec | None) -> bool:
        """Whether it is of this kind; None: of no type that is known."""
        return message is not None and message.name == "HELLO"

    def handle(self, packet: Packet, now: float) -> None:
        super().handle(packet, now)
        if not self.distracts(self.examine(packet).message):
            return
        for session in list(self.sessions.values()):
            if session.state is not CallState.ESTABLISHED:
                self.forget_session(session)


@mutant("RFC2661-6.5-03", "with a HELLO the calls are forgotten that are not established yet")
class HelloForgetsWaitingCalls(with_tunnel(Distracted)):  # type: ignore[misc]
    pass


class DistractedByTheUnknown(Distracted):
    def distracts(self, message: MessageSpec | None) -> bool:
        return message is None


@mutant("RFC2661-4.4.1-03", "with an unknown message calls that are not established are forgotten")
class UnknownForgetsWaitingCalls(with_tunnel(DistractedByTheUnknown)):  # type: ignore[misc]
    pass
