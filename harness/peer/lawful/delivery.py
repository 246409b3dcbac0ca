"""Lawful variants of the reliable channel: when it acknowledges, keeps, sends again (5.8)."""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar

from harness.peer.channel import Arrival, Channel, Outstanding, RetransmitPolicy, after
from harness.peer.lawful.base import add, lawful
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import Variant, with_channel
from harness.wire import Packet, zlb

# -- acknowledgements ------------------------------------------------------------------------------


class AcksLater(Channel):
    """Waits for something to let the acknowledgement ride on, `patience` seconds at most."""

    patience: ClassVar[float]
    ack_at: float | None = None

    def poll(self, now: float) -> list[Packet]:
        if not self.ack_due or self.acks_held:
            return super().poll(now)
        if self.ack_at is None:
            self.ack_at = now + self.patience
        if now < self.ack_at:
            self.ack_due = False
            out = super().poll(now)
            self.ack_due = not out
        else:
            out = super().poll(now)
        if not self.ack_due:
            self.ack_at = None
        return out

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), None if self.failed else self.ack_at]
        return min((when for when in times if when is not None), default=None)


def acks_after(seconds: float) -> type[Variant]:
    """A peer whose acknowledgements wait."""
    kind = type("AcksAfter", (AcksLater,), {"patience": seconds})
    return with_channel(kind)


for _milliseconds in (50, 250, 450, 950):
    add(
        f"acknowledges-after-{_milliseconds}-ms",
        "P-8 RFC2661-5.8-07",
        f"what is not answered at once is acknowledged {_milliseconds} ms later",
        kind=acks_after(_milliseconds / 1000),
    )


class ZlbFirst(Channel):
    """Acknowledges by a ZLB even where a message follows at once."""

    def poll(self, now: float) -> list[Packet]:
        due = self.ack_due and not self.acks_held
        ns = self.ns
        out = super().poll(now)
        if due and out and not out[0].is_zlb:
            out.insert(0, zlb(self.tunnel_id, ns, self.nr))
        return out


@lawful("RFC2661-5.8-07", "a ZLB goes out before each answer")
class AcknowledgesBeforeItAnswers(with_channel(ZlbFirst)):  # type: ignore[misc]
    pass


class ZlbAfter(Channel):
    def poll(self, now: float) -> list[Packet]:
        due = self.ack_due and not self.acks_held
        out = super().poll(now)
        if due and out and not out[-1].is_zlb:
            out.append(zlb(self.tunnel_id, self.ns, self.nr))
        return out


@lawful("RFC2661-5.8-07", "a ZLB follows each answer, although that acknowledges as well")
class AcknowledgesBehindItsAnswer(with_channel(ZlbAfter)):  # type: ignore[misc]
    pass


class ZlbTwice(Channel):
    """A ZLB goes out once more, `gap` seconds later, if nothing else has gone out since."""

    gap: ClassVar[float] = 0.02
    repeat_at: float | None = None

    def poll(self, now: float) -> list[Packet]:
        out = super().poll(now)
        due = self.repeat_at is not None and now >= self.repeat_at
        if out or due or self.failed:
            self.repeat_at = now + self.gap if any(one.is_zlb for one in out) else None
        if due and not out and not self.failed:
            return [zlb(self.tunnel_id, self.ns, self.nr)]
        return out

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), None if self.failed else self.repeat_at]
        return min((when for when in times if when is not None), default=None)


@lawful("P-2 RFC2661-5.8-07", "each ZLB comes twice")
class AcknowledgesTwice(with_channel(ZlbTwice)):  # type: ignore[misc]
    pass


class ZlbForEach(Channel):
    """A ZLB follows what has come `patience` seconds later, acknowledged by then or not."""

    patience: ClassVar[float] = 0.1
    zlb_at: float | None = None

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        self.came = self.came or arrival is not Arrival.ZLB
        return arrival, ready

    came = False

    def poll(self, now: float) -> list[Packet]:
        if self.came and self.zlb_at is None:
            self.zlb_at = now + self.patience
        self.came = self.ack_due = False
        out = super().poll(now)
        if self.zlb_at is not None and now >= self.zlb_at and not self.failed:
            self.zlb_at = None
            out.append(zlb(self.tunnel_id, self.ns, self.nr))
        return out

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), None if self.failed else self.zlb_at]
        return min((when for when in times if when is not None), default=None)


