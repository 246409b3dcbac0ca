"""Malformed datagrams, octet by octet: what is understood, what is reported, and where."""

from __future__ import annotations

import pytest

from harness.wire import AVP, DefectKind, Header, Packet, build, parse

SCCRQ = "8008 0000 0000 0001"
CONTROL = "c802 {length:04x} 0000 0000 0000 0000"


def datagram(text: str) -> bytes:
    """Octets from hexadecimal; `{length:04x}` becomes the length of the whole."""
    size = len(bytes.fromhex(text.format(length=0)))
    return bytes.fromhex(text.format(length=size))


MALFORMED: dict[str, tuple[str, list[tuple[str, int, int | None]]]] = {
    "empty": ("", [("header-truncated", 0, None)]),
    "one octet": ("c8", [("header-truncated", 1 - 1, None)]),
    "flags alone": ("c802", [("header-truncated", 2, None)]),
    "Nr missing": ("c802 000a 0000 0000 0000", [("header-truncated", 10, None)]),
    "data without Session ID": ("0002 0001", [("header-truncated", 4, None)]),
    "data without Offset Size": ("0202 0001 0001", [("header-truncated", 6, None)]),
    "version 1": (
        "c801 {length:04x} 0000 0000 0000 0000" + SCCRQ,
        [("version", 1, None)],
    ),
    "version 3": (
        "c803 {length:04x} 0000 0000 0000 0000" + SCCRQ,
        [("version", 1, None)],
    ),
    "reserved header bits": (
        "fcf2 {length:04x} 0000 0000 0000 0000" + SCCRQ,
        [("reserved-header-bits", 0, None)],
    ),
    "control without Length": (
        "8802 0000 0000 0000 0000" + SCCRQ,
        [("control-without-length", 0, None)],
    ),
    "control without Ns and Nr": (
        "c002 {length:04x} 0000 0000" + SCCRQ,
        [("control-without-sequence", 0, None)],
    ),
    "control with Offset": (
        "ca02 {length:04x} 0000 0000 0000 0000 0002 ffff" + SCCRQ,
        [("control-with-offset", 0, None)],
    ),
    "control with Priority": (
        "c902 {length:04x} 0000 0000 0000 0000" + SCCRQ,
        [("control-with-priority", 0, None)],
    ),
    "Length 0": (
        "c802 0000 0000 0000 0000 0000" + SCCRQ,
        [("length-in-header", 2, None)],
    ),
    "Length within the header": (
        "c802 000b 0000 0000 0000 0000" + SCCRQ,
        [("length-in-header", 2, None)],
    ),
    "octets behind Length": (
        "c802 0014 0000 0000 0000 0000" + SCCRQ + "8008 0000 0009 0007",
        [("length-short", 2, None)],
    ),
    "Length beyond the datagram": (
        "c802 00ff 0000 0000 0000 0000" + SCCRQ,
        [("length-long", 2, None)],
    ),
    "Length that cuts an AVP": (
        "c802 0013 0000 0000 0000 0000" + SCCRQ,
        [("length-short", 2, None), ("avp-truncated", 12, 0)],
    ),
    "AVP of Length 1": (
        CONTROL + SCCRQ + "0001 0000 0007 616263",
        [("avp-length-small", 20, 1)],
    ),
    "AVP of Length 0": (CONTROL + SCCRQ + "8000 0000 0007", [("avp-length-small", 20, 1)]),
    "AVP of Length 5": (CONTROL + SCCRQ + "8005 0000 0007", [("avp-length-small", 20, 1)]),
    "AVP beyond the end": (
        CONTROL + SCCRQ + "800a 0000 0007 6162",
        [("avp-truncated", 20, 1)],
    ),
    "AVP of 1023 octets beyond the end": (
        CONTROL + SCCRQ + "83ff 0000 0007 6162",
        [("avp-truncated", 20, 1)],
    ),
    "one octet left": (CONTROL + SCCRQ + "80", [("trailing-octets", 20, None)]),
    "five octets left": (CONTROL + SCCRQ + "8006000000", [("trailing-octets", 20, None)]),
    "reserved AVP bits": (
        CONTROL + SCCRQ + "bc08 0000 0009 0007",
        [("reserved-avp-bits", 20, 1)],
    ),
    "Message Type not first": (
        CONTROL + "8008 0000 0009 0007" + SCCRQ,
        [("message-type-not-first", 12, 0)],
    ),
    "first AVP of type 0 of a vendor": (
        CONTROL + "8008 0009 0000 0001",
        [("message-type-not-first", 12, 0)],
    ),
    "hidden Message Type": (
        CONTROL + "c00a 0000 0000 01020304",
        [("message-type-hidden", 12, 0)],
    ),
    "Message Type of one octet": (
        CONTROL + "8007 0000 0000 01",
        [("message-type-length", 12, 0)],
    ),
    "Message Type of three octets": (
        CONTROL + "8009 0000 0000 000001",
        [("message-type-length", 12, 0)],
    ),
    "Offset beyond the end": (
        "0202 0001 0002 0005 ff03",
        [("offset-beyond-end", 6, None)],
    ),
    "Offset beyond Length": (
        "4202 000c 0001 0002 0003 ffff ff03",
        [("length-short", 2, None), ("offset-beyond-end", 8, None)],
    ),
    "everything at once": (
        "fff1 0063 0000 0000 0000 0000 0001 00 bc05 0000 0007",
        [
            ("version", 1, None),
            ("reserved-header-bits", 0, None),
            ("control-with-offset", 0, None),
            ("control-with-priority", 0, None),
            ("length-long", 2, None),
            ("reserved-avp-bits", 15, 0),
            ("message-type-not-first", 15, 0),
            ("avp-length-small", 15, 0),
        ],
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_defects(name: str) -> None:
    text, expected = MALFORMED[name]
    data = datagram(text)
    parsed = parse(data)
    assert [(one.kind, one.offset, one.avp) for one in parsed.defects] == expected
    if parsed.packet is not None:
        assert build(parsed.packet) == data


def test_every_kind_of_defect_has_an_example() -> None:
    shown = {kind for _, defects in MALFORMED.values() for kind, _, _ in defects}
    assert shown == set(DefectKind) - {DefectKind.MORE}


def test_an_avp_cut_short_keeps_the_octets_that_are_there() -> None:
    packet = parse(datagram(CONTROL + SCCRQ + "800a 0000 0007 6162")).packet
    assert packet is not None
    assert packet.avps[1] == AVP(7, b"ab", length=10)
    assert packet.trailing == b""


def test_behind_an_avp_without_a_sound_length_nothing_is_guessed() -> None:
    packet = parse(datagram(CONTROL + SCCRQ + "0001 0000 0007 8008 0000 0009 0007")).packet
    assert packet is not None
    assert packet.avps[1:] == (AVP(7, mandatory=False, length=1),)
    assert packet.trailing == bytes.fromhex("8008000000090007")


def test_octets_behind_length_are_no_avps() -> None:
    text = "c802 0014 0000 0000 0000 0000" + SCCRQ + "8008 0000 0009 0007"
    packet = parse(datagram(text)).packet
    assert packet is not None
    assert len(packet.avps) == 1
    assert packet.trailing == bytes.fromhex("8008000000090007")


def test_the_payload_of_a_data_message_starts_behind_the_offset_padding() -> None:
    packet = parse(datagram("4b02 {length:04x} 0001 0002 0003 0004 0003 aabbcc ff03c021")).packet
    assert packet == Packet(
        Header(
            control=False,
            tunnel_id=1,
            session_id=2,
            length=21,
            ns=3,
            nr=4,
            offset_size=3,
            offset_pad=b"\xaa\xbb\xcc",
            priority=True,
        ),
        payload=b"\xff\x03\xc0\x21",
    )


def test_a_data_message_without_a_payload() -> None:
    parsed = parse(bytes.fromhex("000200010002"))
    assert parsed.packet == Packet(Header(control=False, tunnel_id=1, session_id=2, length=None))
    assert parsed.defects == ()
    assert parsed.packet is not None
    assert not parsed.packet.is_zlb


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c802 000c 0001 0000 0002 0003", True),
        ("c802 0010 0001 0000 0002 0003", True),
        ("c802 000c 0001 0000 0002 0003 ffff", True),
        ("c802 000e 0001 0000 0002 0003 ffff", False),
        ("8802 0001 0000 0002 0003", True),
        ("8802 0001 0000 0002 0003 ff", False),
        ("c802 0014 0001 0000 0002 0003" + SCCRQ, False),
        ("4802 000c 0001 0000 0002 0003", False),
    ],
)
def test_a_zlb_has_nothing_within_its_length(text: str, *, expected: bool) -> None:
    packet = parse(bytes.fromhex(text)).packet
    assert packet is not None
    assert packet.is_zlb is expected


