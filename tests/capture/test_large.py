"""A capture of 100 MB streams in bounded memory, whatever is in it."""

from __future__ import annotations

import os
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.capture import CheckResult
from harness.run.datagram import datagram
from tests.capture.files import ethernet
from tests.capture.test_check import check
from tests.monitor.talk import LNS, Talk

LARGE = 100 << 20
MOST_MEMORY = 64 << 20
"""Octets; a capture that stayed in memory would take more than `LARGE`."""

HEAD = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1)


def record(number: int, packet: bytes) -> bytes:
    """A record of a pcap file, a millisecond after the one before."""
    seconds, milliseconds = divmod(number, 1000)
    size = len(packet)
    return struct.pack("<IIII", 1_700_000_000 + seconds, milliseconds * 1000, size, size) + packet


def a_long_call(octets: int) -> Iterator[bytes]:
    """One tunnel with one call and much data."""
    talk = Talk().tunnel().call()
    number = 0
    for number, seen in enumerate(talk.frames):
        yield record(number, ethernet(datagram(seen.source, seen.destination, seen.data)))
    talk.data(talk.lac, bytes(1000))
    packet = ethernet(datagram(talk.lac.address, talk.lns.address, talk.frames[-1].data))
    for later in range(number + 1, octets // (len(packet) + 16)):
        yield record(later, packet)


def a_flood_of_requests(octets: int) -> Iterator[bytes]:
    """An SCCRQ from another host and port each time, as an attacker sends them."""
    template = Talk().message
    seen = template(Talk().lac, "SCCRQ")
    data = bytearray(seen.data)
    number = size = 0
    while size < octets:
        source = (
            f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            1024 + number % 60000,
        )
        data[-2:] = struct.pack(">H", number % 65535 + 1)
        one = record(number, ethernet(datagram(source, LNS, bytes(data))))
        yield one
        size += len(one)
        number += 1


def judged(folder: Path, records: Iterator[bytes]) -> CheckResult:
    """The result for a file that is never on a disk: it comes through a FIFO."""
    path = folder / "large.pcap"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb") as file:
            file.write(HEAD)
            for one in records:
                file.write(one)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return check(path)
    finally:
        writer.join()


@pytest.mark.parametrize("records", [a_long_call, a_flood_of_requests])
def test_memory_is_bounded(tmp_path: Path, records: object) -> None:
    # An eighth of it in a process whose memory is traced, which is slow: the bound is the same.
    tracemalloc.start()
    try:
        result = judged(tmp_path, records(LARGE // 8))  # type: ignore[operator]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.frames > 10_000
    assert result.errors == ()
    assert peak < MOST_MEMORY


@pytest.mark.parametrize("records", [a_long_call, a_flood_of_requests])
def test_100_mb(tmp_path: Path, records: object) -> None:
    began = time.process_time()
    result = judged(tmp_path, records(LARGE))  # type: ignore[operator]
    assert result.errors == ()
    assert result.frames > 90_000
    print(f"{result.frames} frames in {time.process_time() - began:.0f} s")
