"""The search for mutants that notice that a check of a suite has been weakened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.peer.mutants import MUTANTS, Mutant
from harness.selftest.bench import INCONCLUSIVE, Bench, Weight
from harness.selftest.kinship import SAME_SECTION, kinship, rows_of_case, stem, takes_long
from harness.selftest.known import Known
from harness.selftest.weaken import Weakening
from harness.spec.model import Role
from harness.suite.model import Case, Repeat

NOTHING: Final = Weight()

BITTEN: Final = 12
INSTANCES: Final = 2
"""So many instances of a case are tried with mutants that turn some of them red, and with those of
which nothing is known: axes differ in what is sent, seldom in what tells a mutant apart."""

Witness = tuple[str, Role, str]
"""A mutant, as what it runs, and the case that says less of it."""


@dataclass(slots=True)
class Doubts:
    """By weakening, who notices it. unnoticed: those that nobody does."""

    noticed: dict[str, Witness] = field(default_factory=dict)
    unnoticed: list[str] = field(default_factory=list)


def doubt(
    bench: Bench, weakenings: Sequence[Weakening], known: Known, given_up: Collection[str] = ()
) -> Doubts:
    """Look for who notices the weakenings, all of which are of the same case.

    given_up: weakenings for which only what is known is tried.
    """
    found = Doubts()
    waiting = list(weakenings)
    said = _Said(bench)
    for one in weakenings:
        witness = _learnt(one, known)
        if witness is not None and _notices(said, one, *witness):
            found.noticed[one.name] = (witness[0].name, witness[1], witness[2])
            waiting.remove(one)
    waiting = [one for one in waiting if one.name not in given_up]
    if waiting:
        _search(said, waiting, known, found)
    found.unnoticed = [one.name for one in weakenings if one.name not in found.noticed]
    return found


def _search(said: _Said, waiting: list[Weakening], known: Known, found: Doubts) -> None:
    every = list({case.id: case for one in waiting for case, _ in one.cases}.values())
    biters = known.biters.get(stem(every[0].id), ())
    for mutant, role in _candidates(said.bench, every[0], biters):
        instances = _some(every, BITTEN if mutant.name in biters else INSTANCES)
        able = [case for case in instances if case.id in said.bench.plans[role]]
        said.ask(role, mutant, able)
        for case in able:
            for one in said.suspects(role, mutant, case, waiting):
                if _notices(said, one, mutant, role, case.id):
                    found.noticed[one.name] = (mutant.name, role, case.id)
                    waiting.remove(one)
        if not waiting:
            return


def _some(cases: Sequence[Case], count: int) -> Sequence[Case]:
    """At most so many instances of a case, from the first to the last."""
    if len(cases) <= count:
        return cases
    return [cases[place * (len(cases) - 1) // (count - 1)] for place in range(count)]


def _candidates(bench: Bench, case: Case, biters: Collection[str]) -> Iterator[tuple[Mutant, Role]]:
    """Known biters of the case, then those of the sections that it is about and broad ones, then
    all others: what a mutant does seldom shows in its own section alone."""
    rows = rows_of_case(case)
    specification = bench.library.specification
    if takes_long(case):
        able = [MUTANTS[name] for name in biters if name in MUTANTS]
        yield from ((one, role) for one in able for role in sorted(one.roles & case.iut))
        return

    def distance(one: Mutant) -> int:
        near = kinship(specification, one, rows)
        return min(near, SAME_SECTION) if one.broad else near

    ranked = sorted(MUTANTS.values(), key=lambda one: (one.name not in biters, distance(one)))
    for mutant in ranked:
        for role in sorted(mutant.roles & case.iut):
            yield mutant, role


def _learnt(one: Weakening, known: Known) -> tuple[Mutant, Role, str] | None:
    witness = known.witnesses.get(one.name)
    if witness is None or witness[0] not in MUTANTS:
        return None
    return MUTANTS[witness[0]], Role(witness[1]), witness[2]


def _notices(said: _Said, one: Weakening, mutant: Mutant, role: Role, name: str) -> bool:
    """Whether the weakened instance says less of the mutant than the instance as it is.

    Without a guard it may say more instead: what was inconclusive has then failed.
    """
    for case, weaker in one.cases:
        if case.id == name and role in mutant.roles and name in said.bench.plans[role]:
            before = said.of(role, mutant, case)
            if before == NOTHING:
                return False
            trial = said.bench.try_out(role, [weaker], mutant, monitors=False)
            after = trial.weight(case.id)
            blamed = one.guards and before.gravity == INCONCLUSIVE < after.gravity
            return before > after or blamed
    return False


@dataclass(slots=True)
class _Said:
    """What cases as they are have said of mutants, by its weight."""

    bench: Bench
    weights: dict[tuple[Role, str, str], Weight] = field(default_factory=dict)
    telling: dict[tuple[Role, str, str], set[int]] = field(default_factory=dict)

    def ask(self, role: Role, mutant: Mutant, cases: Sequence[Case]) -> None:
        trial = self.bench.try_out(role, cases, mutant, monitors=False)
        for case in trial.verdicts:
            self.weights[role, mutant.name, case] = trial.weight(case)
            self.telling[role, mutant.name, case] = trial.telling.get(case, set())

    def suspects(
        self, role: Role, mutant: Mutant, case: Case, weakened: Sequence[Weakening]
    ) -> list[Weakening]:
        """Of the weakenings those that may make a difference: of a step that said something.

        Where steps are repeated their numbers are not those of the weakenings.
        """
        if self.of(role, mutant, case) == NOTHING:
            return []
        if any(isinstance(step, Repeat) for step in case.steps):
            return list(weakened)
        told = self.telling[role, mutant.name, case.id]
        return [one for one in weakened if one.step - 1 in told]

    def of(self, role: Role, mutant: Mutant, case: Case) -> Weight:
        key = (role, mutant.name, case.id)
        if key not in self.weights:
            self.ask(role, mutant, [case])
        return self.weights[key]