@lawful("P-8 RFC2661-5.8-07", "a ZLB follows all that comes, 100 ms later, acknowledged or not")
class AcknowledgesAllTheSame(with_channel(ZlbForEach)):  # type: ignore[misc]
    pass


class AnswersLater(Channel):
    """What is to be sent waits for `delay` seconds; what has been sent already does not."""

    delay: ClassVar[float]
    release_at: float | None = None

    def poll(self, now: float) -> list[Packet]:
        if self.waiting and self.release_at is None:
            self.release_at = now + self.delay
        if self.release_at is None or now >= self.release_at:
            self.release_at = None
            return super().poll(now)
        kept, self.waiting = self.waiting, deque()
        out = super().poll(now)
        self.waiting = kept
        return out

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), self.release_at if self.waiting else None]
        return None if self.failed else min((t for t in times if t is not None), default=None)


def deliberate(slow: type[Channel], tunnel: type[Tunnel] = Tunnel) -> type[Variant]:
    """A peer with a slow channel. Whom it turns away, it turns away at once."""

    class Deliberate(Variant):
        """Nothing is kept of a tunnel that is turned away, so that nothing of it could wait."""

        tunnel_type = tunnel
        at_once = False

        def make_channel(self) -> Channel:
            kind: type[Channel] = Channel if self.at_once else slow
            return kind(self.config.retransmit, receive_window=self.config.receive_window)

        def turn_away(self, peer_id: int, source: Address) -> None:
            self.at_once = True
            super().turn_away(peer_id, source)
            self.at_once = False

    return Deliberate


def answers_after(seconds: float) -> type[Variant]:
    """A peer that has to ask somebody before it answers."""
    return deliberate(type("AnswersAfter", (AnswersLater,), {"delay": seconds}))


for _milliseconds in (20, 300, 700, 1500):
    add(
        f"answers-after-{_milliseconds}-ms",
        "RFC2661-5.8-07",
        f"messages are acknowledged at once, and answered {_milliseconds} ms later",
        kind=answers_after(_milliseconds / 1000),
    )


# -- what is not in order --------------------------------------------------------------------------


