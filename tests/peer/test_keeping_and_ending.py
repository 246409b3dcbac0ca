"""HELLO and the end of a tunnel: what is kept up, and for how long (RFC 2661 5.5, 5.7)."""

from __future__ import annotations

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.tunnel import Phase
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, Value
from tests.peer.hand import HAND, Hand, integer, lns_alone, names, result
from tests.peer.world import LNS, World, pair

# -- HELLO -----------------------------------------------------------------------------------------


def hellos(world: World) -> list[float]:
    return [frame.at for frame in world.frames if frame.name == "HELLO"]


def test_hello_is_sent_after_silence_and_acknowledged() -> None:
    world = World()
    lac, lns = pair(
        world,
        lac=PeerConfig(role=Role.LAC, hello_interval=None),
        lns=PeerConfig(role=Role.LNS, hello_interval=60.0),
    )
    lac.open_tunnel(LNS, world.now)
    world.run(200.0)
    assert hellos(world) == pytest.approx([60.0, 120.0, 180.0], abs=0.1)
    for frame in world.frames:
        if frame.name == "HELLO":
            assert frame.source == LNS
            assert frame.packet.header.session_id == 0
    assert lac.only.state is lns.only.state is State.ESTABLISHED


def test_without_an_interval_there_is_no_hello() -> None:
    world = World()
    config = PeerConfig(role=Role.LAC, hello_interval=None)
    lac, _ = pair(world, lac=config, lns=PeerConfig(role=Role.LNS, hello_interval=None))
    lac.open_tunnel(LNS, world.now)
    world.run(3600.0)
    assert not hellos(world)


def test_data_holds_hello_back() -> None:
    # 5.5: after the last data or control message
    world = World()
    hand = lns_alone(world, hello_interval=60.0)
    hand.establish()
    session = hand.call()
    for _ in range(10):
        header = Header(control=False, tunnel_id=hand.peer_id, session_id=session, length=None)
        assert hand.exchange(Packet(header, payload=b"\xff\x03"), 30.0) == []
    assert "HELLO" in names(hand.wait(61.0))


def test_data_from_a_stranger_does_not_hold_hello_back() -> None:
    world = World()
    hand = lns_alone(world, hello_interval=60.0)
    hand.establish()
    stranger = Hand(world, LNS, at=("127.0.0.8", 1))
    header = Header(control=False, tunnel_id=hand.peer_id, length=None)
    for _ in range(6):
        stranger.exchange(Packet(header), 10.0)
    assert "HELLO" in names(hand.wait(1.0))


def test_no_hello_while_another_message_waits_for_its_acknowledgement() -> None:
    world = World()
    hand = lns_alone(world, hello_interval=5.0)
    hand.establish()
    lns = world.peers[LNS]
    lns.call(lns.only, world.now)  # the OCRQ is never acknowledged
    frames = hand.wait(60.0)
    assert "OCRQ" not in names(frames)  # this LAC has sent no Bearer Capabilities
    hand = Hand(world, LNS, at=(HAND[0], 1))
    hand.establish({"bearer_capabilities": 3})
    lns.call(lns.tunnels[hand.peer_id], world.now)
    world.run(60.0)
    sent = [frame.name for frame in world.received[hand.at]]
    assert sent == ["OCRQ"] * 6
    assert hand.peer_id not in lns.tunnels


def test_a_hello_that_is_never_acknowledged_clears_the_tunnel() -> None:
    world = World()
    hand = lns_alone(world, hello_interval=60.0)
    hand.establish()
    hand.call()
    world.run(60.0 + 31.5)
    assert [frame.name for frame in world.received[HAND]] == ["HELLO"] * 6
    assert not world.peers[LNS].tunnels


def test_a_hello_with_a_bad_avp_ends_the_tunnel() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    (answer,) = hand.send("HELLO", add=(AVP(9999),))
    assert (answer.name, result(answer)) == ("StopCCN", (2, 8))


# -- the end ---------------------------------------------------------------------------------------


def test_a_stopccn_is_acknowledged_again_for_31_seconds() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    hand.call()
    assert names(hand.send("StopCCN")) == ["ZLB"]
    start = world.now
    for wait in (1, 2, 4, 8, 8, 7):
        world.run(wait - 0.1)
        (answer,) = hand.send("StopCCN", ns=hand.ns - 1)
        assert answer.name == "ZLB"
        assert answer.packet.header.nr == hand.ns
    assert world.now - start > 29.0
    assert not world.peers[LNS].only.sessions
    world.run(2.0)
    assert hand.send("StopCCN", ns=hand.ns - 1) == []
    assert not world.peers[LNS].tunnels


def test_nothing_but_acknowledgements_comes_from_a_closed_tunnel() -> None:
    world = World()
    hand = lns_alone(world, hello_interval=5.0)
    hand.establish()
    hand.send("StopCCN")
    assert names(hand.send("ICRQ")) == ["ZLB"]
    assert names(hand.send("SCCRQ")) == ["ZLB"]
    assert hand.wait(20.0) == []


def test_a_stopccn_finds_its_tunnel_by_the_id_that_was_first_sent() -> None:
    # 4.4.3: with tunnel id 0 in the header
    world = World()
    hand = lns_alone(world)
    hand.send("SCCRQ")
    (answer,) = hand.send("StopCCN", tunnel_id=0)
    assert (answer.name, answer.packet.header.nr) == ("ZLB", 2)
    assert world.peers[LNS].only.phase is Phase.CLOSING


@pytest.mark.parametrize(
    ("values", "omit"),
    [
        ({"result_code": {"result": 1}}, ""),
        ({"result_code": {"result": 99}}, ""),
        ({"result_code": {"result": 2, "error": 6, "message": "out of modems"}}, ""),
        ({}, "result_code"),
        ({"assigned_tunnel_id": 9}, ""),
    ],
)
def test_a_stopccn_ends_the_tunnel_whatever_it_says(values: dict[str, Value], omit: str) -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    assert names(hand.send("StopCCN", values, omit=omit)) == ["ZLB"]
    assert world.peers[LNS].only.phase is Phase.CLOSING


def test_two_stopccns_that_cross_are_both_acknowledged() -> None:
    world = World()
    lac, lns = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    del world.frames[:]
    tunnel.close(None, world.now)
    lns.only.close(None, world.now)
    world.run(1.0)
    assert sorted(world.names()) == ["StopCCN", "StopCCN", "ZLB", "ZLB"]
    world.run(32.0)
    assert not lac.tunnels
    assert not lns.tunnels


def test_shutting_down_closes_every_tunnel_with_result_6() -> None:
    world = World()
    lac, lns = pair(world)
    lac.open_tunnel(LNS, world.now)
    lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    lns.shut_down(world.now)
    world.run(1.0)
    stops = [frame for frame in world.frames if frame.name == "StopCCN"]
    assert [result(frame) for frame in stops] == [(6, 0), (6, 0)]
    assert all(tunnel.phase is Phase.CLOSING for tunnel in lac.tunnels.values())


def test_a_tunnel_may_be_closed_before_it_is_up() -> None:
    world = World()
    lac, lns = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    tunnel.close(None, world.now)
    world.run(5.0)
    stop = next(frame for frame in world.frames if frame.name == "StopCCN")
    assert integer(stop, "assigned_tunnel_id") == tunnel.local_id
    assert lns.only.phase is Phase.CLOSING
    world.run(40.0)
    assert not lac.tunnels
    assert not lns.tunnels
