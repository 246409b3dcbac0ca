"""For how long a process and all that it has started have waited for a processor.

Linux counts it for each thread: the time in which it could have run and another one did, which is
no fault of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.device.machine.processes import threads, tree

_NANOSECOND: Final = 1e-9


@dataclass(slots=True)
class Starvation:
    """How long a process and its descendants have waited; it never becomes less.

    What has ended since counts with what was seen of it last. process: its number, which changes
    when it is started anew; 0: not known. alone: without its descendants.
    """

    process: int = 0
    alone: bool = False
    _seen: dict[Path, int] = field(default_factory=dict, init=False)
    _of_ended: int = field(default=0, init=False)

    def seconds(self) -> float | None:
        """Since each of them began, all threads added; None: the kernel tells of none now."""
        folders = [Path(f"/proc/{self.process}")] if self.alone else tree(self.process)
        now = {
            thread: waited
            for folder in folders
            for thread in threads(folder)
            if (waited := _waited(thread)) is not None
        }
        # a number is given again: what waits less than before is another thread
        self._of_ended += sum(
            waited for thread, waited in self._seen.items() if now.get(thread, -1) < waited
        )
        self._seen = now
        return (self._of_ended + sum(now.values())) * _NANOSECOND if now else None


def _waited(thread: Path) -> int | None:
    """Nanoseconds; None: it has ended, or the kernel does not tell."""
    try:
        # the time that it has run, that it has waited, and how often it was its turn
        return int((thread / "schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
