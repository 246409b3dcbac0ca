"""Which requirement rows the runs have really covered, which are excluded, and which are red.

What counts as what: reports/coverage.md.
"""

from harness.report.coverage.declared import Declared, declare
from harness.report.coverage.gather import gather
from harness.report.coverage.judged import RunRecord, read_run, read_runs, streams_under
from harness.report.coverage.matrix import Coverage, Part, RowCoverage, State, cover
from harness.report.coverage.told import coverage_json, coverage_lines
from harness.report.coverage.uncovered import check_uncovered, read_uncovered, write_uncovered
from harness.report.coverage.watching import watching

__all__ = [
    "Coverage",
    "Declared",
    "Part",
    "RowCoverage",
    "RunRecord",
    "State",
    "check_uncovered",
    "cover",
    "coverage_json",
    "coverage_lines",
    "declare",
    "gather",
    "read_run",
    "read_runs",
    "read_uncovered",
    "streams_under",
    "watching",
    "write_uncovered",
]
