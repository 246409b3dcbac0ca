"""The classic pcap format (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from harness.capture.reading import LARGEST_PACKET, CutShortError, Packet, Stream

MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
}
"""The first four octets, with the byte order and the unit of the fraction of a second."""

_REST_OF_HEADER: Final = 20
_LINK_TYPE_BITS: Final = 0xFFFF


class PcapReader:
    """The packets of a pcap file behind its magic. `cut`: where it ends too early, if it does."""

    def __init__(self, stream: Stream, magic: bytes) -> None:
        self._stream = stream
        self._order, self._unit = MAGICS[magic]
        self.cut: str | None = None

    def packets(self) -> Iterator[Packet]:
        """The packets. DataError `capture.corrupt` where the file makes no sense."""
        stream = self._stream
        try:
            header = stream.take(_REST_OF_HEADER)
        except CutShortError:
            self.cut = "within its header"
            return
        (link_type,) = struct.unpack_from(self._order + "I", header, 16)
        link_type &= _LINK_TYPE_BITS
        unpack = struct.Struct(self._order + "IIII").unpack
        unit = self._unit
        number = 0
        try:
            while record := stream.maybe(16):
                number += 1
                if len(record) < 16:
                    raise CutShortError
                seconds, fraction, captured, original = unpack(record)
                if captured > LARGEST_PACKET:
                    raise stream.corrupt(f"packet {number} claims to have {captured} octets")
                data = stream.take(captured)
                at = seconds + fraction * unit
                yield Packet(number, at, link_type, data, captured >= original)
        except CutShortError:
            self.cut = f"within packet {number}" if number else "before its first packet"
