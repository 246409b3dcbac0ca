"""Mutants that do something when a while is over: they forget without a word, or say too much."""

from __future__ import annotations

from typing import ClassVar, Final

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.control_connection import State
from harness.peer.data import DataChannel
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import add, mutant
from harness.peer.ppp import LCP, Code, frame
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import GENERAL_REQUEST, Phase, Tunnel
from harness.peer.variant import LAC, LNS, Variant
from harness.spec.model import Role
from harness.wire import Packet

PATIENCE: Final = 6.0
"""Seconds after which they have had enough."""


def earliest(*times: float | None) -> float | None:
    """The first of some times that may not be known."""
    return min((when for when in times if when is not None), default=None)


class Timed(Session):
    """A call to which something happens when it has been in a state for a while."""

    kinds: ClassVar[frozenset[CallKind]] = frozenset(CallKind)
    during: ClassVar[CallState] = CallState.ESTABLISHED
    patience: ClassVar[float] = PATIENCE
    over_at: float | None = None

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        before = self.state
        super().handle(event, now, examined)
        if self.kind in self.kinds and before is not self.state is self.during:
            self.over_at = now + self.patience

    def late(self, now: float) -> None:
        """The while is over."""
        raise NotImplementedError


class Forgotten(Timed):
    def late(self, now: float) -> None:
        assert isinstance(self.tunnel, Tunnel)
        self.tunnel.forget_session(self)


class Clocked(Tunnel):
    """A tunnel that looks after calls to which something happens."""

    def _timed(self) -> list[Timed]:
        return [
            one
            for one in self.sessions.values()
            if isinstance(one, Timed) and one.over_at is not None and one.state is one.during
        ]

    def next_deadline(self) -> float | None:
        return earliest(super().next_deadline(), *(one.over_at for one in self._timed()))

    def tick(self, now: float) -> None:
        for one in self._timed():
            if one.over_at is not None and one.over_at <= now:
                one.over_at = None
                one.late(now)
        super().tick(now)


FORGOTTEN: Final = (
    ("7.4.2-S05", CallKind.LNS_INCOMING, CallState.WAIT_CONNECT, PATIENCE, "for its ICCN"),
    ("7.4.1-S05", CallKind.LAC_INCOMING, CallState.WAIT_REPLY, PATIENCE, "for its ICRP"),
    ("7.5.2-S04", CallKind.LNS_OUTGOING, CallState.WAIT_REPLY, PATIENCE, "for its OCRP"),
    ("7.5.2-S07", CallKind.LNS_OUTGOING, CallState.WAIT_CONNECT, PATIENCE, "for its OCCN"),
    ("5.6-02", CallKind.LNS_INCOMING, CallState.ESTABLISHED, 20.0, "for something to carry"),
    ("5.6-02", CallKind.LAC_INCOMING, CallState.ESTABLISHED, 20.0, "for something to carry"),
)
"""The row, whose call, the state, after how many seconds, and in words what the call waits for."""

_ROLE: Final = {
    CallKind.LNS_INCOMING: LNS,
    CallKind.LNS_OUTGOING: LNS,
    CallKind.LAC_INCOMING: LAC,
}


def forgetful(kind: CallKind, state: CallState, seconds: float) -> type[Variant]:
    """A peer that forgets a call, without a CDN, when it has been in a state for so long."""

    class Forgetting(Forgotten):
        kinds = frozenset({kind})
        during = state
        patience = seconds

    class Forgetful(Variant):
        tunnel_type = Clocked
        session_type = Forgetting

    return Forgetful


class HalfOpen(Tunnel):
    """A tunnel to which something happens when it has been in a state for a while."""

    during: ClassVar[State] = State.WAIT_CTL_CONN
    had_enough: bool = False

    def _over_at(self) -> float | None:
        waits = self.phase is Phase.OPEN and self.state is self.during
        return self.opened_at + PATIENCE if waits and not self.had_enough else None

    def next_deadline(self) -> float | None:
        return earliest(super().next_deadline(), self._over_at())

    def tick(self, now: float) -> None:
        over_at = self._over_at()
        if over_at is not None and over_at <= now:
            self.had_enough = True
            self.late()
        super().tick(now)

    def late(self) -> None:
        """The while is over: forget the tunnel without a StopCCN."""
        self.vanish()


class SaysAgain(HalfOpen):
    """A tunnel that is asked for or accepted once more, under a new number."""

    def late(self) -> None:
        name = "SCCRP" if self.during is State.WAIT_CTL_CONN else "SCCRQ"
        self.send(name, self.introduction(name))


@mutant("RFC2661-7.2.1-S10", "who waits for an SCCCN sends another SCCRP")
class AcceptsOnceMore(Variant):
    tunnel_type = SaysAgain


@mutant("RFC2661-7.2.1-S06", "who waits for an SCCRP sends another SCCRQ", roles=LAC)
class AsksOnceMore(Variant):
    class tunnel_type(SaysAgain):  # noqa: N801 -- the name of the attribute
        during = State.WAIT_CTL_REPLY


@mutant("RFC2661-7.2.1-S10", "a tunnel that waits for its SCCCN is soon forgotten without a word")
class ForgetsWhoWaitsForScccn(Variant):
    tunnel_type = HalfOpen


@mutant("RFC2661-7.2.1-S06", "a tunnel that waits for its SCCRP is soon forgotten", roles=LAC)
class ForgetsWhoWaitsForSccrp(Variant):
    class tunnel_type(HalfOpen):  # noqa: N801 -- the name of the attribute
        during = State.WAIT_CTL_REPLY


