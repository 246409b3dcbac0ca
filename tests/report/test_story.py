"""Gathering a run case by case: what mingles, what begins anew, what is kept and what is not."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.report.junit import JUnitReport
from harness.report.story import CaseStory, Ending, Frames, Teller, tell
from harness.report.summary import SummaryReport
from harness.run.events import (
    DeviceLog,
    Direction,
    Event,
    Expectation,
    Frame,
    Header,
    Note,
    RunError,
    Verdict,
)
from tests.report import runs


class Ear:
    """A report that remembers what it was told."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.stories: list[CaseStory] = []
        self.endings: list[Ending] = []

    def begin(self, header: Header) -> None:
        self.headers.append(header)

    def case(self, story: CaseStory) -> None:
        self.stories.append(story)

    def end(self, ending: Ending) -> None:
        self.endings.append(ending)


def test_cases_that_mingle_are_told_apart() -> None:
    one, other = runs.failing("one", 1), runs.failing("other", 3)
    mingled = [event for pair in zip(one, other, strict=True) for event in pair]
    ear = Ear()
    ending = tell([runs.header(), *mingled, runs.footer(mingled)], ear)
    assert ear.headers == [runs.header()]
    assert ear.endings == [ending]
    assert [story.case for story in ear.stories] == ["one", "other"]
    for story, events in zip(ear.stories, (one, other), strict=True):
        kept = [story.start, *story.steps, *story.frames.all(), *story.checks, *story.log]
        assert sorted(map(repr, [*kept, story.end])) == sorted(map(repr, events))


def test_the_ending_is_that_of_the_footer() -> None:
    events = runs.every_kind()
    ending = tell(events)
    assert ending.footer is events[-1]
    assert ending.notes == 1
    assert ending.rows == runs.ROWS


def test_without_a_footer_the_ending_is_made_and_open_cases_are_told_last() -> None:
    ear = Ear()
    ending = tell([runs.header(), runs.start("cut"), runs.start("done"), runs.end("done")], ear)
    assert [(story.case, story.shown) for story in ear.stories] == [
        ("done", Verdict.PASS),
        ("cut", Verdict.NONE),
    ]
    assert ear.stories[1].is_red
    assert ending.footer.verdicts == {"pass": 1, "none": 1}
    assert ending.footer.error == RunError("run.no-footer", "the run did not end")


def test_a_problem_in_the_stream_is_the_error_of_the_ending() -> None:
    def damaged() -> Iterator[Event]:
        yield runs.header()
        yield from runs.failing("fail")
        raise DataError("events.not-json", "not JSON: x")

    ear = Ear()
    ending = tell(damaged(), ear)
    assert ending.footer.error == RunError("events.not-json", "not JSON: x", "", 3)
    assert [story.case for story in ear.stories] == ["fail"]


def test_a_stream_of_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("")
    with pytest.raises(DataError):
        tell(tmp_path / "e")


def test_closing_twice_ends_once() -> None:
    ear = Ear()
    teller = Teller(ear)
    for event in runs.every_kind():
        teller.write(event)
    assert teller.close() is teller.close() is ear.endings[0]
    assert len(ear.endings) == 1


def test_a_case_that_begins_anew_forgets_its_first_attempt() -> None:
    ear = Ear()
    case = runs.failing("c", 3)
    tell([runs.header(), runs.start("c"), runs.sent("c", 1, 0.0), *case], ear)
    [story] = ear.stories
    assert story.attempt == 2
    assert [frame.number for frame in story.frames.all()] == [3, 4]


def test_what_comes_without_its_case_does_no_harm() -> None:
    ear = Ear()
    strays: list[Event] = [
        runs.sent("c", 1, 0.0),
        runs.check("c"),
        runs.step("c", 1, "x"),
        Note("c", 0.0, "n"),
        DeviceLog("c", 0.0, "x"),
        runs.end("c", Verdict.FAIL, Expectation.UNEXPECTED, reason="why"),
    ]
    tell([runs.header(), *strays], ear)
    [story] = ear.stories
    assert (story.case, story.reason) == ("c", "why")


def test_findings_that_decided_stand_first() -> None:
    ear = Ear()
    events: list[Event] = [
        runs.start("c"),
        runs.check("c", Verdict.WARN, name="warn"),
        runs.check("c", name="good"),
        runs.check("c", Verdict.FAIL, name="fail"),
        runs.end("c", Verdict.FAIL, Expectation.UNEXPECTED),
    ]
    tell([runs.header(), *events], ear)
    [story] = ear.stories
    assert [check.name for check in story.findings] == ["fail", "warn"]
    assert [check.name for check in story.deciding] == ["fail"]


def frame(number: int, octets: int = 10) -> Frame:
    return Frame("c", number, 0.0, Direction.SENT, runs.PEER, runs.IUT, bytes(octets), "")


def test_the_first_the_last_and_the_named_frames_are_kept() -> None:
    frames = Frames()
    for number in range(1, 5001):
        frames.add(frame(number))
        if number == 1003:
            frames.keep([1000, 1001, 1, 4999])
    kept = [each.number for each in frames.all()]
    assert frames.total == 5000
    assert kept == [*range(1, 101), 1000, 1001, *range(4601, 5001)]


def test_frames_are_bounded_by_their_octets_too() -> None:
    frames = Frames()
    for number in range(1, 1001):
        frames.add(frame(number, 65000))
    kept = frames.all()
    assert sum(len(each.data) for each in kept) < 3 << 20
    assert kept[0].number == 1


def _long_run(cases: int, frames: int) -> Iterator[Event]:
    yield runs.header()
    number = 0
    for index in range(cases):
        case = f"case-{index}"
        yield runs.start(case)
        for _ in range(frames):
            number += 1
            yield runs.sent(case, number, 0.0, bytes(100))
        yield runs.check(case)
        yield runs.end(case)


def test_a_run_of_100_000_frames_stays_small() -> None:
    junit, summary = JUnitReport(), SummaryReport()
    tracemalloc.start()
    try:
        ending = tell(_long_run(100, 1000), junit, summary)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ending.footer.verdicts == {"pass": 100}
    assert peak < 8 << 20
