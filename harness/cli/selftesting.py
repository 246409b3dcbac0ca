"""`l2tp-harness selftest`: what the suites would miss."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from harness.cli.library import suites_folder
from harness.cli.printing import number_of, print_json, print_lines
from harness.errors import EXIT_EXPECTED, EXIT_UNEXPECTED
from harness.peer.lawful import LAWFUL
from harness.peer.mutants import MUTANTS
from harness.resources import data_folder
from harness.selftest.known import FILE, Known
from harness.selftest.result import SelfTest
from harness.selftest.table import TABLE, markdown
from harness.selftest.work import Request, learn, self_test

PUBLISHED: Final = "published"


def selftest(
    selection: Sequence[str],
    mutants: Sequence[str],
    variants: Sequence[str],
    as_json: bool,
    jobs: int | None,
    update: bool,
    thorough: bool,
    suites: Path | None,
) -> int:
    """Print what the self-test came to; the exit code."""
    folder = data_folder("reports") / PUBLISHED
    request = Request(
        suites=suites_folder(suites),
        peers=data_folder("peers"),
        known=Known.load(folder / FILE),
        mutants=mutants,
        variants=variants,
        selection=selection,
        workers=jobs,
        thorough=thorough,
        progress=_tell if sys.stderr.isatty() else lambda _text: None,
    )
    result = self_test(request)
    if update and not variants:
        folder.mkdir(exist_ok=True)
        learn(request, result).write(folder / FILE)
        if not (selection or mutants):  # the matrix is one of all mutants
            (folder / TABLE).write_text(markdown(result), encoding="utf-8")
    if as_json:
        print_json(result.to_json())
    else:
        print_lines(_lines(result, mutants, variants, selection))
    return EXIT_EXPECTED if result.ok else EXIT_UNEXPECTED


def _tell(text: str) -> None:
    sys.stderr.write(f"selftest: {text} …\n")
    sys.stderr.flush()


def _lines(
    result: SelfTest, named: Sequence[str], variants: Sequence[str], selection: Sequence[str]
) -> Iterable[str]:
    if variants:
        yield from _of_variants(result, undecided=True)
        return
    for one in result.outcomes:
        if named and one.killed_by:
            yield f"{one.mutant} as {one.role}: killed by {', '.join(one.killed_by[:5])}"
    if selection and not named:
        yield from _of_cases(result)
    yield from _list("not on the reference", result.clean_failures)
    yield from _list("survives", [_mutant(name) for name in result.survivors])
    yield from _list("noticed by chance", [_mutant(name) for name in result.by_chance])
    yield from _list("said to be equivalent, yet killed", result.resurrected)
    yield from _list("no mutant turns it red", result.toothless)
    yield from _list("nobody would miss it", result.fresh)
    yield from _list("excused for nothing", result.idle)
    yield from _list("an error of the harness", [f"{a}: {b}" for a, b in result.faults.items()])
    if result.outcomes:
        yield (
            f"{number_of(len(result.mutants), 'mutant')}, {len(result.killed)} killed,"
            f" {len(result.survivors)} survive, {len(result.by_chance)} noticed by chance"
        )
    if not named:
        yield from _of_variants(result, undecided=False)
        yield (
            f"{number_of(len(result.bitten), 'case')} can fail, {len(result.toothless)} cannot;"
            f" {number_of(result.weakenings, 'weakened check')}, {len(result.unnoticed)} unnoticed"
        )
        yield f"{len(result.excused)} excused by name"


def _of_cases(result: SelfTest) -> Iterable[str]:
    """Of cases that somebody asks about: what turns them red, and which of their checks matter."""
    for case, mutant in result.bitten.items():
        yield f"can fail: {case}, such as on {mutant} ({MUTANTS[mutant].text})"
    for name, (mutant, role, _case) in result.witnesses.items():
        yield f"matters: {name}, such as on {mutant} as {role}"
    yield from _list(
        "nobody would miss it, as is known", sorted(set(result.unnoticed) & set(result.owed))
    )


def _of_variants(result: SelfTest, *, undecided: bool) -> Iterable[str]:
    fairness = result.fairness
    for name, reason in fairness.false_alarms.items():
        variant = LAWFUL[name.partition(" ")[0]]
        told = f"{variant.text}: {', '.join(variant.permits)}"
        yield f"false alarm: {name} ({told})\n  {reason}"
    if undecided:
        yield from [f"undecided: {one}: {why}" for one, why in fairness.undecided.items()]
    yield (
        f"{number_of(len(fairness.variants), 'lawful variant')},"
        f" {number_of(len(fairness.false_alarms), 'false alarm')},"
        f" {number_of(len(fairness.undecided), 'case')} undecided"
    )


def _list(label: str, names: Iterable[str]) -> Iterable[str]:
    return [f"{label}: {name}" for name in names]


def _mutant(name: str) -> str:
    one = MUTANTS[name.partition(" ")[0]]
    return f"{name} ({one.row}: {one.text})"
