"""What holds for every packet and for any octets at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import AUTO, AVP, DefectKind, Header, Packet, build, parse
from harness.wire.reader import MAXIMUM_DEFECTS, parse_carefully
from harness.wire.text import Names, summary
from tests.wire.strategies import datagrams, packets, regular_data, regular_messages

NAMES = Names({1: "SCCRQ"}, {(0, 7): "host_name"}, lambda avp: avp.value.decode("latin-1"))


@settings(max_examples=250, deadline=None)
@given(datagrams)
def test_any_octets_are_read_without_an_exception_and_written_back(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.raw == data
    if parsed.packet is None:
        assert parsed.defects
    else:
        assert build(parsed.packet) == data


@settings(max_examples=250, deadline=None)
@given(datagrams)
def test_defects_are_bounded_and_point_into_the_datagram(data: bytes) -> None:
    parsed = parse(data)
    assert len(parsed.defects) <= MAXIMUM_DEFECTS + 1
    for defect in parsed.defects:
        assert 0 <= defect.offset <= len(data)
        assert defect.text
        if defect.avp is not None:
            assert parsed.packet is not None
            assert parsed.packet.offset_of(defect.avp) == defect.offset


@settings(max_examples=250, deadline=None)
@given(datagrams)
def test_the_quick_reader_and_the_careful_one_agree(data: bytes) -> None:
    assert parse(data) == parse_carefully(data)


@settings(max_examples=150, deadline=None)
@given(packets)
def test_build_parse_build_is_identity(packet: Packet) -> None:
    data = build(packet)
    again = parse(data).packet
    assert again is not None
    assert build(again) == data


@settings(max_examples=150, deadline=None)
@given(st.one_of(regular_messages(), regular_data()))
def test_a_regular_packet_comes_back_as_it_was(packet: Packet) -> None:
    data = build(packet)
    parsed = parse(data)
    length = len(data) if packet.header.length == AUTO else None
    assert parsed.packet == packet._replace(header=packet.header._replace(length=length))
    assert parsed.defects == ()


@settings(max_examples=150, deadline=None)
@given(regular_messages())
def test_length_fields_are_those_of_the_octets(packet: Packet) -> None:
    data = build(packet)
    assert int.from_bytes(data[2:4], "big") == len(data)
    for index, avp in enumerate(packet.avps):
        place = packet.offset_of(index)
        assert int.from_bytes(data[place : place + 2], "big") & 0x3FF == 6 + len(avp.value)
        assert data[place + 6 : place + avp.size] == avp.value


@settings(max_examples=150, deadline=None)
@given(datagrams)
def test_a_summary_is_one_printable_line(data: bytes) -> None:
    line = summary(parse(data), NAMES)
    assert line.isprintable()
    assert len(line) < 8000


def test_a_datagram_full_of_the_smallest_avps_stays_bounded() -> None:
    avps = tuple(AVP(1, reserved=15, vendor=9) for _ in range(10_900))
    parsed = parse(build(Packet(Header(ns=0, nr=0), avps)))
    assert parsed.packet is not None
    assert parsed.packet.avps == avps
    assert len(parsed.defects) == MAXIMUM_DEFECTS + 1
    assert parsed.defects[-1].kind is DefectKind.MORE
    assert len(summary(parsed, NAMES)) < 8000
