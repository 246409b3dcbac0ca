"""A Session ID that is given to a second call as well: data that goes to it may be of either."""

from __future__ import annotations

from harness.spec.monitor import LIVE, RuleId
from tests.monitor.talk import LNS, Talk, judge


def early_data(talk: Talk) -> bool:
    """Whether the LNS is held to have sent data before a session was established."""
    found = judge(talk, view=LIVE)
    return any(one.rule is RuleId.DATA_BEFORE_SESSION and one.source == LNS for one in found)


def asked_again(*, ended: bool) -> Talk:
    """A call, and another one that gets its id, which the first may have given back."""
    talk = Talk().tunnel().call()
    if ended:
        talk.message(talk.lac, "CDN")
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    talk.data(talk.lns)
    return talk


def test_data_to_an_id_of_two_calls_is_of_either() -> None:
    assert not early_data(asked_again(ended=False))


def test_data_to_an_id_that_was_given_back_is_of_the_new_call() -> None:
    assert early_data(asked_again(ended=True))
