"""A capture of 100 MB streams in bounded memory, whatever is in it."""

from __future__ import annotations

import functools
import itertools
import json
import os
import struct
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.capture.check
from harness.capture import detect
from harness.run.datagram import datagram
from harness.spec.monitor import Monitor
from tests.capture.files import ethernet
from tests.capture.test_check import check
from tests.monitor.talk import LNS, End, Talk, avp

LARGE = 100 << 20
SMALL = 4 << 20
MORE_MEMORY = 16 << 20
"""Octets by which the memory for a large capture may exceed that for a small one."""

HEAD = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1)


def record(number: int, packet: bytes) -> bytes:
    """A record of a pcap file, a millisecond after the one before."""
    seconds, milliseconds = divmod(number, 1000)
    size = len(packet)
    return struct.pack("<IIII", 1_700_000_000 + seconds, milliseconds * 1000, size, size) + packet


def calls(octets: int) -> Iterator[bytes]:
    """Tunnels with a call and much data each, one after the other, every one with a violation."""
    size = number = 0
    for index in itertools.count():
        lac = (f"10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}", 1701)
        ids = [index * step % 65521 + 1 for step in (40503, 30011)]
        talk = Talk(End(lac, ids[0], 21), End(LNS, ids[1], 22)).tunnel().call()
        talk.message(talk.lac, "HELLO", extra=(avp("host_name"),))
        talk.data(talk.lac, bytes(1400))
        talk.data(talk.lns, bytes(range(100)) * 14)
        packets = [ethernet(datagram(one.source, one.destination, one.data)) for one in talk.frames]
        for packet in (*packets[:-2], *(packets[-2:] * 200)):
            if size > octets:
                return
            number += 1
            one = record(number, packet)
            size += len(one)
            yield one


def requests(count: int) -> Iterator[bytes]:
    """An SCCRQ from another port each time, as an attacker sends them."""
    data = bytearray(Talk().message(Talk().lac, "SCCRQ").data)
    for number in range(count):
        source = (f"10.0.0.{number % 50}", 1024 + number)
        data[-2:] = struct.pack(">H", number % 65535 + 1)
        yield record(number, ethernet(datagram(source, LNS, bytes(data))))


def feed(path: Path, records: Iterator[bytes]) -> threading.Thread:
    """Write a capture that is never on a disk: it goes through a FIFO."""
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb") as file:
            file.write(HEAD)
            for one in records:
                file.write(one)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def memory_of_the_command(folder: Path, octets: int) -> int:
    """The most memory, in octets, that `check` ever takes for a capture of this size."""
    pipe, answer = folder / f"{octets}.pcap", folder / f"{octets}.json"
    with answer.open("wb") as out:
        command = [sys.executable, "-m", "harness", "check", str(pipe), "--json"]
        child = os.posix_spawn(
            sys.executable,
            [*command, "--out", str(folder / "reports")],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)],
        )
    writer = feed(pipe, calls(octets))
    _, status, usage = os.wait4(child, 0)
    writer.join()
    found = json.loads(answer.read_text())
    assert os.waitstatus_to_exitcode(status) == found["exit_code"] == 1
    assert found["frames"] > octets // 1500
    assert found["files"][0]["messages"] == found["frames"]
    assert found["files"][0]["error"] is found["files"][0]["cut"] is None
    assert {one["rule"] for one in found["findings"]} == {"avp-foreign"}
    return usage.ru_maxrss * 1024


def test_100_mb_take_no_more_memory_than_4_mb(tmp_path: Path) -> None:
    small = memory_of_the_command(tmp_path, SMALL)
    large = memory_of_the_command(tmp_path, LARGE)
    assert large < small + MORE_MEMORY, f"{small >> 20} MB, then {large >> 20} MB"


def test_a_flood_of_tunnels_takes_no_more_memory_than_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # less room than usual, so that it is full soon
    few = functools.partial(Monitor, tunnels=64)
    monkeypatch.setattr(harness.capture.check, "Monitor", few)
    monkeypatch.setattr(detect, "CONVERSATIONS", 64)
    peaks = []
    for count in (300, 600, 2400):
        path = tmp_path / f"{count}.pcap"
        writer = feed(path, requests(count))
        tracemalloc.start()
        try:
            result = check(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            writer.join()
        assert result.frames == result.conversations == count
        peaks.append(peak)
    assert peaks[2] < 1.2 * peaks[1] + (256 << 10), peaks
