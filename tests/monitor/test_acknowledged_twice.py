"""A message that is acknowledged by two ZLBs, and what is one ZLB too many (5.8)."""

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
