"""tcpdump on an interface, read as it writes: a test waits for packets instead of for time."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from harness.capture.files import open_capture
from harness.capture.fragments import Fragments
from harness.capture.layers import Datagram, decode

MARK: Final = b"this is where the test ends"
"""A datagram with this is sent last, so that all before it is known to be captured."""

DISCARD: Final = 9


def message(kind: int) -> bytes:
    """The Message Type AVP of a control message, by which it is found in what tcpdump writes."""
    return bytes((0x80, 8, 0, 0, 0, 0, 0, kind))


class Tap:
    """What tcpdump has written so far."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self.octets = b""

    async def until(self, *wanted: bytes) -> None:
        """Read on until these octets have come, in this order."""
        place = 0
        for each in wanted:
            while (found := self.octets.find(each, place)) < 0:
                more = await self._stream.read(1 << 16)
                assert more, f"tcpdump ended before {each!r}"
                self.octets += more
            place = found + len(each)

    async def finish(self) -> None:
        """Read what is left."""
        self.octets += await self._stream.read()


@asynccontextmanager
async def tapped(
    path: Path, expression: str, *, interface: str = "lo", network_of: int | None = None
) -> AsyncIterator[Tap]:
    """Capture into a file what the expression matches.

    `network_of`: a process in whose network namespace the interface is.
    """
    program = shutil.which("tcpdump", path="/usr/bin:/usr/sbin:/sbin")
    assert program is not None
    entering = [] if network_of is None else ["nsenter", f"--net=/proc/{network_of}/ns/net"]
    process = await asyncio.create_subprocess_exec(
        *entering,
        *(program, "-i", interface, "-U", "--immediate-mode", "-s", "0", "-w", "-", expression),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = b""
        while b"listening on" not in said:
            line = await process.stderr.readline()
            assert line, f"tcpdump does not run: {said.decode()}"
            said += line
        tap = Tap(process.stdout)
        yield tap
        process.send_signal(signal.SIGINT)
        await tap.finish()
        path.write_bytes(tap.octets)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def mark(tap: Tap, source: str, destination: str) -> None:
    """Wait until everything that was sent over loopback so far is captured."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.bind((source, 0))
        sending.sendto(MARK, (destination, DISCARD))
    await tap.until(MARK)


def kinds_from(path: Path, host: str) -> set[int]:
    """The Message Types that a host sends in a capture; 0: a ZLB, -1: data."""
    fragments = Fragments()
    kinds = set()
    with open_capture(path) as reader:
        for packet in reader.packets():
            found = decode(packet.link_type, packet.data, packet.at, fragments)
            if not isinstance(found, Datagram) or found.source[0] != host:
                continue
            if found.payload == MARK:
                continue
            is_control = bool(found.payload[0] & 0x80)
            has_avps = len(found.payload) >= 20
            kinds.add(int.from_bytes(found.payload[18:20], "big") * has_avps if is_control else -1)
    return kinds
