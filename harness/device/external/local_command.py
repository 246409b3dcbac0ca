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

from harness.device.log import DeviceLog
from harness.errors import DeviceError

_SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_LAST_LINES: Final = 6
_DIE_WITH_THE_HARNESS: Final = (
    # PR_SET_PDEATHSIG has to be set in the process itself; between fork and exec there is no safe
    # place for it in a process with threads
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


async def run_locally(argv: Sequence[str], folder: Path, within: float) -> tuple[str, ...]:
    """Run a command to its end, in a folder; gives the last lines that it printed.

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
    # Not a pipe of asyncio's: a daemon that the command starts keeps it open, and is not waited for
    reader, writer = os.pipe()
    log = DeviceLog(reader)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _DIE_WITH_THE_HARNESS),
            *(program, *argv[1:]),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writer,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        log.close()
        raise DeviceError(
            "device.action", f"cannot run {program}: {error.strerror or error}"
        ) from error
    finally:
        os.close(writer)
    try:
        async with asyncio.timeout(within):
            status = await process.wait()
        log.drain()
        told = log.lines()
    except TimeoutError:
        raise DeviceError("device.action", f"{argv[0]} took more than {within:g} s") from None
    finally:
        log.close()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status:
        how = f"exited with status {status}" if status > 0 else f"was killed by signal {-status}"
        last = [line for line in told if line.strip()][-_LAST_LINES:]
        hint = "it said: " + "\n    ".join(last) if last else "it said nothing"
        raise DeviceError("device.action", f"{argv[0]} {how}", hint=hint)
    return told
