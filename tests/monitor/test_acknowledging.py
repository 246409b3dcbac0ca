"""ZLBs that are more than one would do, or have another Ns, and those that are wrong (5.8)."""

from __future__ import annotations

import pytest

from harness.spec.monitor import RuleId
from tests.monitor.talk import LNS, Talk, judge


@pytest.mark.parametrize(("copies", "blamed"), [(1, False), (2, True)])
@pytest.mark.parametrize("crossing", [True, False])
def test_a_zlb_may_come_twice(crossing: bool, copies: int, blamed: bool) -> None:
    talk = Talk().tunnel()
    talk.wait(5.0)
    talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    for _ in range(copies):
        if crossing:
            talk.ack(talk.lac)
        talk.ack(talk.lns)
    rule = RuleId.ZLB_UNANSWERED
    found = [one for one in judge(talk) if one.rule is rule and one.source == LNS]
    assert any(one.severity == "fail" for one in found) == (blamed and crossing)


@pytest.mark.parametrize(("again", "blamed"), [(True, False), (False, True)])
def test_a_zlb_has_the_ns_of_what_is_sent_next(again: bool, blamed: bool) -> None:
    talk = Talk().tunnel()
    talk.wait(5.0)
    first = talk.message(talk.lns, "HELLO", arrives=False)
    talk.message(talk.lns, "HELLO", arrives=False)
    talk.wait(1.0)
    if again:
        talk.put(first.data, first.source, first.destination)
    talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns, ns=talk.lns.ns - 1)
    found = [one for one in judge(talk) if one.rule is RuleId.ZLB_NS and one.source == LNS]
    assert bool(found) == blamed
