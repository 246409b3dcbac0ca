"""What of a run counts as having judged a row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.report.coverage import read_run, streams_under
from harness.report.coverage.judged import Judged
from harness.run.events import Event, Expectation, Verdict
from harness.run.verdicts import SURVIVAL
from tests.coverage.streams import (
    DUPLICATE,
    ERROR,
    FAIL,
    INCONC,
    NONE,
    PASS,
    RETRANSMITTED_NR,
    RULE,
    SKIP,
    WARN,
    case_of,
    check,
    end,
    header,
    start,
    stream,
    write,
)


def judged(*events: Event) -> list[Judged]:
    return list(read_run(stream(*events), {RULE}).judged)


@pytest.mark.parametrize("verdict", [PASS, FAIL, WARN])
def test_a_check_that_came_to_a_verdict_counts(verdict: Verdict) -> None:
    found = judged(*case_of([check(DUPLICATE, verdict=verdict)], verdict))
    assert found == [Judged(DUPLICATE, "a/b", "", verdict, 1)]


@pytest.mark.parametrize("verdict", [SKIP, INCONC, ERROR, NONE])
def test_a_check_without_a_verdict_about_the_device_does_not(verdict: Verdict) -> None:
    assert judged(*case_of([check(DUPLICATE, verdict=verdict)], PASS)) == []


@pytest.mark.parametrize("verdict", [INCONC, ERROR, NONE, SKIP])
def test_a_case_that_did_not_get_there_judged_nothing(verdict: Verdict) -> None:
    """Its checks until then were about how it set out, whatever rows they have."""
    assert judged(*case_of([check(DUPLICATE)], verdict)) == []


@pytest.mark.parametrize("verdict", [INCONC, ERROR, NONE])
def test_what_the_monitor_saw_in_it_counts_all_the_same(verdict: Verdict) -> None:
    found = judged(*case_of([check(DUPLICATE, name=RULE, verdict=WARN, count=7)], verdict))
    assert found == [Judged(DUPLICATE, "a/b", RULE, WARN, 7)]


def test_a_case_that_never_ended_judged_nothing() -> None:
    assert judged(start(), check(DUPLICATE)) == []


def test_a_monitor_outside_of_any_case_counts() -> None:
    found = judged(check(DUPLICATE, name=RULE, case=""))
    assert found == [Judged(DUPLICATE, "", RULE, PASS, 1)]


def test_that_a_device_died_says_nothing_of_the_rows_of_its_case() -> None:
    checks = [check(DUPLICATE), check(DUPLICATE, RETRANSMITTED_NR, name=SURVIVAL, verdict=FAIL)]
    assert judged(*case_of(checks, FAIL)) == [Judged(DUPLICATE, "a/b", "", PASS, 1)]


def test_the_gravest_of_several_judgements_is_told_and_all_are_counted() -> None:
    checks = [check(DUPLICATE), check(DUPLICATE, verdict=FAIL, count=3), check(DUPLICATE)]
    assert judged(*case_of(checks, FAIL)) == [Judged(DUPLICATE, "a/b", "", FAIL, 5)]


def test_a_case_that_begins_anew_forgets_its_first_attempt() -> None:
    found = judged(start(), check(DUPLICATE), *case_of([check(RETRANSMITTED_NR)]))
    assert [each.row for each in found] == [RETRANSMITTED_NR]
    found = judged(*case_of([check(DUPLICATE)]), *case_of([check(RETRANSMITTED_NR)]))
    assert [each.row for each in found] == [RETRANSMITTED_NR]


def test_a_known_failure_counts_as_the_failure_it_is() -> None:
    run = read_run(
        stream(start(), check(DUPLICATE, verdict=FAIL), end(FAIL, expectation=Expectation.XFAIL))
    )
    assert [each.verdict for each in run.judged] == [FAIL]
    assert run.shown == {"a/b": Verdict.XFAIL}


def test_cases_that_mingle_are_told_apart() -> None:
    found = judged(
        start("a/b"),
        start("a/c"),
        check(DUPLICATE, case="a/c"),
        check(RETRANSMITTED_NR, case="a/b"),
        end(PASS, "a/c"),
        end(INCONC, "a/b"),
    )
    assert found == [Judged(DUPLICATE, "a/c", "", PASS, 1)]


def test_a_stream_that_breaks_off_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    events: list[Event] = [header(), *case_of([check(DUPLICATE)])]
    run = read_run(write(tmp_path / "events.ndjson", events))
    assert [each.row for each in run.judged] == [DUPLICATE]
    assert "footer" in run.problem
    assert "footer" in read_run(events).problem


def test_a_whole_stream_has_no_problem(tmp_path: Path) -> None:
    write(tmp_path / "events.ndjson", stream(*case_of([check(DUPLICATE)])))
    run = read_run(tmp_path)
    assert run.problem == ""
    assert (run.device, run.role, run.specification) == ("some-lns", "lns", "rfc2661")


@pytest.mark.parametrize("text", ["", "no json\n", "[]\n"])
def test_what_is_no_stream_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(text, encoding="ascii")
    with pytest.raises(DataError):
        read_run(path)


def test_events_without_a_header_are_an_error() -> None:
    with pytest.raises(DataError) as caught:
        read_run([start()])
    assert caught.value.code == "coverage.no-header"


def test_the_newest_stream_comes_first(tmp_path: Path) -> None:
    for seconds, name in ((100, "old"), (300, "new"), (200, "middle")):
        path = write(tmp_path / name / "events.ndjson", stream())
        os.utime(path, (seconds, seconds))
    (tmp_path / "empty").mkdir()
    names = [path.parent.name for path in streams_under(tmp_path)]
    assert names == ["new", "middle", "old"]
    assert streams_under(tmp_path / "nowhere") == []


def test_rows_are_counted_by_the_table_that_judged_them() -> None:
    first = header(specification="ip-office", tables={DUPLICATE: "rfc2661"})
    run = read_run(stream(*case_of([check(DUPLICATE, RETRANSMITTED_NR)]), first=first))
    assert run.by_table == {"ip-office": 1, "rfc2661": 1}