class Forgetful(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        result = super().receive(packet)
        self.early.clear()
        return result


@lawful("RFC2661-5.8-14 P-4", "what is out of order is acknowledged and dropped")
class DropsOutOfOrder(with_channel(Forgetful)):  # type: ignore[misc]
    pass


class Quiet(Channel):
    """What is out of order calls for no acknowledgement of its own."""

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        due = self.ack_due
        arrival, ready = super().receive(packet)
        if arrival is Arrival.AHEAD:
            self.ack_due = due
        return arrival, ready


class QuietAndForgetful(Quiet, Forgetful):
    pass


@lawful("RFC2661-5.8-14 P-4", "what is out of order is dropped without a word")
class DropsOutOfOrderInSilence(with_channel(QuietAndForgetful)):  # type: ignore[misc]
    pass


@lawful(
    "RFC2661-5.8-14 P-4", "what is out of order is kept, and acknowledged with what was missing"
)
class KeepsOutOfOrderInSilence(with_channel(Quiet)):  # type: ignore[misc]
    pass


class NrInOrderOnly(Channel):
    """Nr of a message out of order is not looked at."""

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        ahead = after(packet.header.ns or 0, self.nr)
        if not packet.is_zlb and ahead and ahead < self.receive_window:
            self.ack_due = True
            return Arrival.AHEAD, []
        return super().receive(packet)


@lawful("P-3 RFC2661-5.8-14", "a message out of order is dropped with its Nr")
class NrOfOutOfOrderIgnored(with_channel(NrInOrderOnly)):  # type: ignore[misc]
    pass


class BeyondIsAll(Channel):
    """An Nr that acknowledges what was never sent is taken to acknowledge all that was."""

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        ahead = after(packet.header.nr or 0, self.ns)
        if 0 < ahead < 256:
            packet = packet._replace(header=packet.header._replace(nr=self.ns))
        return super().receive(packet)


@lawful("P-7", "an Nr beyond what was sent acknowledges all that was sent")
class NrBeyondAcknowledgesAll(with_channel(BeyondIsAll)):  # type: ignore[misc]
    pass


class AgainAtOnce(Channel):
    """A duplicate is answered by what was sent last, if that is not acknowledged yet."""

    again = False

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        self.again = arrival is Arrival.DUPLICATE
        return arrival, ready

    def poll(self, now: float) -> list[Packet]:
        out = super().poll(now)
        if self.again and self.outstanding and all(one.is_zlb for one in out):
            sent = self.outstanding[0]
            header = sent.packet.header._replace(ns=sent.ns, nr=self.acknowledged_nr)
            out = [sent.packet._replace(header=header)]
        self.again = False
        return out


@lawful("RFC2661-5.8-07 P-5", "a duplicate is acknowledged by its answer, sent again")
class AnswersDuplicatesAgain(with_channel(AgainAtOnce)):  # type: ignore[misc]
    pass


# -- windows ---------------------------------------------------------------------------------------

for _window in (1, 2, 8, 1024, 32767, 65535):
    add(
        f"receive-window-{_window}",
        "RFC2661-5.8-30 P-12" if _window == 1 else "P-12",
        f"its Receive Window Size is {_window}",
        receive_window=_window,
    )


class WideFromTheStart(Channel):
    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(window)
        self.slow_start = False


@lawful("P-13", "no slow start: the peer's window is used from the start", discouraged=True)
class WithoutSlowStart(with_channel(WideFromTheStart)):  # type: ignore[misc]
    def make_channel(self) -> Channel:
        channel: Channel = super().make_channel()
        channel.slow_start = False
        return channel


class NoCongestion(Channel):
    def meet_congestion(self) -> None:
        """Loss does not narrow the window."""


@lawful("P-13", "a retransmission does not narrow the window", discouraged=True)
class WithoutCongestionControl(with_channel(NoCongestion)):  # type: ignore[misc]
    pass


class AtMostFour(Channel):
    def set_peer_window(self, window: int) -> None:
        super().set_peer_window(min(window, 4))


@lawful("RFC2661-5.8-31", "no more than 4 messages are ever under way")
class NeverMoreThanFour(with_channel(AtMostFour)):  # type: ignore[misc]
    pass


# -- sending again ---------------------------------------------------------------------------------

for _name, _policy, _text in (
    ("half-a-second-first", RetransmitPolicy(0.5, 8.0, 6), "after 0.5 s, 1 s and so on, up to 8 s"),
    ("two-seconds-first", RetransmitPolicy(2.0, 8.0, 4), "after 2 s, 4 s, 8 s"),
    ("three-seconds-first", RetransmitPolicy(3.0, 12.0, 4), "after 3 s, 6 s, 12 s"),
    ("five-seconds-first", RetransmitPolicy(5.0, 10.0, 4), "after 5 s, 10 s"),
    ("three-times", RetransmitPolicy(1.0, 8.0, 3), "3 times"),
    ("nine-times", RetransmitPolicy(1.0, 8.0, 9), "9 times"),
    ("cap-of-16-s", RetransmitPolicy(1.0, 16.0, 5), "after 16 s at most"),
    ("cap-of-20-s", RetransmitPolicy(1.0, 20.0, 6), "after 20 s at most"),
    ("without-a-cap", RetransmitPolicy(1.0, 10_000.0, 6), "after ever longer intervals"),
):
    add(
        f"sends-again-{_name}",
        "P-14 P-16 P-17 RFC2661-5.8-22",
        f"what is not acknowledged is sent again {_text}",
        retransmit=_policy,
    )


class OnTicks(Channel):
    """Looks at its timers once a second: what is due is late by up to that, the first time."""

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        tick = self.tunnel_id % 100 / 100  # of the clock, which began somewhen
        sent.deadline = math.ceil(sent.deadline - tick) + tick
        return packet


@lawful("P-15", "what is not acknowledged is sent again when a clock ticks, once a second")
class SendsAgainOnTicks(with_channel(OnTicks)):  # type: ignore[misc]
    pass


class OldestOnly(Channel):
    """Only the message at the front of the queue is sent again."""

    def poll(self, now: float) -> list[Packet]:
        for sent in list(self.outstanding)[1:]:
            if sent.deadline <= now:
                sent.deadline = now + self.policy.interval(sent.transmissions)
        return super().poll(now)


@lawful(
    "RFC2661-5.8-16", "of several messages only the first is sent again, until it is acknowledged"
)
class SendsTheOldestAgain(with_channel(OldestOnly)):  # type: ignore[misc]
    pass
