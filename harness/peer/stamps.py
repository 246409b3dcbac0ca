"""When a datagram came, as the kernel has it: who is kept from reading at once reads it later.

On a busy machine a harness may come to its sockets a second late. What it measures is the time at
which the network handed the datagram over, not the time at which it got round to it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from typing import Final

_STAMPS: Final = 35
"""SO_TIMESTAMPNS of Linux, which Python has no name for; its messages are of the same type."""

_TIMESPEC: Final = struct.Struct("@ll")
_NANOSECONDS: Final = 1_000_000_000
_LONGEST: Final = 60.0
"""Seconds that a datagram waits at most: beyond them somebody has set the clock meanwhile."""

ROOM: Final = socket.CMSG_SPACE(_TIMESPEC.size)
"""Octets that a stamp needs beside a datagram."""


def ask_for_stamps(given: socket.socket) -> None:
    """Have a socket tell when its datagrams came. One that cannot gives them no age."""
    with contextlib.suppress(OSError):
        given.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)


def age_of(told: Sequence[tuple[int, int, bytes]]) -> float:
    """For how many seconds a datagram has waited to be read, by what came beside it; else 0."""
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, _STAMPS) and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            age = (time.time_ns() - seconds * _NANOSECONDS - nanoseconds) / _NANOSECONDS
            return age if 0.0 <= age <= _LONGEST else 0.0
    return 0.0
