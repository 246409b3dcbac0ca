"""Calls of a reference peer: what is accepted, what is refused and how far a refusal reaches."""

from __future__ import annotations

import pytest

from harness.peer.call import CallState
from harness.peer.config import PeerConfig
from harness.peer.examine import Fault
from harness.peer.session import NO_FACILITIES_TEMPORARY
from harness.spec.model import Role
from harness.wire import AVP, Header, Packet, Value
from tests.peer.hand import Hand, before_lac, before_lns, integer, names, result, states, value
from tests.peer.world import LAC, LNS, World

# -- incoming calls before the LNS ---------------------------------------------------------------


def test_an_incoming_call_comes_up() -> None:
    world = World()
    hand = before_lns(world)
    hand.call()
    assert states(world, LNS) == [CallState.ESTABLISHED]


@pytest.mark.parametrize("missing", ["assigned_session_id", "call_serial_number"])
def test_an_icrq_without_a_mandatory_avp_ends_the_call_only(missing: str) -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=4)
    (answer,) = hand.send("ICRQ", {"assigned_session_id": 5}, omit=missing)
    assert (answer.name, result(answer)) == ("CDN", (2, 3))
    assert answer.packet.header.session_id == (0 if missing == "assigned_session_id" else 5)
    assert states(world, LNS) == [CallState.ESTABLISHED]


def test_an_icrq_with_an_unknown_mandatory_avp_ends_the_call_only() -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=4)
    (answer,) = hand.send("ICRQ", {"assigned_session_id": 5}, add=(AVP(9999),))
    assert (answer.name, result(answer)) == ("CDN", (2, 8))
    assert states(world, LNS) == [CallState.ESTABLISHED]


@pytest.mark.parametrize(
    ("values", "add", "expected"),
    [
        ({}, (AVP(9999),), (2, 8)),
        ({"framing_type": 4}, (), (2, 3)),
        ({}, (AVP(24, b"\0"),), (2, 2)),
    ],
)
def test_a_bad_iccn_ends_the_call_only(
    values: dict[str, Value], add: tuple[AVP, ...], expected: tuple[int, int]
) -> None:
    world = World()
    hand = before_lns(world)
    (icrp,) = hand.send("ICRQ", {"assigned_session_id": 5})
    session_id = integer(icrp, "assigned_session_id")
    (answer,) = hand.send("ICCN", values, session_id=session_id, add=add)
    assert (answer.name, result(answer)) == ("CDN", expected)
    assert states(world, LNS) == []
    assert names(hand.send("HELLO")) == ["ZLB"]


def test_an_iccn_with_a_framing_that_was_not_offered_is_refused() -> None:
    world = World()
    hand = before_lns(world, framing=2)
    (icrp,) = hand.send("ICRQ", {"assigned_session_id": 5})
    session_id = integer(icrp, "assigned_session_id")
    (answer,) = hand.send("ICCN", {"framing_type": 1}, session_id=session_id)
    assert (answer.name, result(answer)) == ("CDN", (2, 3))


def test_a_malformed_avp_without_m_does_not_stand_in_the_way() -> None:
    # the example of 7.1: an Rx Connect Speed of 2 octets instead of 4
    world = World()
    hand = before_lns(world)
    (icrp,) = hand.send("ICRQ", {"assigned_session_id": 5})
    session_id = integer(icrp, "assigned_session_id")
    short = AVP(38, b"\x25\x80", mandatory=False)
    assert names(hand.send("ICCN", session_id=session_id, add=(short,))) == ["ZLB"]
    assert states(world, LNS) == [CallState.ESTABLISHED]


def test_long_numbers_are_taken() -> None:
    world = World()
    hand = before_lns(world)
    values: dict[str, Value] = {
        "assigned_session_id": 5,
        "called_number": "1" * 1017,
        "calling_number": "2" * 1017,
        "sub_address": "",
    }
    assert names(hand.send("ICRQ", values)) == ["ICRP"]


def test_an_icrq_before_the_tunnel_is_up_is_refused() -> None:
    world = World()
    world.add(LNS, PeerConfig(role=Role.LNS))
    hand = Hand(world, LNS)
    hand.send("SCCRQ")
    (answer,) = hand.send("ICRQ", {"assigned_session_id": 5})
    assert (answer.name, result(answer)) == ("CDN", (2, 1))


