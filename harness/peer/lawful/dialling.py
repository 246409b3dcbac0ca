"""Lawful variants of how a LAC dials: when it calls, and what it does when the call ends (5.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, cast

from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.control_connection import Action
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined
from harness.peer.lawful.base import add, lawful
from harness.peer.lawful.dated import Dated
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, OneTunnel, Variant, with_tunnel
from harness.wire import Packet

_CALLS_AGAIN_AFTER: Final = 1.0
_MOST_CALLS: Final = 8


class CallsLater(Dated):
    """The call for which a tunnel was opened takes `delay` seconds to come."""

    delay: ClassVar[float]
    call_at: float | None = None

    def act(self, action: Action, now: float) -> None:
        if action is Action.TUNNEL_OPEN and self.waiting:
            self.call_at = now + self.delay
        else:
            super().act(action, now)

    def dates(self) -> Iterable[float | None]:
        return (*super().dates(), self.call_at)

    def keep(self, now: float) -> None:
        super().keep(now)
        if self.call_at is not None and self.call_at <= now:
            self.call_at = None
            waiting, self.waiting = self.waiting, []
            for session in waiting:
                session.handle(CallEvent.TUNNEL_OPEN, now)


for _milliseconds in (1500,):
    add(
        f"calls-after-{_milliseconds}-ms",
        "RFC2661-5.2-01",
        f"the call for which a tunnel was opened comes {_milliseconds} ms after it is up",
        roles=LAC,
        kind=with_tunnel(type("CallsLater", (CallsLater,), {"delay": _milliseconds / 1000})),
    )


class CallsNobody(Tunnel):
    """Opens a tunnel when it is told to dial, and has no call for it."""

    def act(self, action: Action, now: float) -> None:
        if action is Action.TUNNEL_OPEN:
            self.waiting.clear()
            self.sessions.clear()
        super().act(action, now)


@lawful(
    "RFC2661-6.1-01",
    "a tunnel is opened without a call to come",
    roles=LAC,
    ics={"incoming_calls": False},
)
class HasNoCallForItsTunnel(with_tunnel(CallsNobody)):  # type: ignore[misc]
    pass


class Redialling(Dated):
    """Has a call again when the peer has ended one."""

    redial_at: float | None = None
    redials = 0

    def dates(self) -> Iterable[float | None]:
        return (*super().dates(), self.redial_at)

    def keep(self, now: float) -> None:
        super().keep(now)
        if self.redial_at is not None and self.redial_at <= now:
            self.redial_at = None
            cast(Endpoint, self.endpoint).call(self, now, "5551234")


class Persistent(CallControl):
    """Has whom it lost called again, while the tunnel lives."""

    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        super().end(tunnel, packet, session, examined, now)
        is_its_own = session is not None and tunnel.originator
        if isinstance(tunnel, Redialling) and is_its_own and tunnel.redials < _MOST_CALLS:
            tunnel.redials += 1
            tunnel.redial_at = now + _CALLS_AGAIN_AFTER


@lawful("RFC2661-5.2-01", "a call that the LNS has ended is placed again a second later", roles=LAC)
class Redials(Variant):
    tunnel_type = Redialling
    calls_type = Persistent


@lawful("RFC2661-5.2-01", "all calls to one peer have one tunnel", roles=LAC)
class HasOneTunnelForAll(OneTunnel):
    pass


class WithoutAWord(Tunnel):
    """Ends a tunnel without a StopCCN as long as it does not know the peer's id of it (P-21)."""

    def act(self, action: Action, now: float) -> None:
        if action is Action.SEND_STOPCCN and not self.peer_id:
            self.linger(now)
        else:
            super().act(action, now)


@lawful(
    "P-21",
    "a tunnel of which the peer's id is not known ends without a word",
    roles=LAC,
    discouraged=True,
)
class SaysNothingToNobody(with_tunnel(WithoutAWord)):  # type: ignore[misc]
    pass
