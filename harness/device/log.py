"""The last lines of what a device says. Whatever it says, memory and time are bounded."""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque

_LINES = 200
_LINE_OCTETS = 1000
_READ_OCTETS = 1 << 16


class DeviceLog:
    """Keeps the last lines of what it is fed, or of what comes out of a pipe on the loop.

    octets: how much has come in all.
    """

    def __init__(self, descriptor: int | None = None, *, lines: int = _LINES) -> None:
        self._descriptor = descriptor
        self._kept: deque[bytes] = deque(maxlen=lines)
        self._partial = b""
        self._awaited: tuple[re.Pattern[str], asyncio.Future[None]] | None = None
        self._loop = asyncio.get_running_loop()
        self.octets = 0
        self._open = descriptor is not None
        if descriptor is not None:
            os.set_blocking(descriptor, False)
            self._loop.add_reader(descriptor, self._read)

    def lines(self) -> tuple[str, ...]:
        """The last lines, shortened and safe to show in a terminal."""
        partial = [self._partial] if self._partial else []
        return tuple(printable(line) for line in [*self._kept, *partial])

    def await_match(self, pattern: re.Pattern[str]) -> asyncio.Future[None]:
        """A future that is done once the output has a match that begins in one line."""
        found: asyncio.Future[None] = self._loop.create_future()
        if any(pattern.search(line) for line in self.lines()):
            found.set_result(None)
        else:
            self._awaited = (pattern, found)
        return found

    def drain(self) -> None:
        """Read what is there now, at most what a pipe holds."""
        if self._open:
            for _ in range(16):
                if not self._read():
                    return

    def close(self) -> None:
        """Stop reading. Closing twice is harmless."""
        if self._open and self._descriptor is not None:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)

    def _read(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            data = os.read(self._descriptor, _READ_OCTETS)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        self.feed(data)
        return True

    def feed(self, data: bytes) -> None:
        """Take what the device said."""
        self.octets += len(data)
        text = self._partial + data
        self._look_for_match(text)
        # From the right, and no further than is kept: a flood costs little more than reading it
        most = self._kept.maxlen or 0
        lines = text.rsplit(b"\n", most + 1)
        self._partial = lines.pop()[:_LINE_OCTETS]
        self._kept.extend(line[:_LINE_OCTETS] for line in lines[-most:])

    def _look_for_match(self, text: bytes) -> None:
        if self._awaited is None:
            return
        pattern, found = self._awaited
        if pattern.search(text.decode(errors="backslashreplace")):
            self._awaited = None
            if not found.done():
                found.set_result(None)


def printable(line: bytes) -> str:
    """A line of output as one line of printable characters."""
    text = line.decode(errors="backslashreplace").rstrip().expandtabs(4)
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
