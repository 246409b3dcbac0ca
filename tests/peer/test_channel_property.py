"""Two reliable channels on a link that loses, repeats and swaps: nothing is lost, all in order."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.peer.channel import Channel, RetransmitPolicy
from harness.wire import AVP, Packet, message

HELLO = 6
PATIENT = RetransmitPolicy(limit=1000)
NUMBER = 100


@dataclass
class End:
    """One side: its channel, what it was given in sequence, and how often it has sent."""

    channel: Channel
    delivered: list[int]
    on_the_way: list[tuple[float, Packet]]


def number_of(packet: Packet) -> int:
    return int.from_bytes(packet.avps[1].value, "big")


def converse(
    seed: int, messages: int, start: int, window: int, kept: int, loss: float, slow_start: bool
) -> tuple[End, End]:
    """Send messages both ways at random times until both ends have nothing left to send."""
    chance = random.Random(seed)
    ends = []
    for _ in range(2):
        channel = Channel(
            PATIENT, receive_window=kept, slow_start=slow_start, ns=start, nr=start, tunnel_id=1
        )
        channel.set_peer_window(window)
        ends.append(End(channel, [], []))
    to_send = [list(range(messages)), list(range(messages))]
    now = 0.0
    for _ in range(100_000):
        for index, end in enumerate(ends):
            other = ends[1 - index]
            if to_send[index] and chance.random() < 0.3:
                number = AVP(NUMBER, to_send[index].pop(0).to_bytes(4, "big"))
                end.channel.send(message(HELLO, number, tunnel_id=1))
            for packet in end.channel.poll(now):
                assert len(end.channel.outstanding) <= max(1, window)
                copies = 0 if chance.random() < loss else chance.choice((1, 1, 1, 2))
                for _ in range(copies):
                    other.on_the_way.append((now + chance.random() * 0.5, packet))
            arriving = sorted((at, n) for n, (at, _) in enumerate(end.on_the_way) if at <= now)
            packets = [end.on_the_way[n][1] for _, n in arriving]
            end.on_the_way = [item for item in end.on_the_way if item[0] > now]
            for packet in packets:
                _, ready = end.channel.receive(packet)
                end.delivered += [number_of(one) for one in ready]
        quiet = not any(to_send) and all(end.channel.idle for end in ends)
        if quiet and not any(end.on_the_way or end.channel.ack_due for end in ends):
            break
        now += 0.05
    return ends[0], ends[1]


@given(
    seed=st.integers(0, 2**32),
    messages=st.integers(0, 40),
    start=st.sampled_from([0, 1, 32750, 32768, 65500, 65535]),
    window=st.sampled_from([1, 2, 4, 16]),
    kept=st.sampled_from([1, 4, 8]),
    loss=st.floats(0, 0.6),
    slow_start=st.booleans(),
)
@example(
    seed=1, messages=40, start=65530, window=16, kept=1, loss=0.6, slow_start=False
)  # a sender that floods a receiver that keeps nothing
@settings(max_examples=60, deadline=None)
def test_every_message_arrives_once_and_in_order(
    seed: int, messages: int, start: int, window: int, kept: int, loss: float, slow_start: bool
) -> None:
    for end in converse(seed, messages, start, window, kept, loss, slow_start):
        assert end.delivered == list(range(messages))
        assert end.channel.idle
        assert not end.channel.failed
        assert not end.channel.early_packets()


@given(
    arrivals=st.lists(
        st.tuples(st.integers(0, 65535), st.integers(0, 65535), st.booleans()), max_size=200
    ),
    window=st.sampled_from([1, 4, 100]),
)
@settings(max_examples=200, deadline=None)
def test_no_ns_or_nr_makes_a_channel_forget_or_grow(
    arrivals: list[tuple[int, int, bool]], window: int
) -> None:
    channel = Channel(receive_window=window, slow_start=False)
    for _ in range(3):
        channel.send(message(HELLO))
    channel.poll(0.0)
    for ns, nr, is_zlb in arrivals:
        packet = message(HELLO, ns=ns, nr=nr)
        expected = channel.nr
        arrived = packet._replace(avps=()) if is_zlb else packet
        _, ready = channel.receive(arrived)
        assert len(channel.early_packets()) < window
        assert channel.nr == (expected + len(ready)) % 65536
        assert (ns == expected and not is_zlb) == bool(ready)
        if nr == 0 or nr > 3:
            assert channel.oldest_unacknowledged in range(4)
