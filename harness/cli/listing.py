"""`l2tp-harness list`: the cases there are, or those that a device would run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.cli.library import device_of, suites_folder
from harness.cli.printing import number_of, print_json, print_lines, sides
from harness.run.run import Library, load_library
from harness.run.select import Selected, named, quick_ones, select
from harness.suite.duration import longest
from harness.suite.model import Case


def show(
    selection: Sequence[str],
    quick: bool,
    device: str | None,
    settings: Sequence[str],
    as_json: bool,
    suites: Path | None,
) -> None:
    """Print the cases. UsageError for a word that selects nothing."""
    folder = suites_folder(suites)
    if device is None:
        library = load_library(folder)
        plan = tuple(Selected(case) for case in named(library.cases, selection))
        plan = quick_ones(plan) if quick else plan
    else:
        tested = device_of(device, settings)
        library = load_library(folder, tested.profile)
        plan = select(library.suites, tested, selection, quick=quick)
    if as_json:
        print_json([_json(one) for one in plan])
    else:
        print_lines(_lines(library, plan))


def _json(one: Selected) -> dict[str, Any]:
    case = one.case
    return {**facts(case), "skipped": one.skipped or None}


def facts(case: Case) -> dict[str, Any]:
    """A case as plain JSON values, without its steps."""
    return {
        "case": case.id,
        "suite": case.suite,
        "title": case.title,
        "purpose": case.purpose,
        "file": case.place.file,
        "line": case.place.line,
        "covers": list(case.covers),
        "iut": sorted(case.iut),
        "requires": list(case.requires),
        "policy": list(case.policy),
        "tags": sorted(case.tags),
        "configuration": case.configuration,
        "limit": None if case.limit is None else asdict(case.limit),
        "exclusive": case.exclusive,
        "selection": case.selection or None,
        "seconds": case.seconds,
        "longest_s": longest(case),
        "axes": dict(case.axes),
    }


def _lines(library: Library, plan: Sequence[Selected]) -> list[str]:
    titles = {suite.name: suite.title for suite in library.suites}
    lines = []
    for suite, group in groupby(plan, key=lambda one: one.case.suite):
        ones = list(group)
        lines += [f"{suite}: {titles[suite]}"]
        width = min(60, max(len(one.case.id) for one in ones))
        for one in ones:
            said = f"skipped: {one.skipped}" if one.skipped else one.case.purpose
            lines += [f"  {one.case.id:<{width}}  {sides(one.case.iut):<7}  {said}"]
        lines += [""]
    skipped = sum(bool(one.skipped) for one in plan)
    suites = len({one.case.suite for one in plan})
    told = f"{number_of(len(plan), 'case')} in {number_of(suites, 'suite')}"
    return [*lines, f"{told}, {skipped} of them skipped" if skipped else told]
