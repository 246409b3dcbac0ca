"""From the packet down to the UDP datagram: link layers, VLANs, IPv4, IPv6, fragments."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capture.fragments import LARGEST, PENDING, TIMEOUT, Fragments
from harness.capture.layers import Datagram, Shortened, decode, link_types
from harness.run.datagram import datagram
from tests.capture.files import ethernet, ipv4, ipv6, udp

HERE, THERE = ("192.0.2.1", 1701), ("192.0.2.2", 40000)
HERE_6, THERE_6 = ("2001:db8::1", 1701), ("2001:db8::2", 40000)
V4 = ipv4(HERE, THERE, udp(HERE, THERE, b"payload"))
V6 = ipv6(HERE_6, THERE_6, udp(HERE_6, THERE_6, b"payload"))


def found(link_type: int, data: bytes, fragments: Fragments | None = None) -> Any:
    """What is in a packet."""
    return decode(link_type, data, 0.0, fragments or Fragments())


def links(packet: bytes) -> dict[str, tuple[int, bytes]]:
    """The packet below every link layer."""
    kind = struct.pack(">H", 0x0800 if packet[0] >> 4 == 4 else 0x86DD)
    family = 2 if packet[0] >> 4 == 4 else 30
    return {
        "ethernet": (1, ethernet(packet)),
        "vlan": (1, ethernet(packet, 0x8100)),
        "stacked vlans": (1, ethernet(packet, 0x88A8, 0x8100)),
        "snap": (1, bytes(12) + struct.pack(">H", 100) + b"\xaa\xaa\x03\0\0\0" + kind + packet),
        "cooked": (113, bytes(14) + kind + packet),
        "cooked with vlan": (113, bytes(14) + b"\x81\0\0\1" + kind + packet),
        "cooked 2": (276, kind + bytes(18) + packet),
        "cooked 2 with vlan": (276, b"\x81\0" + bytes(18) + b"\0\1" + kind + packet),
        "raw": (101, packet),
        "raw of bsd": (12, packet),
        "raw of openbsd": (14, packet),
        "raw of one version": (228 if packet[0] >> 4 == 4 else 229, packet),
        "null, little": (0, struct.pack("<I", family) + packet),
        "null, big": (0, struct.pack(">I", family) + packet),
        "loop": (108, struct.pack(">I", family) + packet),
    }


@pytest.mark.parametrize("name", links(V4))
def test_ipv4_below_every_link_layer(name: str) -> None:
    assert found(*links(V4)[name]) == Datagram(HERE, THERE, b"payload", 1)


@pytest.mark.parametrize("name", links(V6))
def test_ipv6_below_every_link_layer(name: str) -> None:
    assert found(*links(V6)[name]) == Datagram(HERE_6, THERE_6, b"payload", 1)


def test_every_link_layer_is_tested() -> None:
    assert {kind for kind, _ in [*links(V4).values(), *links(V6).values()]} == link_types()


def test_padding_of_ethernet_is_no_payload() -> None:
    assert found(1, ethernet(V4) + bytes(30)).payload == b"payload"


def test_options_of_ipv4() -> None:
    packet = bytearray(ipv4(HERE, THERE, bytes(8) + udp(HERE, THERE, b"payload")))
    packet[0] = 0x47
    assert found(101, bytes(packet)).payload == b"payload"


@pytest.mark.parametrize(
    "chain",
    [
        [(0, bytes(6))],
        [(43, bytes(6)), (60, bytes(6))],
        [(51, b"\x02" + bytes(12))],
        [(0, bytes(6)), (60, b"\0" * 6), (135, bytes(6))],
    ],
)
def test_extension_headers_of_ipv6(chain: list[tuple[int, bytes]]) -> None:
    body = udp(HERE_6, THERE_6, b"payload")
    following = 17
    for kind, rest in reversed(chain):
        if kind == 51:
            body = bytes([following]) + rest + bytes(2) + body
        else:
            body = bytes([following, 0]) + rest + body
        following = kind
    assert found(101, ipv6(HERE_6, THERE_6, body, following=following)).payload == b"payload"


def test_a_shortened_datagram_is_told_from_a_whole_one() -> None:
    assert found(101, V4[:-3]) == Shortened(HERE, THERE)
    assert found(1, ethernet(V6)[:-3]) == Shortened(HERE_6, THERE_6)


def test_scapy_sees_the_same() -> None:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
    from scapy.layers.l2 import Dot1Q, Ether

    made = [
        Ether() / Dot1Q(vlan=5) / IP(src=HERE[0], dst=THERE[0]),
        Ether() / Dot1Q(vlan=5) / Dot1Q(vlan=6) / IPv6(src=HERE_6[0], dst=THERE_6[0]),
        Ether() / IPv6(src=HERE_6[0], dst=THERE_6[0]) / IPv6ExtHdrHopByHop(),
    ]
    for below in made:
        octets = bytes(below / UDP(sport=1701, dport=40000) / b"payload")
        seen = found(1, octets)
        assert (seen.payload, seen.source[1], seen.destination[1]) == (b"payload", 1701, 40000)
        assert seen.checksum


# -- fragments ---------------------------------------------------------------------------------

PAYLOAD = bytes(range(256)) * 12
BODY = udp(HERE, THERE, PAYLOAD)


def pieces(*cuts: int) -> list[bytes]:
    """The datagram in fragments that end at these octets."""
    ends = [*cuts, len(BODY)]
    starts = [0, *cuts]
    return [
        ipv4(HERE, THERE, BODY[start:end], offset=start, more=end < len(BODY))
        for start, end in zip(starts, ends, strict=True)
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_fragments_in_any_order(order: tuple[int, ...]) -> None:
    fragments = Fragments()
    made = pieces(1000, 2000)
    seen = [found(101, made[index], fragments) for index in order]
    assert seen[:-1] == [None, None]
    assert seen[-1] == Datagram(HERE, THERE, PAYLOAD, 1)


def test_fragments_twice_and_overlapping() -> None:
    fragments = Fragments()
    first, second, third = pieces(1000, 2000)
    overlap = ipv4(HERE, THERE, BODY[504:2000], offset=504, more=True)
    for piece in (first, first, overlap, second):
        assert found(101, piece, fragments) is None
    assert found(101, third, fragments).payload == PAYLOAD


def test_fragments_of_ipv6() -> None:
    fragments = Fragments()
    body = udp(HERE_6, THERE_6, PAYLOAD)
    seen = []
    for start, end in ((0, 1200), (1200, 2400), (2400, len(body))):
        word = start | (end < len(body))
        head = struct.pack(">BBHI", 17, 0, word, 99)
        seen.append(
            found(101, ipv6(HERE_6, THERE_6, head + body[start:end], following=44), fragments)
        )
    assert seen[-1].payload == PAYLOAD


def test_fragments_that_are_late_are_of_another_datagram() -> None:
    fragments = Fragments()
    first, second = pieces(1000)
    assert decode(101, first, 0.0, fragments) is None
    assert decode(101, second, TIMEOUT + 1, fragments) is None


def test_the_memory_of_fragments_is_bounded() -> None:
    fragments = Fragments()
    for number in range(10 * PENDING):
        piece = ipv4(HERE, THERE, BODY[:1000], identification=number % 65536, more=True)
        found(101, piece, fragments)
    assert len(fragments._pending) <= PENDING
    assert fragments.add((b"", b"", b""), 0.0, LARGEST, b"x", more=False) is None


@given(
    data=st.binary(max_size=120),
    link_type=st.sampled_from(sorted(link_types())),
    cut=st.integers(0, 80),
    place=st.integers(0, 60),
)
def test_any_octets_are_taken(data: bytes, link_type: int, cut: int, place: int) -> None:
    fragments = Fragments()
    decode(link_type, data, 0.0, fragments)
    whole = links(datagram(HERE, THERE, b"x" * 20))
    for kind, octets in whole.values():
        decode(kind, octets[:cut], 0.0, fragments)
        decode(kind, octets[:place] + data + octets[place + len(data) :], 0.0, fragments)
