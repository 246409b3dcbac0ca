"""The capture, read by tshark and by scapy, neither of which was written here."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.run.capture import Capture
from harness.run.datagram import datagram
from harness.run.events import Direction, Event, Frame, StepStart
from tests.report import runs, strategies

V4 = (("127.0.0.1", 40001), ("127.0.0.2", 1701))
V6 = (("::1", 1701), ("fe80::1234", 40001))


def _write(path: Path, events: list[Event]) -> Path:
    with Capture(path) as capture:
        for event in events:
            capture.write(event)
    return path


def _tshark(path: Path, *fields: str) -> list[list[str]]:
    program = shutil.which("tshark")
    assert program, "tshark is missing: apt-get install tshark"
    options = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    shown = [word for field in fields for word in ("-e", field)]
    command = [program, "-n", "-r", str(path), *options, "-T", "json", *shown]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    layers = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return [["|".join(layer.get(field, [])) for field in fields] for layer in layers]


def _blocks(data: bytes) -> list[tuple[int, bytes]]:
    blocks = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        blocks.append((kind, data[8 : length - 4]))
        data = data[length:]
    return blocks


def test_tshark_reads_what_was_sent_and_received(tmp_path: Path) -> None:
    case = "a/case[avp=host_name]"
    zlb = bytes.fromhex("c802000c0001000000010001")
    events: list[Event] = [
        runs.header(),
        StepStart(case, 1, 0.0, "send: SCCRQ \x1b[31m\u202e\udc80 end", "f", 1),
        Frame(case, 1, 0.000001, Direction.SENT, *V4, runs.SCCRQ, "", 1),
        Frame(case, 2, 1.5, Direction.RECEIVED, V4[1], V4[0], zlb, "", None),
        Frame(case, 3, 2.25, Direction.SENT, *V6, zlb, "", 7),
    ]
    rows = _tshark(
        _write(tmp_path / "capture.pcapng", events),
        "frame.number",
        "frame.time_epoch",
        "frame.comment",
        "frame.packet_flags_direction",
        "ip.checksum.status",
        "udp.checksum.status",
        "udp.srcport",
        "udp.dstport",
        "l2tp.type",
        "l2tp.tunnel",
    )
    step = "send: SCCRQ \\x1b[31m\\u202e\\udc80 end"
    assert [row[:1] + row[2:] for row in rows] == [
        ["1", f"{case}, step 1: {step}", "0x00000002", "1", "1", "40001", "1701", "1", "0"],
        ["2", case, "0x00000001", "1", "1", "1701", "40001", "1", "1"],
        ["3", f"{case}, step 7", "0x00000002", "", "1", "1701", "40001", "1", "1"],
    ]
    began = runs.header().moment().timestamp()
    for row, at in zip(rows, (0.000001, 1.5, 2.25), strict=True):
        assert float(row[1]) == pytest.approx(began + at, abs=2e-7)


def test_the_section_says_what_was_run(tmp_path: Path) -> None:
    path = _write(tmp_path / "c", [runs.header(title="bad\x00\x1b title")])
    done = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True)
    assert "bad\\x00\\x1b title: l2tp-harness run --device xl2tpd-lns 4.1-avp-format" in done.stdout
    assert "l2tp-harness 1.0" in done.stdout


@given(strategies.runs())
def test_every_stream_makes_whole_blocks(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    path = _write(tmp_path_factory.mktemp("c") / "c", events)
    kinds = [kind for kind, _ in _blocks(path.read_bytes())]
    frames = sum(isinstance(event, Frame) for event in events)
    assert kinds == [0x0A0D0D0A, 1, *[6] * frames]


def test_scapy_reads_the_same(tmp_path: Path) -> None:
    from scapy.utils import RawPcapNgReader

    path = _write(tmp_path / "c", runs.every_kind())
    frames = [event for event in runs.every_kind() if isinstance(event, Frame)]
    reader: Any = RawPcapNgReader(str(path))
    try:
        read = list(reader)
    finally:
        reader.close()
    assert len(read) == len(frames) > 2
    for (octets, _), frame in zip(read, frames, strict=True):
        assert octets == datagram(frame.source, frame.destination, frame.data)


@pytest.mark.parametrize(("source", "destination"), [V4, V6])
@pytest.mark.parametrize("octets", [0, 1, 2, 12, 79, 1400, 65507])
def test_datagrams_are_those_of_scapy(
    source: tuple[str, int], destination: tuple[str, int], octets: int
) -> None:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6

    payload = random.Random(octets).randbytes(octets)
    ports: Any = UDP(sport=source[1], dport=destination[1])
    network: Any = (
        IPv6(src=source[0], dst=destination[0])
        if ":" in source[0]
        else IP(src=source[0], dst=destination[0], id=0, flags="DF")
    )
    assert datagram(source, destination, payload) == bytes(network / ports / payload)


def _sum(octets: bytes) -> int:
    """RFC 1071, word by word, as a second opinion."""
    total = 0
    for high, low in zip(octets[::2], octets[1::2], strict=True):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(
    st.ip_addresses(v=4),
    st.ip_addresses(v=4),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
    st.one_of(st.binary(max_size=60), st.integers(0, 0xFFFF).map(lambda n: n.to_bytes(2, "big"))),
)
def test_checksums_add_up(
    here: object, there: object, source: int, destination: int, payload: bytes
) -> None:
    octets = datagram((str(here), source), (str(there), destination), payload)
    assert _sum(octets[:20]) == 0xFFFF
    udp = octets[20:]
    padded = udp + b"\0" * (len(udp) % 2)
    assert _sum(octets[12:20] + struct.pack("!HH", 17, len(udp)) + padded) == 0xFFFF
    assert udp[6:8] != b"\0\0"


def test_a_checksum_of_zero_is_sent_as_all_ones() -> None:
    sender, receiver = V4
    base = datagram(sender, receiver, b"\0\0")
    # the payload that brings the sum to 0xFFFF and so the checksum to 0
    missing = int.from_bytes(base[26:28], "big")
    octets = datagram(sender, receiver, missing.to_bytes(2, "big"))
    assert octets[26:28] == b"\xff\xff"


def test_a_frame_that_came_without_a_checksum_has_none(tmp_path: Path) -> None:
    frames = [
        Frame("c", number, 0.0, Direction.RECEIVED, *V4, b"same", "", unchecked=unchecked)
        for number, unchecked in ((1, False), (2, True))
    ]
    octets = _write(tmp_path / "c", [runs.header(), *frames]).read_bytes()
    whole = datagram(*V4, b"same")
    without = datagram(*V4, b"same", unchecked=True)
    assert without[26:28] == b"\0\0"
    assert without == whole[:26] + b"\0\0" + whole[28:]
    assert octets.count(whole) == 1
    assert octets.count(without) == 1


def test_one_address_of_each_family_becomes_ipv6() -> None:
    octets = datagram(V4[0], V6[1], b"")
    assert octets[0] >> 4 == 6
    assert octets[8:24] == b"\0" * 10 + b"\xff\xff\x7f\0\0\1"


def test_more_than_a_datagram_can_hold_is_kept(tmp_path: Path) -> None:
    frame = Frame("c", 1, 0.0, Direction.SENT, *V4, bytes(70000), "")
    path = _write(tmp_path / "c", [runs.header(), frame])
    assert len(_blocks(path.read_bytes())[2][1]) > 70000
    assert _tshark(path, "frame.len") == [["70028"]]


def test_frames_are_on_disk_when_their_case_ends(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with Capture(path) as capture:
        capture.write(runs.header())
        assert len(_blocks(path.read_bytes())) == 2
        capture.write(runs.sent("c", 1, 0.1))
        assert len(_blocks(path.read_bytes())) == 2
        capture.write(runs.end("c"))
        assert len(_blocks(path.read_bytes())) == 3
        for number in range(2, 6000):
            capture.write(runs.sent("c", number, 0.1))
        on_disk = _blocks(path.read_bytes())
        assert 1000 < len(on_disk) < 6001
    assert len(_blocks(path.read_bytes())) == 3 + 5998
    capture.close()


def test_a_disk_that_does_not_take_it(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as raised:
        Capture(tmp_path)
    assert raised.value.code == "capture.unwritable"
    with pytest.raises(HarnessError, match="No space left"), Capture(Path("/dev/full")) as capture:
        capture.write(runs.header())
