"""A process and all that it has started, as /proc shows them. Each may end between two looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOST_PROCESSES: Final = 1000


def tree(process: int) -> Iterator[Path]:
    """The folders in /proc of a process and its descendants, as far as they are found."""
    left = [process]
    for _ in range(_MOST_PROCESSES):
        if not left:
            return
        folder = Path(f"/proc/{left.pop()}")
        yield folder
        for thread in threads(folder):
            try:
                left += [int(word) for word in (thread / "children").read_text().split()]
            except OSError:
                continue  # it has ended


def threads(folder: Path) -> list[Path]:
    """The folders of the threads of a process; none when it has ended."""
    try:
        return list((folder / "task").iterdir())
    except OSError:
        return []
