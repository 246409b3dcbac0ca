"""What a strange message of the peer may be taken to say about ids is not held against who does."""

from __future__ import annotations

import pytest

from harness.spec.monitor import LIVE
from harness.wire import Value, zlb
from tests.monitor.talk import LNS, Talk, avp, judge

OTHER = 7


def rules_broken(talk: Talk) -> set[str]:
    return {one.rule.value for one in judge(talk, view=LIVE) if one.source == LNS}


@pytest.mark.parametrize("deliberate", [True, False])
def test_a_tunnel_id_in_a_message_that_does_not_list_it(deliberate: bool) -> None:
    talk = Talk().tunnel()
    talk.message(
        talk.lac, "HELLO", extra=(avp("assigned_tunnel_id", OTHER),), deliberate=deliberate
    )
    talk.ack(talk.lns, tunnel_id=OTHER)
    assert ("tunnel-id" in rules_broken(talk)) is not deliberate


@pytest.mark.parametrize(("value", "misled"), [(b"\0", True), (None, False)])
def test_a_tunnel_id_that_cannot_be_read(value: bytes | None, misled: bool) -> None:
    talk = Talk().tunnel()
    tunnel_id = avp("assigned_tunnel_id", talk.lac.tunnel_id)
    talk.message(
        talk.lac,
        "HELLO",
        extra=(tunnel_id if value is None else tunnel_id._replace(value=value),),
        deliberate=True,
    )
    talk.ack(talk.lns, tunnel_id=OTHER)
    assert ("tunnel-id" in rules_broken(talk)) is not misled


@pytest.mark.parametrize("deliberate", [True, False])
def test_data_to_a_tunnel_id_in_a_message_that_does_not_list_it(deliberate: bool) -> None:
    talk = Talk().tunnel().call()
    assigned = avp("assigned_tunnel_id", OTHER)
    talk.message(talk.lac, "HELLO", extra=(assigned,), deliberate=deliberate)
    talk.data(talk.lns, tunnel_id=OTHER)
    assert ("tunnel-id" in rules_broken(talk)) is not deliberate


@pytest.mark.parametrize("number", [0, OTHER])
def test_another_id_at_the_end(number: int) -> None:
    talk = Talk().tunnel()
    values: dict[str, Value] = {"assigned_tunnel_id": number, "result_code": {"result": 1}}
    talk.message(talk.lac, "StopCCN", values, deliberate=True)
    talk.ack(talk.lns, tunnel_id=number)
    assert "tunnel-id" not in rules_broken(talk)


@pytest.mark.parametrize("deliberate", [True, False])
def test_a_session_id_in_a_message_that_does_not_list_it(deliberate: bool) -> None:
    talk = Talk().tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    assigned = avp("assigned_session_id", OTHER)
    talk.message(talk.lac, "ICCN", extra=(assigned,), deliberate=deliberate)
    talk.ack(talk.lns)
    talk.data(talk.lns, session_id=OTHER)
    assert ("session-id" in rules_broken(talk)) is not deliberate


@pytest.mark.parametrize("deliberate", [True, False])
def test_a_request_behind_another_message_type(deliberate: bool) -> None:
    """Whoever lets the last Message Type count is asked for a call by a HELLO."""
    talk = Talk().tunnel()
    asked = (avp("message_type", 10), avp("assigned_session_id", OTHER))
    talk.message(talk.lac, "HELLO", extra=asked, deliberate=deliberate)
    talk.message(talk.lns, "ICRP", header={"session_id": OTHER})
    assert ("session-id" in rules_broken(talk)) is not deliberate


@pytest.mark.parametrize(("twice", "misled"), [(True, True), (False, False)])
def test_a_request_with_an_avp_twice(twice: bool, misled: bool) -> None:
    """Whoever lets the last Message Type count may have read no Session ID behind it."""
    talk = Talk().tunnel()
    again = (avp("message_type", 10),) if twice else ()
    talk.message(talk.lac, "ICRQ", extra=again, deliberate=True)
    talk.message(talk.lns, "ICRP", session=False)
    assert ("session-id" in rules_broken(talk)) is not misled


@pytest.mark.parametrize("known", [True, False])
def test_a_request_in_a_tunnel_that_is_up(known: bool) -> None:
    """An SCCRQ there is out of order, but its Tunnel ID is the one that the peer has assigned."""
    talk = Talk().tunnel()
    header = {"tunnel_id": talk.lac.tunnel_id if known else OTHER}
    talk.message(talk.lns, "SCCRQ", header=dict(header))
    assert "tunnel-id-before" in rules_broken(talk) or known
    assert not (known and "tunnel-id-before" in rules_broken(talk))


@pytest.mark.parametrize("own", [True, False])
def test_an_answer_to_the_end_of_a_tunnel_that_nobody_has(own: bool) -> None:
    """A StopCCN that names no tunnel of its sender is not of the one that there is."""
    talk = Talk().tunnel()
    number = talk.lac.tunnel_id if own else OTHER
    talk.message(
        talk.lac,
        "StopCCN",
        {"assigned_tunnel_id": number, "result_code": {"result": 1}},
        header={"tunnel_id": 0},
        deliberate=True,
        arrives=own,
    )
    talk.ack(talk.lns, tunnel_id=0)
    assert ("tunnel-id" in rules_broken(talk)) is own


def test_a_second_reply_with_another_id_is_of_another_tunnel() -> None:
    talk = Talk()
    request = talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    talk.message(talk.lac, "SCCCN")
    talk.ack(talk.lns)
    talk.again(request, nr=0, wait=1.0)
    talk.lns.ns, talk.lns.nr, talk.lns.tunnel_id = 0, 1, 99
    talk.message(talk.lns, "SCCRP")
    assert rules_broken(talk) == {"second-tunnel"}


@pytest.mark.parametrize(("offset", "wrong"), [(14, False), (None, True)])
def test_a_bare_header_whose_offset_hides_octets(offset: int | None, wrong: bool) -> None:
    """Whoever does not look at the Offset of a control message finds a HELLO behind it (P-59)."""
    talk = Talk().tunnel()
    packet = zlb(talk.lns.tunnel_id, talk.lac.ns, talk.lac.nr)
    header = packet.header._replace(offset_size=offset, offset_pad=bytes(6) if offset else b"")
    talk.send(talk.lac, packet._replace(header=header), deliberate=True)
    talk.lns.nr += 1
    talk.ack(talk.lns)
    assert ("nr-beyond" in rules_broken(talk)) is wrong


def test_the_numbers_of_a_zlb_to_no_tunnel() -> None:
    """That it has Tunnel ID 0 is one fault, and not three."""
    talk = Talk().tunnel()
    talk.message(talk.lac, "HELLO")
    talk.wait(1.0)
    talk.ack(talk.lns, tunnel_id=0, ns=0, nr=0)
    assert rules_broken(talk) == {"tunnel-id"}
