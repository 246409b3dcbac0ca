"""`l2tp-harness coverage`: which requirement rows the runs have covered, which are red."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.library import OUT, suites_folder
from harness.cli.printing import print_json
from harness.cli.screen import Screen
from harness.errors import UsageError
from harness.report.coverage import coverage_json, coverage_lines, gather, streams_under
from harness.report.coverage.references import reference_coverage


def coverage(
    streams: Sequence[Path],
    references: bool,
    matrix: bool,
    all_red: bool,
    profile: str,
    as_json: bool,
    suites: Path | None,
) -> None:
    """Print the coverage of runs, by default of those below `out`, or of the reference peers.

    UsageError where there is no run, DataError(s) for streams that are none and for suites.
    """
    if references and streams:
        raise UsageError(
            "usage.references", "--references makes runs of its own, and takes no streams"
        )
    folder = suites_folder(suites)
    if references:
        found = reference_coverage(folder, profile=profile, declared=True)
    else:
        found = gather(folder, _streams(streams), profile=profile)
    if as_json:
        print_json(coverage_json(found))
    else:
        Screen(sys.stdout).print(coverage_lines(found, matrix=matrix, all_red=all_red))


def _streams(given: Sequence[Path]) -> list[Path]:
    """The streams: files as they are, those of folders, or all below `out`."""
    found: dict[Path, None] = {}
    for path in given or (Path(OUT),):
        below = streams_under(path) if path.is_dir() else [path] if given else []
        if not below:
            where = path if given else f"./{OUT}"
            raise UsageError(
                "coverage.no-run",
                f"no run has left its events in {where}",
                hint="l2tp-harness run --device NAME makes one; --references runs the reference"
                " LNS and LAC",
            )
        found |= dict.fromkeys(below)
    return list(found)
