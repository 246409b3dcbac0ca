"""The receiving half of the reliable channel: order, duplicates, ZLBs (RFC 2661 5.8)."""

from __future__ import annotations

import pytest

from harness.peer.channel import Arrival, Channel, after
from harness.wire import Packet, message, zlb

HELLO = 6


def incoming(ns: int, nr: int = 0) -> Packet:
    return message(HELLO, tunnel_id=1, ns=ns % 65536, nr=nr % 65536)


def acknowledgement(channel: Channel) -> Packet:
    (packet,) = channel.poll(0.0)
    assert packet.is_zlb
    return packet


def test_a_message_in_order_is_delivered_once_and_acknowledged() -> None:
    channel = Channel()
    packet = incoming(0)
    assert channel.receive(packet) == (Arrival.IN_ORDER, [packet])
    assert acknowledgement(channel).header.nr == 1
    assert channel.poll(0.0) == []


def test_a_zlb_carries_the_next_ns_and_uses_none_up() -> None:
    channel = Channel(ns=17)
    channel.receive(incoming(0))
    assert acknowledgement(channel).header.ns == 17
    assert channel.ns == 17


@pytest.mark.parametrize("ns", [0, 1, 5, 65535])
def test_a_zlb_is_never_acknowledged_and_never_moves_nr(ns: int) -> None:
    channel = Channel()
    assert channel.receive(zlb(1, ns, 0)) == (Arrival.ZLB, [])
    assert channel.nr == 0
    assert channel.poll(0.0) == []


def test_a_duplicate_is_acknowledged_but_not_delivered() -> None:
    channel = Channel()
    channel.receive(incoming(0))
    acknowledgement(channel)
    assert channel.receive(incoming(0)) == (Arrival.DUPLICATE, [])
    assert acknowledgement(channel).header.nr == 1


def test_many_arrivals_between_two_polls_are_acknowledged_at_once() -> None:
    channel = Channel()
    for ns in range(3):
        channel.receive(incoming(ns))
    assert acknowledgement(channel).header.nr == 3


def test_an_acknowledgement_rides_on_a_message_that_waits() -> None:
    channel = Channel()
    channel.receive(incoming(0))
    channel.send(message(HELLO))
    (packet,) = channel.poll(0.0)
    assert not packet.is_zlb
    assert (packet.header.ns, packet.header.nr) == (0, 1)
    assert channel.poll(0.0) == []


def test_the_example_of_the_specification_about_older_numbers() -> None:
    # 5.8: with 15 received last, 0..15 and 32784..65535 are duplicates
    for ns, kind in [
        (0, Arrival.DUPLICATE),
        (15, Arrival.DUPLICATE),
        (32784, Arrival.DUPLICATE),
        (65535, Arrival.DUPLICATE),
        (17, Arrival.AHEAD),
        (32783, Arrival.AHEAD),
    ]:
        assert Channel(nr=16).receive(incoming(ns))[0] is kind, ns


@pytest.mark.parametrize("nr", [0, 1, 15, 32767, 32768, 32769, 65535])
def test_half_of_the_number_space_lies_behind_and_half_ahead(nr: int) -> None:
    for distance, kind in [
        (0, Arrival.IN_ORDER),
        (1, Arrival.AHEAD),
        (32767, Arrival.AHEAD),
        (32768, Arrival.DUPLICATE),
        (65535, Arrival.DUPLICATE),
    ]:
        assert Channel(nr=nr).receive(incoming(nr + distance))[0] is kind, distance


def test_numbers_run_over_from_65535_to_0() -> None:
    channel = Channel(nr=65534)
    for ns in (65534, 65535, 0, 1):
        assert channel.receive(incoming(ns))[0] is Arrival.IN_ORDER
    assert channel.nr == 2
    assert channel.receive(incoming(65535))[0] is Arrival.DUPLICATE


def test_messages_ahead_are_kept_and_delivered_in_order() -> None:
    channel = Channel(nr=65535)
    first, second, third = incoming(65535), incoming(0), incoming(1)
    assert channel.receive(third) == (Arrival.AHEAD, [])
    assert channel.receive(second) == (Arrival.AHEAD, [])
    assert acknowledgement(channel).header.nr == 65535
    assert channel.early_packets() == {id(second), id(third)}
    assert channel.receive(first) == (Arrival.IN_ORDER, [first, second, third])
    assert acknowledgement(channel).header.nr == 2
    assert channel.early_packets() == frozenset()


def test_a_message_ahead_that_comes_twice_is_delivered_once() -> None:
    channel = Channel()
    early = incoming(1)
    channel.receive(early)
    channel.receive(incoming(1))
    _, ready = channel.receive(incoming(0))
    assert ready[1:] == [early]


def test_what_lies_beyond_the_window_is_not_kept() -> None:
    channel = Channel(receive_window=4)
    for ns in range(1, 1000):
        assert channel.receive(incoming(ns))[0] is Arrival.AHEAD
    assert len(channel.early_packets()) == 3
    _, ready = channel.receive(incoming(0))
    assert len(ready) == 4
    assert channel.nr == 4


def test_held_acknowledgements_freeze_nr_until_they_are_released() -> None:
    channel = Channel()
    channel.receive(incoming(0))
    acknowledgement(channel)
    channel.hold_acks()
    channel.receive(incoming(1))
    assert channel.poll(0.0) == []
    channel.send(message(HELLO))
    (packet,) = channel.poll(0.0)
    assert packet.header.nr == 1
    channel.resume_acks()
    assert acknowledgement(channel).header.nr == 2


def test_after_is_a_distance_modulo_65536() -> None:
    assert after(3, 1) == 2
    assert after(1, 3) == 65534
    assert after(0, 65535) == 1
    assert after(7, 7) == 0
