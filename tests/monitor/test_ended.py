"""What comes in a tunnel that has ended may be refused in it, each message once (P-20)."""

from __future__ import annotations

import pytest

from harness.spec.monitor import LIVE
from tests.monitor.talk import LNS, Talk, judge

AFTER = {"after-stopccn", "after-peer-stopccn"}


def broken_by_the_lns(talk: Talk) -> set[str]:
    found = judge(talk, view=LIVE)
    return {finding.rule.value for finding in found if finding.source == LNS} & AFTER


def ended(by: str) -> Talk:
    """A tunnel that is closed, and a call that its other end, or its own, asks for nevertheless."""
    talk = Talk().tunnel()
    talk.message(talk.lns if by == "own" else talk.lac, "StopCCN")
    talk.message(talk.lac, "ICRQ")
    return talk


@pytest.mark.parametrize("by", ["own", "peer"])
@pytest.mark.parametrize("refusal", ["StopCCN", "CDN"])
def test_a_refusal_is_let_pass(by: str, refusal: str) -> None:
    talk = ended(by)
    talk.message(talk.lns, refusal)
    assert not broken_by_the_lns(talk)


@pytest.mark.parametrize("by", ["own", "peer"])
def test_a_second_refusal_is_not(by: str) -> None:
    talk = ended(by)
    talk.message(talk.lns, "StopCCN")
    talk.message(talk.lns, "StopCCN")
    assert broken_by_the_lns(talk)


@pytest.mark.parametrize("by", ["own", "peer"])
@pytest.mark.parametrize("name", ["ICRP", "HELLO"])
def test_what_goes_on_is_not(by: str, name: str) -> None:
    talk = ended(by)
    talk.message(talk.lns, name)
    assert broken_by_the_lns(talk)


def test_what_crosses_the_stopccn_may_be_refused() -> None:
    talk = Talk().tunnel()
    talk.message(talk.lac, "ICRQ", arrives=False)
    talk.message(talk.lns, "StopCCN", arrives=False)
    talk.lns.nr = talk.lac.ns
    talk.message(talk.lns, "StopCCN")
    assert not broken_by_the_lns(talk)
