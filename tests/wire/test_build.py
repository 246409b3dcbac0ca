"""Packets to octets: the well-formed ones, any malformation, and numbers that do not fit."""

from __future__ import annotations

import pytest

from harness.wire import AUTO, AVP, Header, Packet, build, message, zlb


def test_a_control_message() -> None:
    packet = message(1, AVP(7, b"lac"), AVP(8, b"", mandatory=False), tunnel_id=5, ns=6, nr=7)
    assert build(packet) == bytes.fromhex(
        "c802 0023 0005 0000 0006 0007  8008 0000 0000 0001  8009 0000 0007 6c6163  0006 0000 0008"
    )


def test_a_zlb() -> None:
    assert build(zlb(1, 2, 3)) == bytes.fromhex("c802 000c 0001 0000 0002 0003")
    assert build(zlb(1, 2, 3, session_id=4)) == bytes.fromhex("c802 000c 0001 0004 0002 0003")
    assert zlb(1, 2, 3).is_zlb


def test_the_smallest_data_message() -> None:
    header = Header(control=False, tunnel_id=1, session_id=2, length=None)
    assert build(Packet(header, payload=b"\xff\x03")) == bytes.fromhex("0002 0001 0002 ff03")


def test_a_data_message_with_every_field() -> None:
    header = Header(
        control=False,
        tunnel_id=1,
        session_id=2,
        ns=3,
        nr=4,
        offset_size=2,
        offset_pad=b"\xaa\xbb",
        priority=True,
    )
    assert build(Packet(header, payload=b"\xc0\x21")) == bytes.fromhex(
        "4b02 0012 0001 0002 0003 0004 0002 aabb c021"
    )


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(zlb(0, 0, 0)._replace(trailing=b"\xff"), "c802000c0000000000000000ff", id="x"),
        pytest.param(Packet(Header(length=None, ns=1)), "8802 0000 0000 0001 0000", id="no L"),
        pytest.param(Packet(Header()), "c002 0008 0000 0000", id="no S"),
        pytest.param(Packet(Header(length=7, ns=0)), "c802 0007 00000000 00000000", id="Length"),
        pytest.param(
            Packet(Header(version=15, reserved=0x34F0, priority=True, length=None)),
            "b5ff 0000 0000",
            id="version and reserved bits",
        ),
        pytest.param(
            Packet(Header(length=None, offset_size=9, offset_pad=b"\x01")),
            "8202 0000 0000 0009 01",
            id="Offset Size that lies",
        ),
        pytest.param(
            Packet(Header(length=None), (AVP(7, b"\x61", 9, hidden=True, reserved=15, length=0),)),
            "8002 0000 0000 fc00 0009 0007 61",
            id="AVP Length that lies",
        ),
        pytest.param(
            Packet(
                Header(length=None, control=False), (AVP(1),), payload=b"\x02", trailing=b"\x03"
            ),
            "0002 0000 0000 8006 0000 0001 02 03",
            id="AVPs in a data message",
        ),
    ],
)
def test_malformations(packet: Packet, expected: str) -> None:
    assert build(packet) == bytes.fromhex(expected)


def test_length_covers_all_but_what_trails() -> None:
    packet = Packet(Header(length=AUTO, ns=0), (AVP(7, b"abc"),), payload=b"de", trailing=b"fgh")
    data = build(packet)
    assert int.from_bytes(data[2:4], "big") == len(data) - 3


def test_a_value_beyond_1017_octets_needs_a_stated_length() -> None:
    assert len(build(message(1, AVP(7, bytes(1017))))) == 20 + 1023
    with pytest.raises(ValueError, match="1018 octets needs a Length of 1024"):
        build(message(1, AVP(7, bytes(1018))))
    data = build(message(1, AVP(7, bytes(2000), length=6)))
    assert data[20:26] == bytes.fromhex("800600000007")
    assert len(data) == 20 + 2006


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (Header(tunnel_id=65536), "tunnel_id is 65536"),
        (Header(tunnel_id=-1), "tunnel_id is -1"),
        (Header(session_id=65536), "session_id"),
        (Header(length=65536), "length"),
        (Header(length=-2), "length is -2"),
        (Header(ns=65536), "ns"),
        (Header(ns=0, nr=65536), "nr"),
        (Header(offset_size=65536), "offset_size"),
        (Header(version=16), "version"),
        (Header(reserved=0x8000), "reserved is 0x8000"),
        (Header(reserved=-1), "reserved"),
        (Header(offset_pad=b"x"), "offset_pad"),
        (Header(ns=0, nr=0, offset_pad=b"x"), "offset_pad"),
        (Header(ns=0, nr=0, tunnel_id=65536), "tunnel_id is 65536"),
        (Header(ns=0, nr=-1), "nr is -1"),
    ],
)
def test_header_numbers_that_do_not_fit(header: Header, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        build(Packet(header))


@pytest.mark.parametrize(
    ("avp", "text"),
    [
        (AVP(65536), "type is 65536"),
        (AVP(-1), "type is -1"),
        (AVP(7, vendor=65536), "vendor is 65536"),
        (AVP(7, reserved=16), "reserved is 16"),
        (AVP(7, reserved=-1), "reserved is -1"),
        (AVP(7, length=1024), "length is 1024"),
        (AVP(7, length=-1), "length is -1"),
    ],
)
def test_avp_numbers_that_do_not_fit(avp: AVP, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        build(message(1, AVP(9, b"\x00\x07"), avp))
    assert "AVP 2" in str(caught.value)


def test_a_message_beyond_65535_octets_needs_a_stated_length() -> None:
    avps = [AVP(7, bytes(1017)) for _ in range(65)]
    with pytest.raises(ValueError, match="length is 66515"):
        build(message(1, *avps))


def test_a_message_type_beyond_two_octets() -> None:
    with pytest.raises(ValueError, match="message_type is 65536"):
        message(65536)


def test_where_an_avp_starts() -> None:
    packet = message(1, AVP(7, b"lac"), AVP(9, b"\x00\x07"))
    data = build(packet)
    assert [packet.offset_of(index) for index in range(3)] == [12, 20, 29]
    assert data[29:].hex() == "8008000000090007"
