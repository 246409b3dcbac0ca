"""A number that is passed over: lost on the way, sent out of order, or never sent (5.8)."""

from __future__ import annotations

import pytest

from harness.spec.monitor import CAPTURE, LIVE, View
from tests.monitor.talk import Seen, Talk, judge


def passed_over(*repeats: float) -> tuple[Talk, Seen]:
    """Two HELLOs of which only the second arrives; then both after seconds, or it alone."""
    talk = Talk().tunnel()
    first = talk.message(talk.lac, "HELLO", arrives=False)
    second = talk.message(talk.lac, "HELLO", arrives=False)
    talk.frames.remove(first)
    for repeat in repeats:
        talk.again(first, wait=repeat)
        talk.again(second)
    if not repeats:
        talk.again(second, wait=1.0)
        talk.again(second, wait=2.0)
    return talk, second


def rules_broken(talk: Talk, view: View) -> set[str]:
    return {finding.rule.value for finding in judge(talk, view=view)}


@pytest.mark.parametrize("view", [LIVE, CAPTURE], ids=["live", "capture"])
def test_what_is_lost_and_sent_again_is_nobodys_fault(view: View) -> None:
    talk, _ = passed_over(1.0)
    assert rules_broken(talk, view) == set()


def test_what_comes_out_of_order_is_the_senders_fault_where_all_is_seen() -> None:
    talk, second = passed_over(0.1)
    found = {finding.rule.value: finding for finding in judge(talk, view=LIVE)}
    assert found["ns-sequence"].frames[0] == second.number
    assert found["ns-sequence"].severity == "warn"
    # a path may have put them into another order
    assert "ns-sequence" not in rules_broken(talk, CAPTURE)


def test_what_is_never_sent_is_the_senders_fault() -> None:
    talk, second = passed_over()
    (finding,) = judge(talk, view=LIVE)
    assert (finding.rule.value, finding.frames[0]) == ("ns-sequence", second.number)
