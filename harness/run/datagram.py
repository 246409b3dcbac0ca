"""The IP and UDP headers around a UDP payload, as a capture needs them (RFC 791, 8200, 768).

scapy builds the same octets but takes 600 microseconds for a datagram where this takes about 5; a
run against an embedded peer captures 100,000 frames in seconds. A test compares the two.
"""

from __future__ import annotations

import functools
import ipaddress
import struct
from typing import Final

from harness.run.kinds import Endpoint

_UDP: Final = 17
_HOP_LIMIT: Final = 64
_IPV4: Final = struct.Struct("!BBHHHBBH4s4s")
_IPV6: Final = struct.Struct("!IHBB16s16s")
_PORTS_LENGTH: Final = struct.Struct("!HHHH")


def datagram(
    source: Endpoint, destination: Endpoint, payload: bytes, *, unchecked: bool = False
) -> bytes:
    """The IP datagram that carries `payload`, with its checksums right; unchecked: the one
    of UDP left out.

    IPv4 when both addresses are, else IPv6 (an IPv4 address among them becomes `::ffff:a.b.c.d`).
    A payload too large for its length fields gets the length 0, which readers take as "what is
    there". ValueError for an address that is no literal.
    """
    here, there = _packed(source[0]), _packed(destination[0])
    udp_length = 8 + len(payload)
    udp = _PORTS_LENGTH.pack(source[1], destination[1], _field(udp_length), 0)
    if len(here) != len(there):
        here, there = _mapped(here), _mapped(there)
    pseudo = here + there + struct.pack("!II", _UDP, udp_length)
    checksum = 0 if unchecked else _checksum(pseudo + udp + payload) or 0xFFFF
    udp = udp[:6] + checksum.to_bytes(2, "big")
    if len(here) == 16:
        return (
            _IPV6.pack(6 << 28, _field(udp_length), _UDP, _HOP_LIMIT, here, there) + udp + payload
        )
    total = _field(20 + udp_length)
    header = _IPV4.pack(0x45, 0, total, 0, 0x4000, _HOP_LIMIT, _UDP, 0, here, there)
    header = header[:10] + _checksum(header).to_bytes(2, "big") + header[12:]
    return header + udp + payload


def _field(length: int) -> int:
    return length if length <= 0xFFFF else 0


@functools.lru_cache(maxsize=4096)
def _packed(host: str) -> bytes:
    return ipaddress.ip_address(host).packed


def _mapped(address: bytes) -> bytes:
    return address if len(address) == 16 else b"\0" * 10 + b"\xff\xff" + address


def _checksum(octets: bytes) -> int:
    """RFC 1071, for octets that are not all zero.

    The one's complement sum of 16-bit words is their number modulo 0xFFFF, its complement the
    negative.
    """
    if len(octets) % 2:
        octets += b"\0"
    return -int.from_bytes(octets, "big") % 0xFFFF
