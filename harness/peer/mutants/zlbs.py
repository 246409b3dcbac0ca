"""Mutants in what a ZLB does beside acknowledging, and an Nr of what was never sent (5.8)."""

from __future__ import annotations

from harness.peer.channel import HALF, MODULUS, Arrival, Channel, after
from harness.peer.mutants.base import mutant
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LNS, with_channel, with_tunnel
from harness.wire import Packet


class Confused(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        header = packet.header
        unknown = bool(header.session_id) and header.session_id not in self.sessions
        if packet.is_zlb and unknown and header.ns == self.channel.nr:
            self.channel.nr = (self.channel.nr + 1) % MODULUS
        super().receive(packet, now)


@mutant("RFC2661-5.8-12", "Nr moves on for a ZLB with the Session ID of no call")
class ZlbOfNoCallMovesNr(with_tunnel(Confused)):  # type: ignore[misc]
    pass


class StillAnswering(Tunnel):
    stray: bool = False

    def receive(self, packet: Packet, now: float) -> None:
        session_id = packet.header.session_id
        if not packet.is_zlb:
            self.stray = bool(session_id) and session_id not in self.sessions
        elif self.stray and self.phase is Phase.OPEN and packet.header.ns != self.channel.nr:
            self.stray = False
            self.channel.ack_due = True
        super().receive(packet, now)


@mutant("RFC2661-5.8-37", "a ZLB out of turn is acknowledged behind a message about no call")
class ZlbBehindStrayMessage(with_tunnel(StillAnswering)):  # type: ignore[misc]
    pass


class Pedantic(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if packet.is_zlb and 0 < after(packet.header.ns or 0, self.nr) < HALF:
            return Arrival.ZLB, []
        return super().receive(packet)


@mutant("RFC2661-5.8-11", "the Nr of a ZLB whose Ns is ahead is ignored", roles=LNS)
class ZlbAheadIgnored(with_channel(Pedantic)):  # type: ignore[misc]
    pass


class Credulous(Channel):
    """Holds what it sends next for acknowledged, if the last Nr was beyond it."""

    believed: int | None = None

    def take_acknowledgement(self, nr: int) -> None:
        self.believed = nr if 0 < after(nr, self.ns) < HALF else None
        super().take_acknowledgement(nr)

    def poll(self, now: float) -> list[Packet]:
        packets = super().poll(now)
        if self.believed is None:
            return packets
        sent = [one for one in packets if one.is_zlb or self._is_news(one.header.ns or 0)]
        while self.outstanding and not self._is_news(self.outstanding[0].ns):
            self.outstanding.popleft()
        return sent

    def _is_news(self, ns: int) -> bool:
        return self.believed is None or after(ns, self.believed) < HALF


@mutant("RFC2661-5.8-15", "what an Nr acknowledges that is not sent yet is never sent")
class AcknowledgedBeforeSent(with_channel(Credulous)):  # type: ignore[misc]
    pass
