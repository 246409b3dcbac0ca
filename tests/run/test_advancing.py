"""The `advance` step: HELLOs up to a number, at the pace of the IUT."""

from __future__ import annotations

import pytest

from harness.run.advancing import PACE_KNOWN
from harness.run.events import Verdict
from tests.run.fakes import say
from tests.run.stage import UP, play


@pytest.mark.parametrize(("to", "verdict"), [(65000, "inconc"), (1000, "pass")])
def test_who_takes_his_time_has_not_failed(to: int, verdict: str) -> None:
    slow = {"HELLO": [say(after=0.2)], "again": [say(after=0.2)]}
    story = play(UP + f"- advance: {{to: {to}}}\n", slow)
    assert story.verdict.value == verdict
    if verdict == "inconc":
        assert story.last.actual.startswith("6")  # of 65,000, four in each fifth of a second
        assert " of 64998 are after 30 s" in story.last.actual
        assert story.end.seconds < 2 * PACE_KNOWN


def test_who_acknowledges_nothing_has_failed() -> None:
    story = play(UP + "- advance: {to: 65000}\n", {"HELLO": [], "again": []})
    assert story.verdict is Verdict.FAIL
