"""Reading capture files: both formats, cut, corrupt, compressed; compared with scapy's readers."""

from __future__ import annotations

import gzip
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.capture.files import open_capture
from harness.capture.reading import Packet
from harness.errors import DataError
from tests.capture.files import (
    ETHERNET,
    RAW,
    block,
    enhanced,
    interface,
    pcap,
    pcapng,
    section,
    write,
)

SOME = [(1.25, b"first"), (2.5, b"second one"), (3.000002, b"")]


def read(path: Path) -> tuple[list[Packet], str | None, DataError | None]:
    """All packets, where the file is cut, and what is wrong with it."""
    packets: list[Packet] = []
    cut: str | None = None
    try:
        with open_capture(path) as reader:
            packets.extend(reader.packets())
            cut = reader.cut
    except DataError as error:
        return packets, cut, error
    return packets, cut, None


@pytest.mark.parametrize("make", [pcap, pcapng])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_packets_are_read(tmp_path: Path, make: Any, order: str, nano: bool, packed: bool) -> None:
    octets = make(SOME, order=order, nano=nano, link_type=ETHERNET)
    path = write(tmp_path, gzip.compress(octets) if packed else octets)
    packets, cut, error = read(path)
    assert (cut, error) == (None, None)
    assert [packet.data for packet in packets] == [data for _, data in SOME]
    assert [packet.at for packet in packets] == pytest.approx([at for at, _ in SOME])
    assert [packet.number for packet in packets] == [1, 2, 3]
    assert {packet.link_type for packet in packets} == {ETHERNET}
    assert all(packet.whole for packet in packets)


def test_a_snapshot_length_is_told(tmp_path: Path) -> None:
    packets, _, _ = read(write(tmp_path, pcap(SOME, snap=6)))
    assert [packet.whole for packet in packets] == [True, False, True]


def test_sections_have_interfaces_of_their_own(tmp_path: Path) -> None:
    octets = section() + interface(ETHERNET) + enhanced(SOME[0])
    octets += section(">") + interface(RAW, ">") + enhanced(SOME[1], order=">")
    packets, cut, error = read(write(tmp_path, octets))
    assert (cut, error) == (None, None)
    assert [packet.link_type for packet in packets] == [ETHERNET, RAW]


def test_all_kinds_of_packet_blocks_and_unknown_blocks(tmp_path: Path) -> None:
    simple = block(3, struct.pack("<I", 5) + b"first")
    old = block(2, struct.pack("<HHIIII", 0, 0, 0, 2_500_000, 10, 10) + b"second one")
    octets = section() + interface() + block(0x0BAD, bytes(100_000)) + simple + old
    packets, cut, error = read(write(tmp_path, octets))
    assert (cut, error) == (None, None)
    assert [packet.data for packet in packets] == [b"first", b"second one"]
    assert packets[1].at == pytest.approx(2.5)


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_file_cut_anywhere_is_read_to_its_end_and_said_to_be_cut(
    tmp_path: Path, make: Any
) -> None:
    octets = make(SOME)
    whole = [len(make(SOME[:count])) for count in range(len(SOME) + 1)]
    for size in range(4, len(octets)):
        packets, cut, error = read(write(tmp_path, octets[:size]))
        assert error is None
        assert len(packets) == max([n for n, end in enumerate(whole) if end <= size], default=0)
        begins = size in whole
        assert (cut is None) == (begins or (make is pcapng and size == len(section())))


def test_a_compressed_file_that_is_cut(tmp_path: Path) -> None:
    octets = gzip.compress(pcap([(1.0, random.Random(n).randbytes(500)) for n in range(100)]))
    packets, cut, error = read(write(tmp_path, octets[: len(octets) // 2]))
    assert error is None
    assert cut is not None
    assert packets


def test_a_compressed_file_that_is_corrupt(tmp_path: Path) -> None:
    octets = bytearray(gzip.compress(pcap([(float(n), bytes([n % 251])) for n in range(3000)])))
    octets[len(octets) // 2] ^= 0xFF
    _, cut, error = read(write(tmp_path, bytes(octets)))
    assert cut is not None or (error is not None and error.code == "capture.corrupt")


CORRUPT = {
    "a packet of 4 GB": pcap(SOME) + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 0xFFFFFFFF),
    "a block below its own header": pcapng(SOME) + struct.pack("<II", 6, 8),
    "a block of odd length": pcapng(SOME) + struct.pack("<II", 6, 33) + bytes(50),
    "a block of 4 GB": pcapng(SOME) + struct.pack("<II", 6, 0xFFFFFFF0) + bytes(50),
    "lengths that differ": pcapng(SOME) + struct.pack("<III", 9, 12, 16),
    "an interface that is not there": pcapng(SOME) + enhanced(SOME[0], index=3),
    "a packet longer than its block": pcapng(SOME)
    + block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + b"x"),
    "a packet block without a header": pcapng(SOME) + block(6, b"abcd"),
    "a section without byte order": pcapng(SOME) + block(0x0A0D0D0A, bytes(16)),
    "a section that is too short": pcapng(SOME)
    + struct.pack("<III", 0x0A0D0D0A, 20, 0x1A2B3C4D)
    + bytes(20),
    "an interface that is too short": pcapng(SOME) + block(1, b"abcd"),
}


@pytest.mark.parametrize("what", CORRUPT)
def test_what_stands_before_corruption_is_not_lost(tmp_path: Path, what: str) -> None:
    path = write(tmp_path, CORRUPT[what])
    packets, _, error = read(path)
    assert [packet.data for packet in packets] == [data for _, data in SOME]
    assert error is not None
    assert error.code == "capture.corrupt"
    assert str(path) in str(error)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "capture.empty"),
        (b"GIF89a....", "capture.format"),
        (b"\xa1", "capture.format"),
        (gzip.compress(b"", mtime=0), "capture.empty"),
        (gzip.compress(b"hello", mtime=0), "capture.format"),
    ],
)
def test_what_is_no_capture(tmp_path: Path, octets: bytes, code: str) -> None:
    _, _, error = read(write(tmp_path, octets))
    assert error is not None
    assert error.code == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    _, _, error = read(tmp_path / "nowhere.pcap")
    assert error is not None
    assert error.code == "capture.unreadable"


@given(
    octets=st.binary(max_size=300), make=st.sampled_from([pcap, pcapng]), place=st.integers(0, 250)
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_octets_give_packets_or_a_data_error(
    tmp_path: Path, octets: bytes, make: Any, place: int
) -> None:
    whole = make(SOME)
    mixed = whole[:place] + octets + whole[place + len(octets) :]
    _, _, error = read(write(tmp_path, mixed))
    assert error is None or error.code.startswith("capture.")


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_scapy_reads_the_same(tmp_path: Path, make: Any) -> None:
    from scapy.utils import RawPcapNgReader, RawPcapReader

    path = write(tmp_path, make(SOME))
    with (RawPcapReader if make is pcap else RawPcapNgReader)(str(path)) as reader:
        theirs = [data for data, _ in reader]
    ours, _, _ = read(path)
    assert [packet.data for packet in ours] == theirs
