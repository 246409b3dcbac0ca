"""The sending half of the reliable channel: window and retransmission (RFC 2661 5.8, App. A)."""

from __future__ import annotations

import math

import pytest

from harness.peer.channel import Channel, RetransmitPolicy
from harness.wire import Packet, message, zlb

HELLO = 6


def channel_with(count: int, *, ns: int = 0, window: int = 4, slow_start: bool = False) -> Channel:
    channel = Channel(ns=ns, slow_start=slow_start)
    channel.set_peer_window(window)
    for _ in range(count):
        channel.send(message(HELLO))
    return channel


def numbers(packets: list[Packet]) -> list[int | None]:
    return [packet.header.ns for packet in packets]


def acknowledge(channel: Channel, nr: int) -> None:
    channel.receive(zlb(1, 0, nr % 65536))


def schedule(channel: Channel) -> list[float]:
    """When a channel transmits, and last when it gives up."""
    times = []
    now: float | None = 0.0
    while now is not None:
        times += [now] * len(channel.poll(now))
        if channel.failed:
            times.append(now)
            break
        now = channel.next_deadline()
    return times


def test_retransmissions_wait_1_2_4_8_8_seconds_and_the_peer_is_given_up_after_31() -> None:
    assert schedule(channel_with(1)) == [0, 1, 3, 7, 15, 23, 31]


def test_a_policy_without_cap_doubles_for_ever() -> None:
    channel = Channel(RetransmitPolicy(cap=math.inf, limit=7))
    channel.send(message(HELLO))
    assert schedule(channel) == [0, 1, 3, 7, 15, 31, 63, 127, 255]


def test_a_policy_may_start_elsewhere() -> None:
    channel = Channel(RetransmitPolicy(first=0.5, cap=8, limit=6))
    channel.send(message(HELLO))
    assert schedule(channel) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5]


def test_an_interval_never_exceeds_the_cap_however_often_it_was_tried() -> None:
    assert RetransmitPolicy(limit=10_000).interval(10_000) == 8


def test_the_channel_says_nothing_once_it_has_given_up() -> None:
    channel = channel_with(1)
    schedule(channel)
    channel.send(message(HELLO))
    assert channel.failed
    assert channel.next_deadline() is None
    assert channel.poll(1000.0) == []


def test_ns_stays_and_nr_is_fresh_in_a_retransmission() -> None:
    channel = channel_with(1, ns=9)
    assert [(p.header.ns, p.header.nr) for p in channel.poll(0.0)] == [(9, 0)]
    channel.receive(message(HELLO, tunnel_id=1, ns=0, nr=9))
    channel.poll(0.5)
    assert [(p.header.ns, p.header.nr) for p in channel.poll(1.0)] == [(9, 1)]


def test_nothing_is_sent_again_before_its_time() -> None:
    channel = channel_with(1)
    channel.poll(0.0)
    assert channel.poll(0.999) == []
    assert channel.next_deadline() == 1.0


@pytest.mark.parametrize(
    ("window", "sent"), [(1, 1), (2, 2), (4, 4), (32767, 10), (65535, 10), (0, 1)]
)
def test_no_more_is_outstanding_than_the_peer_takes(window: int, sent: int) -> None:
    # 0 is invalid (5.8) and counts as 1
    channel = channel_with(10, window=window)
    assert len(channel.poll(0.0)) == sent


def test_without_a_receive_window_size_the_peer_takes_4() -> None:
    channel = Channel(slow_start=False)
    for _ in range(10):
        channel.send(message(HELLO))
    assert len(channel.poll(0.0)) == 4


def test_an_acknowledgement_opens_the_window_again() -> None:
    channel = channel_with(10)
    assert numbers(channel.poll(0.0)) == [0, 1, 2, 3]
    acknowledge(channel, 2)
    assert numbers(channel.poll(0.0)) == [4, 5]
    acknowledge(channel, 6)
    assert numbers(channel.poll(0.0)) == [6, 7, 8, 9]
    assert not channel.idle
    acknowledge(channel, 10)
    assert channel.idle


def test_an_acknowledgement_may_come_with_any_message() -> None:
    channel = channel_with(1)
    channel.poll(0.0)
    channel.receive(message(HELLO, tunnel_id=1, ns=0, nr=1))
    assert channel.idle


