"""The list of red rows: news and settled rows are found, and it only gets shorter."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError, HarnessError
from harness.report.coverage import (
    Coverage,
    check_uncovered,
    cover,
    read_run,
    read_uncovered,
    write_uncovered,
)
from harness.run.events import Event
from harness.spec import Specification
from tests.coverage.streams import DUPLICATE, EXCLUDED, RETRANSMITTED_NR, case_of, check, stream


def covered(spec: Specification, *rows: str) -> Coverage:
    return cover(spec, [read_run(stream(*case_of([check(*rows)])))])


@pytest.fixture
def listed(tmp_path: Path, spec: Specification) -> Path:
    """The list as it is when only one row is covered."""
    path = tmp_path / "uncovered.txt"
    write_uncovered(covered(spec, DUPLICATE), path)
    return path


def test_a_list_just_written_is_right(listed: Path, spec: Specification) -> None:
    coverage = covered(spec, DUPLICATE)
    assert check_uncovered(coverage, listed) == []
    assert list(read_uncovered(listed)) == list(coverage.red)
    assert listed.read_text(encoding="utf-8").startswith("# ")


def test_a_new_red_row_is_news(listed: Path, spec: Specification) -> None:
    (problem,) = check_uncovered(covered(spec), listed)
    assert problem.code == "coverage.new-red"
    assert DUPLICATE in problem.cause
    assert problem.place == spec.requirements[DUPLICATE].place


def test_a_row_that_is_covered_meanwhile_is_told_with_its_line(
    listed: Path, spec: Specification
) -> None:
    (problem,) = check_uncovered(covered(spec, DUPLICATE, RETRANSMITTED_NR), listed)
    assert problem.code == "coverage.not-red"
    assert "covered" in problem.cause
    assert problem.place is not None
    lines = listed.read_text(encoding="utf-8").splitlines()
    assert lines[problem.place.line - 1] == RETRANSMITTED_NR


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (EXCLUDED, "coverage.not-red"),
        ("RFC2661-5.8-99", "coverage.unknown-row"),
    ],
)
def test_a_row_that_does_not_belong_there(
    listed: Path, spec: Specification, line: str, code: str
) -> None:
    with listed.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    (problem,) = check_uncovered(covered(spec, DUPLICATE), listed)
    assert problem.code == code


@pytest.mark.parametrize("line", [RETRANSMITTED_NR, "two words"])
def test_a_line_that_is_no_new_row(listed: Path, line: str) -> None:
    with listed.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(DataError) as caught:
        read_uncovered(listed)
    assert caught.value.code == "coverage.list"
    assert caught.value.place is not None


def test_no_list_means_that_no_row_may_be_red(tmp_path: Path, spec: Specification) -> None:
    problems = check_uncovered(cover(spec, []), tmp_path / "uncovered.txt")
    assert len(problems) == len(cover(spec, []).red)


def test_the_list_gets_shorter_by_itself(listed: Path, spec: Specification) -> None:
    change = write_uncovered(covered(spec, DUPLICATE, RETRANSMITTED_NR), listed)
    assert change == ((), (RETRANSMITTED_NR,))
    assert RETRANSMITTED_NR not in read_uncovered(listed)


def test_the_list_gets_longer_only_when_told_to(listed: Path, spec: Specification) -> None:
    before = listed.read_bytes()
    with pytest.raises(HarnessError) as caught:
        write_uncovered(covered(spec), listed)
    assert caught.value.code == "coverage.new-red"
    assert DUPLICATE in caught.value.cause
    assert listed.read_bytes() == before
    change = write_uncovered(covered(spec), listed, grow=True)
    assert change == ((DUPLICATE,), ())


def test_a_run_that_broke_off_makes_no_list(tmp_path: Path, spec: Specification) -> None:
    events: list[Event] = stream(*case_of([check(DUPLICATE)]))[:-1]
    with pytest.raises(HarnessError) as caught:
        write_uncovered(cover(spec, [read_run(events)]), tmp_path / "uncovered.txt")
    assert caught.value.code == "coverage.broken-run"


def test_a_list_that_cannot_be_written(tmp_path: Path, spec: Specification) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(HarnessError) as caught:
        write_uncovered(cover(spec, []), tmp_path / "file" / "uncovered.txt")
    assert caught.value.code == "report.unwritable"
