"""A process and all that it has started, as /proc shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOST_PROCESSES: Final = 1000


def tree(process: int) -> Iterator[Path]:
    """The folders in /proc of a process and its descendants; of those that end meanwhile, too."""
    left = [process]
    for _ in range(_MOST_PROCESSES):
        if not left:
            return
        folder = Path(f"/proc/{left.pop()}")
        yield folder
        for children in folder.glob("task/*/children"):
            try:
                left += [int(word) for word in children.read_text().split()]
            except OSError:
                continue  # it has ended between two looks
