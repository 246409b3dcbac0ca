"""The `retransmissions` step: which schedules pass, which fail, and what is only noted."""

from __future__ import annotations

from typing import Any

import pytest

from harness.run.events import Verdict
from harness.wire import Packet
from tests.run.fakes import Say, say
from tests.run.stage import UP, Story, play


def repeats(*gaps: float, of: str = "SCCRP", **more: Any) -> list[Say]:
    """A message, and its copies after gaps of so many seconds."""
    words = [say(of)]
    at = 0.0
    for gap in gaps:
        at += gap
        words.append(say(of, after=at, again=True, **more))
    return words


WATCH = """
- acks: hold
- send: SCCRQ
  once: true
- expect: SCCRP
- retransmissions: {of: SCCRP, within: 70s%s}
"""


def watch(*gaps: float, keys: str = "", **more: Any) -> Story:
    """What comes of watching an IUT that repeats its SCCRP after these gaps."""
    return play(WATCH % keys, {"SCCRQ": repeats(*gaps, **more)})


def verdicts(story: Story) -> dict[str, str]:
    """The checks of the step by name."""
    return {one.name: one.verdict.value for one in story.checks[1:]}


GOOD = {"same message": "pass", "first retransmission": "pass", "back-off": "pass"}


@pytest.mark.parametrize(
    "gaps",
    [
        (1, 2),
        (1, 2, 4, 8),
        (1, 2, 4, 8, 8, 8),
        (0.5, 1, 2),
        (1, 2, 4, 8, 16),
        (1, 2, 4, 8, 10),
        (1.7, 2, 4, 8),
    ],
)
def test_intervals_that_double_up_to_a_cap_pass(gaps: tuple[float, ...]) -> None:
    story = watch(*gaps, keys=f", at_least: {len(gaps) + 1}")
    assert verdicts(story) == GOOD
    assert story.notes == []


@pytest.mark.parametrize(
    ("gaps", "seen"),
    [
        ((1, 1), "1.00 s after 1.00 s"),
        ((1, 1, 1, 1), "1.00 s after 1.00 s"),
        ((1, 3, 9), "9.00 s after 3.00 s"),
        ((1, 2, 4, 4), "4.00 s after 4.00 s"),
        ((1, 2, 4, 6, 6), "6.00 s after 4.00 s"),
        ((1, 2, 4, 8, 4), "4.00 s after 8.00 s"),
        ((1, 2, 2.5), "2.50 s after 2.00 s"),
        ((2, 2, 2), "2.00 s after 2.00 s"),
        ((1.7, 2, 2), "2.00 s after 2.00 s"),
        ((1.9, 1.5, 4), "1.50 s after 1.90 s"),
    ],
)
def test_intervals_that_do_not_grow_fail(gaps: tuple[float, ...], seen: str) -> None:
    story = watch(*gaps, keys=f", at_least: {len(gaps) + 1}")
    assert story.verdict is Verdict.FAIL
    assert story.last.name == "back-off"
    assert story.last.actual.startswith(seen)
    assert len([one for one in story.evidence(story.last) if one == "< SCCRP"]) == 3


