"""Tunnels of a reference peer: set-up, what is refused and how, HELLO, teardown, ids, ports."""

from __future__ import annotations

import itertools

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.tunnel import Phase
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, Value, message, zlb
from tests.peer.hand import HAND, Hand, integer, names, result, value
from tests.peer.world import LAC, LNS, World, pair


def lns_alone(world: World, **settings: object) -> Hand:
    """A hand-driven LAC before a reference LNS."""
    world.add(LNS, PeerConfig(role=Role.LNS, **settings))  # type: ignore[arg-type]
    return Hand(world, LNS)


# -- set-up --------------------------------------------------------------------------------------


def test_both_ends_know_each_other_after_the_set_up() -> None:
    world = World()
    lac, lns = pair(
        world,
        lac=PeerConfig(role=Role.LAC, host_name="lac.example", bearer=2, receive_window=9),
        lns=PeerConfig(role=Role.LNS, host_name="lns.example", framing=1),
    )
    lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    ours, theirs = lac.only, lns.only
    assert (ours.peer_id, theirs.peer_id) == (theirs.local_id, ours.local_id)
    assert (ours.peer_host_name, theirs.peer_host_name) == ("lns.example", "lac.example")
    assert (ours.peer_framing, theirs.peer_bearer) == (1, 2)
    assert theirs.channel.peer_window == 9
    assert ours.channel.idle
    assert theirs.channel.idle


def test_either_side_may_open_the_tunnel() -> None:
    world = World()
    lac, lns = pair(world)
    lns.open_tunnel(LAC, world.now)
    world.run(1.0)
    assert lac.only.state is lns.only.state is State.ESTABLISHED


@pytest.mark.parametrize(
    "missing",
    ["protocol_version", "host_name", "framing_capabilities"],
)
def test_an_sccrq_without_a_mandatory_avp_is_refused(missing: str) -> None:
    world = World()
    hand = lns_alone(world)
    (answer,) = hand.send("SCCRQ", omit=missing)
    assert answer.name == "StopCCN"
    assert result(answer) == (2, 3)
    assert answer.packet.header.tunnel_id == 77


def test_a_refusal_without_the_peers_id_goes_to_tunnel_0() -> None:
    world = World()
    hand = lns_alone(world)
    (answer,) = hand.send("SCCRQ", omit="assigned_tunnel_id")
    assert answer.name == "StopCCN"
    assert answer.packet.header.tunnel_id == 0
    assert integer(answer, "assigned_tunnel_id") != 0


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (AVP(9999, b"x"), (2, 8)),
        (AVP(7, b"x", vendor=9), (2, 8)),
        (AVP(10, b"\0\0"), (2, 3)),
        (AVP(10, b"\0"), (2, 2)),
        (AVP(10, b"\0\4", reserved=1), (2, 8)),
        (AVP(9, b"", length=7), (2, 2)),
        (AVP(11, b"no such secret", hidden=True), (2, 3)),
    ],
)
def test_an_sccrq_with_a_bad_mandatory_avp_is_refused_with_the_reason(
    extra: AVP, expected: tuple[int, int]
) -> None:
    world = World()
    (answer,) = lns_alone(world).send("SCCRQ", add=(extra,))
    assert (answer.name, result(answer)) == ("StopCCN", expected)


@pytest.mark.parametrize(
    "extra",
    [
        AVP(9999, b"x", mandatory=False),
        AVP(7, b"x", vendor=9, mandatory=False),
        AVP(10, b"\0\0", mandatory=False),
        AVP(6, b"\0", mandatory=False),
        AVP(10, b"\0\1", reserved=1, mandatory=False),
        AVP(8, b"", mandatory=False),
        AVP(6, b"\0\1", mandatory=True),
    ],
)
def test_the_same_without_m_is_left_out_of_account(extra: AVP) -> None:
    world = World()
    hand = lns_alone(world)
    assert names(hand.send("SCCRQ", add=(extra,))) == ["SCCRP"]
    assert world.peers[LNS].only.channel.peer_window == 4


def test_another_protocol_version_is_refused_with_the_one_that_is_supported() -> None:
    world = World()
    hand = lns_alone(world)
    (answer,) = hand.send("SCCRQ", {"protocol_version": {"version": 2, "revision": 0}})
    assert (answer.name, result(answer)) == ("StopCCN", (5, 0x0100))


