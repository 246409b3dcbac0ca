"""Differential test against tshark: what we build and read back, it reads the same way.

Every message type with all of its AVPs, with the example values of the spec table and with seeded
random ones; data messages with every combination of flags; hidden, vendor and unknown AVPs; and
malformed ones. All of them in one capture and one run of tshark.
"""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.spec.load import load_specification
from harness.spec.model import AvpSpec
from harness.wire import AVP, FieldKind, Header, Packet, Value, build, hide_avp, message, parse, zlb
from harness.wire.model import RANDOM_VECTOR
from tests.wire.tshark import Dissected, Shown, ShownAvp, dissect
from tests.wire.tshark_names import BITS_OF_TSHARK, DISSECTED_FURTHER, NAMES_OF_TSHARK

SPECIFICATION: Final = load_specification(Path(__file__).parents[2] / "suites" / "spec" / "rfc2661")
RANDOM_VARIANTS: Final = 12
PPP_FRAME: Final = bytes.fromhex("ff03c0210101000a0506aabbccdd")


@dataclass(frozen=True)
class Frame:
    """A packet that we built, and what tshark says of it."""

    packet: Packet
    shown: Dissected


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Frame]]:
    """All packets of this file by the group that they belong to, dissected in one run."""
    groups = {
        **{f"message {name}": control_messages(name) for name in SPECIFICATION.messages},
        "data": data_messages(),
        "zlb": [zlb(65535, 1, 65534), zlb(1, 65535, 0, session_id=9)],
        "hidden": [hidden_message()],
        "unknown": [message(1, AVP(99, b"abc"), AVP(7, b"lac"), AVP(1000, b"", mandatory=False))],
        "vendor": [
            message(1, AVP(2, b"abc", vendor=3561, mandatory=False)),
            message(1, AVP(65535, b"", vendor=65535)),
        ],
        "control with offset": [
            Packet(Header(ns=1, nr=2, offset_size=3, offset_pad=b"abc"), message(6).avps)
        ],
        "malformed": [
            message(1, AVP(7, b"abc", length=3), AVP(9, b"\x00\x07")),
            message(1, AVP(7, b"abc", length=0)),
            message(1, AVP(7, b"abc", length=33)),
            message(1, AVP(9, b"\x00\x07"))._replace(header=Header(length=64, ns=0, nr=0)),
        ],
    }
    flat = [(group, packet) for group, packets in groups.items() for packet in packets]
    folder = tmp_path_factory.mktemp("tshark")
    shown = dissect([build(packet) for _, packet in flat], folder)
    assert len(shown) == len(flat)
    result: dict[str, list[Frame]] = {group: [] for group in groups}
    for (group, packet), one in zip(flat, shown, strict=True):
        result[group].append(Frame(packet, one))
    return result


def control_messages(name: str) -> list[Packet]:
    """A message with all of its AVPs: the examples of the spec table, then random values."""
    spec = SPECIFICATION.messages[name]
    chosen = [SPECIFICATION.avps[avp] for avp in (*spec.mandatory[1:], *spec.optional)]
    chosen.append(SPECIFICATION.avps["random_vector"])
    source = random.Random(name)
    packets = [message(spec.type, *(avp_of(avp, avp.example, avp.mandatory) for avp in chosen))]
    for _ in range(RANDOM_VARIANTS):
        source.shuffle(chosen)
        avps = [
            avp_of(avp, random_value(avp, source), mandatory=source.random() < 0.5)
            for avp in chosen
        ]
        packets.append(
            message(
                spec.type,
                *avps,
                tunnel_id=source.getrandbits(16),
                session_id=source.getrandbits(16),
                ns=source.getrandbits(16),
                nr=source.getrandbits(16),
            )
        )
    return packets


def avp_of(spec: AvpSpec, value: Value, mandatory: bool) -> AVP:
    return AVP(spec.type, spec.encode(value), vendor=spec.vendor, mandatory=mandatory)


