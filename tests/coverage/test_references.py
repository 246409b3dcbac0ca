"""The gate: what the reference peers cover is what the list of red rows leaves.

`python -m harness.report.coverage freeze` takes rows off the list that are covered meanwhile.
"""

from __future__ import annotations

import pytest

from harness.report.coverage import Coverage, check_uncovered
from harness.report.coverage.references import REFERENCES, reference_coverage
from tests.coverage.conftest import TABLES


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return reference_coverage()


def test_no_row_is_red_but_those_on_the_list(coverage: Coverage) -> None:
    problems = check_uncovered(coverage, TABLES / "rfc2661" / "uncovered.txt")
    assert not problems, "\n".join(str(problem) for problem in problems)


def test_the_runs_are_whole(coverage: Coverage) -> None:
    assert [run.device for run in coverage.runs] == list(REFERENCES)
    assert [run.problem for run in coverage.runs] == ["", ""]
    assert {run.role for run in coverage.runs} == {"lac", "lns"}


def test_checks_name_only_rows_that_exist_and_are_not_excluded(coverage: Coverage) -> None:
    assert coverage.foreign == {}
    assert coverage.excluded_yet_judged == ()
