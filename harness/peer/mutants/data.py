"""Mutants of the data channel (5.3, 5.4): numbers, ids, and what is made of what arrives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.peer.call import CallEvent
from harness.peer.examine import Examined
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.variant import LAC, LNS, Variant, with_session
from harness.wire import Packet


@mutant("RFC2661-5.4-04", "data has no sequence numbers although they were required")
class DataWithoutNumbers(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        return (packet._replace(header=packet.header._replace(ns=None, nr=None)),)


class HeedsAnIccnOnly(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        if event is CallEvent.OCCN and examined is not None:
            values = {**examined.values}
            values.pop("sequencing_required", None)
            examined = replace(examined, values=values)
        super().handle(event, now, examined)


@mutant("RFC2661-5.4-04", "a Sequencing Required AVP in an OCCN is not heeded", roles=LNS)
class SequencingOfOccnUnread(with_session(HeedsAnIccnOnly)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.4-07", "data has sequence numbers although nobody began with them", roles=LAC)
class DataNumberedUnasked(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        if packet.header.ns is not None:
            return (packet,)
        self.sent = getattr(self, "sent", -1) + 1
        return (packet._replace(header=packet.header._replace(ns=self.sent, nr=0)),)


@mutant("RFC2661-5.4-01", "the sessions of a tunnel count their data together", roles=LNS)
class DataNumbersShared(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        if packet.header.ns is None:
            return (packet,)
        self.sent = getattr(self, "sent", 6) + 1
        return (packet._replace(header=packet.header._replace(ns=self.sent)),)


@mutant("RFC2661-5.3-03", "data goes to Session ID 0", roles=LNS)
class DataToSessionZero(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        return (packet._replace(header=packet.header._replace(session_id=0)),)


@mutant("RFC2661-5.3-02", "data that arrives is dropped", roles=LNS)
class DataDropped(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        self.data_messages += 1


@mutant("RFC2661-3.1-21", "data whose Nr is not 0 is dropped", roles=LNS)
class DataNrJudged(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        if not packet.header.nr:
            super().take_data(packet, source, now)


@mutant("RFC2661-3.1-22", "data with an Offset Size is dropped", roles=LNS)
class DataOffsetRefused(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        if not packet.header.offset_size:
            super().take_data(packet, source, now)


@mutant("RFC2661-5.4-02", "after one lost data message none is delivered any more", roles=LNS)
class DataStopsAtGap(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        ns = packet.header.ns
        key = (packet.header.tunnel_id, packet.header.session_id)
        expected: dict[tuple[int, int], int] = self.__dict__.setdefault("expected", {})
        if ns is not None:
            if ns != expected.get(key, ns):
                return
            expected[key] = (ns + 1) % 65536
        super().take_data(packet, source, now)
