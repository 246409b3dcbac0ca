"""What the suites cover when the reference peers run all of them: the harness's own measure.

In memory and on the virtual clock, so it takes seconds and always comes to the same.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from harness.device.reading.load import load_device
from harness.errors import NothingSelected
from harness.report.coverage.gather import PROFILE, gather
from harness.report.coverage.matrix import Coverage
from harness.resources import data_folder
from harness.run.run import Options, run

REFERENCES: Final = ("reference-lns", "reference-lac")


def reference_coverage(
    suites: Path | None = None, *, profile: str = PROFILE, declared: bool = False
) -> Coverage:
    """Run the reference peers, and say what they covered. HarnessError where a run cannot begin.

    `suites`: by default those of the harness. `declared`: also what the suites name.
    """
    suites = suites or data_folder("suites")
    with TemporaryDirectory() as folder:
        outs = []
        for name in REFERENCES:
            out = Path(folder) / name
            device = load_device(data_folder("peers") / name, {"profile": profile})
            with suppress(NothingSelected):  # suites of one side leave the other nothing to do
                run(Options(device=device, named=name, out=out, suites=suites))
                outs.append(out)
        return gather(suites, outs, profile=profile, declared=declared)
