"""From a captured packet down to its UDP datagram: link layers, VLANs, IPv4, IPv6.

Decoded here, as scapy takes 185 microseconds for a packet and this takes 2 to 3. All lengths are
those of a hostile network: what does not fit is no datagram.
"""

from __future__ import annotations

import functools
import ipaddress
import struct
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from harness.capture.fragments import Fragments

UDP: Final = 17
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
_VLANS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_VLAN_DEPTH: Final = 4
_LONGEST_LENGTH: Final = 1500
"""An Ethernet type of at most this is the length of an 802.3 frame."""

_SNAP: Final = b"\xaa\xaa\x03\x00\x00\x00"
_EXTENSIONS: Final = frozenset({0, 43, 60, 135, 139, 140})
"""Extension headers whose length counts units of 8 octets behind the first 8 (RFC 8200)."""

_AUTHENTICATION: Final = 51
_FRAGMENT: Final = 44
_EXTENSION_DEPTH: Final = 8

_ports_length_checksum = struct.Struct(">HHHH").unpack_from
_two_octets = struct.Struct(">H").unpack_from


class Datagram(NamedTuple):
    """A UDP datagram. Addresses are texts. `checksum`: as it stands there."""

    source: tuple[str, int]
    destination: tuple[str, int]
    payload: bytes
    checksum: int


class Shortened(NamedTuple):
    """A UDP datagram of which the capture has only the beginning."""

    source: tuple[str, int]
    destination: tuple[str, int]


Found = Datagram | Shortened | None


def decode(link_type: int, data: bytes, at: float, fragments: Fragments) -> Found:
    """The UDP datagram in a packet, or that the packet completes; None if there is none."""
    link = _LINKS.get(link_type)
    if link is None:
        return None
    found = link(data)
    if found is None:
        return None
    protocol, place = found
    if protocol == IPV4:
        return _ipv4(data, place, at, fragments)
    if protocol == IPV6:
        return _ipv6(data, place, at, fragments)
    return None


# -- link layers: from the packet to (Ethernet type, offset) -----------------------------------


def _ethernet(data: bytes) -> tuple[int, int] | None:
    return _typed(data, 12) if len(data) >= 14 else None


def _typed(data: bytes, place: int) -> tuple[int, int] | None:
    """Behind an Ethernet type at `place`, and behind the VLAN tags that it may announce."""
    (kind,) = _two_octets(data, place)
    place += 2
    for _ in range(_VLAN_DEPTH):
        if kind not in _VLANS:
            break
        if len(data) < place + 4:
            return None
        (kind,) = _two_octets(data, place + 2)
        place += 4
    if kind <= _LONGEST_LENGTH:
        if data[place : place + 6] != _SNAP or len(data) < place + 8:
            return None
        (kind,) = _two_octets(data, place + 6)
        place += 8
    return kind, place


def _cooked(data: bytes) -> tuple[int, int] | None:
    """Linux cooked capture, version 1."""
    return _typed(data, 14) if len(data) >= 16 else None


def _cooked_2(data: bytes) -> tuple[int, int] | None:
    """Linux cooked capture, version 2: the type stands first, the rest has 20 octets."""
    if len(data) < 20:
        return None
    (kind,) = _two_octets(data)
    if kind not in _VLANS:
        return kind, 20
    if len(data) < 24:
        return None
    return _two_octets(data, 22)[0], 24


def _raw(data: bytes) -> tuple[int, int] | None:
    """The version of IP tells the protocol."""
    version = data[0] >> 4 if data else 0
    return {4: IPV4, 6: IPV6}.get(version, 0), 0


def _loopback(data: bytes) -> tuple[int, int] | None:
    """BSD loopback: an address family in either byte order, which differs between systems."""
    if len(data) < 5 or (any(data[:3]) and any(data[1:4])):
        return None
    version = data[4] >> 4
    return {4: IPV4, 6: IPV6}.get(version, 0), 4


_LINKS: Final[Mapping[int, Callable[[bytes], tuple[int, int] | None]]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked_2,
}


def link_types() -> frozenset[int]:
    """The link types that are understood."""
    return frozenset(_LINKS)


# -- IP ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=65536)
def _address(octets: bytes) -> str:
    return str(ipaddress.ip_address(octets))


def _ipv4(data: bytes, place: int, at: float, fragments: Fragments) -> Found:
    if len(data) < place + 20:
        return None
    first = data[place]
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20 or data[place + 9] != UDP:
        return None
    (total,) = _two_octets(data, place + 2)
    # An interface that segments by itself leaves 0 there.
    end = place + total if total else len(data)
    if end < place + header:
        return None
    flags = data[place + 6] << 8 | data[place + 7]
    source, destination = data[place + 12 : place + 16], data[place + 16 : place + 20]
    start = place + header
    if not flags & 0x3FFF:
        return _udp(data, start, min(end, len(data)), source, destination)
    more, offset = bool(flags & 0x2000), (flags & 0x1FFF) * 8
    key = (source, destination, data[place + 4 : place + 6])
    return _fragment(fragments, key, at, offset, data[start:end], end - start, more=more)


def _ipv6(data: bytes, place: int, at: float, fragments: Fragments) -> Found:
    if len(data) < place + 40 or data[place] >> 4 != 6:
        return None
    (length,) = _two_octets(data, place + 4)
    end = place + 40 + length if length else len(data)
    source, destination = data[place + 8 : place + 24], data[place + 24 : place + 40]
    kind = data[place + 6]
    place += 40
    for _ in range(_EXTENSION_DEPTH):
        if kind == UDP:
            return _udp(data, place, min(end, len(data)), source, destination)
        if len(data) < place + 8:
            return None
        if kind == _FRAGMENT:
            if data[place] != UDP:
                return None
            (word,) = _two_octets(data, place + 2)
            key = (source, destination, data[place + 4 : place + 8])
            start = place + 8
            piece = data[start:end]
            more = bool(word & 1)
            return _fragment(fragments, key, at, word & 0xFFF8, piece, end - start, more=more)
        if kind in _EXTENSIONS:
            size = 8 + data[place + 1] * 8
        elif kind == _AUTHENTICATION:
            size = 8 + data[place + 1] * 4
        else:
            return None
        kind = data[place]
        place += size
    return None


def _fragment(
    fragments: Fragments,
    key: tuple[bytes, bytes, bytes],
    at: float,
    offset: int,
    piece: bytes,
    size: int,
    *,
    more: bool,
) -> Found:
    if len(piece) < size:
        return None  # a shortened fragment completes nothing
    whole = fragments.add(key, at, offset, piece, more=more)
    return None if whole is None else _udp(whole, 0, len(whole), key[0], key[1])


def _udp(data: bytes, place: int, end: int, source: bytes, destination: bytes) -> Found:
    if end < place + 8:
        return None
    here, there, length, checksum = _ports_length_checksum(data, place)
    ends = (_address(source), here), (_address(destination), there)
    if not length:
        length = end - place  # a jumbogram, or an interface that segments by itself
    if length < 8:
        return None
    if place + length > end:
        return Shortened(*ends)
    return Datagram(*ends, data[place + 8 : place + length], checksum)
