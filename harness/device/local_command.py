"""A command on this machine that does something to a device elsewhere."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.device.log import printable
from harness.errors import DeviceError

_SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_LONGEST_OUTPUT: Final = 1 << 20
_LAST_LINES: Final = 6
_DIE_WITH_THE_HARNESS: Final = (
    # PR_SET_PDEATHSIG has to be set in the process itself; between fork and exec there is no safe
    # place for it in a process with threads
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


async def run_locally(argv: Sequence[str], folder: Path, within: float) -> str:
    """Run a command to its end, in a folder; gives what it printed.

    It is killed when it takes longer than `within` seconds, when the harness is interrupted, and
    when that dies. Raises DeviceError `device.action` unless it ends with status 0.
    """
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{_SYSTEM_FOLDERS}"
    own = folder / argv[0]
    program = str(own.resolve()) if "/" in argv[0] else shutil.which(argv[0], path=path)
    if program is None or not os.access(program, os.X_OK):
        raise DeviceError(
            "device.no-program",
            f"there is no program {argv[0]}",
            hint="a path is relative to the folder of the device",
        )
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _DIE_WITH_THE_HARNESS),
            *(program, *argv[1:]),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise DeviceError(
            "device.action", f"cannot run {program}: {error.strerror or error}"
        ) from error
    try:
        async with asyncio.timeout(within):
            told = await _output(process)
            status = await process.wait()
    except TimeoutError:
        raise DeviceError("device.action", f"{argv[0]} took more than {within:g} s") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status:
        how = f"exited with status {status}" if status > 0 else f"was killed by signal {-status}"
        last = [printable(line) for line in told.encode().splitlines() if line.strip()]
        hint = "it said: " + "\n    ".join(last[-_LAST_LINES:]) if last else "it said nothing"
        raise DeviceError("device.action", f"{argv[0]} {how}", hint=hint)
    return told


async def _output(process: asyncio.subprocess.Process) -> str:
    """What it prints until it closes its output; of a flood the beginning."""
    assert process.stdout is not None
    kept = bytearray()
    while data := await process.stdout.read(1 << 16):
        kept += data[: _LONGEST_OUTPUT - len(kept)]
    return kept.decode("utf-8", "backslashreplace")
