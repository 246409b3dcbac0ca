"""From folders on disk to the coverage: what `l2tp-harness coverage` prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from harness.report.coverage.declared import Declared, declare
from harness.report.coverage.judged import read_run
from harness.report.coverage.matrix import Coverage, cover
from harness.report.coverage.watching import watching
from harness.run.run import load_library, tables_folder
from harness.spec.load import load_specification

PROFILE: Final = "rfc2661"


def gather(
    suites: Path, streams: Iterable[Path], *, profile: str = PROFILE, declared: bool = True
) -> Coverage:
    """The coverage of a profile's rows by runs, each given by its stream or the folder of it.

    `declared`: also what suites and monitor rules name, for which the suites are loaded. Raises
    `DataError`, or `DataErrors`, for streams, suites and tables that are none.
    """
    specification = load_specification(tables_folder(suites, profile))
    rules = watching(suites, specification)
    runs = [read_run(stream, rules) for stream in streams]
    named = declare(load_library(suites, profile).cases, rules) if declared else Declared()
    return cover(specification, runs, named)
