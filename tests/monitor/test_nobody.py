"""What an end makes of a message that is not its peer's, sent on purpose, is let pass."""

from __future__ import annotations

import pytest

from harness.spec.monitor import LIVE
from harness.wire import Value, build
from tests.monitor.talk import LAC, LNS, End, Talk, judge


def rules_broken(talk: Talk) -> set[str]:
    return {finding.rule.value for finding in judge(talk, view=LIVE)}


@pytest.mark.parametrize("deliberate", [True, False])
def test_an_answer_to_nobody(deliberate: bool) -> None:
    """A HELLO for tunnel 0 in a tunnel that is up, answered as the first message of another."""
    talk = Talk().tunnel()
    talk.message(
        talk.lac, "HELLO", header={"tunnel_id": 0}, deliberate=deliberate, arrives=deliberate
    )
    talk.ack(talk.lns, tunnel_id=0, ns=0, nr=0)
    assert ("tunnel-id" in rules_broken(talk)) is not deliberate


def test_a_tunnel_in_use_is_judged_as_before() -> None:
    """Only answers to tunnel 0 are let pass."""
    talk = Talk().tunnel()
    talk.message(talk.lac, "HELLO", header={"tunnel_id": 0}, deliberate=True, arrives=False)
    talk.ack(talk.lns, tunnel_id=talk.lac.tunnel_id + 1)
    assert "tunnel-id" in rules_broken(talk)


@pytest.mark.parametrize(("answered", "wrong"), [("own", False), ("other", True)])
def test_an_id_that_a_strange_message_carries(answered: str, wrong: bool) -> None:
    """A StopCCN for no tunnel names one: an answer may go there, and nowhere else."""
    talk = Talk()
    values: dict[str, Value] = {
        "assigned_tunnel_id": talk.lac.tunnel_id,
        "result_code": {"result": 1},
    }
    talk.message(
        talk.lac, "StopCCN", values, header={"tunnel_id": 0}, deliberate=True, arrives=True
    )
    own = talk.lac.tunnel_id
    talk.ack(talk.lns, tunnel_id=own if answered == "own" else own + 1)
    assert ("tunnel-id" in rules_broken(talk)) is wrong


@pytest.mark.parametrize(("strangers", "claimed", "wrong"), [(1, 4, False), (1, 5, True)])
@pytest.mark.parametrize("beside", ["followed", "alone"])
def test_the_nr_of_who_hears_strangers(
    strangers: int, claimed: int, beside: str, wrong: bool
) -> None:
    """A stranger's HELLO takes the Ns that is next; the peer goes on behind it, or not.

    Whoever takes it acknowledges one message more than its peer has sent (P-7, P-34), no two.
    """
    talk = Talk().tunnel()
    stranger = talk.packet(talk.lac, "HELLO")
    for number in range(strangers):
        header = stranger.header._replace(ns=talk.lac.ns + number)
        data = build(stranger._replace(header=header))
        talk.put(data, ("192.0.2.3", 1701), talk.lns.address, deliberate=True)
    if beside == "followed":
        talk.lac.ns += strangers
        talk.message(talk.lac, "HELLO", arrives=False)
    else:
        claimed -= 1
    talk.ack(talk.lns, nr=claimed)
    assert ("nr-beyond" in rules_broken(talk)) is wrong


def test_an_answer_to_who_assigns_nothing() -> None:
    """An initiator refuses a tunnel from another port with the id 0: the answer goes there."""
    talk = Talk().tunnel()
    asking = End((LNS[0], 39920), 31, 0)
    second = Talk(asking, End(LAC, 0, 0), at=talk.at, frames=talk.frames)
    second.message(second.lac, "SCCRQ")
    refusal: dict[str, Value] = {"assigned_tunnel_id": 0, "result_code": {"result": 4}}
    second.message(second.lns, "StopCCN", refusal)
    second.ack(second.lac)
    assert rules_broken(talk) == {"stopccn-tunnel-id"}