@pytest.mark.parametrize("name", ["ICRQ", "ICRP", "ICCN"])
def test_a_message_out_of_sequence_ends_the_call_only(name: str) -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call()
    hand.call(session_id=6)
    (answer,) = hand.send(name, {}, session_id=session_id)
    assert (answer.name, result(answer)) == ("CDN", (2, 5))
    assert states(world, LNS) == [CallState.ESTABLISHED]


def test_a_message_of_the_other_kind_of_call_changes_nothing_and_leaves_no_trace() -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call()
    assert names(hand.send("OCRP", session_id=session_id)) == ["ZLB"]
    lns = world.peers[LNS]
    lns.hang_up(lns.only.sessions[session_id], world.now)
    (cdn,) = hand.wait(0.1)
    assert result(cdn) == (3, -1)


def test_the_id_that_the_peer_assigned_first_counts() -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call(session_id=5)
    (answer,) = hand.send("ICRP", {"assigned_session_id": 6}, session_id=session_id)
    assert (answer.name, answer.packet.header.session_id) == ("CDN", 5)


def test_a_session_id_that_is_in_use_is_refused() -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=5)
    (answer,) = hand.send("ICRQ", {"assigned_session_id": 5})
    assert (answer.name, result(answer)) == ("CDN", (2, 5))


def test_a_session_id_may_be_used_again_after_the_call() -> None:
    world = World()
    hand = before_lns(world)
    for _ in range(5):
        session_id = hand.call(session_id=5)
        hand.send("CDN", {"assigned_session_id": 5}, session_id=session_id)
        assert states(world, LNS) == []


# -- CDN -----------------------------------------------------------------------------------------


def test_a_cdn_with_session_id_0_finds_its_call_by_the_assigned_id() -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=6)
    hand.send("ICRQ", {"assigned_session_id": 5})
    assert names(hand.send("CDN", {"assigned_session_id": 5})) == ["ZLB"]
    assert states(world, LNS) == [CallState.ESTABLISHED]


@pytest.mark.parametrize("session_id", [0, 12345])
def test_a_cdn_for_no_call_ends_none(session_id: int) -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=6)
    answers = hand.send("CDN", {"assigned_session_id": 99}, session_id=session_id)
    assert names(answers) == ["ZLB"]
    assert states(world, LNS) == [CallState.ESTABLISHED]


@pytest.mark.parametrize("code", [0, 1, 11, 12, 999, 65535])
def test_a_cdn_ends_the_call_whatever_its_result(code: int) -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call()
    values: dict[str, Value] = {"assigned_session_id": 5, "result_code": {"result": code}}
    assert names(hand.send("CDN", values, session_id=session_id)) == ["ZLB"]
    assert states(world, LNS) == []


@pytest.mark.parametrize("add", [(AVP(12, b"\0\1"),), (AVP(12, b"\0\1\2busy"),), (AVP(9999),)])
def test_a_cdn_ends_the_call_whatever_else_it_carries(add: tuple[AVP, ...]) -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call()
    values: dict[str, Value] = {"assigned_session_id": 5}
    assert names(hand.send("CDN", values, session_id=session_id, add=add)) == ["ZLB"]
    assert states(world, LNS) == []


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_what_waits_to_be_sent_about_a_call_is_void_after_its_cdn(
    closing: bool, named: bool
) -> None:
    world = World()
    lac = world.add(LAC, PeerConfig(role=Role.LAC))
    hand = Hand(world, LAC)
    hand.establish({"receive_window_size": 1})
    (ocrp,) = hand.send("OCRQ", {"assigned_session_id": 5})
    assert lac.only.channel.has_waiting
    if closing:
        lac.only.close(None, world.now)
    session_id = integer(ocrp, "assigned_session_id") if named else 0
    answers = hand.send("CDN", {"assigned_session_id": 5}, session_id=session_id)
    assert names(answers) == (["StopCCN"] if closing else ["ZLB"])
    assert answers[0].packet.header.ns == 2


LCP_REQUEST = bytes.fromhex("ff03c02101010004")


