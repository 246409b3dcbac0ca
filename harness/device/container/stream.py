"""What a program in a container prints, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from signal import Signals
from typing import Any, Final

from harness.device.log import DeviceLog
from harness.device.machine.keeper_answers import Child
from harness.errors import DeviceError

_HEADER: Final = 8
_READ_OCTETS: Final = 1 << 16
_numbers = itertools.count(1)


class Output:
    """Reads the stream of one program on the running loop into its log.

    Pieces of both outputs come in frames: an octet for the output, three that are 0, four with the
    length. The end of the stream is nearly always the end of the program; what it ended with is
    asked for then.
    """

    def __init__(self, connection: Any, log: DeviceLog) -> None:
        loop = asyncio.get_running_loop()
        self.child = Child(
            next(_numbers), loop.create_future(), loop.create_future(), loop.create_future()
        )
        self.child.started.set_result(None)
        self._loop = loop
        self._connection = connection  # closing it is what frees the socket
        self._socket: socket.socket = getattr(connection, "_sock", connection)
        self._socket.setblocking(False)
        self._log = log
        self._pending = b""
        self._ended = loop.create_future()
        self._open = True
        self._asking: asyncio.Task[None] | None = None
        loop.add_reader(self._socket.fileno(), self._readable)

    def when_ended(self, status: Callable[[], Awaitable[int]]) -> None:
        """`status`: asks for the wait status of the program, once it has ended."""
        self._asking = asyncio.create_task(self._end(status), name="container output")

    async def _end(self, status: Callable[[], Awaitable[int]]) -> None:
        await self._ended
        try:
            told = await status()
        except DeviceError as error:
            self._fail(error)
            return
        if not self.child.died.done():
            self.child.died.set_result(told)
            self.child.ended.set_result(None)

    def _fail(self, error: DeviceError) -> None:
        for future in (self.child.died, self.child.ended):
            if not future.done():
                future.set_exception(error)
                future.exception()  # that nobody waits for it is no fault

    def close(self) -> None:
        """Stop reading. Whoever still waits for its end is told that it was given up."""
        self._hang_up()
        if self._asking is not None and not self._asking.done() and not self.child.died.done():
            self._asking.cancel()
            self._fail(DeviceError("device.container", "the container was given up"))

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_READ_OCTETS)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(data)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket.fileno())
            self._connection.close()
            self._socket.close()
            if not self._ended.done():
                self._ended.set_result(None)

    def _take(self, data: bytes) -> None:
        self._pending += data
        said = []
        while len(self._pending) >= _HEADER:
            length = int.from_bytes(self._pending[4:_HEADER], "big")
            if len(self._pending) < _HEADER + length:
                break
            said.append(self._pending[_HEADER : _HEADER + length])
            self._pending = self._pending[_HEADER + length :]
        if said:
            self._log.feed(b"".join(said))


def wait_status(code: int) -> int:
    """The exit code of a program in a container, as `os.waitpid` would have given it.

    The first process of a container passes a signal that ended the program on as 128 more.
    """
    number = code - 128
    if number in {one.value for one in Signals}:
        return number
    return (code & 0xFF) << 8


def is_ending(process: int) -> bool:
    """Whether the first process of a container has ended, or has no child left that lives.

    False also when it cannot be seen, as that of another user cannot.
    """
    try:
        os.kill(process, 0)
        states = [
            Path(f"/proc/{child}/stat").read_text(encoding="utf-8", errors="replace")
            for thread in Path(f"/proc/{process}/task").iterdir()  # each has those that it started
            for child in (thread / "children").read_text(encoding="ascii").split()
        ]
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return all(state.rpartition(")")[2].split()[0] == "Z" for state in states)
