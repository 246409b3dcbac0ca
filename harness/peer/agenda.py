"""Which tunnel has to be looked at next, and when; of many tunnels only those that are due."""

from __future__ import annotations

import heapq
import itertools

from harness.peer.tunnel import Phase, Tunnel


class Agenda:
    """The deadlines of tunnels. Its length is that with those that have been overtaken.

    Only a deadline that has moved nearer is noted down. For one that has moved away the old time
    stays, and is put right when it comes.
    """

    def __init__(self) -> None:
        self._noted: list[tuple[float, int, Tunnel]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, tunnel: Tunnel) -> None:
        """Have a tunnel come up at its next deadline."""
        due = tunnel.next_deadline()
        if due is not None and (tunnel.on_agenda is None or due < tunnel.on_agenda):
            tunnel.on_agenda = due
            heapq.heappush(self._noted, (due, next(self._order), tunnel))

    def next(self) -> float | None:
        """When the next tunnel comes up; None when nothing is waited for."""
        while self._noted:
            when, _, tunnel = self._noted[0]
            if tunnel.on_agenda == when and tunnel.phase is not Phase.GONE:
                due = tunnel.next_deadline()
                if due is not None and due <= when:
                    return when
                tunnel.on_agenda = None
                self.note(tunnel)
            heapq.heappop(self._noted)
        return None

    def take(self) -> Tunnel:
        """Take off the tunnel that `next` is about."""
        tunnel = heapq.heappop(self._noted)[2]
        tunnel.on_agenda = None
        return tunnel
