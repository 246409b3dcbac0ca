"""Mutants in what is made of data messages that arrive, and of how they are counted (3.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.peer.data import DataChannel
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.variant import LAC, LNS, Variant
from harness.wire import Packet
from harness.wire.model import RESERVED_HEADER_BITS

VERSION_2: Final = 2


@mutant("RFC2661-3.1-13", "data messages of any version are taken")
class DataOfAnyVersion(Variant):
    def acceptable_header(self, packet: Packet, size: int) -> bool:
        if not packet.header.control:
            packet = packet._replace(header=packet.header._replace(version=VERSION_2))
        return super().acceptable_header(packet, size)


@mutant("RFC2661-3.1-06", "data messages with reserved bits are dropped")
class DataReservedBitsRefused(Variant):
    def acceptable_header(self, packet: Packet, size: int) -> bool:
        odd = not packet.header.control and packet.header.reserved & RESERVED_HEADER_BITS
        return not odd and super().acceptable_header(packet, size)


@mutant("RFC2661-5.3-03", "data is taken by its Session ID alone")
class DataBySessionAlone(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        for tunnel in self.tunnels.values():
            if packet.header.session_id in tunnel.sessions:
                header = packet.header._replace(tunnel_id=tunnel.local_id)
                packet = packet._replace(header=header)
        super().take_data(packet, source, now)


@mutant("RFC2661-3.1-19", "every data message has the Ns 0", roles=LNS)
class DataNumberStuck(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        if packet.header.ns is None:
            return (packet,)
        return (packet._replace(header=packet.header._replace(ns=0)),)


@mutant("RFC2661-5.4-01", "all calls of a LAC count their data together", roles=LAC)
class DataNumbersSharedByLac(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        if packet.header.ns is None:
            return (packet,)
        self.sent = getattr(self, "sent", -1) + 1
        return (packet._replace(header=packet.header._replace(ns=self.sent)),)


class _Counting(Session):
    """A session with another data channel."""

    channel: type[DataChannel] = DataChannel

    def begin_data(self) -> None:
        super().begin_data()
        made = self.data
        if made is not None:
            parts = (made.required, made.follows, made.numbered, made.ns, made.expected)
            self.data = self.channel(*parts)


class _Straight(DataChannel):
    def unwrap(self, packet: Packet) -> bytes | None:
        late = packet.header.ns is not None and packet.header.ns < self.expected
        return None if late else super().unwrap(packet)


class _Persuaded(DataChannel):
    def unwrap(self, packet: Packet) -> bytes | None:
        if packet.header.ns is None:
            self.required = False
        return super().unwrap(packet)


@mutant("RFC2661-3.1-19", "data is late when its number is lower, be it behind 65535")
class DataEndsAtTheLastNumber(Variant):
    class session_type(_Counting):  # noqa: N801 -- the name of the attribute
        channel = _Straight


@mutant("RFC2661-5.4-04", "data without a number ends the numbering that was required", roles=LNS)
class DataNumbersGivenUp(Variant):
    class session_type(_Counting):  # noqa: N801 -- the name of the attribute
        channel = _Persuaded
