"""What the suites cover when the reference peers run all of them: the harness's own measure.

In memory and on the virtual clock, so it takes seconds and always comes to the same.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from harness.device.load import load_device
from harness.report.coverage.declared import Declared, declare
from harness.report.coverage.judged import read_run
from harness.report.coverage.matrix import Coverage, cover
from harness.report.coverage.watching import watching
from harness.resources import data_folder
from harness.run.run import Options, load_library, run, tables_folder
from harness.spec.load import load_specification

REFERENCES: Final = ("reference-lns", "reference-lac")
PROFILE: Final = "rfc2661"


def reference_coverage(*, declared: bool = False) -> Coverage:
    """Run the reference peers, and say what they covered. HarnessError where a run cannot begin.

    `declared`: also what the suites name, for which they are loaded once more.
    """
    suites = data_folder("suites")
    specification = load_specification(tables_folder(suites, PROFILE))
    rules = watching(suites, specification)
    with TemporaryDirectory() as folder:
        runs = []
        for name in REFERENCES:
            device = load_device(data_folder("peers") / name, {})
            out = Path(folder) / name
            run(Options(device=device, named=name, out=out, suites=suites))
            runs.append(read_run(out, rules))
    named = declare(load_library(suites, PROFILE).cases, rules) if declared else Declared()
    return cover(specification, runs, named)
