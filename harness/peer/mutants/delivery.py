"""Mutants of the reliable channel: acknowledgement, order, windows, retransmission (5.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.peer.channel import HALF, Arrival, Channel, RetransmitPolicy, after
from harness.peer.message_types import HELLO
from harness.peer.mutants.base import mutant
from harness.peer.mutants.edits import on_messages
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant, with_channel, with_tunnel
from harness.wire import Packet, zlb


class DeafToDuplicates(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        due = self.ack_due
        arrival, ready = super().receive(packet)
        if arrival is Arrival.DUPLICATE:
            self.ack_due = due
        return arrival, ready


@mutant("RFC2661-5.8-06", "a duplicate is not acknowledged")
class DuplicateNotAcknowledged(with_channel(DeafToDuplicates)):  # type: ignore[misc]
    pass


class Twice(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        return arrival, [packet] if arrival is Arrival.DUPLICATE else ready


@mutant("RFC2661-5.8-05", "a duplicate is processed again")
class DuplicateProcessed(with_channel(Twice)):  # type: ignore[misc]
    pass


class NoWrap(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        ns = packet.header.ns or 0
        if not packet.is_zlb and ns > self.nr:
            return Arrival.AHEAD, []
        return super().receive(packet)


@mutant("RFC2661-5.8-04", "an old Ns across the wrap counts as one of the future")
class OldNumbersWithoutModulo(with_channel(NoWrap)):  # type: ignore[misc]
    pass


class OneTooFar(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb and after(packet.header.ns or 0, self.nr) == HALF:
            return Arrival.AHEAD, []
        return super().receive(packet)


@mutant("RFC2661-5.8-04", "the oldest of the old Ns counts as one of the future")
class OldestNumberIsAhead(with_channel(OneTooFar)):  # type: ignore[misc]
    pass


class AnswersZlb(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        result = super().receive(packet)
        if packet.is_zlb:
            self.ack_due = True
        return result


@mutant("RFC2661-5.8-37", "a ZLB is acknowledged")
class ZlbAcknowledged(with_channel(AnswersZlb)):  # type: ignore[misc]
    def alter(self, packet: Packet) -> Iterable[Packet]:
        # Two of them would never come to an end; one answer in a thousand is lost
        self.answers = getattr(self, "answers", 0) + 1
        return () if self.answers % 1000 == 0 else (packet,)


class CountsZlb(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        result = super().receive(packet)
        if packet.is_zlb and packet.header.ns == self.nr:
            self.nr = (self.nr + 1) % 65536
        return result


@mutant("RFC2661-5.8-12", "Nr moves on for a received ZLB")
class ZlbMovesNr(with_channel(CountsZlb)):  # type: ignore[misc]
    pass


class SpendsOnZlb(Channel):
    def poll(self, now: float) -> list[Packet]:
        out = super().poll(now)
        if any(packet.is_zlb for packet in out):
            self.take_slot()
        return out


@mutant("RFC2661-5.8-08", "a ZLB takes a sequence number")
class ZlbTakesNumber(with_channel(SpendsOnZlb)):  # type: ignore[misc]
    pass


class Impatient(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        ns = packet.header.ns or 0
        if not packet.is_zlb and 0 < after(ns, self.nr) < 32768:
            self.nr = ns
        return super().receive(packet)


@mutant("RFC2661-5.8-13", "a message is processed although one before it is missing")
class OutOfOrderProcessed(with_channel(Impatient)):  # type: ignore[misc]
    pass


class Never(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        result = super().receive(packet)
        self.ack_due = False
        return result


@mutant("RFC2661-5.7-03", "what is not answered is never acknowledged", broad=True)
class NeverAcknowledges(with_channel(Never)):  # type: ignore[misc]
    pass


class DeafToHello(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        if packet.message_type != HELLO:
            super().receive(packet, now)


@mutant("RFC2661-6.5-03", "a HELLO is not acknowledged", broad=True)
class HelloUnacknowledged(with_tunnel(DeafToHello)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-35", "an acknowledgement comes two seconds late")
class AcknowledgesLate(Variant):
    def transmit(self, packet: Packet, to: Address) -> None:
        if not packet.is_zlb:
            super().transmit(packet, to)
            return
        import asyncio  # the delay is the defect; only this mutant needs a clock

        asyncio.get_running_loop().call_later(2.0, self._late, packet, to)

    def _late(self, packet: Packet, to: Address) -> None:
        super().transmit(packet, to)


class Reckless(Channel):
    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(64)
        self.slow_start = False


@mutant("RFC2661-5.8-29", "the peer's window is not observed", broad=True)
class WindowIgnored(with_channel(Reckless)):  # type: ignore[misc]
    pass


class StaleNr(Channel):
    def poll(self, now: float) -> list[Packet]:
        seen: dict[int, int] = self.__dict__.setdefault("seen", {})
        out = []
        for packet in super().poll(now):
            header = packet.header
            if not packet.is_zlb and header.ns is not None and header.nr is not None:
                header = header._replace(nr=seen.setdefault(header.ns, header.nr))
            out.append(packet._replace(header=header))
        return out


@mutant("RFC2661-5.8-19", "a retransmission has the Nr of the original")
class RetransmissionWithOldNr(with_channel(StaleNr)):  # type: ignore[misc]
    pass


class FreshNs(Channel):
    def poll(self, now: float) -> list[Packet]:
        sent: set[int] = self.__dict__.setdefault("sent", set())
        out = []
        for packet in super().poll(now):
            header = packet.header
            if not packet.is_zlb and header.ns in sent:
                header = header._replace(ns=self.ns)
            elif not packet.is_zlb and header.ns is not None:
                sent.add(header.ns)
            out.append(packet._replace(header=header))
        return out


@mutant("RFC2661-5.8-18", "a retransmission has a new Ns")
class RetransmissionWithNewNs(with_channel(FreshNs)):  # type: ignore[misc]
    pass


@dataclass(frozen=True, slots=True)
class Constant(RetransmitPolicy):
    def interval(self, transmissions: int) -> float:
        return self.first


@dataclass(frozen=True, slots=True)
class Tripling(RetransmitPolicy):
    def interval(self, transmissions: int) -> float:
        return self.first * 3.0 ** (min(transmissions, 16) - 1)


def with_policy(policy: RetransmitPolicy) -> type[Variant]:
    """A reference peer with another retransmission schedule."""

    class Scheduled(Variant):
        def make_channel(self) -> Channel:
            channel = super().make_channel()
            channel.policy = policy
            return channel

    return Scheduled


@mutant("RFC2661-5.8-20", "the retransmission interval does not grow")
class ConstantInterval(with_policy(Constant(1.0, 8.0, 5))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-21", "the retransmission interval triples")
class TriplingInterval(with_policy(Tripling(1.0, 8.0, 4))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-23", "the cap on the retransmission interval is 4 seconds")
class LowCap(with_policy(RetransmitPolicy(1.0, 4.0, 7))):  # type: ignore[misc]
    pass


@mutant(
    "RFC2661-5.8-17",
    "the first retransmission comes after a quarter of a second",
    equivalent="when the first copy comes is worth a note only (P-14)",
    broad=True,
)
class FirstTooSoon(with_policy(RetransmitPolicy(0.25, 8.0, 7))):  # type: ignore[misc]
    pass


@mutant(
    "RFC2661-5.8-24",
    "a message is given up only after 11 retransmissions",
    equivalent="how many copies there are is worth a note only (P-17)",
    broad=True,
)
class GivesUpLate(with_policy(RetransmitPolicy(1.0, 8.0, 11))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-17", "the first retransmission comes after 6 seconds", broad=True)
class FirstTooLate(with_policy(RetransmitPolicy(6.0, 24.0, 5))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-16", "nothing is ever sent again")
class NeverRetransmits(with_policy(RetransmitPolicy(10_000.0, 10_000.0, 1))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-26", "retransmission goes on for ever")
class NeverGivesUp(with_policy(RetransmitPolicy(1.0, 8.0, 1_000_000))):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-15", "a retransmission differs in an AVP")
class RetransmissionAltered(Variant):
    def alter(self, packet: Packet) -> Iterable[Packet]:
        sent: set[tuple[int, int | None]] = self.__dict__.setdefault("sent", set())
        key = (packet.header.tunnel_id, packet.header.ns)
        if packet.is_zlb or key not in sent:
            sent.add(key)
            return (packet,)

        def last_letter(one: Packet) -> Packet:
            avps: list[Any] = list(one.avps)
            avps[-1] = avps[-1]._replace(value=avps[-1].value[:-1] + b"\x7e")
            return one._replace(avps=tuple(avps))

        return (on_messages(last_letter)(packet),)


@mutant("RFC2661-5.8-10", "a ZLB acknowledges one message less than has come")
class ZlbAcknowledgesTooLittle(Variant):
    def alter(self, packet: Packet) -> Iterable[Packet]:
        header = packet.header
        if packet.is_zlb and header.nr:
            return (zlb(header.tunnel_id, header.ns or 0, header.nr - 1),)
        return (packet,)


class NarrowSender(Channel):
    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(min(window, 2))


@mutant("RFC2661-5.8-31", "no more than two messages are ever under way")
class UsesHalfTheWindow(with_channel(NarrowSender)):  # type: ignore[misc]
    def make_channel(self) -> Channel:
        channel: Channel = super().make_channel()
        channel.set_peer_window(2)
        return channel


class HoldsBack(Channel):
    def poll(self, now: float) -> list[Packet]:
        due = self.ack_due
        self.ack_due = due and not self.outstanding
        out = super().poll(now)
        self.ack_due = due and not out
        return out


@mutant("RFC2661-5.8-35", "nothing is acknowledged while own messages are unacknowledged")
class AcknowledgesWhenIdle(with_channel(HoldsBack)):  # type: ignore[misc]
    pass


class IgnoresZlb(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        return (Arrival.ZLB, []) if packet.is_zlb else super().receive(packet)


@mutant("RFC2661-5.8-11", "a ZLB acknowledges nothing")
class ZlbIgnored(with_channel(IgnoresZlb)):  # type: ignore[misc]
    pass


class IgnoresOthers(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb:
            header = packet.header._replace(nr=self.oldest_unacknowledged)
            arrival, ready = super().receive(packet._replace(header=header))
            return arrival, [packet if one.header is header else one for one in ready]
        return super().receive(packet)


@mutant("RFC2661-5.8-15", "only a ZLB acknowledges what was sent", roles=LNS)
class PiggybackIgnored(with_channel(IgnoresOthers)):  # type: ignore[misc]
    pass


class AllAtOnce(Channel):
    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(window)
        self.slow_start = False


@mutant(
    "RFC2661-A-01",
    "the whole window of the peer is used from the start",
    equivalent="slow start is recommended only: to do without is a note (P-13)",
)
class NoSlowStart(with_channel(AllAtOnce)):  # type: ignore[misc]
    pass
