"""`l2tp-harness report`: reports of any run, from its event stream."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.cli.printing import print_json
from harness.cli.screen import Screen
from harness.report.bundle import Bundle
from harness.report.console import ConsoleReport
from harness.report.summary import SummaryReport
from harness.run.events import EVENTS_FILE


def report(
    stream: Path,
    junit: Path | None,
    html: Path | None,
    summary: Path | None,
    statement: Path | None,
    as_json: bool,
) -> None:
    """Write the reports that are asked for, and print the summary.

    Raises DataError when the stream is none, HarnessError `report.unwritable`.
    """
    wanted = {"junit": junit, "html": html, "summary": summary, "statement": statement}
    targets = {kind: path for kind, path in wanted.items() if path is not None}
    console, told = ConsoleReport(), SummaryReport()
    path = stream / EVENTS_FILE if stream.is_dir() else stream
    Bundle(targets, console, told).tell(path)
    if as_json:
        print_json(told.summary())
    else:
        Screen(sys.stdout).print(console.lines(targets))
