"""A line for the control FIFO of a device. Runs inside a guest, without site-packages."""

from __future__ import annotations

import errno
import fcntl
import os
import termios
import time


class FifoLine:
    """Writes a line into a FIFO, step by step: see `harness.device.machine.control` for why so.

    within: seconds until it is given up. failed: why it could not be done, in the end; or empty.
    """

    def __init__(self, path: str, line: str, within: float) -> None:
        self._path = path
        self._line = line.encode() + b"\n"
        self._deadline = time.monotonic() + within
        self._descriptor = -1
        self.failed = ""

    def is_done(self) -> bool:
        """Do what can be done now. Whether the line has been read, or nothing will come of it."""
        try:
            if self._descriptor < 0:
                self._open()
            done = self._descriptor >= 0 and self._is_read()
            if not done and time.monotonic() >= self._deadline:
                waited = "did not read it in time" if self._descriptor >= 0 else "does not read it"
                self.failed = f"the device {waited}"
        except OSError as error:
            self.failed = error.strerror or "it failed"
        if (done := bool(self.failed) or done) and self._descriptor >= 0:
            os.close(self._descriptor)
        return done

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ENXIO:  # that nobody reads yet
                raise
        else:
            os.write(self._descriptor, self._line)

    def _is_read(self) -> bool:
        left = fcntl.ioctl(self._descriptor, termios.FIONREAD, bytes(4))
        return not int.from_bytes(left, "little")
