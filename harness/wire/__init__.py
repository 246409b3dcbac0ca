"""The L2TPv2 wire format of RFC 2661: octets to values and back, without state or I/O.

Building can say anything, right or wrong; parsing takes anything and says what is wrong.
"""

from __future__ import annotations

from harness.wire.digest import challenge_response
from harness.wire.fields import Field, FieldKind, Value, decode_value, encode_value
from harness.wire.hiding import hide, hide_avp, reveal, unhide
from harness.wire.packet import (
    AUTO,
    AVP,
    Defect,
    DefectKind,
    Header,
    Packet,
    Parsed,
    build,
    message,
    parse,
    zlb,
)

__all__ = [
    "AUTO",
    "AVP",
    "Defect",
    "DefectKind",
    "Field",
    "FieldKind",
    "Header",
    "Packet",
    "Parsed",
    "Value",
    "build",
    "challenge_response",
    "decode_value",
    "encode_value",
    "hide",
    "hide_avp",
    "message",
    "parse",
    "reveal",
    "unhide",
    "zlb",
]
