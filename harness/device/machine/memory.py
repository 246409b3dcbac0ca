"""How much memory a process and all that it has started hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_MOST_PROCESSES: Final = 1000


def resident(process: int) -> int | None:
    """Octets of resident memory of a process and its descendants; None when it has ended."""
    pages = 0
    left = [process]
    for _ in range(_MOST_PROCESSES):
        if not left:
            break
        number = left.pop()
        try:
            pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
            for children in Path(f"/proc/{number}/task").glob("*/children"):
                left += [int(word) for word in children.read_text().split()]
        except (OSError, ValueError, IndexError):
            continue  # it has ended between two looks
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else None
