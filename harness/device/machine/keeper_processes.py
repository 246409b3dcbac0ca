"""Processes as /proc shows them to a keeper.

Rules of this file: those of `keeper_script`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_SWEEPS = 100


def outer_number(handle: int) -> int:
    """The number of a process in the PID namespace of /proc, which is the harness's."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pid":
            return max(0, int(value))
    return 0


def kill_marked(mark: str) -> None:
    """Kill what has this mark in its environment, and reap what came back as an orphan."""
    for _ in range(_SWEEPS):
        found = [process for process in _others() if mark.encode() in _environment_of(process)]
        if not found:
            return
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            except (ProcessLookupError, ChildProcessError):
                continue  # it has ended meanwhile, or its own parent reaps it


def _others() -> list[int]:
    own = os.getpid()
    names = [entry.name for entry in Path("/proc").iterdir()]
    return [int(name) for name in names if name.isdigit() and int(name) != own]


def _environment_of(process: int) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:
        return []  # it has ended, or belongs to somebody else