@pytest.mark.parametrize(
    ("avps", "expected"),
    [
        (SCCRQ, 1),
        ("0008 0000 0000 ffff", 65535),
        ("8008 0009 0000 0001", None),
        ("c008 0000 0000 0001", None),
        ("8007 0000 0000 01", None),
        ("8008 0000 0009 0001" + SCCRQ, None),
        ("", None),
    ],
)
def test_message_type(avps: str, expected: int | None) -> None:
    packet = parse(datagram(CONTROL + avps)).packet
    assert packet is not None
    assert packet.message_type == expected


def test_a_data_message_has_no_message_type() -> None:
    assert Packet(Header(control=False), (AVP(0, b"\x00\x01"),)).message_type is None


def test_a_message_type_that_nobody_knows_is_read_like_any_other() -> None:
    parsed = parse(datagram(CONTROL + "8008 0000 0000 0111"))
    assert parsed.defects == ()
    assert parsed.packet is not None
    assert parsed.packet.message_type == 0x0111


def test_an_avp_of_1023_octets_is_well_formed() -> None:
    value = bytes(1017)
    parsed = parse(datagram(CONTROL + SCCRQ + "83ff 0000 0007" + value.hex()))
    assert parsed.defects == ()
    assert parsed.packet is not None
    assert parsed.packet.avps[1] == AVP(7, value)