def test_an_sccrq_whose_message_type_avp_is_not_recognized_leaves_nothing_behind() -> None:
    # It is an SCCRQ by its number, so a tunnel is made for it; 4.1 and 7.1 then end it.
    world = World()
    hand = lns_alone(world)
    for bad in (
        AVP(0, b"\0\1", reserved=1),
        AVP(0, b"\0\1", length=20),
    ):
        answers = hand.send_packet(Packet(Header(ns=0, nr=0), (bad,)), ns=0)
        assert names(answers) == ["StopCCN"]
    world.run(60.0)
    assert not world.peers[LNS].tunnels


def test_a_message_out_of_order_within_the_set_up_ends_the_tunnel() -> None:
    world = World()
    hand = lns_alone(world)
    hand.send("SCCRQ")
    (answer,) = hand.send("SCCRP")
    assert (answer.name, result(answer)) == ("StopCCN", (7, 0))
    assert world.peers[LNS].only.phase is Phase.CLOSING


def test_an_sccrp_for_an_established_tunnel_ends_it() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    (answer,) = hand.send("SCCRP")
    assert (answer.name, result(answer)) == ("StopCCN", (7, 0))


def test_an_unknown_message_ends_the_tunnel_only_if_it_is_mandatory() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    unknown = AVP(0, (999).to_bytes(2, "big"))
    answers = hand.send_packet(Packet(Header(), (unknown._replace(mandatory=False),)))
    assert names(answers) == ["ZLB"]
    (answer,) = hand.send_packet(Packet(Header(), (unknown,)))
    assert (answer.name, result(answer)) == ("StopCCN", (2, 8))


def test_a_peer_that_acknowledges_but_never_goes_on_is_not_waited_for() -> None:
    world = World()
    hand = lns_alone(world, set_up_within=62.0)
    hand.send("SCCRQ")
    hand.acknowledge()
    assert hand.wait(61.0) == []
    (answer, *_) = hand.wait(2.0)
    assert answer.name == "StopCCN"
    world.run(60.0)
    assert not world.peers[LNS].tunnels


def test_a_responder_whose_sccrp_is_never_acknowledged_forgets_the_tunnel() -> None:
    world = World()
    hand = lns_alone(world)
    world.send(message(1), HAND, LNS)
    hand.send("SCCRQ")
    frames = hand.wait(60.0)
    assert set(names(frames)) <= {"SCCRP", "StopCCN"}
    assert not world.peers[LNS].tunnels


def test_a_repeated_sccrq_opens_no_second_tunnel() -> None:
    world = World()
    hand = lns_alone(world)
    hand.send("SCCRQ")
    for _ in range(5):
        (answer,) = hand.send("SCCRQ", ns=0, tunnel_id=0)
        assert answer.name == "ZLB"
        assert answer.packet.header.nr == 1
        assert answer.packet.header.tunnel_id == 77
    assert len(world.peers[LNS].tunnels) == 1


def test_an_sccrq_that_is_not_the_first_message_is_no_sccrq() -> None:
    world = World()
    assert lns_alone(world).send("SCCRQ", ns=3) == []
    assert not world.peers[LNS].tunnels


# -- headers -------------------------------------------------------------------------------------


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


# -- ids -----------------------------------------------------------------------------------------


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


# -- HELLO ---------------------------------------------------------------------------------------


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


# -- the end -------------------------------------------------------------------------------------


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


def test_a_zlb_is_never_answered() -> None:
    world = World()
    hand = lns_alone(world)
    hand.establish()
    for ns, nr in [(hand.ns, hand.nr), (0, 0), (65535, 65535), (hand.ns + 1, hand.nr + 1)]:
        assert hand.exchange(zlb(hand.peer_id, ns, nr)) == []
    assert names(hand.send("HELLO")) == ["ZLB"]


def test_the_reason_that_goes_out_is_text_for_a_person() -> None:
    world = World()
    (answer,) = lns_alone(world).send("SCCRQ", add=(AVP(9999, vendor=311),))
    code = value(answer, "result_code")
    assert isinstance(code, dict)
    assert code["message"] == "unrecognized mandatory AVP: vendor 311 attribute 9999"
