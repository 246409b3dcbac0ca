"""The pcapng format (draft-ietf-opsawg-pcapng): sections, interfaces, packets of three kinds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from harness.capture.reading import LARGEST_PACKET, CutShortError, Packet, Stream

MAGIC: Final = b"\x0a\x0d\x0d\x0a"

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6

_BYTE_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_OPTION_RESOLUTION: Final = 9
_OPTION_OFFSET: Final = 14
_LARGEST_BLOCK: Final = LARGEST_PACKET + (1 << 16)
"""Octets of a block that is looked into; its options may have up to 64 kB of comments."""

_INTERFACES: Final = 1 << 16


class _Interface(NamedTuple):
    link_type: int
    longest: int
    unit: float
    offset: int


class PcapngReader:
    """The packets of a pcapng file behind its magic. `cut`: where it ends too early, if it does."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._at = 0.0
        self._number = 0
        self.cut: str | None = None

    def packets(self) -> Iterator[Packet]:
        """The packets. DataError `capture.corrupt` where the file makes no sense."""
        stream = self._stream
        try:
            self._section(stream.take(4))
            while kind := stream.maybe(4):
                if len(kind) < 4:
                    raise CutShortError
                packet = self._block(kind)
                if packet is not None:
                    yield packet
        except CutShortError:
            self.cut = f"behind packet {self._number}"

    def _block(self, kind: bytes) -> Packet | None:
        stream = self._stream
        if kind == MAGIC:
            self._section(stream.take(4))
            return None
        (number,) = struct.unpack(self._order + "I", kind)
        raw = stream.take(4)
        (length,) = struct.unpack(self._order + "I", raw)
        if length % 4 or length < 12:
            raise stream.corrupt(f"a block has the length {length}")
        if number not in (_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET):
            stream.skip(length - 12)
            self._end(raw)
            return None
        if length > _LARGEST_BLOCK:
            raise stream.corrupt(f"a block of a packet has the length {length}")
        body = stream.take(length - 12)
        self._end(raw)
        if number == _INTERFACE:
            self._interface(body)
            return None
        return self._packet(number, body)

    def _end(self, length: bytes) -> None:
        """The length stands once more behind the body."""
        again = self._stream.take(4)
        if again != length:
            raise self._stream.corrupt("the two lengths of a block differ")

    def _section(self, raw: bytes) -> None:
        stream = self._stream
        magic = stream.take(4)
        if magic not in _BYTE_ORDERS:
            raise stream.corrupt("a section has no byte order")
        self._order = _BYTE_ORDERS[magic]
        self._interfaces = []
        (length,) = struct.unpack(self._order + "I", raw)
        if length % 4 or length < 28:
            raise stream.corrupt(f"the header of a section has the length {length}")
        stream.skip(length - 16)
        self._end(raw)

    def _interface(self, body: bytes) -> None:
        stream = self._stream
        if len(body) < 8:
            raise stream.corrupt("the description of an interface is too short")
        link_type, longest = struct.unpack_from(self._order + "HxxI", body)
        unit, offset = 1e-6, 0
        place = 8
        while place + 4 <= len(body):
            code, size = struct.unpack_from(self._order + "HH", body, place)
            value = body[place + 4 : place + 4 + size]
            if code == _OPTION_RESOLUTION and len(value) == 1:
                power = value[0] & 0x7F
                unit = 2.0**-power if value[0] & 0x80 else 10.0**-power
            elif code == _OPTION_OFFSET and len(value) == 8:
                (offset,) = struct.unpack(self._order + "q", value)
            if not code:
                break
            place += 4 + size + -size % 4
        if len(self._interfaces) >= _INTERFACES:
            raise stream.corrupt(f"a section has more than {_INTERFACES} interfaces")
        self._interfaces.append(_Interface(link_type, longest, unit, offset))

    def _packet(self, kind: int, body: bytes) -> Packet:
        stream = self._stream
        self._number += 1
        number = self._number
        try:
            if kind == _SIMPLE_PACKET:
                (original,) = struct.unpack_from(self._order + "I", body)
                index, high, low = 0, 0, 0
                place = 4
                captured = min(original, len(body) - place)
            else:
                form = "IIIII" if kind == _ENHANCED_PACKET else "HxxIIII"
                index, high, low, captured, original = struct.unpack_from(self._order + form, body)
                place = 20
        except struct.error:
            raise stream.corrupt(f"packet {number} is too short") from None
        if index >= len(self._interfaces):
            raise stream.corrupt(f"packet {number} is of interface {index}, which is not described")
        interface = self._interfaces[index]
        if kind == _SIMPLE_PACKET:
            captured = min(captured, interface.longest or captured)
        else:
            self._at = (high << 32 | low) * interface.unit + interface.offset
        if place + captured > len(body):
            raise stream.corrupt(f"packet {number} claims to have {captured} octets")
        data = body[place : place + captured]
        return Packet(number, self._at, interface.link_type, data, captured >= original)
