"""What the suites cover when the reference peers run all of them: the harness's own measure.

In memory and on the virtual clock, so it takes seconds and always comes to the same.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from harness.device.load import load_device
from harness.report.coverage.gather import gather
from harness.report.coverage.matrix import Coverage
from harness.resources import data_folder
from harness.run.run import Options, run

REFERENCES: Final = ("reference-lns", "reference-lac")


def reference_coverage(*, declared: bool = False) -> Coverage:
    """Run the reference peers, and say what they covered. HarnessError where a run cannot begin.

    `declared`: also what the suites name.
    """
    suites = data_folder("suites")
    with TemporaryDirectory() as folder:
        outs = [Path(folder) / name for name in REFERENCES]
        for name, out in zip(REFERENCES, outs, strict=True):
            device = load_device(data_folder("peers") / name, {})
            run(Options(device=device, named=name, out=out, suites=suites))
        return gather(suites, outs, declared=declared)
