"""Lawful variants that lose patience with a call whose PPP does not come up (5.6), or with a tunnel
that has no call (5.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from harness.peer.call import CallEvent, CallState
from harness.peer.control_connection import Event, State
from harness.peer.lawful.base import add
from harness.peer.lawful.dated import Dated
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import with_tunnel
from harness.wire import Packet


class HangsUp(Tunnel):
    """A call on whose PPP nothing has come for `patience` seconds is not worth its line."""

    patience: ClassVar[float]

    def flush(self, now: float) -> None:
        for session in self.sessions.values():
            if session.state is CallState.ESTABLISHED:
                self.idle_until().setdefault(session, now + self.patience)
        super().flush(now)

    def idle_until(self) -> dict[Session, float]:
        """When the calls that are up are hung up."""
        if self.due is None:
            self.due = {}
        return self.due

    due: dict[Session, float] | None = None

    def take_data(self, packet: Packet, now: float) -> None:
        super().take_data(packet, now)
        session = self.sessions.get(packet.header.session_id)
        if session is not None and session in self.idle_until():
            self.idle_until()[session] = now + self.patience

    def next_deadline(self) -> float | None:
        times = [super().next_deadline()]
        if self.phase is Phase.OPEN:
            times += [
                when for one, when in self.idle_until().items() if one in self.sessions.values()
            ]
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        for session, when in list(self.idle_until().items()):
            if session not in self.sessions.values():
                del self.idle_until()[session]
            elif self.phase is Phase.OPEN and now >= when:
                del self.idle_until()[session]
                session.handle(CallEvent.LOCAL_CLOSE, now)
        super().tick(now)


for _seconds in (10,):
    add(
        f"hangs-up-after-{_seconds}-s-without-ppp",
        "RFC2661-5.6-01",
        f"a call on which no PPP comes for {_seconds} s is hung up",
        kind=with_tunnel(type("HangsUp", (HangsUp,), {"patience": float(_seconds)})),
    )


class ClosesUnused(Dated):
    """A tunnel that has had no call for `patience` seconds, or never had one, is closed."""

    patience: ClassVar[float]
    empty_until: float | None = None

    def flush(self, now: float) -> None:
        if self.sessions or self.waiting or self.state is not State.ESTABLISHED:
            self.empty_until = None
        elif self.empty_until is None:
            self.empty_until = now + self.patience
        super().flush(now)

    def dates(self) -> Iterable[float | None]:
        return (*super().dates(), self.empty_until)

    def keep(self, now: float) -> None:
        super().keep(now)
        if self.empty_until is not None and self.empty_until <= now:
            self.empty_until = None
            self.event(Event.ADMIN_CLOSE, now)


for _seconds in (15,):
    add(
        f"closes-after-{_seconds}-s-without-calls",
        "P-37",
        f"a tunnel without a call is closed after {_seconds} s",
        kind=with_tunnel(type("ClosesUnused", (ClosesUnused,), {"patience": float(_seconds)})),
    )
