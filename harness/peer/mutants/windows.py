"""Mutants that send more than they may, or later than they should, once there is much to say (5.8).

Those of slow start (A) are worth a note only, which shows that their numbers are looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from harness.peer.channel import Channel, Outstanding
from harness.peer.message_types import ICRP
from harness.peer.mutants.base import mutant
from harness.peer.mutants.forgetting import earliest
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LNS, Variant, with_channel, with_tunnel
from harness.wire import Packet, Value

ELEVENTH: Final = 11
NINE: Final = 9
LATE: Final = 4.0
IMPATIENCE: Final = 0.75
NEVER: Final = 1e9
"""Seconds."""

ONLY_A_NOTE: Final = "how a window opens after a loss is worth a note only (P-13)"


class Insistent(Channel):
    """Sends what there is at once, whatever the window."""

    @property
    def _allowed(self) -> int:
        return 64


class Twice(Tunnel):
    """Says each ICRP twice, under two numbers."""

    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        if name == "ICRP":
            super().send(name, values, session_id=session_id, hide=hide)
        return super().send(name, values, session_id=session_id, hide=hide)


@mutant("RFC2661-5.8-29", "each ICRP goes out twice, and at once", roles=LNS, broad=True)
class RepliesTwiceAtOnce(Variant):
    tunnel_type = Twice
    channel_type = Insistent


class Ninth(Tunnel):
    """Says every ninth ICRP once more under another number, though the window may be full."""

    replies: int = 0
    repeated: Packet | None = None

    def adapt(self, packet: Packet) -> Packet:
        adapted = super().adapt(packet)
        if packet.message_type == ICRP:
            self.replies += 1
            if self.replies % NINE == 0:
                self.repeated = adapted
        return adapted

    def flush(self, now: float) -> None:
        super().flush(now)
        if self.repeated is not None:
            sent = Outstanding(self.repeated, self.channel.take_slot())
            self.repeated = None
            self.channel.outstanding.append(sent)
            self.endpoint.transmit(self.channel.transmit(sent, now), self.address)


@mutant("RFC2661-5.8-29", "every ninth ICRP goes out twice, window or not", roles=LNS)
class NinthReplyTwice(with_tunnel(Ninth)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.0-03", "the eleventh ICRP goes out four seconds late", roles=LNS, broad=True)
class EleventhIcrpLate(Variant):
    def transmit(self, packet: Packet, to: Address) -> None:
        if packet.message_type == ICRP:
            key = (to, packet.header.tunnel_id, packet.header.ns)
            numbers: dict[object, int] = self.__dict__.setdefault("numbers", {})
            if numbers.setdefault(key, len(numbers) + 1) == ELEVENTH:
                asyncio.get_running_loop().call_later(LATE, super().transmit, packet, to)
                return
        super().transmit(packet, to)


class BeginsWithTwo(Channel):
    def meet_congestion(self) -> None:
        super().meet_congestion()
        self._congestion_window = self._acks_until_wider = 2


@mutant(
    "RFC2661-A-07",
    "after a loss the window begins with two messages",
    roles=LNS,
    equivalent=ONLY_A_NOTE,
)
class WindowBeginsWithTwo(with_channel(BeginsWithTwo)):  # type: ignore[misc]
    pass


class KeepsThreshold(Channel):
    def meet_congestion(self) -> None:
        super().meet_congestion()
        self._threshold = self.peer_window


@mutant(
    "RFC2661-A-08",
    "after a loss the window opens as fast as at first",
    roles=LNS,
    equivalent=ONLY_A_NOTE,
)
class ThresholdNeverLowered(with_channel(KeepsThreshold)):  # type: ignore[misc]
    pass


class Impatient(Tunnel):
    """Sends one message more when it has waited for room in the window for three quarters of a
    second."""

    waits_until: float | None = None

    def flush(self, now: float) -> None:
        super().flush(now)
        waiting = self.channel.has_waiting and self.phase is Phase.OPEN
        if not waiting:
            self.waits_until = None
        elif self.waits_until is None:
            self.waits_until = now + IMPATIENCE
            self.endpoint.schedule(self)

    def next_deadline(self) -> float | None:
        return earliest(super().next_deadline(), self.waits_until)

    def tick(self, now: float) -> None:
        if self.waits_until is not None and now >= self.waits_until:
            self.waits_until = NEVER
            sent = Outstanding(self.channel.waiting.popleft(), self.channel.take_slot())
            self.channel.outstanding.append(sent)
            self.endpoint.transmit(self.channel.transmit(sent, now), self.address)
        super().tick(now)


@mutant("RFC2661-5.8-29", "who waits for room in the window does so for 0.75 s only", roles=LNS)
class WindowHeededForAWhile(with_tunnel(Impatient)):  # type: ignore[misc]
    pass
