"""Mutants that read but a part of a field, or of a message (4.1, 4.3, 4.4.1)."""

from __future__ import annotations

from typing import Final

from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.variant import Variant
from harness.wire import AVP, Packet, build, parse
from harness.wire.model import RANDOM_VECTOR

LOW: Final = 0xFF
LARGEST_ASSIGNED: Final = 39
SOME_AVPS: Final = 64
MORE_OCTETS: Final = 96
SOME_OCTETS: Final = 16
PROTOCOL_VERSION: Final = 2
SUPPORTED: Final = b"\x01\x00"


class Misreading(Variant):
    """A peer that takes the AVPs of what it receives for others."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and packet.header.control and packet.avps:
            avps = self.misread(packet.avps)
            if avps != packet.avps:
                data = build(self.shortened(packet, avps))
        super().receive(data, source, now)

    def shortened(self, packet: Packet, avps: tuple[AVP, ...]) -> Packet:
        """The packet with these AVPs, and the Length that goes with them."""
        length = packet.header.size + sum(avp.size for avp in avps)
        return packet._replace(avps=avps, header=packet.header._replace(length=length))

    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        """What it takes them for."""
        return avps


@mutant("RFC2661-4.1-14", "of a Vendor ID the low octet counts")
class VendorOfOneOctet(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return tuple(avp._replace(vendor=avp.vendor & LOW) for avp in avps)


@mutant("RFC2661-4.1-05", "of an Attribute Type the low octet counts")
class AttributeOfOneOctet(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return tuple(avp._replace(type=avp.type & LOW) for avp in avps)


@mutant("RFC2661-4.4.1-02", "of a Message Type the low octet counts")
class MessageTypeOfOneOctet(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        first = avps[0]
        if first.type or first.vendor or len(first.value) != 2:
            return avps
        return (first._replace(value=bytes((0, first.value[1]))), *avps[1:])


@mutant("RFC2661-4.1-14", "the Message Type may be that of any vendor")
class MessageTypeOfAnyVendor(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        first = avps[0]
        return avps if first.type else (first._replace(vendor=0), *avps[1:])


@mutant("RFC2661-4.1-05", "the first 64 AVPs of a message are read")
class SomeAvpsRead(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return avps[:SOME_AVPS]


@mutant("RFC2661-4.1-05", "behind an AVP that is ignored all that are unknown are ignored")
class FirstUnknownJudged(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        known = True
        out = []
        for avp in avps:
            strange = bool(avp.vendor) or avp.type > LARGEST_ASSIGNED
            out.append(avp if known or not strange else avp._replace(mandatory=False))
            known = known and not strange
        return tuple(out)


def _vectors_cut(avps: tuple[AVP, ...], octets: int) -> tuple[AVP, ...]:
    return tuple(
        avp._replace(value=avp.value[:octets])
        if avp.type == RANDOM_VECTOR and not avp.vendor and not avp.hidden
        else avp
        for avp in avps
    )


@mutant("RFC2661-4.3-12", "of a Random Vector the first 16 octets count")
class VectorOf16Octets(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return _vectors_cut(avps, SOME_OCTETS)


@mutant("RFC2661-4.4.1-04", "of a Random Vector the first 96 octets count")
class VectorOf96Octets(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return _vectors_cut(avps, MORE_OCTETS)


@mutant("RFC2661-4.4.2-04", "a Protocol Version with M = 0 is not compared")
class VersionWithoutMUnread(Misreading):
    def misread(self, avps: tuple[AVP, ...]) -> tuple[AVP, ...]:
        return tuple(
            avp._replace(value=SUPPORTED)
            if avp.type == PROTOCOL_VERSION and not avp.vendor and not avp.mandatory
            else avp
            for avp in avps
        )
