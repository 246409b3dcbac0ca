"""Capture files made by hand: pcap and pcapng, any link layer, any byte order."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.run.datagram import datagram
from harness.spec.monitor import Endpoint
from tests.monitor.talk import Seen, Talk

Packet = tuple[float, bytes]

ETHERNET = 1
RAW = 101


def ethernet(packet: bytes, *tags: int) -> bytes:
    """An IP packet in an Ethernet frame, with VLAN tags of these types in front."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    middle = b"".join(struct.pack(">HH", tag, 100 + place) for place, tag in enumerate(tags))
    return bytes(12) + middle + struct.pack(">H", kind) + packet


def pcap(
    packets: Iterable[Packet],
    *,
    link_type: int = RAW,
    order: str = "<",
    nano: bool = False,
    snap: int = 1 << 18,
) -> bytes:
    """A pcap file."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    unit = 1_000_000_000 if nano else 1_000_000
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, snap, link_type)
    for at, data in packets:
        seconds = int(at)
        fraction = round((at - seconds) * unit)
        kept = data[:snap]
        out += struct.pack(order + "IIII", seconds, fraction, len(kept), len(data)) + kept
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    """The header of a section."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link_type: int = RAW, order: str = "<", options: bytes = b"") -> bytes:
    """The description of an interface."""
    return block(1, struct.pack(order + "HHI", link_type, 0, 0) + options, order)


def enhanced(packet: Packet, *, index: int = 0, order: str = "<", unit: float = 1e-6) -> bytes:
    """An Enhanced Packet Block."""
    at, data = packet
    ticks = round(at / unit)
    head = struct.pack(
        order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(6, head + data, order)


def pcapng(
    packets: Iterable[Packet], *, link_type: int = RAW, order: str = "<", nano: bool = False
) -> bytes:
    """A pcapng file with one section and one interface."""
    resolution = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nano else b""
    unit = 1e-9 if nano else 1e-6
    blocks = [section(order), interface(link_type, order, resolution)]
    blocks += [enhanced(packet, order=order, unit=unit) for packet in packets]
    return b"".join(blocks)


def packets_of(
    frames: Iterable[Seen], link: Callable[[bytes], bytes] | None = None, offset: float = 1.7e9
) -> list[Packet]:
    """The packets that carry these frames."""
    made = []
    for seen in frames:
        packet = datagram(seen.source, seen.destination, seen.data)
        made.append((offset + seen.at, link(packet) if link else packet))
    return made


def write(folder: Path, octets: bytes, name: str = "capture.pcap") -> Path:
    """A file with these octets."""
    path = folder / name
    path.write_bytes(octets)
    return path


def capture_of(talk: Talk, folder: Path) -> Path:
    """A pcap file with a conversation."""
    return write(folder, pcap(packets_of(talk.frames)))


def udp(source: Endpoint, destination: Endpoint, payload: bytes, checksum: int = 1) -> bytes:
    """A UDP datagram without its IP header."""
    return struct.pack(">HHHH", source[1], destination[1], 8 + len(payload), checksum) + payload


def ipv4(
    source: Endpoint,
    destination: Endpoint,
    body: bytes,
    *,
    identification: int = 7,
    offset: int = 0,
    more: bool = False,
) -> bytes:
    """An IPv4 packet of UDP, or a fragment of one. `offset`: octets."""
    word = offset // 8 | (0x2000 if more else 0)
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), identification, word, 64, 17, 0)
        + ipaddress.ip_address(source[0]).packed
        + ipaddress.ip_address(destination[0]).packed
        + body
    )


def ipv6(source: Endpoint, destination: Endpoint, body: bytes, *, following: int = 17) -> bytes:
    """An IPv6 packet. `following`: the type of what `body` begins with."""
    return (
        struct.pack(">IHBB", 6 << 28, len(body), following, 64)
        + ipaddress.ip_address(source[0]).packed
        + ipaddress.ip_address(destination[0]).packed
        + body
    )
