"""Two sides that open a tunnel to each other at once (RFC 2661 4.4.3, Tie Breaker)."""

from __future__ import annotations

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.session import CallKind
from harness.spec.model import Role
from tests.peer.hand import Hand, names
from tests.peer.world import LAC, LNS, RecordingEndpoint, World, pair

LOW = bytes.fromhex("0000000000000001")
HIGH = bytes.fromhex("FF00000000000000")
BELOW_HALF = bytes.fromhex("7FFFFFFFFFFFFFFF")
HALF = bytes.fromhex("8000000000000000")


def collide(
    lac: bytes | None, lns: bytes | None, *, calls: bool = False
) -> tuple[World, RecordingEndpoint, RecordingEndpoint]:
    """Both open a tunnel before either has heard of the other."""
    world = World()
    one, other = pair(
        world,
        lac=PeerConfig(role=Role.LAC, tie_breaker=lac),
        lns=PeerConfig(role=Role.LNS, tie_breaker=lns),
    )
    for peer, to in ((one, LNS), (other, LAC)):
        tunnel = peer.open_tunnel(to, world.now)
        if calls:
            peer.call(tunnel, world.now)
    world.run(5.0)
    return world, one, other


@pytest.mark.parametrize(
    ("lac", "lns", "winner"),
    [
        (LOW, HIGH, "lac"),
        (HIGH, LOW, "lns"),
        (BELOW_HALF, HALF, "lac"),
        (HALF, BELOW_HALF, "lns"),
        (HIGH, None, "lac"),
        (None, HIGH, "lns"),
    ],
)
def test_the_lower_value_or_the_only_one_wins(
    lac: bytes | None, lns: bytes | None, winner: str
) -> None:
    _, one, other = collide(lac, lns)
    ours, theirs = one.only, other.only
    assert ours.state is theirs.state is State.ESTABLISHED
    assert (ours.peer_id, theirs.peer_id) == (theirs.local_id, ours.local_id)
    assert (ours.originator, theirs.originator) == (winner == "lac", winner == "lns")


def test_the_loser_is_silent_about_its_tunnel() -> None:
    world, _, _ = collide(LOW, HIGH)
    assert world.names(LNS) == ["SCCRQ", "SCCRP", "ZLB"]
    assert world.names(LAC) == ["SCCRQ", "SCCCN"]


def test_equal_values_leave_no_tunnel() -> None:
    world, one, other = collide(LOW, LOW)
    assert not one.tunnels
    assert not other.tunnels
    assert world.names() == ["SCCRQ", "SCCRQ"]


def test_without_values_there_are_two_tunnels() -> None:
    _, one, other = collide(None, None)
    for peer in (one, other):
        assert [tunnel.state for tunnel in peer.tunnels.values()] == [State.ESTABLISHED] * 2


@pytest.mark.parametrize(("lac", "lns"), [(LOW, HIGH), (HIGH, LOW)])
def test_calls_that_waited_for_the_lost_tunnel_take_the_other_one(lac: bytes, lns: bytes) -> None:
    _, one, other = collide(lac, lns, calls=True)
    for peer in (one, other):
        kinds = {session.kind for session in peer.only.sessions.values()}
        assert {session.state.value for session in peer.only.sessions.values()} == {"established"}
        assert len(kinds) == 2
    kinds = {session.kind for session in one.only.sessions.values()}
    assert kinds == {CallKind.LAC_INCOMING, CallKind.LAC_OUTGOING}


def test_a_tie_breaker_without_a_collision_changes_nothing() -> None:
    world = World()
    world.add(LNS, PeerConfig(role=Role.LNS, tie_breaker=LOW))
    hand = Hand(world, LNS)
    hand.establish({"tie_breaker": HIGH})
    assert len(world.peers[LNS].tunnels) == 1


def test_a_tie_breaker_concerns_one_pair_of_hosts_only() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS, tie_breaker=LOW))
    lns.open_tunnel(("127.0.0.77", 1701), world.now)
    hand = Hand(world, LNS)
    assert names(hand.send("SCCRQ", {"tie_breaker": HIGH})) == ["SCCRP"]