def random_value(spec: AvpSpec, source: random.Random) -> Value:
    """Any value that the fields of an AVP can hold and that tshark does not take apart further."""
    if spec.name in DISSECTED_FURTHER:
        return bytes((1, 4)) + source.randbytes(2)
    found: dict[str, int | str | bytes] = {}
    for field in spec.fields:
        if field.constant is not None:
            continue
        if field.optional and source.random() < 0.3:
            break
        size = field.octets or source.randrange(1, 60)
        if field.kind is FieldKind.UINT:
            found[field.name] = source.getrandbits(8 * size)
        elif field.kind is FieldKind.TEXT:
            found[field.name] = "".join(source.choices(string.ascii_letters, k=size))
        else:
            found[field.name] = source.randbytes(size)
    return found or None


def data_messages() -> list[Packet]:
    """Data messages with every combination of Length, sequence, offset, priority, reserved bits."""
    packets = []
    for length, sequence, offset, priority, reserved in itertools.product(
        (None, -1), (None, 7), (None, 0, 5), (False, True), (0, 0x34F0)
    ):
        header = Header(
            control=False,
            tunnel_id=0x1234,
            session_id=0x5678,
            length=length,
            ns=sequence,
            nr=None if sequence is None else 65535,
            offset_size=offset,
            offset_pad=b"" if offset is None else bytes(offset),
            priority=priority,
            reserved=reserved,
        )
        packets.append(Packet(header, payload=PPP_FRAME))
    return packets


def hidden_message() -> Packet:
    vector = bytes(range(16))
    return message(
        1,
        AVP(RANDOM_VECTOR, vector),
        hide_avp(AVP(9, b"\x00\x07"), b"secret", vector),
        hide_avp(AVP(11, bytes(range(40))), b"secret", vector, padding=bytes(9)),
        AVP(7, b"lac"),
    )


def expect(shown: Shown, octets: bytes, place: int) -> None:
    """The field is these octets, at this place of the datagram."""
    assert (shown.octets, shown.place, shown.size) == (octets.hex(), place, len(octets))


def compare_header(frame: Frame) -> None:
    """Flags, Length, ids, sequence numbers and offset, by number and by place."""
    data = build(frame.packet)
    parsed = parse(data).packet
    assert parsed is not None
    header = parsed.header
    shown = frame.shown.header
    assert int(shown["l2tp.flags"].show, 16) == int.from_bytes(data[:2], "big")
    bits = {
        "type": header.control,
        "length_bit": header.length is not None,
        "seq_bit": header.ns is not None,
        "offset_bit": header.offset_size is not None,
        "priority": header.priority,
        "version": header.version,
    }
    for name, bit in bits.items():
        assert int(shown[f"l2tp.{name}"].show) == bit, name
    numbers = {
        "length": header.length,
        "tunnel": header.tunnel_id,
        "session": header.session_id,
        "Ns": header.ns,
        "Nr": header.nr,
        "offset": header.offset_size,
    }
    place = 2
    for name, number in numbers.items():
        if number is None:
            assert f"l2tp.{name}" not in shown
        else:
            expect(shown[f"l2tp.{name}"], number.to_bytes(2, "big"), place)
            assert int(shown[f"l2tp.{name}"].show) == number
            place += 2
    assert ("l2tp.zero_length_body_message" in shown) is parsed.is_zlb
    if header.offset_pad:
        padding = shown["l2tp.offset_padding"]
        assert (padding.place, padding.size) == (place, len(header.offset_pad))


def compare_avp_header(avp: AVP, place: int, shown: ShownAvp) -> None:
    """Length, M and H bit, and where the AVP stands."""
    assert (shown.place, shown.size) == (place, avp.size)
    assert int(shown.fields["l2tp.avp.mandatory"].show) == avp.mandatory
    assert int(shown.fields["l2tp.avp.hidden"].show) == avp.hidden
    assert int(shown.fields["l2tp.avp.length"].show) == avp.size


