"""Lawful variants by what they make of a peer that does what it must not, or need not do."""

from __future__ import annotations

from dataclasses import replace

from harness.peer.channel import Channel
from harness.peer.examine import OUT_OF_RANGE, UNKNOWN_MANDATORY_AVP, Examined, Fault
from harness.peer.lawful.base import lawful
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import Variant, with_channel, with_tunnel
from harness.wire import Packet, parse

RANDOM_VECTOR = 36
LONGEST = 1000
"""Octets of a value that such a device has room for."""


class Particular(Tunnel):
    """A known AVP in a message that does not list it is none that is recognized there."""

    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        message = examined.message
        if message is None or examined.fault is not None:
            return examined
        specification = self.endpoint.specification
        listed = {*message.mandatory, *message.optional}
        for avp in packet.avps[1:]:
            spec = specification.avp(avp.type, avp.vendor)
            foreign = spec is not None and spec.name not in listed and avp.type != RANDOM_VECTOR
            if foreign and avp.mandatory:
                text = f"attribute {avp.type} does not belong into {message.name}"
                return replace(examined, fault=Fault(UNKNOWN_MANDATORY_AVP, text))
        return examined


@lawful("P-50", "a known AVP with M = 1 is refused in a message that does not list it")
class RefusesForeignAvps(with_tunnel(Particular)):  # type: ignore[misc]
    pass


class Narrow(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        long = any(len(avp.value) > LONGEST and avp.mandatory for avp in packet.avps)
        if long and examined.fault is None:
            return replace(examined, fault=Fault(OUT_OF_RANGE, "a value is longer than the room"))
        return examined


@lawful("P-47 P-55", "values of more than 1,000 octets are refused")
class RefusesTheLongestValues(with_tunnel(Narrow)):  # type: ignore[misc]
    pass


class ExactlyAsLong(Variant):
    """What stands behind the Length of a control message makes it a datagram to discard."""

    def acceptable_header(self, packet: Packet, size: int) -> bool:
        header = packet.header
        exact = not header.control or header.length == size
        return exact and super().acceptable_header(packet, size)


@lawful("P-60", "a control message is discarded if octets stand behind its Length")
class DiscardsLongDatagrams(ExactlyAsLong):
    pass


class Overlooking(Variant):
    """O and P of a control message, which must be 0, are not looked at."""

    def acceptable_header(self, packet: Packet, size: int) -> bool:
        header = packet.header
        if header.control:
            packet = packet._replace(header=header._replace(priority=False, offset_size=None))
        return super().acceptable_header(packet, size)


@lawful("P-59", "a control message is taken whatever its O and P bits say")
class OverlooksOffsetAndPriority(Overlooking):
    pass


class Global(Variant):
    """A message about the tunnel with a Session ID, which must be 0, is none."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        number = packet.message_type if packet is not None else None
        message = self.specification.message(number) if number is not None else None
        stray = message is not None and message.scope == "tunnel" and packet is not None
        if not (stray and packet is not None and packet.header.session_id):
            super().receive(data, source, now)


@lawful("P-39", "a message about the tunnel is discarded if it has a Session ID")
class DiscardsSessionIdsOfTunnelMessages(Global):
    pass


class OfASession(Channel):
    def poll(self, now: float) -> list[Packet]:
        return [
            packet._replace(header=packet.header._replace(session_id=1))
            if packet.is_zlb
            else packet
            for packet in super().poll(now)
        ]


@lawful("P-9", "its ZLBs have a Session ID")
class ZlbWithASessionId(with_channel(OfASession)):  # type: ignore[misc]
    pass