def lcp_to(hand: Hand, session_id: int) -> list[str]:
    """Ask the PPP of a call for a configuration without options; gives what comes back."""
    header = Header(
        control=False, tunnel_id=hand.peer_id, session_id=session_id, length=None, ns=None, nr=None
    )
    return names(hand.exchange(Packet(header, payload=LCP_REQUEST)))


def test_ppp_goes_on_while_messages_about_other_calls_wait() -> None:
    world = World()
    hand = before_lac(world, ppp=True)
    lac = world.peers[LAC]
    ocrp, occn = hand.send("OCRQ", {"assigned_session_id": 5})
    assert names([ocrp, occn]) == ["OCRP", "OCCN"]
    assert states(world, LAC) == [CallState.ESTABLISHED]
    for _ in range(9):
        lac.call(lac.only, world.now)
    hand.wait(0.1)
    assert lac.only.channel.has_waiting
    assert "data" in lcp_to(hand, integer(ocrp, "assigned_session_id"))


def test_no_ppp_while_the_message_that_connects_the_call_waits() -> None:
    # 5.0: PPP frames flow once the call is up, and the LNS cannot know that it is
    world = World()
    lac = world.add(LAC, PeerConfig(role=Role.LAC, ppp=True))
    hand = Hand(world, LAC)
    hand.establish({"receive_window_size": 1})
    (ocrp,) = hand.send("OCRQ", {"assigned_session_id": 5})
    session_id = integer(ocrp, "assigned_session_id")
    assert states(world, LAC) == [CallState.ESTABLISHED]
    assert lac.only.channel.has_waiting
    assert "data" not in lcp_to(hand, session_id)
    hand.acknowledge()
    assert not lac.only.channel.has_waiting
    assert "data" in lcp_to(hand, session_id)


def test_hanging_up_gives_the_reason() -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call(session_id=5)
    lns = world.peers[LNS]
    fault = Fault(0, "enough", result=NO_FACILITIES_TEMPORARY)
    lns.hang_up(lns.only.sessions[session_id], world.now, fault)
    (cdn,) = hand.wait(0.1)
    assert cdn.packet.header.session_id == 5
    assert integer(cdn, "assigned_session_id") == session_id
    assert value(cdn, "result_code") == {"result": 4, "error": 0, "message": "enough"}


# -- WEN and SLI ---------------------------------------------------------------------------------


def test_wan_errors_are_noted_and_the_call_goes_on() -> None:
    world = World()
    hand = before_lns(world)
    session_id = hand.call()
    assert names(hand.send("WEN", session_id=session_id)) == ["ZLB"]
    (session,) = world.peers[LNS].only.sessions.values()
    assert isinstance(session.call_errors, dict)
    assert session.call_errors["crc_errors"] == 1
    assert session.state is CallState.ESTABLISHED


def test_link_info_is_noted_and_the_call_goes_on() -> None:
    world = World()
    hand = before_lac(world)
    lac = world.peers[LAC]
    session = lac.call(lac.only, world.now)
    (icrq,) = hand.wait(0.1)
    lac_id = integer(icrq, "assigned_session_id")
    assert names(hand.send("ICRP", {"assigned_session_id": 9}, session_id=lac_id)) == ["ICCN"]
    accm: Value = {"send": 0, "receive": 0xA0000}
    assert names(hand.send("SLI", {"accm": accm}, session_id=lac_id)) == ["ZLB"]
    assert session.accm == accm
    assert session.state is CallState.ESTABLISHED


@pytest.mark.parametrize("name", ["WEN", "SLI"])
def test_a_notice_for_no_call_ends_none(name: str) -> None:
    world = World()
    hand = before_lns(world)
    hand.call()
    assert names(hand.send(name, session_id=54321)) == ["ZLB"]
    assert names(hand.send(name)) == ["ZLB"]
    assert states(world, LNS) == [CallState.ESTABLISHED]


@pytest.mark.parametrize("name", ["WEN", "SLI"])
def test_a_notice_with_an_unknown_mandatory_avp_ends_its_call_only(name: str) -> None:
    world = World()
    hand = before_lns(world)
    hand.call(session_id=6)
    session_id = hand.call(session_id=5)
    (answer,) = hand.send(name, session_id=session_id, add=(AVP(9999),))
    assert (answer.name, result(answer)) == ("CDN", (2, 8))
    assert states(world, LNS) == [CallState.ESTABLISHED]
