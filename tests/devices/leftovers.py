"""What a run may leave behind: nothing."""

from __future__ import annotations

import os
import select
from pathlib import Path

PATIENCE = 300.0


def processes_below(folder: Path) -> dict[int, str]:
    """The processes, zombies left aside, that were started with something of this folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            words = command + (entry / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def await_ends(processes: dict[int, str]) -> dict[int, str]:
    """Wait until these processes have ended; those that have not within some minutes."""
    poll = select.poll()
    handles = {}
    for process in processes:
        try:
            handle = os.pidfd_open(process)
        except ProcessLookupError:
            continue
        handles[handle] = process
        poll.register(handle, select.POLLIN)
    while handles:
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            break
        for handle, _event in ready:
            poll.unregister(handle)
            del handles[handle]
            os.close(handle)
    left = {process: processes[process] for process in handles.values()}
    for handle in handles:
        os.close(handle)
    return left
