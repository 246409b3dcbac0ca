"""The values of the wire format: header, AVPs, packet, and what a reader found wrong.

A `Packet` says exactly which octets go on the wire, right or wrong. Nothing here knows what a
message or an attribute means; that is the specification table's business.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

AUTO: Final = -1
"""As `Header.length`: the writer computes the Length field."""

TYPE_BIT: Final = 0x8000
LENGTH_BIT: Final = 0x4000
SEQUENCE_BIT: Final = 0x0800
OFFSET_BIT: Final = 0x0200
PRIORITY_BIT: Final = 0x0100
RESERVED_HEADER_BITS: Final = 0x34F0
VERSION_BITS: Final = 0x000F

MANDATORY_BIT: Final = 0x8000
HIDDEN_BIT: Final = 0x4000
RESERVED_AVP_SHIFT: Final = 10
AVP_LENGTH_BITS: Final = 0x03FF
AVP_HEADER_OCTETS: Final = 6
MAXIMUM_VALUE_OCTETS: Final = AVP_LENGTH_BITS - AVP_HEADER_OCTETS

MESSAGE_TYPE: Final = 0
RANDOM_VECTOR: Final = 36


class Header(NamedTuple):
    """The header of a control or data message (RFC 2661 3.1).

    `length`: the Length field as it stands; `AUTO`: computed on writing, over header, AVPs and
    payload but not over `Packet.trailing`; None: L = 0 and no Length field. A reader gives the
    number that it found.
    `ns`, `nr`: 0..65535. The S bit is set if and only if `ns` is not None; then both are written,
    a missing `nr` as 0. Without `ns`, `nr` has no place and is not written.
    `offset_size`: 0..65535, the O bit is set if and only if it is not None. `offset_pad`: the
    octets between the Offset Size field and the payload, which need not be as many as
    `offset_size` says.
    `reserved`: the x bits where they stand in the first 16-bit word, mask 0x34F0.
    """

    control: bool = True
    version: int = 2
    tunnel_id: int = 0
    session_id: int = 0
    length: int | None = AUTO
    ns: int | None = None
    nr: int | None = None
    offset_size: int | None = None
    offset_pad: bytes = b""
    priority: bool = False
    reserved: int = 0

    @property
    def size(self) -> int:
        """Octets of the header on the wire, the offset padding included."""
        size = 6 + len(self.offset_pad)
        if self.length is not None:
            size += 2
        if self.ns is not None:
            size += 4
        if self.offset_size is not None:
            size += 2
        return size


class AVP(NamedTuple):
    """An Attribute-Value Pair (RFC 2661 4.1).

    `reserved`: the four rsvd bits as a number, 0..15. `length`: the Length field where it differs
    from 6 + len(value), 0..1023; None where it does not.
    """

    type: int
    value: bytes = b""
    vendor: int = 0
    mandatory: bool = True
    hidden: bool = False
    reserved: int = 0
    length: int | None = None

    @property
    def size(self) -> int:
        """Octets of the AVP on the wire, whatever its Length field says."""
        return AVP_HEADER_OCTETS + len(self.value)


class Packet(NamedTuple):
    """One datagram: a control message with its AVPs, or a data message with its payload.

    `trailing`: octets at the end that belong to no AVP, or stand behind what Length covers.
    """

    header: Header
    avps: tuple[AVP, ...] = ()
    payload: bytes = b""
    trailing: bytes = b""

    @property
    def message_type(self) -> int | None:
        """The Message Type, if the first AVP is one in clear with two octets; otherwise None."""
        if not self.avps or not self.header.control:
            return None
        first = self.avps[0]
        if first.type != MESSAGE_TYPE or first.vendor or first.hidden or len(first.value) != 2:
            return None
        return first.value[0] << 8 | first.value[1]

    @property
    def is_zlb(self) -> bool:
        """Whether this is a control message with nothing behind its header (RFC 2661 5.8)."""
        if not self.header.control or self.avps or self.payload:
            return False
        if not self.trailing:
            return True
        length = self.header.length
        return length is not None and length <= self.header.size

    def offset_of(self, avp: int) -> int:
        """Where in the datagram the AVP of this index starts, in octets."""
        return self.header.size + sum(one.size for one in self.avps[:avp])


class DefectKind(StrEnum):
    """What may be wrong with the octets of a datagram, whatever they mean.

    `LENGTH_IN_HEADER`: Length ends within the header. `LENGTH_SHORT`: Length ends before the
    datagram does. `LENGTH_LONG`: Length ends beyond the datagram. `TRAILING_OCTETS`: one to five
    octets are left where an AVP should start. `MORE`: further defects are not listed.
    """

    HEADER_TRUNCATED = "header-truncated"
    VERSION = "version"
    RESERVED_HEADER_BITS = "reserved-header-bits"
    CONTROL_WITHOUT_LENGTH = "control-without-length"
    CONTROL_WITHOUT_SEQUENCE = "control-without-sequence"
    CONTROL_WITH_OFFSET = "control-with-offset"
    CONTROL_WITH_PRIORITY = "control-with-priority"
    LENGTH_IN_HEADER = "length-in-header"
    LENGTH_SHORT = "length-short"
    LENGTH_LONG = "length-long"
    OFFSET_BEYOND_END = "offset-beyond-end"
    AVP_LENGTH_SMALL = "avp-length-small"
    AVP_TRUNCATED = "avp-truncated"
    RESERVED_AVP_BITS = "reserved-avp-bits"
    TRAILING_OCTETS = "trailing-octets"
    MESSAGE_TYPE_NOT_FIRST = "message-type-not-first"
    MESSAGE_TYPE_HIDDEN = "message-type-hidden"
    MESSAGE_TYPE_LENGTH = "message-type-length"
    MORE = "more"


class Defect(NamedTuple):
    """One thing wrong with a datagram. `offset` is in octets from its start.

    `avp` is the index of the AVP that it concerns, None where it concerns none.
    """

    kind: DefectKind
    offset: int
    text: str
    avp: int | None = None


class Parsed(NamedTuple):
    """What a reader understood of `raw`. `packet` is None if even the header is cut short."""

    packet: Packet | None
    defects: tuple[Defect, ...]
    raw: bytes


def message(
    message_type: int,
    *avps: AVP,
    tunnel_id: int = 0,
    session_id: int = 0,
    ns: int = 0,
    nr: int = 0,
) -> Packet:
    """A well-formed control message: the Message Type AVP (RFC 2661 4.4.1), then `avps`.

    Raises ValueError if `message_type` is outside 0..65535; `build` looks at the other numbers.
    """
    if not 0 <= message_type <= 0xFFFF:
        raise ValueError(f"message_type is {message_type}, the field holds 0..65535")
    header = Header(tunnel_id=tunnel_id, session_id=session_id, ns=ns, nr=nr)
    return Packet(header, (AVP(MESSAGE_TYPE, message_type.to_bytes(2, "big")), *avps))


def zlb(tunnel_id: int, ns: int, nr: int, session_id: int = 0) -> Packet:
    """A Zero-Length Body message: an acknowledgement and nothing else (RFC 2661 5.8)."""
    return Packet(Header(tunnel_id=tunnel_id, session_id=session_id, ns=ns, nr=nr))
