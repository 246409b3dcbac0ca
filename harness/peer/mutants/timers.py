"""Mutants in what is sent again while there is something else to do: news, an end (5.8)."""

from __future__ import annotations

from harness.peer.channel import Arrival, Channel, Outstanding
from harness.peer.message_types import ICRP, STOPCCN
from harness.peer.mutants.base import mutant
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, with_channel, with_tunnel
from harness.wire import Packet


class OneTimer(Channel):
    """Has one timer, which begins anew with each new message."""

    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(window)
        self.slow_start = False

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        news = sent.transmissions == 0
        packet = super().transmit(sent, now)
        if news:
            for one in self.outstanding:
                one.deadline = now + self.policy.interval(one.transmissions)
        return packet


@mutant("RFC2661-5.8-16", "each new message puts off what is to be sent again", roles=LNS)
class NewsPutsOff(with_channel(OneTimer)):  # type: ignore[misc]
    pass


class OneSchedule(OneTimer):
    """Has one timer and one count for all messages."""

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        news = sent.transmissions == 0
        packet = super().transmit(sent, now)
        if news:
            for one in self.outstanding:
                one.transmissions = 1
                one.deadline = now + self.policy.interval(1)
        return packet


@mutant("RFC2661-5.8-20", "each new message begins the schedule of all anew", roles=LNS)
class NewsBeginsAnew(with_channel(OneSchedule)):  # type: ignore[misc]
    pass


class Contented(Channel):
    """Holds its StopCCN for acknowledged by what acknowledged the message before."""

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if packet.is_zlb and self.outstanding and packet.header.nr == self.outstanding[0].ns:
            self.outstanding[0].deadline += self._patience(self.outstanding[0])
        return super().receive(packet)

    @staticmethod
    def _patience(sent: Outstanding) -> float:
        return NEVER if sent.packet.message_type == STOPCCN else 0.0


NEVER = 1e7
"""Seconds."""


@mutant("RFC2661-5.8-27", "an Nr from before a StopCCN counts as its acknowledgement")
class StopccnAcknowledgedBefore(with_channel(Contented)):  # type: ignore[misc]
    pass


class Abrupt(Tunnel):
    def send_stopccn(self) -> None:
        self.channel.outstanding.clear()
        super().send_stopccn()


@mutant(
    "RFC2661-5.8-27", "what is unacknowledged when a tunnel is closed is not sent again", roles=LNS
)
class ClosingDropsTheRest(with_tunnel(Abrupt)):  # type: ignore[misc]
    pass


class Occupied(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        busy = any(one.packet.message_type == ICRP for one in self.outstanding)
        due = self.ack_due
        result = super().receive(packet)
        if busy and packet.message_type == STOPCCN:
            self.ack_due = due
        return result


@mutant(
    "RFC2661-5.7-03", "a StopCCN is not acknowledged while an ICRP is unacknowledged", roles=LNS
)
class EndUnheardWhileWaiting(with_channel(Occupied)):  # type: ignore[misc]
    pass