class Unused(Tunnel):
    """A tunnel that is forgotten when its last call has ended a while ago."""

    unused_since: float | None = None

    def forget_session(self, session: Session) -> None:
        super().forget_session(session)
        if not self.sessions and self.phase is Phase.OPEN:
            self.unused_since = self.last_heard

    def _over_at(self) -> float | None:
        if self.unused_since is None or self.sessions or self.phase is not Phase.OPEN:
            return None
        return self.unused_since + PATIENCE

    def next_deadline(self) -> float | None:
        return earliest(super().next_deadline(), self._over_at())

    def tick(self, now: float) -> None:
        over_at = self._over_at()
        if over_at is not None and over_at <= now:
            self.vanish()
        else:
            super().tick(now)


@mutant("RFC2661-5.7-02", "a tunnel without calls is forgotten without a word after a while")
class ForgetsUnusedTunnels(Variant):
    tunnel_type = Unused


def echo_request(session: Session) -> Packet:
    """A question of LCP whether the other end of the link is there, in this call."""
    data = session.data or DataChannel(required=False, follows=False)
    question = frame(LCP, Code.ECHO_REQUEST, 7, bytes(4))
    return data.wrap(question, session.tunnel.peer_id, session.peer_id)


class Haunted(Tunnel):
    """A tunnel in which the PPP of calls that have ended goes on with its timers."""

    ghosts: list[tuple[float, Session]]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ghosts = []

    def forget_session(self, session: Session) -> None:
        super().forget_session(session)
        if session.data is not None:
            self.ghosts.append((self.last_heard + PATIENCE, session))

    def next_deadline(self) -> float | None:
        return earliest(super().next_deadline(), *(when for when, _ in self.ghosts))

    def tick(self, now: float) -> None:
        for ghost in [one for one in self.ghosts if one[0] <= now]:
            self.ghosts.remove(ghost)
            self.endpoint.transmit(echo_request(ghost[1]), self.address)
        super().tick(now)


class Nostalgic(Haunted):
    def tick(self, now: float) -> None:
        for ghost in [one for one in self.ghosts if one[0] <= now]:
            self.ghosts.remove(ghost)
            ghost[1].send_cdn()
        super().tick(now)


@mutant("RFC2661-5.7-02", "of a call that has ended a while ago it is said by a CDN that it has")
class CdnAfterTheEnd(Variant):
    tunnel_type = Nostalgic


@mutant("RFC2661-5.6-03", "PPP looks for its peer though its call has ended a while ago")
class EchoAfterTheEnd(Variant):
    tunnel_type = Haunted


class Repeats(Timed):
    """A call that is asked for, or accepted, once more and under a new number."""

    said: ClassVar[CallAction]

    def late(self, now: float) -> None:
        self.act(self.said, now)


REPEATED: Final = (
    ("7.4.2-S05", CallKind.LNS_INCOMING, CallState.WAIT_CONNECT, CallAction.SEND_ICRP),
    ("7.4.1-S05", CallKind.LAC_INCOMING, CallState.WAIT_REPLY, CallAction.SEND_ICRQ),
    ("7.5.2-S04", CallKind.LNS_OUTGOING, CallState.WAIT_REPLY, CallAction.SEND_OCRQ),
    ("7.5.2-S07", CallKind.LNS_OUTGOING, CallState.WAIT_CONNECT, CallAction.SEND_OCRQ),
)
"""The row, whose call, the state, and what is said once more."""


def repetitive(kind: CallKind, state: CallState, action: CallAction) -> type[Variant]:
    """A peer that says something about a call again when nothing follows, as a new message."""

    class Repeating(Repeats):
        kinds = frozenset({kind})
        during = state
        said = action

    class Repetitive(Variant):
        tunnel_type = Clocked
        session_type = Repeating

    return Repetitive


class Slammed(Timed):
    def late(self, now: float) -> None:
        assert isinstance(self.tunnel, Tunnel)
        self.tunnel.close(Fault(0, "not connected in time", result=GENERAL_REQUEST), now)


@mutant("RFC2661-7.4.2-S05", "a call that is long in coming up ends the whole tunnel", roles=LNS)
class ClosesOnWhoIsLate(Variant):
    tunnel_type = Clocked

    class session_type(Slammed):  # noqa: N801 -- the name of the attribute
        during = CallState.WAIT_CONNECT


@mutant("RFC2661-7.5.2-S04", "a call that nobody answers soon ends the whole tunnel", roles=LNS)
class ClosesOnWhoDoesNotReply(Variant):
    tunnel_type = Clocked

    class session_type(Slammed):  # noqa: N801 -- the name of the attribute
        during = CallState.WAIT_REPLY


class LastQuestion(Timed):
    during = CallState.WAIT_CS_ANSWER
    patience = 2.0

    def late(self, now: float) -> None:
        self.tunnel.endpoint.transmit(echo_request(self), self.tunnel.address)


@mutant("RFC2661-5.0-02", "PPP looks for its peer while the called party is rung", roles=LAC)
class EchoWhileItRings(Variant):
    tunnel_type = Clocked
    session_type = LastQuestion


def _register() -> None:
    for row, kind, state, seconds, words in FORGOTTEN:
        roles: frozenset[Role] = _ROLE[kind]
        name = f"forgets-{kind.value}-in-{state.value}".lower().replace(" ", "-")
        text = f"{kind.value}: a call that waits {words} is forgotten without a word"
        add(name, forgetful(kind, state, seconds), f"RFC2661-{row}", text, roles=roles)
    for row, kind, state, action in REPEATED:
        roles = _ROLE[kind]
        name = f"repeats-{action.value}-in-{state.value}".lower().replace(" ", "-")
        text = f"{kind.value} in {state.value}: {action.value} once more when nothing follows"
        add(name, repetitive(kind, state, action), f"RFC2661-{row}", text, roles=roles)


_register()
