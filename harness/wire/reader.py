"""Octets to values. Any octets: a hostile datagram gives defects, never an exception.

Every octet of the datagram ends up in the `Packet`, so that writing it again gives the same
octets. There are two readers. The quick one reads a regular control message, which is what most
datagrams are, in one straight loop, and gives up at anything else. The careful one reads
everything, says what is wrong and where, and on a regular message gives what the quick one gives.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, NoReturn

from harness.wire.model import (
    AVP,
    AVP_HEADER_OCTETS,
    AVP_LENGTH_BITS,
    HIDDEN_BIT,
    LENGTH_BIT,
    MANDATORY_BIT,
    MESSAGE_TYPE,
    OFFSET_BIT,
    PRIORITY_BIT,
    RESERVED_AVP_SHIFT,
    RESERVED_HEADER_BITS,
    SEQUENCE_BIT,
    TYPE_BIT,
    VERSION_BITS,
    Defect,
    DefectKind,
    Header,
    Packet,
    Parsed,
)

MAXIMUM_DEFECTS: Final = 64
"""As many defects are listed for one datagram, and one more that says there are others."""

_unpack_avp_header: Final = struct.Struct(">HHH").unpack_from

_REGULAR_WORD: Final = TYPE_BIT | LENGTH_BIT | SEQUENCE_BIT | 2
_unpack_control_start: Final = struct.Struct(">HHHHHHQ").unpack_from
_CONTROL_START_OCTETS: Final = 20
_MESSAGE_TYPE_AVPS: Final = {
    (MANDATORY_BIT | 8) << 48 | number: AVP(MESSAGE_TYPE, number.to_bytes(2, "big"))
    for number in range(32)
}
"""The usual first AVPs, by their eight octets as a number."""


_Unpack = Callable[[bytes, int], tuple[Any, ...]]


def _unpack_no_avp(data: bytes, place: int) -> NoReturn:
    raise struct.error(f"no AVP at {place} of {len(data)} octets")


def _avp_unpacker(size: int) -> _Unpack:
    if size < AVP_HEADER_OCTETS:
        return _unpack_no_avp
    return struct.Struct(f">BxHH{size - AVP_HEADER_OCTETS}s").unpack_from


_UNPACK_AVP: Final = tuple(_avp_unpacker(size) for size in range(256))
"""By the lower octet of its Length, what reads a whole AVP: flags, vendor, type and value."""

_FLAGS: Final = {
    (mandatory | hidden) >> 8: (bool(mandatory), bool(hidden))
    for mandatory in (0, MANDATORY_BIT)
    for hidden in (0, HIDDEN_BIT)
}
"""By the first octet of a regular AVP, with no reserved bit and Length below 256: M and H bit."""

_new: Final = tuple.__new__


class _Defects:
    """A bounded list of defects."""

    def __init__(self) -> None:
        self.found: list[Defect] = []

    def add(self, kind: DefectKind, offset: int, text: str, avp: int | None = None) -> None:
        if len(self.found) < MAXIMUM_DEFECTS:
            self.found.append(Defect(kind, offset, text, avp))
        elif len(self.found) == MAXIMUM_DEFECTS:
            self.found.append(Defect(DefectKind.MORE, offset, "further defects are not listed"))


def parse(data: bytes) -> Parsed:
    """What a datagram says and what is wrong with it (RFC 2661 3.1, 4.1). Never raises.

    `build` of the packet gives `data` again. A version other than 2 is read as if it were 2. An
    AVP whose Length exceeds the message holds the octets that are there; behind one whose Length
    is below 6 no further AVP can be found, the rest is `Packet.trailing`.
    """
    # One try for the whole walk: every octet that the tables do not know, and every length that
    # leads out of the datagram, ends it by a lookup that fails.
    try:
        word, length, tunnel_id, session_id, ns, nr, first = _unpack_control_start(data)
        if word != _REGULAR_WORD or length != len(data):
            return parse_carefully(data)
        avps = [_MESSAGE_TYPE_AVPS[first]]
        append = avps.append
        place = _CONTROL_START_OCTETS
        while place < length:
            size = data[place + 1]
            flags, vendor, type_, value = _UNPACK_AVP[size](data, place)
            mandatory, hidden = _FLAGS[flags]
            # tuple.__new__ spares the Python frame of AVP.__new__, half the time of this loop
            append(_new(AVP, (type_, value, vendor, mandatory, hidden, 0, None)))
            place += size
    except (KeyError, IndexError, struct.error):
        return parse_carefully(data)
    header = _new(Header, (True, 2, tunnel_id, session_id, length, ns, nr, None, b"", False, 0))
    return _new(Parsed, (_new(Packet, (header, tuple(avps), b"", b"")), (), data))


def parse_carefully(data: bytes) -> Parsed:
    """The same as `parse`, without its short cut for regular control messages."""
    defects = _Defects()
    packet = _read_packet(data, defects)
    return Parsed(packet, tuple(defects.found), data)


def _read_packet(data: bytes, defects: _Defects) -> Packet | None:
    size = len(data)
    header = _read_header(data, defects)
    if header is None:
        return None
    start = header.size
    end = size if header.length is None else min(max(header.length, start), size)
    if not header.control:
        return Packet(header, (), data[start:end], data[end:])
    avps: list[AVP] = []
    stop = _read_avps(data, start, end, avps, defects)
    return Packet(header, tuple(avps), b"", data[stop:])


def _read_header(data: bytes, defects: _Defects) -> Header | None:
    """The header with its offset padding; None if a field that it announces is not there."""
    size = len(data)
    if size < 2:
        defects.add(DefectKind.HEADER_TRUNCATED, 0, f"{size} octets hold no L2TP header")
        return None
    word = data[0] << 8 | data[1]
    needed = 6
    needed += 2 if word & LENGTH_BIT else 0
    needed += 4 if word & SEQUENCE_BIT else 0
    needed += 2 if word & OFFSET_BIT else 0
    _check_flags(word, defects)
    if size < needed:
        text = f"the flags {word:#06x} announce a header of {needed} octets, {size} are there"
        defects.add(DefectKind.HEADER_TRUNCATED, size, text)
        return None
    numbers = struct.unpack_from(f">{needed // 2}H", data)
    length = ns = nr = offset_size = None
    place = 1
    if word & LENGTH_BIT:
        length = numbers[1]
        place = 2
        _check_length(length, needed, size, defects)
    tunnel_id, session_id = numbers[place : place + 2]
    place += 2
    if word & SEQUENCE_BIT:
        ns, nr = numbers[place : place + 2]
        place += 2
    offset_pad = b""
    if word & OFFSET_BIT:
        offset_size = numbers[place]
        end = size if length is None else min(max(length, needed), size)
        offset_pad = data[needed : min(needed + offset_size, end)]
        if len(offset_pad) < offset_size:
            text = f"Offset Size is {offset_size}, {len(offset_pad)} octets are left"
            defects.add(DefectKind.OFFSET_BEYOND_END, needed - 2, text)
    return Header(
        control=bool(word & TYPE_BIT),
        version=word & VERSION_BITS,
        tunnel_id=tunnel_id,
        session_id=session_id,
        length=length,
        ns=ns,
        nr=nr,
        offset_size=offset_size,
        offset_pad=offset_pad,
        priority=bool(word & PRIORITY_BIT),
        reserved=word & RESERVED_HEADER_BITS,
    )


def _check_flags(word: int, defects: _Defects) -> None:
    if word & VERSION_BITS != 2:
        defects.add(DefectKind.VERSION, 1, f"the version is {word & VERSION_BITS}, not 2")
    if word & RESERVED_HEADER_BITS:
        text = f"reserved bits {word & RESERVED_HEADER_BITS:#06x} of the header are set"
        defects.add(DefectKind.RESERVED_HEADER_BITS, 0, text)
    if not word & TYPE_BIT:
        return
    if not word & LENGTH_BIT:
        text = "a control message without the Length field"
        defects.add(DefectKind.CONTROL_WITHOUT_LENGTH, 0, text)
    if not word & SEQUENCE_BIT:
        text = "a control message without Ns and Nr"
        defects.add(DefectKind.CONTROL_WITHOUT_SEQUENCE, 0, text)
    if word & OFFSET_BIT:
        text = "a control message with the Offset Size field"
        defects.add(DefectKind.CONTROL_WITH_OFFSET, 0, text)
    if word & PRIORITY_BIT:
        text = "a control message with the Priority bit"
        defects.add(DefectKind.CONTROL_WITH_PRIORITY, 0, text)


def _check_length(length: int, needed: int, size: int, defects: _Defects) -> None:
    if length < needed:
        text = f"Length is {length}, the header alone has {needed} octets"
        defects.add(DefectKind.LENGTH_IN_HEADER, 2, text)
    elif length < size:
        text = f"Length is {length}, the datagram has {size} octets"
        defects.add(DefectKind.LENGTH_SHORT, 2, text)
    elif length > size:
        text = f"Length is {length}, the datagram has only {size} octets"
        defects.add(DefectKind.LENGTH_LONG, 2, text)


def _read_avps(data: bytes, start: int, end: int, avps: list[AVP], defects: _Defects) -> int:
    """Append the AVPs between two offsets; returns where the last of them ends."""
    place = start
    while place < end:
        index = len(avps)
        left = end - place
        if left < AVP_HEADER_OCTETS:
            text = f"{left} octets are left, an AVP needs {AVP_HEADER_OCTETS}"
            defects.add(DefectKind.TRAILING_OCTETS, place, text)
            break
        word: int
        word, vendor, type_ = _unpack_avp_header(data, place)
        length = word & AVP_LENGTH_BITS
        stop = min(place + max(length, AVP_HEADER_OCTETS), end)
        value = data[place + AVP_HEADER_OCTETS : stop]
        reserved = word >> RESERVED_AVP_SHIFT & 15
        avp = AVP(
            type_,
            value,
            vendor,
            mandatory=bool(word & MANDATORY_BIT),
            hidden=bool(word & HIDDEN_BIT),
            reserved=reserved,
            length=None if length == AVP_HEADER_OCTETS + len(value) else length,
        )
        if reserved:
            text = (
                f"{_named(index, avp)}: reserved bits {reserved << RESERVED_AVP_SHIFT:#06x} are set"
            )
            defects.add(DefectKind.RESERVED_AVP_BITS, place, text, index)
        if index == 0:
            _check_message_type(avp, length, place, defects)
        avps.append(avp)
        if length < AVP_HEADER_OCTETS:
            text = f"{_named(index, avp)}: Length is {length}, below {AVP_HEADER_OCTETS}"
            defects.add(DefectKind.AVP_LENGTH_SMALL, place, text, index)
            return stop
        if length > left:
            text = f"{_named(index, avp)}: Length is {length}, {left} octets are left"
            defects.add(DefectKind.AVP_TRUNCATED, place, text, index)
        place = stop
    return place


def _named(index: int, avp: AVP) -> str:
    return f"AVP {index} (vendor {avp.vendor}, type {avp.type})"


def _check_message_type(first: AVP, length: int, place: int, defects: _Defects) -> None:
    """What the first AVP must be (RFC 2661 4.4.1)."""
    if first.type != MESSAGE_TYPE or first.vendor:
        text = f"the first AVP is vendor {first.vendor}, type {first.type}, not the Message Type"
        defects.add(DefectKind.MESSAGE_TYPE_NOT_FIRST, place, text, 0)
    elif first.hidden:
        defects.add(DefectKind.MESSAGE_TYPE_HIDDEN, place, "the Message Type is hidden", 0)
    elif length != AVP_HEADER_OCTETS + 2:
        text = f"the Message Type AVP has Length {length}, not 8"
        defects.add(DefectKind.MESSAGE_TYPE_LENGTH, place, text, 0)
