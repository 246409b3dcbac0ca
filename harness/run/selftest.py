"""The proof of detection: suites against mutants of the reference peers, on the virtual clock.

A mutant is killed when a check about its own requirement, or about another one of the same
section, does not hold on it. A mutant that only turns something unrelated red is killed by chance,
which is shown, as is a case that no mutant ever turns red: its checks cannot fail.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.embedded import EmbeddedRunner
from harness.device.load import load_device
from harness.device.model import Device
from harness.errors import HarnessError
from harness.peer import clock
from harness.peer.clock import ClockStalledError
from harness.peer.mutants import MUTANTS, Mutant
from harness.run.baseline import Baseline
from harness.run.case import Setting
from harness.run.events import CaseEnd, Check, Event, Note, Verdict
from harness.run.hosts import MemoryHosts
from harness.run.run import Library, load_library, rows_of
from harness.run.schedule import run_all
from harness.run.select import Selected, select
from harness.spec.model import Role, Specification
from harness.suite.model import Case
from harness.wire.text import Names

REFERENCES = ("reference-lns", "reference-lac")
CASES_AT_ONCE = 4096
TELLING = frozenset({Verdict.FAIL, Verdict.WARN})
QUIET = frozenset({Verdict.PASS, Verdict.SKIP})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant as one role.

    killed_by: cases whose check about the mutant's requirement or section did not hold. red: all
    cases that did not pass.
    """

    mutant: str
    role: Role
    killed_by: tuple[str, ...]
    red: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The result of a self-test; `ok` when nothing is left to explain."""

    outcomes: tuple[Outcome, ...]
    clean_failures: tuple[str, ...]
    toothless: tuple[str, ...]

    @property
    def killed(self) -> tuple[str, ...]:
        """Mutants that a related check noticed, in at least one role."""
        return tuple(dict.fromkeys(one.mutant for one in self.outcomes if one.killed_by))

    @property
    def by_chance(self) -> tuple[str, ...]:
        """Mutants that only something unrelated noticed."""
        killed = set(self.killed)
        noticed = (one.mutant for one in self.outcomes if one.red and one.mutant not in killed)
        return tuple(dict.fromkeys(noticed))

    @property
    def survivors(self) -> tuple[str, ...]:
        """Mutants that nothing noticed, but for those that nothing can."""
        noticed = {*self.killed, *self.by_chance}
        names = dict.fromkeys(one.mutant for one in self.outcomes)
        return tuple(
            name for name in names if name not in noticed and MUTANTS[name].equivalent is None
        )

    @property
    def ok(self) -> bool:
        """Whether every mutant is killed by a related check, and every case can fail."""
        return not (self.survivors or self.by_chance or self.toothless or self.clean_failures)

    def to_json(self) -> dict[str, object]:
        """The result for scripts."""
        return {
            "mutants": len({one.mutant for one in self.outcomes}),
            "killed": len(self.killed),
            "survivors": list(self.survivors),
            "by_chance": list(self.by_chance),
            "toothless_cases": list(self.toothless),
            "clean_failures": list(self.clean_failures),
        }


@dataclass(slots=True)
class _Watch:
    """What the events of a run on one mutant say."""

    red: dict[str, None] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    telling: list[Check] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, CaseEnd) and event.verdict not in QUIET:
            self.red[event.case] = None
        elif isinstance(event, Check) and event.verdict in TELLING:
            self.telling.append(event)
        elif isinstance(event, Note):
            self.noted[event.case] = self.noted.get(event.case, 0) + 1


def self_test(
    suites: Path, peers: Path, *, mutants: Sequence[str] = (), workers: int = 2
) -> SelfTest:
    """Run the suites on the clean references, then on the mutants. HarnessError: bad data."""
    library = load_library(suites)
    devices = [load_device(peers / name) for name in REFERENCES]
    chosen = [MUTANTS[name] for name in mutants] if mutants else list(MUTANTS.values())
    clean: list[str] = []
    for device in devices:
        watch = _run(library, device, None, _plan(library, device))
        clean += list(watch.red)
    shares = [chosen[start::workers] for start in range(workers)]
    context = multiprocessing.get_context("fork")
    if workers == 1:
        results = [_share(suites, peers, [one.name for one in chosen])]
    else:
        with context.Pool(workers) as pool:
            jobs = [(suites, peers, [one.name for one in share]) for share in shares if share]
            results = pool.starmap(_share, jobs)
    outcomes = [outcome for found, _ in results for outcome in found]
    every = {case.id for device in devices for case in _plan(library, device)}
    never_red = every.intersection(*(unharmed for _, unharmed in results)) if not mutants else ()
    order = {name: index for index, name in enumerate(MUTANTS)}
    outcomes.sort(key=lambda one: (order[one.mutant], one.role))
    return SelfTest(tuple(outcomes), tuple(clean), tuple(sorted(never_red)))


def _share(suites: Path, peers: Path, names: Sequence[str]) -> tuple[list[Outcome], set[str]]:
    """Run some mutants; gives what became of them, and the cases that none of them turned red.

    A mutant runs against the cases related to it, and those that nothing has turned red so far;
    against the others only when none of these notices it.
    """
    library = load_library(suites)
    devices = [load_device(peers / name) for name in REFERENCES]
    unharmed = {case.id for device in devices for case in _plan(library, device)}
    outcomes: list[Outcome] = []
    for name in names:
        one = MUTANTS[name]
        for device in devices:
            if device.role not in one.roles:
                continue
            outcome = _try(library, device, one, unharmed)
            unharmed.difference_update(outcome.red)
            outcomes.append(outcome)
    return outcomes, unharmed


def _try(library: Library, device: Device, one: Mutant, unharmed: set[str]) -> Outcome:
    plan = _plan(library, device)
    specification = library.specification
    first = [case for case in plan if case.id in unharmed or _related(specification, one, case)]
    watch = _run(library, device, one, first)
    killers = _killers(specification, one, watch)
    if not watch.red:
        rest = [case for case in plan if case not in first]
        watch = _run(library, device, one, rest)
        killers = _killers(specification, one, watch)
    return Outcome(one.name, device.role, tuple(killers), tuple(watch.red))


def _killers(specification: Specification, one: Mutant, watch: _Watch) -> Iterable[str]:
    return dict.fromkeys(
        check.case for check in watch.telling if _about(specification, one, check.rows)
    )


def _related(specification: Specification, one: Mutant, case: Case) -> bool:
    return _about(specification, one, (*case.covers, *rows_of(case.steps)))


def _about(specification: Specification, one: Mutant, rows: Sequence[str]) -> bool:
    """Whether rows speak of the mutant's requirement, or of one in its section."""
    section = specification.requirements[one.row].section
    known = specification.requirements
    return any(row in known and known[row].section == section for row in rows)


def _plan(library: Library, device: Device) -> list[Case]:
    return [one.case for one in select(library.suites, device, ()) if not one.skipped]


def _run(library: Library, device: Device, one: Mutant | None, cases: Sequence[Case]) -> _Watch:
    watch = _Watch()
    if not cases:
        return watch

    async def main() -> None:
        runner = EmbeddedRunner(device, library.specification)
        if one is not None:
            runner = EmbeddedRunner(device, library.specification, factory=one.endpoint)
        setting = Setting(
            device=device,
            runner=runner,
            hosts=MemoryHosts(),
            specification=library.specification,
            baseline=Baseline(),
            emit=watch.take,
            names=Names(),
            started=asyncio.get_running_loop().time(),
            seed=0,
        )
        await run_all(setting, [Selected(case) for case in cases], CASES_AT_ONCE)

    try:
        clock.run(main(), virtual=True)
    except* (ClockStalledError, HarnessError) as group:
        name = one.name if one else "the reference"
        raise HarnessError("selftest.broken", f"{name}: {group.exceptions[0]}") from group
    return watch
