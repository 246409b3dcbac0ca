"""The two searches: which check kills a mutant, and which mutant turns a case red.

Both begin with what is known from earlier, go on with what is nearest, and stop when they have
found it. Only who survives meets everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from harness.peer.mutants import MUTANTS, Mutant
from harness.selftest.bench import Bench, Trial
from harness.selftest.kinship import (
    SAME_ROW,
    SAME_SECTION,
    about,
    kinship,
    nearest_cases,
    nearest_mutants,
    rows_of_case,
    stem,
    takes_long,
)
from harness.selftest.known import Known
from harness.spec.model import Role
from harness.suite.model import Case

FIRST_BATCH: Final = 8
"""Cases that meet a mutant before it is asked whether one of them has killed it; then as many
again, and so on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant as one role.

    killed_by: cases and rules of which a check about the mutant's requirement or section did not
    hold, of those that were tried. found_in: the case that showed it. red: where nothing killed
    it, all that did not pass on it.
    """

    mutant: str
    role: Role
    killed_by: tuple[str, ...] = ()
    found_in: str = ""
    red: tuple[str, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)


def hunt(bench: Bench, mutant: Mutant, role: Role, known: Known) -> Outcome:
    """Look for what kills a mutant."""
    faults: dict[str, str] = {}
    red: dict[str, None] = {}
    for batch, watched in _batches(bench, mutant, role, known):
        trial = bench.try_out(role, batch, mutant, monitors=watched)
        faults |= trial.faults
        red |= dict.fromkeys(trial.red)
        killers = killers_in(bench, mutant, trial)
        if killers:
            found_in = trial.seen_in.get(killers[0], killers[0])
            return Outcome(mutant.name, role, tuple(killers), found_in, (), faults)
    return Outcome(mutant.name, role, (), "", tuple(red), faults)


def killers_in(bench: Bench, mutant: Mutant, trial: Trial) -> list[str]:
    """The cases and rules of which a check about the mutant's section did not hold."""
    specification = bench.library.specification
    return [
        case
        for case, failed in trial.bites.items()
        if any(about(specification, mutant, rows) for rows in failed)
    ]


def _batches(
    bench: Bench, mutant: Mutant, role: Role, known: Known
) -> Iterator[tuple[list[Case], bool]]:
    """Cases to try together, the nearest first, and whether monitors may be of use."""
    plan = bench.plans[role]
    learnt = known.killers.get(mutant.name, {}).get(role.value)
    if learnt in plan:
        yield [plan[learnt]], True
    near: list[Case] = []
    strangers: list[Case] = []
    ranked = nearest_cases(bench.library.specification, mutant, list(plan.values()))
    for rank, case in ranked:
        if case.id != learnt and (rank == SAME_ROW or not takes_long(case)):
            (near if rank <= SAME_SECTION else strangers).append(case)
    size = FIRST_BATCH
    while near:
        batch, near = near[:size], near[size:]
        yield batch, True
        size *= 2
    if mutant.equivalent is not None:
        return  # what would show it stands where its section is
    watched = _is_watched(bench, mutant)
    size = 4 * FIRST_BATCH if watched else max(1, len(strangers))
    while strangers:
        batch, strangers = strangers[:size], strangers[size:]
        yield batch, watched
        size *= 2


def _is_watched(bench: Bench, mutant: Mutant) -> bool:
    """Whether a rule of the monitors is about the mutant's section: any case may show it."""
    library = bench.library
    return any(
        about(library.specification, mutant, one.rows) for one in library.rules.rules.values()
    )


@dataclass(slots=True)
class Bitten:
    """By case, the mutant that turns it red. toothless: those for which there is none."""

    by: dict[str, str] = field(default_factory=dict)
    toothless: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def bite(
    bench: Bench,
    role: Role,
    cases: Sequence[Case],
    known: Known,
    given_up: Collection[str] = (),
) -> Bitten:
    """Look for a mutant for each case. given_up: cases for which only those known are tried.

    What has turned one instance of a case red is the next that its other instances meet.
    """
    found = Bitten()
    hot: dict[str, dict[str, None]] = {}
    waiting = [
        _Hunted(case, _candidates(bench, role, case, known, search=case.id not in given_up))
        for case in cases
    ]
    while waiting:
        turns: dict[str, list[_Hunted]] = {}
        for one in waiting:
            name = one.next(hot.get(stem(one.case.id), {}))
            if name is None:
                found.toothless.append(one.case.id)
            else:
                turns.setdefault(name, []).append(one)
        waiting = []
        for name, met in turns.items():
            trial = bench.try_out(role, [one.case for one in met], MUTANTS[name], monitors=False)
            found.faults |= trial.faults
            for one in met:
                if one.case.id in trial.bites:
                    found.by[one.case.id] = name
                    hot.setdefault(stem(one.case.id), {})[name] = None
                else:
                    waiting.append(one)
    return found


@dataclass(slots=True)
class _Hunted:
    """A case, the mutants that it has still to meet, and those that it has met."""

    case: Case
    candidates: Iterator[Mutant]
    met: set[str] = field(default_factory=set)

    def next(self, hot: Iterable[str]) -> str | None:
        """Whom it meets next, those that are `hot` before others; None when there is nobody."""
        rest = (one.name for one in self.candidates)
        for name in chain(hot, rest):
            if name not in self.met:
                self.met.add(name)
                return name
        return None


def _candidates(
    bench: Bench, role: Role, case: Case, known: Known, *, search: bool
) -> Iterator[Mutant]:
    tried = set()
    for name in known.biters.get(stem(case.id), ()):
        if name in MUTANTS and role in MUTANTS[name].roles:
            tried.add(name)
            yield MUTANTS[name]
    if not search:
        return
    able = [one for one in MUTANTS.values() if role in one.roles and one.name not in tried]
    if takes_long(case):
        rows = rows_of_case(case)
        able = [one for one in able if kinship(bench.library.specification, one, rows) == SAME_ROW]
    yield from nearest_mutants(bench.library.specification, case, able)
