"""Mutants in what is made of headers that are not as they must be (3.1, 7.1)."""

from __future__ import annotations

from typing import Final

from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import Variant
from harness.wire import Packet, build, parse

HEADER: Final = 12
"""Octets of the header of a control message."""

AS_THEY_ARE: Final = b"\xc8\x02"
"""The first two octets of every control message."""


class Mending(Variant):
    """A peer that puts a datagram right before it reads it."""

    def mend(self, packet: Packet, data: bytes) -> Packet | None:
        """The packet as it should have been; None to leave it as it is."""
        raise NotImplementedError

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and packet.header.control:
            mended = self.mend(packet, data)
            if mended is not None:
                data = build(mended)
        super().receive(data, source, now)

    def expected(self, packet: Packet) -> tuple[int, int]:
        """The Ns and Nr that would be right now."""
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        return (tunnel.channel.nr, tunnel.channel.ns) if tunnel is not None else (0, 0)


@mutant("RFC2661-7.1-06", "control messages without a Length are processed", broad=True)
class AcceptsWithoutLength(Mending):
    def mend(self, packet: Packet, data: bytes) -> Packet | None:
        if packet.header.length is not None:
            return None
        return packet._replace(header=packet.header._replace(length=len(data) + 2))


@mutant("RFC2661-7.1-06", "control messages without Ns and Nr are processed", broad=True)
class AcceptsWithoutNumbers(Mending):
    def mend(self, packet: Packet, data: bytes) -> Packet | None:
        header = packet.header
        if header.ns is not None:
            return None
        ns, nr = self.expected(packet)
        length = None if header.length is None else header.length + 4
        return packet._replace(header=header._replace(ns=ns, nr=nr, length=length))


@mutant("RFC2661-7.1-06", "the Length of a control message is not looked at", broad=True)
class LengthIgnored(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if len(data) >= 12 and data[0] & 0xC0 == 0xC0:
            data = data[:2] + len(data).to_bytes(2, "big") + data[4:]
        super().receive(data, source, now)


class MindsDiscarded(Variant):
    """What should be discarded does something to the open tunnels of whoever sent it."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        super().receive(data, source, now)
        if packet is not None and self.acceptable_header(packet, len(data)):
            return
        for tunnel in list(self.tunnels.values()):
            if tunnel.address == source and tunnel.phase is Phase.OPEN:
                self.mind(tunnel, now)

    def mind(self, tunnel: Tunnel, now: float) -> None:
        """What is done to a tunnel."""
        raise NotImplementedError


@mutant("RFC2661-7.1-06", "what is discarded is acknowledged all the same", broad=True)
class AcknowledgesDiscarded(MindsDiscarded):
    def mind(self, tunnel: Tunnel, now: float) -> None:
        tunnel.channel.nr = (tunnel.channel.nr + 1) % 65536
        tunnel.channel.ack_due = True
        tunnel.flush(now)


@mutant("RFC2661-7.1-06", "what should be discarded ends the tunnel", broad=True)
class ClosesOnDiscarded(MindsDiscarded):
    def mind(self, tunnel: Tunnel, now: float) -> None:
        tunnel.close(None, now)


@mutant("RFC2661-3.1-15", "a message for a tunnel that does not exist is taken for any", broad=True)
class AnyTunnelWillDo(Mending):
    def mend(self, packet: Packet, data: bytes) -> Packet | None:
        known = next(iter(self.tunnels), 0)
        strange = packet.header.tunnel_id not in self.tunnels
        if not strange or not known or packet.message_type == 1:
            return None
        return packet._replace(header=packet.header._replace(tunnel_id=known))


@mutant("RFC2661-7.1-06", "what comes for tunnel 0 is a control message, whatever its flags say")
class FlagsUnread(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if len(data) > HEADER and data[4:6] == bytes(2):
            data = AS_THEY_ARE + data[2:]
        super().receive(data, source, now)