@pytest.mark.parametrize("late", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("which", [1, 2, 3, 4])
def test_a_machine_that_is_late_does_not_spoil_the_schedule(late: float, which: int) -> None:
    gaps = [1.0, 2.0, 4.0, 8.0]
    gaps[which - 1] += late
    if which < len(gaps):
        gaps[which] -= late
    assert verdicts(watch(*gaps, keys=", at_least: 5")) == GOOD


def test_what_is_only_recommended_is_a_note() -> None:
    story = watch(0.2, 0.4)
    assert story.verdict is Verdict.PASS
    assert story.notes == ["first retransmission: after 0.20 s"]
    assert watch(7, 14).notes == ["first retransmission: after 7.00 s"]
    assert watch(7, 14, keys=", first: [500ms, 8]").notes == []


def test_too_few_copies_fail() -> None:
    story = watch(1)
    assert story.verdict is Verdict.FAIL
    assert story.last.expected == "SCCRP at least 3 times"
    assert story.last.actual == "2 within 70 s after 1.00 s"
    story = play(WATCH % "", {"SCCRQ": [say("SCCRP")]})
    assert story.last.actual == "1 within 70 s"


@pytest.mark.parametrize("gaps", [(1, 2, 4, 8), (1, 2, 4, 8, 8, 8, 8, 8)])
def test_until_given_up(gaps: tuple[float, ...]) -> None:
    story = watch(*gaps, keys=", until_given_up: true")
    assert verdicts(story) == {**GOOD, "number of transmissions": "pass"}
    assert f"{len(gaps) + 1} after" in story.last.actual


def test_giving_up_may_be_said() -> None:
    words = [*repeats(1, 2, 4, 8), say("StopCCN", after=31.0)]
    story = play(WATCH % ", until_given_up: true" + "- expect: StopCCN\n", {"SCCRQ": words})
    assert story.verdict is Verdict.PASS
    assert story.check("number of transmissions").actual.startswith("5 after")
    assert story.check("number of transmissions").at == pytest.approx(31.0, abs=0.01)


@pytest.mark.parametrize("gaps", [(1, 2), (1, 2, *[4 * 2**n for n in range(3)], *[32] * 6)])
def test_an_odd_number_of_transmissions_is_a_note(gaps: tuple[float, ...]) -> None:
    steps = WATCH % ", until_given_up: true"
    story = play(steps.replace("70s", "800s"), {"SCCRQ": repeats(*gaps)})
    assert story.verdict is Verdict.PASS
    assert [one.split(":")[0] for one in story.notes] == ["number of transmissions"]
    assert story.check("number of transmissions").policy == "P-17"


def test_a_copy_that_differs_in_more_than_nr_fails() -> None:
    story = watch(1, 2, nr=5)
    assert verdicts(story) == GOOD
    story = watch(1, 2, values={"host_name": "changed"})
    assert verdicts(story) == {"same message": "fail"}

    def without_length(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(length=None))

    words = [say("SCCRP", edit=without_length)]
    words += [say("SCCRP", after=at, again=True, nr=3, edit=without_length) for at in (1, 3)]
    assert verdicts(play(WATCH % "", {"SCCRQ": words})) == GOOD


def test_copies_of_an_earlier_message_of_that_name_are_not_the_ones() -> None:
    steps = (
        UP
        + """
- send: ICRQ
- expect: HELLO
- hello: ignore
- send: ICRQ
- expect: HELLO
- retransmissions: {of: HELLO, within: 30s}
"""
    )
    second = repeats(1, 2, 4, of="HELLO")
    assert verdicts(play(steps, {"ICRQ": [[say("HELLO")], second]}))["back-off"] == "pass"
    first = [say("ICRP"), say("ICRP", after=0.5, again=True)]
    held = steps.replace("- hello: ignore\n", "- wait: 1s\n- acks: hold\n")
    second = repeats(1, 2, 4, of="ICRP")
    story = play(held.replace("HELLO", "ICRP"), {"ICRQ": [first, second]})
    assert story.check("back-off").verdict is Verdict.PASS


def test_retransmissions_for_want_of_acknowledgements_that_were_lost() -> None:
    steps = """
- link: {drop: 9, direction: sent, message: ZLB}
- send: SCCRQ
- expect: SCCRP
- retransmissions: {of: SCCRP, within: 30s}
"""
    story = play(steps, {"SCCRQ": repeats(1, 2, 4)})
    assert story.check("back-off").verdict is Verdict.PASS


def test_a_datagram_that_the_link_doubles_is_no_retransmission() -> None:
    steps = "- link: {duplicate: 9}\n" + WATCH % ""
    story = play(steps, {"SCCRQ": repeats(1, 2)})
    assert story.check("back-off").actual == "after 1.00, 2.00 s"
