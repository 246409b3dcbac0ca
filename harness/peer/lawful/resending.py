"""Lawful variants of how messages are sent again: one timer for all, late timers, few times."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.peer.channel import Channel, Outstanding, RetransmitPolicy
from harness.peer.lawful.base import add, lawful
from harness.peer.lawful.delivery import OldestOnly
from harness.peer.message_types import SCCRQ
from harness.peer.variant import with_channel
from harness.wire import Packet

for _name, _policy, _text in (
    ("twice", RetransmitPolicy(1.0, 8.0, 2), "2 times"),
    ("fifteen-times", RetransmitPolicy(1.0, 8.0, 15), "15 times"),
    ("eight-seconds-first", RetransmitPolicy(8.0, 16.0, 4), "after 8 s, 16 s"),
):
    add(
        f"sends-again-{_name}",
        "P-14 P-17 RFC2661-5.8-22",
        f"what is not acknowledged is sent again {_text}",
        retransmit=_policy,
    )


class OneTimer(Channel):
    """One timer for all that is under way; an acknowledgement of anything starts it anew."""

    tries = 0
    due: float | None = None

    def take_acknowledgement(self, nr: int) -> None:
        before = len(self.outstanding)
        super().take_acknowledgement(nr)
        if len(self.outstanding) != before:
            self.due = None

    def poll(self, now: float) -> list[Packet]:
        for sent in self.outstanding:
            sent.deadline = math.inf
        if self.outstanding and self.due is not None and now >= self.due:
            self._again(now)
        out = super().poll(now)
        if self.due is None and self.outstanding:
            self.tries, self.due = 1, now + self.policy.interval(1)
        if not self.outstanding:
            self.due = None
        return out

    def _again(self, now: float) -> None:
        if self.tries > self.policy.limit:
            self.give_up()
            return
        self.tries += 1
        self.outstanding[0].deadline = now
        self.outstanding[0].transmissions = 1
        self.due = now + self.policy.interval(self.tries)

    def next_deadline(self) -> float | None:
        return None if self.failed else self.due


@lawful("RFC2661-5.8-16 P-15", "one timer for all messages, which any acknowledgement starts anew")
class HasOneTimerForAll(with_channel(OneTimer)):  # type: ignore[misc]
    pass


class GoesBack(OldestOnly):
    """What comes next after a timeout is what followed the oldest: a ZLB has that Ns (P-1)."""

    again = 0

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        self.again = sent.ns
        return super().transmit(sent, now)

    def poll(self, now: float) -> list[Packet]:
        out = super().poll(now)
        if not self.outstanding:
            return out
        ns = (self.again + 1) % 65536
        return [
            one._replace(header=one.header._replace(ns=ns)) if one.is_zlb else one for one in out
        ]


@lawful("P-1 RFC2661-5.8-16", "after a timeout it goes on with what followed the oldest message")
class GoesBackToTheOldest(with_channel(GoesBack)):  # type: ignore[misc]
    pass


class Unsteady(Channel):
    """Intervals are up to 5 % longer or shorter than they should be."""

    most: ClassVar[int] = 5

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        chance = (sent.ns * 7 + sent.transmissions * 13 + self.tunnel_id) % (2 * self.most + 1)
        sent.deadline += (sent.deadline - now) * (chance - self.most) / 100
        return packet


@lawful("P-15", "what is not acknowledged is sent again a little too early or too late")
class SendsAgainUnsteadily(with_channel(Unsteady)):  # type: ignore[misc]
    pass


class OnLateTicks(Channel):
    """Looks at its timers once a second, and sends when more than the interval is over."""

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        tick = self.tunnel_id % 100 / 100
        sent.deadline = math.floor(sent.deadline + 0.001 - tick) + 1 + tick
        return packet


@lawful("P-15", "what is not acknowledged is sent again a tick of a second too late, each time")
class SendsAgainOnLateTicks(with_channel(OnLateTicks)):  # type: ignore[misc]
    pass


class FewRequests(Channel):
    """Whom it calls has less time to answer than a peer whose tunnel is up."""

    def poll(self, now: float) -> list[Packet]:
        first = self.outstanding[0] if self.outstanding else None
        if (
            first is not None
            and first.packet.message_type == SCCRQ
            and first.transmissions > 2
            and first.deadline <= now
        ):
            self.give_up()
            return []
        return super().poll(now)


@lawful("P-17", "an SCCRQ is sent three times, and all else more often")
class GivesUpRequestsSooner(with_channel(FewRequests)):  # type: ignore[misc]
    pass
