"""The self-test as a whole: the clean references, the mutants, the cases, the weakened checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.located import suggest
from harness.peer.lawful import LAWFUL
from harness.peer.mutants import MUTANTS
from harness.run.memory import settled_memory
from harness.run.run import tables_folder
from harness.selftest import excused as excusing
from harness.selftest.bench import Bench
from harness.selftest.crew import spread
from harness.selftest.doubt import Doubts, doubt
from harness.selftest.excused import Excused, excuses, idle
from harness.selftest.fairness import Fairness, Treatment, fair, to_meet, treat
from harness.selftest.hunt import Bitten, Outcome, bite, hunt
from harness.selftest.kinship import stem
from harness.selftest.known import Known
from harness.selftest.result import SelfTest
from harness.selftest.weaken import weakenings
from harness.spec.model import Role
from harness.suite.model import Case

PROFILE: Final = "rfc2661"
PIECE: Final = 64
"""Cases that a process takes at a time, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a self-test is asked for.

    mutants: only these, and then the cases themselves are not doubted. variants: only these lawful
    ones, with all cases, and nothing else. selection: only these cases, and then nobody expects
    them to notice every mutant.
    known: where to look first. workers: processes, None: as many as there are processors.
    thorough: look also for what is excused.
    """

    suites: Path
    peers: Path
    known: Known = field(default_factory=Known)
    mutants: Sequence[str] = ()
    variants: Sequence[str] = ()
    selection: Sequence[str] = ()
    workers: int | None = None
    thorough: bool = False
    progress: Callable[[str], None] = lambda _text: None


def self_test(request: Request) -> SelfTest:
    """Do all of it. HarnessError: bad data, an unknown mutant or variant, nothing selected."""
    for what, names, known in (
        ("mutant", request.mutants, frozenset(MUTANTS)),
        ("variant", request.variants, frozenset(LAWFUL)),
    ):
        for name in names:
            if name not in known:
                hint = suggest(name, known)
                raise UsageError(f"selftest.{what}", f"no {what} is called {name!r}", hint=hint)
    task = _Task(
        Bench.load(request.suites, request.peers, request.selection),
        request.known,
        Excused.load(tables_folder(request.suites, PROFILE) / excusing.FILE),
        request.workers or os.cpu_count() or 1,
        request.thorough,
    )
    with settled_memory():
        return _work(request, task)


def _work(request: Request, task: _Task) -> SelfTest:
    if request.variants:
        request.progress("lawful variants")
        only = task.treat(request.variants, whole=True)
        return _result(request, task.excused, treatments=only)
    request.progress("the references")
    clean, faults = task.clean()
    outcomes: list[Outcome] = []
    if request.mutants or not request.selection:
        request.progress("mutants")
        outcomes = task.hunt(request.mutants or list(MUTANTS))
    for one in outcomes:
        faults |= one.faults
    bitten, doubts, names = Bitten(), Doubts(), list[str]()
    treatments: list[Treatment] = []
    if not request.mutants:
        request.progress("lawful variants")
        treatments = task.treat(list(LAWFUL), whole=request.thorough)
        request.progress("cases")
        bitten = task.bite()
        faults |= bitten.faults
        request.progress("weakened suites")
        learnt = replace(task.known, biters=biters_of(task.known, bitten.by))
        doubts, names = replace(task, known=learnt).doubt()
    return _result(
        request, task.excused, clean, outcomes, bitten, doubts, len(names), faults, treatments
    )


def _result(
    request: Request,
    excused: Excused,
    clean: Sequence[str] = (),
    outcomes: Sequence[Outcome] = (),
    bitten: Bitten | None = None,
    doubts: Doubts | None = None,
    weakened: int = 0,
    faults: Mapping[str, str] | None = None,
    treatments: Sequence[Treatment] = (),
) -> SelfTest:
    bitten, doubts, faults = bitten or Bitten(), doubts or Doubts(), dict(faults or {})
    reasons = {name: excuses(excused.cases, name) for name in bitten.toothless}
    reasons |= {name: excuses(excused.weakenings, name) for name in doubts.unnoticed}
    alarms = [one.named(case) for one in treatments for case in one.alarms]
    forgiven = {name: excuses(excused.alarms, name) for name in alarms}
    for treated in treatments:
        faults |= treated.faults
    needless: list[str] = []
    if not (request.mutants or request.variants or request.selection):
        if request.thorough:
            needless += idle(excused.alarms, alarms)
        needless += idle(excused.cases, bitten.toothless)
        needless += idle(excused.weakenings, doubts.unnoticed)
    return SelfTest(
        outcomes=tuple(outcomes),
        clean_failures=tuple(clean),
        bitten=bitten.by,
        toothless=tuple(name for name in bitten.toothless if reasons[name] is None),
        weakenings=weakened,
        witnesses=doubts.noticed,
        unnoticed=tuple(name for name in doubts.unnoticed if reasons[name] is None),
        excused={name: reason for name, reason in reasons.items() if reason is not None},
        idle=tuple(needless),
        owed=tuple(request.known.unnoticed),
        faults=faults,
        fairness=Fairness(
            treatments, {name: reason for name, reason in forgiven.items() if reason is not None}
        ),
    )


def biters_of(known: Known, bitten: Mapping[str, str]) -> dict[str, list[str]]:
    """By case without its axes, the mutants that turn its instances red; those known first."""
    fresh: dict[str, dict[str, None]] = {}
    for case, mutant in bitten.items():
        fresh.setdefault(stem(case), {})[mutant] = None
    return {
        name: [
            *(one for one in known.biters.get(name, ()) if one in mutants),
            *(one for one in mutants if one not in known.biters.get(name, ())),
        ]
        for name, mutants in fresh.items()
    }


@dataclass(frozen=True, slots=True)
class _Task:
    """What the pieces of work have in common."""

    bench: Bench
    known: Known
    excused: Excused
    workers: int
    thorough: bool

    @property
    def cases(self) -> dict[str, Case]:
        """The cases that either of the references runs, each once."""
        return {name: case for plan in self.bench.plans.values() for name, case in plan.items()}

    # -- the references as they are -----------------------------------------------------------

    def clean(self) -> tuple[list[str], dict[str, str]]:
        """What does not hold on the references."""
        red: dict[str, None] = {}
        faults: dict[str, str] = {}
        for found, wrong in spread(self._clean, sorted(self.bench.plans), self.workers):
            red |= dict.fromkeys(found)
            faults |= wrong
        return sorted(red), faults

    def _clean(self, role: Role) -> tuple[list[str], dict[str, str]]:
        trial = self.bench.try_out(role, list(self.bench.plans[role].values()), None)
        return trial.red, trial.faults

    # -- lawful variants ----------------------------------------------------------------------

    def treat(self, names: Sequence[str], *, whole: bool) -> list[Treatment]:
        """How the suites treat variants. whole: by all cases, not only by those of custom."""
        pieces = [
            (name, role, whole)
            for name in names
            for role in sorted(LAWFUL[name].roles)
            if self.bench.plans[role]
        ]
        return sorted(
            spread(self._treat, pieces, self.workers), key=lambda one: (one.variant, one.role)
        )

    def _treat(self, piece: tuple[str, Role, bool]) -> Treatment:
        name, role, whole = piece
        variant = LAWFUL[name]
        meets = fair if whole else to_meet
        return treat(self.bench, variant, role, meets(self.bench, variant, role))

    # -- mutants ------------------------------------------------------------------------------

    def hunt(self, names: Sequence[str]) -> list[Outcome]:
        """What becomes of the mutants, in each of their roles, in the order of the table."""
        pieces = [
            (name, role)
            for name in names
            for role in sorted(MUTANTS[name].roles)
            if self.bench.plans[role]
        ]
        outcomes = list(spread(self._hunt, pieces, self.workers))
        order = {piece: index for index, piece in enumerate(pieces)}
        return sorted(outcomes, key=lambda one: order[one.mutant, one.role])

    def _hunt(self, piece: tuple[str, Role]) -> Outcome:
        name, role = piece
        return hunt(self.bench, MUTANTS[name], role, self.known)

    # -- cases --------------------------------------------------------------------------------

    def bite(self) -> Bitten:
        """A mutant for each case; for those of both sides as one of them."""
        whole = Bitten()
        waiting = list(self.cases)
        for role in (Role.LNS, Role.LAC):
            mine = [name for name in waiting if name in self.bench.plans[role]]
            pieces = [(role, mine[at : at + PIECE]) for at in range(0, len(mine), PIECE)]
            for found in spread(self._bite, pieces, self.workers):
                whole.by |= found.by
                whole.faults |= found.faults
            waiting = [name for name in waiting if name not in whole.by]
        whole.toothless = [*waiting, *self.bench.idle]
        return whole

    def _bite(self, piece: tuple[Role, list[str]]) -> Bitten:
        role, names = piece
        told = {} if self.thorough else self.excused.cases
        given_up = frozenset(name for name in names if excuses(told, name) is not None)
        cases = [self.bench.plans[role][name] for name in names]
        return bite(self.bench, role, cases, self.known, given_up)

    # -- the suites themselves ----------------------------------------------------------------

    def doubt(self) -> tuple[Doubts, list[str]]:
        """Who notices each of the weakenings, and the names of all of them."""
        whole = Doubts()
        every: list[str] = []
        pieces = list(dict.fromkeys(stem(name) for name in self.cases))
        for found in spread(self._doubt, pieces, self.workers):
            whole.noticed |= found.noticed
            whole.unnoticed += found.unnoticed
            every += [*found.noticed, *found.unnoticed]
        whole.unnoticed.sort()
        return whole, every

    def _doubt(self, piece: str) -> Doubts:
        weakened = weakenings([case for name, case in self.cases.items() if stem(name) == piece])
        told = {} if self.thorough else self.excused.weakenings
        given_up = {one.name for one in weakened if excuses(told, one.name) is not None}
        if not self.thorough:
            given_up.update(self.known.unnoticed)
        return doubt(self.bench, weakened, self.known, given_up)


def learn(request: Request, result: SelfTest) -> Known:
    """What the next self-test may begin with. What this one was not asked for stays as it was."""
    known = request.known
    killers = {} if not request.mutants else dict(known.killers)
    for one in result.outcomes:
        if one.killed_by:
            killers.setdefault(one.mutant, {})[one.role.value] = one.found_in
    if request.mutants:
        return replace(known, killers=killers)
    unnoticed = list(result.unnoticed)
    biters = biters_of(known, result.bitten)
    witnesses = {
        name: [mutant, role, case] for name, (mutant, role, case) in result.witnesses.items()
    }
    if request.selection:
        biters = {**known.biters, **biters}
        witnesses = {**known.witnesses, **witnesses}
        killers = {**known.killers, **killers}
        unnoticed += [name for name in known.unnoticed if name not in witnesses]
    return Known(killers, biters, witnesses, sorted(set(unnoticed)))
