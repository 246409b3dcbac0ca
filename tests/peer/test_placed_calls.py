"""Calls that a reference peer places or is asked to place (RFC 2661 7.4.1, 7.5)."""

from __future__ import annotations

import pytest

from harness.peer.call import CallState
from harness.peer.config import PeerConfig
from harness.spec.model import Role
from harness.wire import Value
from tests.peer.hand import Hand, before_lac, before_lns, integer, names, result, states, value
from tests.peer.world import LAC, LNS, World, pair

# -- outgoing calls before the LAC ---------------------------------------------------------------


def test_an_outgoing_call_comes_up_when_it_is_answered() -> None:
    world = World()
    hand = before_lac(world, answers_after=3.0)
    (ocrp,) = hand.send("OCRQ", {"assigned_session_id": 5})
    assert ocrp.name == "OCRP"
    assert ocrp.packet.header.session_id == 5
    hand.acknowledge()
    assert states(world, LAC) == [CallState.WAIT_CS_ANSWER]
    assert hand.wait(2.7) == []
    assert names(hand.wait(0.2)) == ["OCCN"]
    assert states(world, LAC) == [CallState.ESTABLISHED]


@pytest.mark.parametrize(
    ("settings", "values", "expected"),
    [
        ({"places_calls": False}, {}, (5, 0)),
        ({"framing": 1}, {"framing_type": 2}, (5, 0)),
        ({"bearer": 2}, {"bearer_type": 1}, (5, 0)),
        ({}, {"minimum_bps": 2, "maximum_bps": 1}, (2, 3)),
        ({"max_sessions": 0}, {}, (4, 0)),
    ],
)
def test_a_call_that_cannot_be_placed_is_refused(
    settings: dict[str, object], values: dict[str, Value], expected: tuple[int, int]
) -> None:
    world = World()
    hand = before_lac(world, **settings)
    (answer,) = hand.send("OCRQ", {"assigned_session_id": 5, **values})
    assert (answer.name, result(answer)) == ("CDN", expected)
    assert answer.packet.header.session_id == 5
    assert names(hand.send("HELLO")) == ["ZLB"]


def test_the_others_request_is_turned_down() -> None:
    world = World()
    for hand, name in ((before_lns(world), "OCRQ"), (before_lac(world), "ICRQ")):
        (answer,) = hand.send(name, {"assigned_session_id": 5})
        assert (answer.name, result(answer)) == ("CDN", (5, 0))
        assert answer.packet.header.session_id == 5
        assert not world.peers[hand.to].only.sessions
        assert names(hand.send("HELLO")) == ["ZLB"]


def test_a_call_that_is_hung_up_while_it_is_placed_is_never_connected() -> None:
    world = World()
    hand = before_lac(world, answers_after=3.0)
    hand.send("OCRQ", {"assigned_session_id": 5})
    (session,) = world.peers[LAC].only.sessions.values()
    world.peers[LAC].hang_up(session, world.now)
    assert names(hand.wait(10.0)).count("CDN") >= 1
    assert "OCCN" not in world.names()
    assert not world.peers[LAC].only.ringing


# -- calls of this side --------------------------------------------------------------------------


def test_no_call_goes_to_a_lac_that_sent_no_bearer_capabilities() -> None:
    # 6.9
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS))
    hand = Hand(world, LNS)
    hand.establish()
    session = lns.call(lns.only, world.now)
    assert hand.wait(1.0) == []
    assert session.state is CallState.IDLE
    assert not lns.only.sessions


@pytest.mark.parametrize(("framing", "bearer"), [(1, 1), (2, 2), (3, 3), (0, 0), (2, 1)])
def test_an_ocrq_asks_for_nothing_that_the_lac_did_not_offer(framing: int, bearer: int) -> None:
    # 4.4.4, also when the LNS opened nothing itself: what the SCCRQ said still counts after SCCCN
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS))
    hand = Hand(world, LNS)
    hand.establish({"framing_capabilities": framing, "bearer_capabilities": bearer})
    lns.call(lns.only, world.now, "5551234")
    (ocrq,) = hand.wait(0.1)
    assert ocrq.name == "OCRQ"
    assert integer(ocrq, "framing_type") & ~framing == 0
    assert integer(ocrq, "bearer_type") & ~bearer == 0
    assert value(ocrq, "called_number") == "5551234"


def test_calls_wait_until_the_tunnel_is_up() -> None:
    world = World()
    lac, lns = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    sessions = [lac.call(tunnel, world.now) for _ in range(10)]
    assert {session.state for session in sessions} == {CallState.WAIT_TUNNEL}
    lac.hang_up(sessions.pop(), world.now)
    assert len(tunnel.waiting) == 9
    world.run(1.0)
    assert {session.state for session in sessions} == {CallState.ESTABLISHED}
    assert len(lns.only.sessions) == 9
    assert "CDN" not in world.names()


def test_a_call_that_is_refused_is_over() -> None:
    world = World()
    lac, _ = pair(world, lns=PeerConfig(role=Role.LNS, max_sessions=1))
    tunnel = lac.open_tunnel(LNS, world.now)
    lac.call(tunnel, world.now)
    world.run(1.0)
    second = lac.call(tunnel, world.now)
    world.run(1.0)
    assert second.state is CallState.IDLE
    assert len(lac.only.sessions) == 1


def test_the_avps_of_a_connected_call_follow_the_configuration() -> None:
    world = World()
    pair(
        world,
        lac=PeerConfig(role=Role.LAC, rx_connect_speed=9600, sequencing_required=True),
    )
    lac = world.peers[LAC]
    lac.call(lac.open_tunnel(LNS, world.now), world.now)
    world.run(1.0)
    iccn = next(frame for frame in world.frames if frame.name == "ICCN")
    assert integer(iccn, "rx_connect_speed") == 9600
    (session,) = world.peers[LNS].only.sessions.values()
    assert session.sequencing


def test_messages_for_no_session_make_none() -> None:
    world = World()
    hand = before_lns(world)
    answers = {
        name: names(hand.send(name, session_id=number))
        for number, name in enumerate(("ICRP", "ICCN", "OCRP", "OCCN"), 1)
    }
    # the idle rows of 7.4.2 and 7.5.2
    assert answers == {"ICRP": ["CDN"], "ICCN": ["ZLB"], "OCRP": ["ZLB"], "OCCN": ["ZLB"]}
    hand = before_lac(world)
    answers = {
        name: names(hand.send(name, session_id=number))
        for number, name in enumerate(("ICRP", "ICCN", "OCRP", "OCCN"), 1)
    }
    # the idle rows of 7.4.1 and 7.5.1
    assert answers == {"ICRP": ["ZLB"], "ICCN": ["ZLB"], "OCRP": ["CDN"], "OCCN": ["ZLB"]}
    assert not world.peers[LNS].only.sessions
    assert not world.peers[LAC].only.sessions
