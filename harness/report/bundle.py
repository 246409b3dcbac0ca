"""Several reports of one run, made in one pass: while it runs, or later from its event stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from harness.errors import UsageError
from harness.located import suggest
from harness.report.html import HtmlReport
from harness.report.junit import JUnitReport
from harness.report.stating import StatementReport
from harness.report.story import Ending, Report, Teller, tell
from harness.report.summary import SummaryReport
from harness.run.events import Event, RunError

FILES: Final[Mapping[str, str]] = {
    "junit": "junit.xml",
    "summary": "summary.json",
    "html": "report.html",
    "statement": "statement.md",
}
"""The kinds of report that go into files, and their usual names."""


class FileReport(Report, Protocol):
    """A report that ends up in a file."""

    def write(self, target: Path) -> None:
        """Put it there; only when the run is over."""


def make_report(kind: str) -> FileReport:
    """A report of one of the kinds in `FILES`. UsageError for any other."""
    if kind == "junit":
        return JUnitReport()
    if kind == "summary":
        return SummaryReport()
    if kind == "html":
        return HtmlReport()
    if kind == "statement":
        return StatementReport()
    raise UsageError("report.unknown-kind", f"unknown report {kind!r}", hint=suggest(kind, FILES))


class Bundle:
    """Reports into files and any others, told of a run together.

    `targets`: file by kind. Subscribe `write` to the recorder; `close` when the run is over puts
    the files on disk. Files come also of a run that ended with an error.
    """

    def __init__(self, targets: Mapping[str, Path], *others: Report) -> None:
        self.targets = dict(targets)
        self._made = {kind: make_report(kind) for kind in targets}
        self._teller = Teller(*self._made.values(), *others)

    def write(self, event: Event) -> None:
        """Take one event."""
        self._teller.write(event)

    def close(self, problem: RunError | None = None) -> Ending:
        """Write the files. `problem` says why the stream has no footer, where it has none."""
        ending = self._teller.close(problem)
        self._write()
        return ending

    def tell(self, events: Iterable[Event] | Path) -> Ending:
        """Tell of a run that is over, and write the files."""
        ending = tell(events, teller=self._teller)
        self._write()
        return ending

    def _write(self) -> None:
        for kind, report in self._made.items():
            report.write(self.targets[kind])
