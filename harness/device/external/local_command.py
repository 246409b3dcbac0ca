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
_GUARD: Final = """
import ctypes, os, signal, sys

# Between the harness and the command: told by the kernel (PR_SET_PDEATHSIG) that the harness has
# died, it ends the command with all that is in its process group. What the command has put into a
# session of its own, a daemon, stays.
def end(*_):
    os.killpg(0, signal.SIGKILL)

prctl = ctypes.CDLL(None).prctl
signal.signal(signal.SIGTERM, end)
prctl(1, signal.SIGTERM, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    end()
child = os.fork()
if not child:
    prctl(1, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(sys.argv[2], sys.argv[2:])
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if status < 0:
    if -status not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


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
            *(sys.executable, "-I", "-S", "-c", _GUARD, str(os.getpid())),
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
