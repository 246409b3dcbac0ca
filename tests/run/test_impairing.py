"""The `link` step: what is lost, doubled, delayed or swapped, and what the record says of it."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from tests.run.fakes import Rules, say
from tests.run.stage import UP, Story, play


def link(steps: str, rules: Rules | None = None) -> Story:
    """A story with a bad link."""
    return play(steps, rules or {})


def test_a_dropped_datagram_never_goes_out() -> None:
    story = link(
        UP + "- link: {drop: 2, direction: sent, message: HELLO}\n- alive: tunnel\n  within: 5s\n"
    )
    assert story.verdict is Verdict.PASS
    assert len(story.sent("HELLO")) == 1
    assert story.end.seconds == pytest.approx(3.0, abs=0.1)


def test_a_dropped_answer_is_in_the_record_but_never_came() -> None:
    story = link("- link: {drop: 1}\n- send: SCCRQ\n- expect: [silence]\n  within: 500ms\n")
    assert story.verdict is Verdict.PASS
    assert story.last.actual == "silence for 0.5 s"


def test_a_doubled_datagram_goes_out_twice() -> None:
    story = link(UP + "- link: {duplicate: 1, direction: sent, message: HELLO}\n- alive: tunnel\n")
    assert len(story.sent("HELLO")) == 2


def test_a_delayed_datagram_is_recorded_when_it_goes_out() -> None:
    steps = """
- link: {delay: 1, seconds: 400ms, direction: sent}
- send: SCCRQ
- expect: [SCCRP]
"""
    story = link(steps)
    assert story.frames[0].at == pytest.approx(0.4)
    assert story.evidence(story.last) == ["> SCCRQ", "< SCCRP"]
    received = steps.replace("sent", "received")
    story = link(received)
    assert story.verdict is Verdict.PASS
    assert story.end.seconds == pytest.approx(0.4, abs=0.01)


def test_a_delayed_datagram_of_a_case_that_is_over_never_goes_out() -> None:
    steps = "- link: {delay: 1, seconds: 5s, direction: sent}\n- send: SCCRQ\n- silence: 900ms\n"
    story = link(steps)
    assert story.verdict is Verdict.PASS
    assert story.frames == []


def test_swapped_datagrams_go_to_where_they_were_meant_for() -> None:
    steps = """
- link: {reorder: 1, direction: sent}
- send: SCCRQ
  tunnel: first
- send: SCCRQ
  tunnel: second
  from: other
- expect: SCCRP
  tunnel: first
- expect: SCCRP
  tunnel: second
"""
    story = link(steps)
    assert story.verdict is Verdict.PASS
    first, second = story.octets("SCCRQ")
    assert first != second
    ports = [one.source[1] for one in story.frames[:2]]
    assert ports[0] > ports[1]


def test_swapped_answers_keep_their_frames() -> None:
    steps = (
        UP + "- link: {reorder: 1, message: SLI}\n- send: HELLO\n- expect: HELLO\n- expect: SLI\n"
    )
    rules: Rules = {"HELLO": [say("SLI"), say("HELLO", after=0.1)]}
    story = play(steps, rules)
    assert story.verdict is Verdict.FAIL  # the HELLO waits for the SLI before it
    story = play(
        steps.replace("- expect: HELLO\n- expect: SLI", "- expect: SLI\n- expect: HELLO"), rules
    )
    assert story.verdict is Verdict.PASS
    assert story.evidence(story.checks[0]) == ["> HELLO", "< SLI"]
    assert story.evidence(story.checks[1]) == ["> HELLO", "< HELLO"]


def test_several_swapped_datagrams_go_behind_the_one_that_follows() -> None:
    steps = (
        UP
        + """
- link: {reorder: 2, direction: sent, message: HELLO}
- send: HELLO
- send: HELLO
- send: SLI
- expect: ack
"""
    )
    story = play(steps, {"SLI": [say()]})
    named = [one for one in story.frames if one.direction.value == "sent"]
    order = [one.summary.split()[0] for one in named][-4:]
    assert order[:3] == ["SLI", "HELLO", "HELLO"]


def test_data_can_be_lost_as_well() -> None:
    steps = (
        UP
        + """
- link: {drop: 1, direction: sent, message: data}
- send: data
  payload: 0xff03
- send: data
  payload: 0xff03c021
- alive: tunnel
"""
    )
    story = play(steps, {})
    assert len(story.sent("data")) == 1
