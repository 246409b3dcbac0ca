"""What an end makes of a message for tunnel 0 that was sent on purpose is not held against it."""

from __future__ import annotations

import pytest

from harness.spec.monitor import LIVE
from harness.wire import Value
from tests.monitor.talk import Talk, judge


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
