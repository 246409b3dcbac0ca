"""Setting up a tunnel: what a reference peer accepts, what it refuses and how."""

from __future__ import annotations

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.tunnel import Phase
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, message
from tests.peer.hand import HAND, integer, lns_alone, names, result, value
from tests.peer.world import LAC, LNS, World, pair


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


def test_the_reason_that_goes_out_is_text_for_a_person() -> None:
    world = World()
    (answer,) = lns_alone(world).send("SCCRQ", add=(AVP(9999, vendor=311),))
    code = value(answer, "result_code")
    assert isinstance(code, dict)
    assert code["message"] == "unrecognized mandatory AVP: vendor 311 attribute 9999"
