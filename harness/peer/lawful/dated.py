"""A tunnel of a lawful variant that does something of its own accord at times of its own."""

from __future__ import annotations

from collections.abc import Iterable

from harness.peer.tunnel import Phase, Tunnel


class Dated(Tunnel):
    """Keeps dates as long as it is open. Those that can come up are noted in `flush`."""

    def dates(self) -> Iterable[float | None]:
        """When there is something to do; None: nothing is due."""
        return ()

    def keep(self, now: float) -> None:
        """Do what is due."""

    def next_deadline(self) -> float | None:
        times = [super().next_deadline()]
        if self.phase is Phase.OPEN:
            times += self.dates()
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        if self.phase is Phase.OPEN and any(w is not None and w <= now for w in self.dates()):
            self.keep(now)
        super().tick(now)