def compare_avp_value(avp: AVP, place: int, shown: ShownAvp) -> str:
    """Vendor, type, title and every field of a value of the spec table; returns our name of it."""
    spec = SPECIFICATION.avp_numbers[avp.vendor, avp.type]
    title, names = NAMES_OF_TSHARK[spec.name]
    assert shown.title == f"{title} AVP"
    expect(shown.fields["l2tp.avp.vendor_id"], avp.vendor.to_bytes(2, "big"), place + 2)
    expect(shown.fields["l2tp.avp.type"], avp.type.to_bytes(2, "big"), place + 4)
    value = spec.decode(avp.value)
    visible = [field.name for field in spec.fields if field.constant is None]
    by_name: Mapping[str, object] = (
        value if isinstance(value, Mapping) else dict.fromkeys(visible, value)
    )
    within = 0
    for field in spec.fields:
        octets = avp.value[within:][: field.octets]
        start = place + 6 + within
        within += len(octets)
        if field.name not in names:
            continue
        name = names[field.name]
        full = name if name.startswith("l2tp.") else f"l2tp.avp.{name}"
        if field.name not in by_name:
            assert full not in shown.fields
            continue
        expect(shown.fields[full], octets, start)
        if field.kind is FieldKind.UINT:
            assert int(shown.fields[full].show) == by_name[field.name]
        elif field.kind is FieldKind.TEXT:
            # tshark takes some texts for octets and shows them as such
            assert shown.fields[full].show in (by_name[field.name], octets.hex(":"))
        else:
            assert octets == by_name[field.name]
    for name, bit in BITS_OF_TSHARK.get(spec.name, {}).items():
        assert isinstance(value, int)
        assert int(shown.fields[f"l2tp.avp.{name}"].show) == bool(value & bit), name
    return spec.name


@pytest.mark.parametrize("name", SPECIFICATION.messages)
def test_every_avp_of_every_message(name: str, frames: dict[str, list[Frame]]) -> None:
    spec = SPECIFICATION.messages[name]
    for frame in frames[f"message {name}"]:
        assert not frame.shown.malformed
        compare_header(frame)
        packet = parse(build(frame.packet)).packet
        assert packet is not None
        assert packet.message_type == spec.type
        assert len(packet.avps) == len(frame.shown.avps)
        compared = set()
        for index, (avp, shown) in enumerate(zip(packet.avps, frame.shown.avps, strict=True)):
            place = packet.offset_of(index)
            compare_avp_header(avp, place, shown)
            compared.add(compare_avp_value(avp, place, shown))
        assert compared == {*spec.mandatory, *spec.optional, "random_vector"}


def test_all_messages_and_avps_of_rfc_2661_are_compared() -> None:
    assert len(SPECIFICATION.messages) == 14
    used = {"random_vector"}
    for spec in SPECIFICATION.messages.values():
        used.update(spec.mandatory, spec.optional)
    assert used == set(SPECIFICATION.avps) == set(NAMES_OF_TSHARK)
    assert {avp.type for avp in SPECIFICATION.avps.values()} == set(range(40)) - {20}


@pytest.mark.parametrize("group", ["data", "zlb", "control with offset"])
def test_headers(group: str, frames: dict[str, list[Frame]]) -> None:
    for frame in frames[group]:
        assert not frame.shown.malformed
        compare_header(frame)
        if frame.packet.payload:
            assert frame.shown.payload == frame.packet.header.size


def test_hidden_avps(frames: dict[str, list[Frame]]) -> None:
    (frame,) = frames["hidden"]
    packet = frame.packet
    assert [shown.title for shown in frame.shown.avps] == [
        "Control Message AVP",
        "Random Vector AVP",
        "Assigned Tunnel ID AVP",
        "Challenge AVP",
        "Host Name AVP",
    ]
    for index, (avp, shown) in enumerate(zip(packet.avps, frame.shown.avps, strict=True)):
        compare_avp_header(avp, packet.offset_of(index), shown)
        assert ("l2tp.avp.type" in shown.fields) is not avp.hidden


@pytest.mark.parametrize("group", ["unknown", "vendor"])
def test_avps_that_rfc_2661_does_not_define(group: str, frames: dict[str, list[Frame]]) -> None:
    for frame in frames[group]:
        packet = frame.packet
        assert len(packet.avps) == len(frame.shown.avps)
        for index, (avp, shown) in enumerate(zip(packet.avps, frame.shown.avps, strict=True)):
            place = packet.offset_of(index)
            compare_avp_header(avp, place, shown)
            assert int(shown.fields["l2tp.avp.vendor_id"].show) == avp.vendor
            (number,) = [
                field
                for name, field in shown.fields.items()
                if name.startswith("l2tp.avp.") and field.place == place + 4
            ]
            expect(number, avp.type.to_bytes(2, "big"), place + 4)


def test_what_we_call_malformed_tshark_does_too(frames: dict[str, list[Frame]]) -> None:
    for frame in frames["malformed"]:
        assert frame.shown.malformed
        assert parse(build(frame.packet)).defects
