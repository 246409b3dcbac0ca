"""`l2tp-harness merge`: the shards of a run become one result."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.printing import print_json
from harness.cli.program import PROGRAM
from harness.cli.reports import Reports
from harness.cli.screen import Screen
from harness.errors import UsageError
from harness.report.console import ConsoleReport
from harness.report.story import Teller
from harness.run.merge import merge as merge_streams
from harness.run.tally import exit_code


def merge(
    arguments: Sequence[str],
    streams: Sequence[Path],
    out: Path,
    junit: Path | None,
    html: bool,
    as_json: bool,
) -> int:
    """Join the shards, write the reports, say how the whole went. The exit code of the whole.

    Raises UsageError and DataError as `harness.run.merge.merge` does, HarnessError for a file that
    cannot be written.
    """
    for stream in streams:
        if (stream if stream.is_dir() else stream.parent).resolve() == out.resolve():
            hint = "give --out a folder of its own"
            raise UsageError("merge.same-folder", f"{out} is one of the shards", hint=hint)
    reports = Reports(out, junit=junit, html=html)
    console = ConsoleReport()
    teller = Teller(*reports.all, console)
    command = shlex.join([PROGRAM, *arguments])
    footer = merge_streams(streams, out, command, (teller.write,))
    failures = reports.write()
    if as_json:
        print_json(reports.summary.summary())
    else:
        Screen(sys.stdout).print(console.lines(reports.files))
    if failures:
        raise failures[0]
    return exit_code(footer)
