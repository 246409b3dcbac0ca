"""For how long a process and all that it has started have waited for a processor.

Linux counts it for each thread: the time in which it could have run and another one did, which is
no fault of the program.
"""

from __future__ import annotations

from typing import Final

from harness.device.machine.processes import threads, tree

_NANOSECOND: Final = 1e-9


def starved(process: int) -> float | None:
    """Seconds for which a process and its descendants have waited since each began, all added.

    What has ended does not count any more. None: the kernel does not tell, or all have ended.
    """
    told: list[int] = []
    for folder in tree(process):
        for thread in threads(folder):
            try:
                # the time that it has run, that it has waited, and how often it was its turn
                told.append(int((thread / "schedstat").read_text().split()[1]))
            except (OSError, ValueError, IndexError):
                continue  # it has ended
    return sum(told) * _NANOSECOND if told else None
