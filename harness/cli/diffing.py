"""`l2tp-harness diff`: the cases that came out differently between runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.cli.printing import print_json, print_lines
from harness.errors import EXIT_DEVICE, EXIT_EXPECTED, EXIT_UNEXPECTED
from harness.report.diff import Change, Outcomes, as_json, compare, outcomes


def diff(runs: Sequence[Path], *, earned: bool, json: bool) -> int:
    """Print what changed. 1: something did; 3: nothing did as far as a run went that broke off."""
    found = [outcomes(run) for run in runs]
    changes = compare(found, earned=earned)
    if json:
        print_json(as_json(found, changes))
    else:
        print_lines(_lines(runs, found, changes))
    if changes:
        return EXIT_UNEXPECTED
    return EXIT_EXPECTED if all(one.whole for one in found) else EXIT_DEVICE


def _lines(runs: Sequence[Path], found: Sequence[Outcomes], changes: Sequence[Change]) -> list[str]:
    said = []
    for change in changes:
        said.append(f"{' -> '.join(change.verdicts)}  {change.case}")
        for run, findings in zip(runs, change.findings, strict=True):
            said += [f"    {run}: {finding}" for finding in findings]
    for run, one in zip(runs, found, strict=True):
        said.append(f"{run}: {len(one.cases)} cases{'' if one.whole else ', and broke off'}")
    return [*said, f"{len(changes)} of them came out differently" if changes else "all alike"]
