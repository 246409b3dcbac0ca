"""A line for a device's control FIFO: written without blocking, and seen to be read."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import termios
from pathlib import Path

from harness.device.machine.looking import next_look
from harness.errors import DeviceError

LONGEST_LINE = 4095
_LOOK_EVERY = 0.001
_HINTS = {
    errno.ENXIO: "the device does not read it",
    errno.ENOENT: "the device has not made it: is launch.process.control the right path?",
    errno.EAGAIN: "it is full: the device has stopped reading it",
}


async def write_control(fifo: Path, line: str, within: float) -> None:
    """Write a line and return once the device has read it, within so many seconds.

    Daemons open their FIFO anew after each command, so a FIFO without a reader is tried again,
    and the writing end stays open until the line is read: otherwise it could be lost in between.
    Raises DeviceError `device.control`.
    """
    data = f"{line}\n".encode()
    if len(data) > LONGEST_LINE:
        raise DeviceError("device.control", "the line is too long for a control FIFO")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    descriptor = await _open(fifo, deadline)
    try:
        os.write(descriptor, data)
        while _unread(descriptor):
            if loop.time() >= deadline:
                raise DeviceError(
                    "device.control",
                    f"the device did not read its control FIFO {fifo} within {within:g} s",
                )
            await next_look(_LOOK_EVERY)
    except OSError as error:
        raise _failed("write to", fifo, error) from error
    finally:
        os.close(descriptor)


async def _open(fifo: Path, deadline: float) -> int:
    loop = asyncio.get_running_loop()
    while True:
        try:
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ENXIO or loop.time() >= deadline:
                raise _failed("open", fifo, error) from error
            await next_look(_LOOK_EVERY)
            continue
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise DeviceError("device.control", f"{fifo} is not a FIFO")


def _unread(descriptor: int) -> int:
    answer = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, "little")


def _failed(what: str, fifo: Path, error: OSError) -> DeviceError:
    return DeviceError(
        "device.control",
        f"cannot {what} the control FIFO {fifo}: {error.strerror}",
        hint=_HINTS.get(error.errno or 0, ""),
    )
