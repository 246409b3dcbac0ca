"""Mutants of the reliable channel that show with the second loss, copy or tunnel only (5.8)."""

from __future__ import annotations

from typing import Any

from harness.peer.channel import HALF, Arrival, Channel, Outstanding, after
from harness.peer.control_connection import Event, State
from harness.peer.examine import Examined
from harness.peer.message_types import CDN, HELLO, ICRP, OCRP, STOPCCN
from harness.peer.mutants.base import mutant
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LNS, Variant, with_channel, with_tunnel
from harness.wire import Packet


class AddsUp(Channel):
    retransmitted: int = 0

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        self.retransmitted += sent.transmissions > 0
        if self.retransmitted > self.policy.limit:
            self.give_up()
        return super().transmit(sent, now)


@mutant("RFC2661-5.8-26", "retransmissions of all messages are added up, and six end the tunnel")
class LossesAddedUp(with_channel(AddsUp)):  # type: ignore[misc]
    pass


class FreshOnce(Channel):
    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.second: dict[int, int | None] = {}

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        if sent.transmissions < 3:
            self.second[sent.ns] = packet.header.nr
        return packet._replace(header=packet.header._replace(nr=self.second[sent.ns]))


@mutant("RFC2661-5.8-19", "further retransmissions have the Nr of the first one")
class NrFreshOnce(with_channel(FreshOnce)):  # type: ignore[misc]
    pass