def test_ns_runs_over_from_65535_to_0() -> None:
    channel = channel_with(4, ns=65534)
    assert numbers(channel.poll(0.0)) == [65534, 65535, 0, 1]
    acknowledge(channel, 65535)
    assert channel.oldest_unacknowledged == 65535
    acknowledge(channel, 2)
    assert channel.idle


@pytest.mark.parametrize("nr", [5, 6, 100, 32767, 32768, 40000, 65530, 65535])
def test_an_nr_for_what_was_never_sent_or_is_long_known_says_nothing(nr: int) -> None:
    channel = channel_with(4)
    channel.poll(0.0)
    acknowledge(channel, nr)
    assert channel.oldest_unacknowledged == 0
    assert numbers(channel.poll(1.0)) == [0, 1, 2, 3]


def test_an_old_nr_does_not_undo_a_new_one() -> None:
    channel = channel_with(4)
    channel.poll(0.0)
    acknowledge(channel, 3)
    acknowledge(channel, 1)
    assert channel.oldest_unacknowledged == 3


def test_a_slot_taken_from_outside_is_not_used_again() -> None:
    channel = channel_with(1, ns=65535)
    assert channel.take_slot() == 65535
    assert numbers(channel.poll(0.0)) == [0]


def test_an_abandoned_channel_only_acknowledges() -> None:
    channel = channel_with(6)
    channel.poll(0.0)
    channel.abandon()
    assert channel.idle
    assert channel.poll(100.0) == []
    channel.receive(message(HELLO, tunnel_id=1, ns=0, nr=4))
    (packet,) = channel.poll(100.0)
    assert packet.is_zlb
    assert (packet.header.ns, packet.header.nr) == (4, 1)


# -- Appendix A --------------------------------------------------------------------------------


def test_slow_start_begins_with_one_and_adds_one_for_each_acknowledgement() -> None:
    channel = channel_with(40, window=8, slow_start=True)
    assert numbers(channel.poll(0.0)) == [0]
    acknowledge(channel, 1)
    assert numbers(channel.poll(0.0)) == [1, 2]
    acknowledge(channel, 2)
    acknowledge(channel, 3)
    assert numbers(channel.poll(0.0)) == [3, 4, 5, 6]


def test_the_congestion_window_never_exceeds_what_the_peer_takes() -> None:
    channel = channel_with(200, window=3, slow_start=True)
    next_nr = 0
    for _ in range(50):
        sent = len(channel.poll(0.0))
        assert sent <= 3
        for _ in range(sent):
            next_nr += 1
            acknowledge(channel, next_nr)
    assert len(channel.poll(0.0)) == 3


def test_a_retransmission_halves_the_threshold_and_starts_again_with_one() -> None:
    channel = channel_with(400, window=64, slow_start=True)
    next_nr = 0
    for _ in range(3):  # one, two, four in flight, then eight
        for _ in range(len(channel.poll(0.0))):
            next_nr += 1
            acknowledge(channel, next_nr)
    assert len(channel.poll(0.0)) == 8
    assert numbers(channel.poll(1.0)) == [next_nr]
    # all eight arrive; half of eight is where slow start now ends
    acknowledge(channel, next_nr + 8)
    next_nr += 8
    flights = []
    for _ in range(5):
        sent = len(channel.poll(1.5))
        flights.append(sent)
        for _ in range(sent):
            next_nr += 1
            acknowledge(channel, next_nr)
    # 2, then 4 is the threshold: from there on one more in each round trip
    assert flights == [2, 4, 5, 6, 7]


def test_after_a_loss_in_a_narrow_window_the_next_acknowledgement_opens_it_again() -> None:
    channel = channel_with(20, window=8, slow_start=True)
    for nr in (1, 2):
        channel.poll(0.0)
        acknowledge(channel, nr)
    channel.poll(0.0)
    for at in (1.0, 3.0, 7.0):
        assert numbers(channel.poll(at)) == [2]
    acknowledge(channel, 3)
    assert len(channel.poll(7.0)) == 2


def test_while_the_window_is_shut_only_the_first_is_sent_again() -> None:
    channel = channel_with(8, window=4, slow_start=True)
    channel.poll(0.0)
    acknowledge(channel, 1)
    channel.poll(0.0)
    acknowledge(channel, 3)
    channel.poll(0.0)
    assert len(channel.poll(1.0)) == 1
    assert channel.next_deadline() == 3.0
    assert numbers(channel.poll(3.0)) == [3]
