"""How late the harness itself was: what it says of time is worth no more than that.

On a busy machine the harness and the device both wait for a processor. A verdict that no device
should get because of that is found out by running the case again when nothing else runs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

EVERY: Final = 0.05
"""Seconds from one look at the clock to the next."""

LATE: Final = 0.1
"""Seconds by which the harness is late when what it measured is in doubt: a tenth of the second
in which most cases want an answer, or silence."""

_KEPT: Final = 100_000


class Punctuality:
    """Looks at the clock all the time, and remembers when it came to it late."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; on a loop that runs in real time."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + EVERY
        self._timer = loop.call_at(self._due, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def late(self, since: float, until: float) -> float:
        """By how many seconds it was late at worst between two moments of the loop's clock."""
        # the newest last; what is under way now counts as well
        found = [now - due for due, now in self._late if now >= since and due <= until]
        overdue = asyncio.get_running_loop().time() - self._due if self._timer else 0.0
        return max([0.0, overdue, *found])

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._due > LATE:
            self._late.append((self._due, now))
        self._due = now + EVERY
        self._timer = loop.call_at(self._due, self._look)