@pytest.mark.parametrize("version", [0, 2, 3, 15])
def test_every_combination_of_header_bits(version: int) -> None:
    for flags in range(1 << 12):
        word = flags << 4 | version
        data = word.to_bytes(2, "big") + bytes(range(40))
        packet = parse(data).packet
        assert packet is not None
        header = packet.header
        assert header.version == version
        assert header.control is bool(word & 0x8000)
        assert (header.length is not None) is bool(word & 0x4000)
        assert (header.ns is not None) is (header.nr is not None) is bool(word & 0x0800)
        assert (header.offset_size is not None) is bool(word & 0x0200)
        assert header.priority is bool(word & 0x0100)
        assert header.reserved == word & 0x34F0
        assert build(packet) == data


def test_every_combination_of_avp_bits() -> None:
    for bits in range(1 << 6):
        avp = (bits << 10 | 8).to_bytes(2, "big") + bytes.fromhex("000000090007")
        parsed = parse(datagram(CONTROL + SCCRQ + avp.hex()))
        assert parsed.packet is not None
        assert parsed.packet.avps[1] == AVP(
            9,
            b"\x00\x07",
            mandatory=bool(bits & 32),
            hidden=bool(bits & 16),
            reserved=bits & 15,
        )
        kinds = [defect.kind for defect in parsed.defects]
        assert kinds == ([DefectKind.RESERVED_AVP_BITS] if bits & 15 else [])


def test_every_avp_length() -> None:
    for length in range(1024):
        octets = (0x8000 | length).to_bytes(2, "big") + bytes.fromhex("00000007") + bytes(1017)
        data = datagram(CONTROL + SCCRQ + octets.hex())
        parsed = parse(data)
        assert parsed.packet is not None
        assert build(parsed.packet) == data
        avp = parsed.packet.avps[1]
        if length < 6:
            assert (avp.value, avp.length) == (b"", length)
            assert [defect.kind for defect in parsed.defects] == [DefectKind.AVP_LENGTH_SMALL]
        else:
            assert (len(avp.value), avp.length) == (length - 6, None)
