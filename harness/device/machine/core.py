"""The core dump that a crashed process left: kept for its maintainer, and read with gdb."""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from harness.device.log import printable
from harness.errors import DeviceError

_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_FOLDERS: Final = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ALL_THREADS: Final = "thread apply all backtrace 30"
_GDB_WITHIN: Final = 20.0
_LINES: Final = 60


async def find_core(work: Path, program: str, keep: Path, root: Path | None) -> tuple[str, ...]:
    """Lines about the core dump in the work folder, which is moved to `keep`.

    program: a name or a path. root: the file system that it is in, None if that is not seen any
    more. Where the machine puts core dumps elsewhere, the line says where to look.
    """
    found = [path for path in work.glob("core*") if path.is_file() and not path.is_symlink()]
    if not found:
        return _elsewhere()
    core = max(found, key=lambda path: path.stat().st_size)
    kept = keep / f"{work.name}.core"
    try:
        keep.mkdir(parents=True, exist_ok=True)
        shutil.move(core, kept)
    except OSError as error:
        raise DeviceError("device.core", f"cannot keep {core}: {error.strerror}") from error
    told = f"core dump: {kept} of {program}"
    if root is None:
        return (told, "no backtrace: its container is not there any more")
    return (told, *await _backtrace(_found(program, root), kept, root))


def _found(program: str, root: Path) -> Path:
    """Where a program is below a root."""
    folders = os.pathsep.join(str(root / one.lstrip("/")) for one in _FOLDERS)
    path = root / program.lstrip("/") if "/" in program else shutil.which(program, path=folders)
    return Path(path or program)


def _elsewhere() -> tuple[str, ...]:
    try:
        pattern = _PATTERN.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ()
    if pattern.startswith("|"):
        return (f"no core dump here: this machine hands them to {pattern[1:].split()[0]}",)
    return (f"no core dump in its work folder: /proc/sys/kernel/core_pattern is {pattern}",)


async def _backtrace(binary: Path, core: Path, root: Path) -> tuple[str, ...]:
    gdb = shutil.which("gdb")
    if gdb is None:
        return ("gdb is not installed: no backtrace",)
    orders = (f"set sysroot {root}", f"file {binary}", f"core-file {core}", _ALL_THREADS)
    words = [word for order in orders for word in ("-ex", order)]
    process = await asyncio.create_subprocess_exec(
        *(gdb, "-nx", "-batch", *words), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(_GDB_WITHIN):
            output, _ = await process.communicate()
    except TimeoutError:
        return (f"gdb took more than {_GDB_WITHIN:g} s",)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = [printable(line) for line in output.splitlines() if line.startswith((b"#", b"Thread"))]
    return tuple(lines[:_LINES])
