"""Limits of a reference peer: what it refuses when it is full, and what it forgets."""

from __future__ import annotations

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.spec.model import Role
from harness.wire import AVP
from tests.peer.hand import Hand, names, result
from tests.peer.world import LAC, LATENCY, LNS, World, pair


def test_a_tunnel_too_many_is_refused_and_nothing_of_it_is_kept() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, max_tunnels=2))
    for number in range(2):
        Hand(world, LNS, at=("127.0.0.9", number + 1)).establish()
    late = Hand(world, LNS, at=("127.0.0.9", 3))
    (answer,) = late.send("SCCRQ")
    assert (answer.name, result(answer)) == ("StopCCN", (2, 4))
    assert answer.packet.header.nr == 1
    assert len(lns.tunnels) == 2


def test_a_place_is_free_again_when_the_linger_is_over() -> None:
    world = World()
    world.add(LNS, PeerConfig(role=Role.LNS, max_tunnels=1))
    hand = Hand(world, LNS)
    hand.establish()
    hand.send("StopCCN")
    late = Hand(world, LNS, at=("127.0.0.9", 3))
    assert names(late.send("SCCRQ")) == ["StopCCN"]
    world.run(31.0)
    Hand(world, LNS, at=("127.0.0.9", 4)).establish()


def test_a_session_too_many_is_refused_and_harms_no_other_call() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, max_sessions=3))
    hand = Hand(world, LNS)
    hand.establish()
    for number in range(3):
        hand.call(session_id=number + 1)
    (answer,) = hand.send("ICRQ", {"assigned_session_id": 9})
    assert (answer.name, result(answer)) == ("CDN", (4, 0))
    assert len(lns.only.sessions) == 3


@pytest.mark.parametrize("name", ["max_tunnels", "max_sessions"])
@pytest.mark.parametrize("limit", [-1, 65535, 10**9])
def test_limits_beyond_the_ids_are_refused(name: str, limit: int) -> None:
    with pytest.raises(ValueError, match=name):
        PeerConfig(role=Role.LNS, **{name: limit})  # type: ignore[arg-type]


@pytest.mark.parametrize("host_name", ["", "x" * 1018])
def test_a_host_name_that_no_avp_holds_is_refused(host_name: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        PeerConfig(role=Role.LNS, host_name=host_name)


def test_thousands_of_set_ups_leave_nothing_behind() -> None:
    world = World()
    lac, lns = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    for _ in range(500):
        session = lac.call(tunnel, world.now)
        world.run(0.1)
        lac.hang_up(session, world.now)
        world.run(0.1)
        del world.frames[:]
    assert not lns.only.sessions
    assert not lac.only.sessions
    assert not lac.only.waiting
    for _ in range(50):
        opened = lac.open_tunnel(LNS, world.now)
        world.run(0.1)
        assert opened.state is State.ESTABLISHED
        opened.close(None, world.now)
        world.run(0.1)
    world.run(40.0)
    assert len(lac.tunnels) == len(lns.tunnels) == 1


def test_a_flood_of_refused_requests_is_forgotten() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, max_tunnels=50))
    for number in range(200):
        Hand(world, LNS, at=("127.0.0.9", number + 1)).send("SCCRQ", add=(AVP(9999),))
        del world.frames[:]
        assert len(lns.tunnels) <= 50
    world.run(100.0)
    assert not lns.tunnels


def test_a_flood_of_half_open_tunnels_is_forgotten() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, max_tunnels=50))
    for number in range(50):
        hand = Hand(world, LNS, at=("127.0.0.9", number + 1))
        hand.send("SCCRQ")
        hand.acknowledge()
        del world.frames[:]
    assert len(lns.tunnels) == 50
    world.run(200.0)
    assert not lns.tunnels


def test_a_peer_that_asks_and_never_acknowledges_is_given_up() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, max_pending=50))
    hand = Hand(world, LNS)
    hand.establish()
    held = hand.nr
    for _ in range(200):
        hand.nr = held
        hand.send("ICRQ", add=(AVP(9999),))
        assert lns.load().pending <= 50
    assert not lns.tunnels
    assert lns.load()[:-1] == (0,) * 6


def test_two_hundred_tunnels_at_once() -> None:
    world = World()
    lac, lns = pair(world)
    for _ in range(200):
        lac.open_tunnel(LNS, world.now)
    world.run(2.0)
    for peer in (lac, lns):
        assert [tunnel.state for tunnel in peer.tunnels.values()] == [State.ESTABLISHED] * 200
    lac.shut_down(world.now)
    world.run(40.0)
    assert not lac.tunnels
    assert not lns.tunnels


def test_a_window_of_calls_at_once_over_a_narrow_window() -> None:
    world = World()
    lac, lns = pair(world, lns=PeerConfig(role=Role.LNS, receive_window=1))
    tunnel = lac.open_tunnel(LNS, world.now)
    for _ in range(100):
        lac.call(tunnel, world.now)
    world.run(5.0)
    assert len(lns.only.sessions) == 100
    assert {session.state.value for session in lns.only.sessions.values()} == {"established"}
    outstanding = 0
    for frame in world.frames:
        header = frame.packet.header
        assert header.ns is not None
        assert header.nr is not None
        if frame.source == LAC and frame.name != "ZLB":
            outstanding = max(outstanding, header.ns - acknowledged(world, frame.at))
    assert outstanding <= 1


def acknowledged(world: World, at: float) -> int:
    """What the LNS had acknowledged at a time, as far as the LAC could know."""
    return max(
        (
            frame.packet.header.nr or 0
            for frame in world.frames
            if frame.source == LNS and frame.at + LATENCY <= at + 1e-9
        ),
        default=0,
    )