class Credited(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        before = len(self.outstanding)
        arrival, ready = super().receive(packet)
        if arrival is Arrival.ZLB and before and len(self.outstanding) == before:
            self.peer_window += 1
            self._congestion_window += 1
        return arrival, ready


@mutant("RFC2661-5.8-29", "a ZLB that acknowledges nothing makes room for one message more")
class AnyZlbWidens(with_channel(Credited)):  # type: ignore[misc]
    pass


class CreditedByCopies(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        if arrival is Arrival.DUPLICATE and self.outstanding:
            self.peer_window += 1
            self._congestion_window += 1
        return arrival, ready


@mutant("RFC2661-5.8-29", "a duplicate makes room for one message more than the window holds")
class DuplicateWidens(with_channel(CreditedByCopies)):  # type: ignore[misc]
    pass


class FirstWindow(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        window = self.endpoint.__dict__.setdefault("window", self.channel.peer_window)
        self.channel.set_peer_window(window)


@mutant("RFC2661-5.8-29", "the window of the first peer is that of all tunnels", roles=LNS)
class FirstWindowForAll(with_tunnel(FirstWindow)):  # type: ignore[misc]
    pass


class AcknowledgedOnce(Channel):
    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.copies: set[int] = set()

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        due = self.ack_due
        arrival, ready = super().receive(packet)
        ns = packet.header.ns or 0
        if arrival is Arrival.DUPLICATE and ns in self.copies:
            self.ack_due = due
        elif arrival is Arrival.DUPLICATE:
            self.copies.add(ns)
        return arrival, ready


@mutant("RFC2661-5.8-06", "the second copy of a message is not acknowledged any more")
class DuplicateAcknowledgedOnce(with_channel(AcknowledgedOnce)):  # type: ignore[misc]
    pass


class KeepsEach(Channel):
    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.again: list[Packet] = []

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb and packet.header.ns in self.early:
            self.again.append(packet)
        arrival, ready = super().receive(packet)
        numbers = {one.header.ns for one in ready}
        copies = [one for one in self.again if one.header.ns in numbers]
        self.again = [one for one in self.again if one not in copies]
        return arrival, ready + copies


@mutant("RFC2661-5.8-05", "what comes twice before its turn is processed twice")
class EarlyDuplicateProcessed(with_channel(KeepsEach)):  # type: ignore[misc]
    pass


def is_early(tunnel: Tunnel, packet: Packet) -> bool:
    """Whether a message comes before its turn."""
    ahead = after(packet.header.ns or 0, tunnel.channel.nr)
    return not packet.is_zlb and 0 < ahead < HALF


class EndsAtOnce(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        if self.phase is Phase.OPEN and packet.message_type == CDN and is_early(self, packet):
            self.handle(packet, now)
        super().receive(packet, now)


@mutant("RFC2661-5.8-13", "a CDN ends its call before its turn")
class EndsOutOfTurn(with_tunnel(EndsAtOnce)):  # type: ignore[misc]
    pass


class EndsWithAny(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        if self.phase is Phase.OPEN and packet.message_type == STOPCCN and is_early(self, packet):
            self.event(Event.STOPCCN, now)
        super().receive(packet, now)


@mutant("RFC2661-5.8-13", "a StopCCN ends the tunnel before its turn")
class StopsOutOfTurn(with_tunnel(EndsWithAny)):  # type: ignore[misc]
    pass


class Flustered(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        if self.state is State.WAIT_CTL_CONN and is_early(self, packet):
            self.vanish()
        else:
            super().receive(packet, now)


@mutant("RFC2661-5.8-13", "what overtakes the SCCCN ends the tunnel")
class ForgetsWhoIsOvertaken(with_tunnel(Flustered)):  # type: ignore[misc]
    pass


class NeedsScccn(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        if not (packet.is_zlb and self.state is State.WAIT_CTL_CONN):
            super().receive(packet, now)


@mutant("RFC2661-5.8-11", "an SCCRP is acknowledged by the SCCCN only, not by a ZLB")
class SccrpNeedsScccn(with_tunnel(NeedsScccn)):  # type: ignore[misc]
    pass


class Forgiving(Tunnel):
    def flush(self, now: float) -> None:
        waiting = self.channel.outstanding
        if waiting and waiting[0].packet.message_type in {ICRP, OCRP}:
            tries = waiting[0].transmissions
            if tries > self.channel.policy.limit and waiting[0].deadline <= now:
                waiting.popleft()
        super().flush(now)


@mutant("RFC2661-5.8-26", "who does not acknowledge an ICRP or OCRP keeps the tunnel")
class ReplyNeverMinded(with_tunnel(Forgiving)):  # type: ignore[misc]
    pass


# -- after the end ---------------------------------------------------------------------------


def is_next(tunnel: Tunnel, packet: Packet) -> bool:
    """Whether a message comes in its turn."""
    return not packet.is_zlb and packet.header.ns == tunnel.channel.nr


class DeafWhenClosed(Tunnel):
    """A tunnel that this side has closed is deaf to a message that comes in its turn."""

    unheard: int | None = None

    def receive(self, packet: Packet, now: float) -> None:
        deaf = self.phase is Phase.CLOSING and is_next(self, packet)
        if deaf and packet.message_type == self.unheard:
            self.channel.take_acknowledgement(packet.header.nr or 0)
        else:
            super().receive(packet, now)


@mutant("RFC2661-5.7-03", "a StopCCN that crosses the peer's own is not acknowledged")
class CrossingStopccnUnacknowledged(Variant):
    class tunnel_type(DeafWhenClosed):  # noqa: N801 -- the name of the attribute
        unheard = STOPCCN


@mutant("RFC2661-5.8-27", "what crosses a StopCCN on its way is not acknowledged")
class CrossingHelloUnacknowledged(Variant):
    class tunnel_type(DeafWhenClosed):  # noqa: N801 -- the name of the attribute
        unheard = HELLO


class OneCopy(Tunnel):
    stopped: int = 0

    def receive(self, packet: Packet, now: float) -> None:
        super().receive(packet, now)
        self.stopped += packet.message_type == STOPCCN
        if self.phase is Phase.CLOSING and self.stopped > 1 and self.channel.idle:
            self.vanish()


@mutant("RFC2661-5.7-04", "with the first copy of a StopCCN its tunnel is forgotten")
class LingersForOneCopy(with_tunnel(OneCopy)):  # type: ignore[misc]
    pass


class KeepsQueue(Tunnel):
    def event(self, event: Event, now: float) -> None:
        waiting, outstanding = self.channel.waiting.copy(), self.channel.outstanding.copy()
        super().event(event, now)
        if event is Event.STOPCCN:
            self.channel.waiting, self.channel.outstanding = waiting, outstanding


@mutant("RFC2661-6.4-01", "what waits for the peer's window goes out after its StopCCN", roles=LNS)
class QueueOutlivesStopccn(with_tunnel(KeepsQueue)):  # type: ignore[misc]
    pass
