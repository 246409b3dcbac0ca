"""The same packets as scapy layers: its own L2TP header, and AVPs made of scapy fields."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from scapy.fields import BitField, PacketListField, ShortField, StrLenField
from scapy.layers.l2tp import L2TP
from scapy.packet import Packet as ScapyPacket

from harness.wire import Packet

CONTROL_FLAGS: Final = "control+length+sequence"


class ScapyAVP(ScapyPacket):
    """An AVP (RFC 2661 4.1)."""

    name = "L2TP AVP"
    fields_desc: ClassVar[list[Any]] = [
        BitField("mandatory", 1, 1),
        BitField("hidden", 0, 1),
        BitField("reserved", 0, 4),
        BitField("length", 6, 10),
        ShortField("vendor", 0),
        ShortField("type", 0),
        StrLenField("value", b"", length_from=lambda avp: avp.length - 6),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """What follows belongs to the next AVP."""
        return b"", s


class ScapyAVPs(ScapyPacket):
    """The AVPs of a control message."""

    name = "L2TP AVPs"
    fields_desc: ClassVar[list[Any]] = [PacketListField("avps", [], ScapyAVP)]


class ScapyControl(L2TP):
    """scapy's L2TP header, with AVPs behind it where scapy itself has none."""

    name = "L2TP control message"

    def guess_payload_class(self, payload: bytes) -> Any:
        """AVPs follow a control header."""
        return ScapyAVPs


def scapy_packet(packet: Packet) -> Any:
    """The packet as scapy layers, ready to be built."""
    header = packet.header
    avps = [
        ScapyAVP(
            mandatory=int(avp.mandatory),
            hidden=int(avp.hidden),
            length=avp.size,
            vendor=avp.vendor,
            type=avp.type,
            value=avp.value,
        )
        for avp in packet.avps
    ]
    return ScapyControl(
        hdr=CONTROL_FLAGS,
        tunnel_id=header.tunnel_id,
        session_id=header.session_id,
        ns=header.ns,
        nr=header.nr,
    ) / ScapyAVPs(avps=avps)
