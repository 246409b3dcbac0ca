"""How much memory a process and all that it has started hold."""

from __future__ import annotations

import os

from harness.device.machine.processes import tree


def resident(process: int) -> int | None:
    """Octets of resident memory of a process and its descendants; None when it has ended."""
    pages = 0
    for folder in tree(process):
        try:
            pages += int((folder / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended between two looks
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else None
