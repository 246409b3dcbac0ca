"""A peer on a bad line, for the steps that send in floods."""

from __future__ import annotations

from collections.abc import Iterable

from harness.peer.message_types import ICRP
from harness.peer.network import Address
from harness.peer.variant import Variant
from harness.wire import Packet


class Forgetful(Variant):
    """What it gets and what it sends is lost now and then."""

    received = 0
    sent = 0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self.received += 1
        if self.received % 7:
            super().receive(data, source, now)

    def alter(self, packet: Packet) -> Iterable[Packet]:
        self.sent += packet.message_type == ICRP
        return () if packet.message_type == ICRP and self.sent % 5 == 0 else (packet,)
