"""Values to octets. Whatever a `Packet` says is written, right or wrong."""

from __future__ import annotations

import struct
from typing import Final

from harness.wire.model import (
    AUTO,
    AVP,
    AVP_HEADER_OCTETS,
    AVP_LENGTH_BITS,
    HIDDEN_BIT,
    LENGTH_BIT,
    MANDATORY_BIT,
    OFFSET_BIT,
    PRIORITY_BIT,
    RESERVED_AVP_SHIFT,
    RESERVED_HEADER_BITS,
    SEQUENCE_BIT,
    TYPE_BIT,
    Header,
    Packet,
)

_pack_avp_header: Final = struct.Struct(">HHH").pack
_pack_control_header: Final = struct.Struct(">HHHHHH").pack

_REGULAR_WORD: Final = TYPE_BIT | LENGTH_BIT | SEQUENCE_BIT | 2
_REGULAR_OCTETS: Final = 12


def build(packet: Packet) -> bytes:
    """The octets of a packet (RFC 2661 3.1, 4.1).

    Raises ValueError where a number does not fit its field, or offset padding is given without
    an Offset Size field to stand behind.
    """
    parts = [b""]
    append = parts.append
    for avp in packet.avps:
        type_, value, vendor, mandatory, hidden, reserved, length = avp
        word = AVP_HEADER_OCTETS + len(value) if length is None else length
        if not 0 <= word <= AVP_LENGTH_BITS or not 0 <= reserved <= 15:
            raise ValueError(_explain_avp(packet, avp))
        if mandatory:
            word |= MANDATORY_BIT
        if hidden:
            word |= HIDDEN_BIT
        try:
            append(_pack_avp_header(word | reserved << RESERVED_AVP_SHIFT, vendor, type_))
        except struct.error:
            raise ValueError(_explain_avp(packet, avp)) from None
        append(value)
    if packet.payload:
        append(packet.payload)
    body = b"".join(parts)
    return _build_any_header(packet.header, len(body)) + body + packet.trailing


def _build_any_header(header: Header, body_octets: int) -> bytes:
    """The octets of a header; Length covers them and so many octets behind them when it is AUTO.

    The header of a regular control message is packed at once, any other one field by field.
    """
    control, version, tunnel_id, session_id, length, ns, nr, offset, pad, priority, reserved = (
        header
    )
    regular = control and version == 2 and not (priority or reserved or pad or offset is not None)
    if not regular or length is None or ns is None or nr is None:
        return _build_header(header, body_octets)
    if length == AUTO:
        length = _REGULAR_OCTETS + body_octets
    try:
        return _pack_control_header(_REGULAR_WORD, length, tunnel_id, session_id, ns, nr)
    except struct.error:
        return _build_header(header, body_octets)


def _build_header(header: Header, body_octets: int) -> bytes:
    """Any header, field by field, each number looked at."""
    (control, version, tunnel_id, session_id, length) = header[:5]
    (ns, nr, offset_size, offset_pad, priority, reserved) = header[5:]
    if not 0 <= version <= 15:
        raise ValueError(f"version is {version}, the field holds 0..15")
    if reserved & ~RESERVED_HEADER_BITS:
        raise ValueError(
            f"reserved is {reserved:#06x}, the reserved bits are {RESERVED_HEADER_BITS:#06x}"
        )
    if offset_pad and offset_size is None:
        raise ValueError("offset_pad is given without offset_size, it would not be written")
    word = version | reserved
    names = ["flags", "tunnel_id", "session_id"]
    numbers = [word, tunnel_id, session_id]
    if control:
        word |= TYPE_BIT
    if priority:
        word |= PRIORITY_BIT
    if length is not None:
        word |= LENGTH_BIT
        names.insert(1, "length")
        numbers.insert(1, header.size + body_octets if length == AUTO else length)
    if ns is not None:
        word |= SEQUENCE_BIT
        names += ["ns", "nr"]
        numbers += [ns, 0 if nr is None else nr]
    if offset_size is not None:
        word |= OFFSET_BIT
        names.append("offset_size")
        numbers.append(offset_size)
    numbers[0] = word
    for name, number in zip(names, numbers, strict=True):
        if not 0 <= number <= 0xFFFF:
            raise ValueError(f"{name} is {number}, the field holds 0..65535")
    return struct.pack(f">{len(numbers)}H", *numbers) + offset_pad


def _explain_avp(packet: Packet, avp: AVP) -> str:
    """Which number of an AVP does not fit its field."""
    where = f"AVP {packet.avps.index(avp)} (vendor {avp.vendor}, type {avp.type})"
    for name, number, largest in (
        ("type", avp.type, 0xFFFF),
        ("vendor", avp.vendor, 0xFFFF),
        ("reserved", avp.reserved, 15),
        ("length", avp.length, AVP_LENGTH_BITS),
    ):
        if number is not None and not 0 <= number <= largest:
            return f"{where}: {name} is {number}, the field holds 0..{largest}"
    return (
        f"{where}: a value of {len(avp.value)} octets needs a Length of {avp.size}, the field"
        f" holds 0..{AVP_LENGTH_BITS}; state a length to send it nevertheless"
    )
