"""Whose a message is: headers, ids, addresses and ports (RFC 2661 3.1, 4.4.3, 8.1, 9.1)."""

from __future__ import annotations

import itertools

import pytest

from harness.peer.config import PeerConfig
from harness.peer.tunnel import Phase
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, zlb
from tests.peer.hand import HAND, Hand, integer, lns_alone, names
from tests.peer.world import LAC, LNS, World

# -- headers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 3},
        {"version": 1},
        {"length": None},
        {"length": 11},
        {"length": 2000},
        {"ns": None},
        {"offset_size": 0},
        {"priority": True},
    ],
)
def test_a_control_message_with_a_malformed_header_is_discarded(changes: dict[str, object]) -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    header = Header(tunnel_id=hand.peer_id, ns=hand.ns, nr=hand.nr)
    header = header._replace(**changes)  # type: ignore[arg-type]
    assert hand.exchange(Packet(header, (AVP(0, b"\0\6"),))) == []
    assert names(hand.send("HELLO")) == ["ZLB"]


def test_reserved_bits_of_the_header_are_ignored() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    packet = Packet(Header(reserved=0x34F0), (AVP(0, b"\0\6"),))
    assert names(hand.send_packet(packet)) == ["ZLB"]


def test_a_message_for_an_unknown_tunnel_is_discarded() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    assert hand.send("HELLO", tunnel_id=hand.peer_id ^ 1, ns=5) == []


def test_a_message_from_another_host_or_port_is_discarded() -> None:
    # 9.1: whoever knows the ids but is not the peer must not end its tunnel
    world = World()
    hand = lns_alone(world)
    hand.establish()
    for stranger in (("127.0.0.8", HAND[1]), (HAND[0], HAND[1] + 1)):
        attack = Hand(world, LNS, at=stranger)
        attack.peer_id, attack.ns = hand.peer_id, hand.ns
        assert attack.send("StopCCN") == []
    assert names(hand.send("HELLO")) == ["ZLB"]


def test_the_responder_may_answer_from_another_port() -> None:
    # 8.1: from then on it is that port that counts
    world = World()
    lac = world.add(LAC, PeerConfig(role=Role.LAC))
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(0.1)
    moved = Hand(world, LAC, at=(LNS[0], 50_000))
    (sccrq,) = world.received[LNS]
    moved.peer_id, moved.nr = integer(sccrq, "assigned_tunnel_id"), 1
    (answer,) = moved.send("SCCRP")
    assert answer.name == "SCCCN"
    assert tunnel.address == moved.at
    assert moved.send("HELLO")[-1].to == moved.at
    elsewhere = Hand(world, LAC, at=(LNS[0], 50_001))
    elsewhere.peer_id, elsewhere.ns, elsewhere.nr = moved.peer_id, moved.ns, moved.nr
    assert elsewhere.send("HELLO") == []


def test_a_zlb_is_never_answered() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    for ns, nr in [(hand.ns, hand.nr), (0, 0), (65535, 65535), (hand.ns + 1, hand.nr + 1)]:
        assert hand.exchange(zlb(hand.peer_id, ns, nr)) == []
    assert names(hand.send("HELLO")) == ["ZLB"]


# -- ids -------------------------------------------------------------------------------------------


def test_two_clients_behind_one_address_may_choose_the_same_id() -> None:
    world = World()
    first = lns_alone(world)
    second = Hand(world, LNS, at=(HAND[0], HAND[1] + 1), tunnel_id=first.tunnel_id)
    first.establish()
    second.establish()
    assert first.peer_id != second.peer_id
    assert names(first.send("HELLO")) == ["ZLB"]
    second.send("StopCCN")
    assert names(first.send("HELLO")) == ["ZLB"]


def test_two_tunnels_of_one_port_are_kept_apart() -> None:
    world = World()
    first = lns_alone(world)
    first.establish()
    second = Hand(world, LNS, tunnel_id=78)
    second.establish()
    assert len(world.peers[LNS].tunnels) == 2
    assert names(first.send("StopCCN")) == ["ZLB"]
    assert names(second.send("HELLO")) == ["ZLB"]


@pytest.mark.parametrize("closed_by", ["client", "server", "fault"])
def test_an_id_may_be_used_again_as_soon_as_the_tunnel_is_closed(closed_by: str) -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    tunnel = world.peers[LNS].only
    if closed_by == "client":
        hand.send("StopCCN")
    elif closed_by == "server":
        world.peers[LNS].shut_down(world.now)
        hand.wait(0.1)
    else:
        hand.send("SCCRP")
    assert tunnel.phase is Phase.CLOSING
    again = Hand(world, LNS, tunnel_id=hand.tunnel_id)
    again.establish()
    assert again.peer_id != hand.peer_id


def test_a_refused_client_is_served_when_it_asks_for_something_else() -> None:
    world = World()
    hand = lns_alone(world)
    assert names(hand.send("SCCRQ", add=(AVP(9999),), ns=0)) == ["StopCCN"]
    assert names(hand.send("SCCRQ", add=(AVP(9999),), ns=0)) == ["ZLB"]
    assert len(world.peers[LNS].tunnels) == 1
    Hand(world, LNS).establish()


def test_ids_are_not_to_be_guessed() -> None:
    world = World()
    lns = world.add(LNS, PeerConfig(role=Role.LNS))
    ids = []
    for number in range(100):
        hand = Hand(world, LNS, tunnel_id=number + 1)
        hand.establish()
        ids.append(hand.peer_id)
    assert len(set(ids)) == 100
    assert 0 not in ids
    steps = {after - before for before, after in itertools.pairwise(ids)}
    assert len(steps) > 90
    assert max(ids) > 40_000 > 20_000 > min(ids)
    assert len(lns.tunnels) == 100
