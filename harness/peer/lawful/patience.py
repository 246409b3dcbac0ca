"""Lawful variants that lose patience: a call whose PPP does not come up is hung up (5.6)."""

from __future__ import annotations

from typing import ClassVar

from harness.peer.call import CallEvent, CallState
from harness.peer.lawful.base import add
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
