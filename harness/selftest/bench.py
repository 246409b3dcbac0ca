"""The place where cases meet a mutant: in memory, on the virtual clock, without any record."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from harness.device.description.device import Device
from harness.device.embedded import EmbeddedRunner, Factory, reference_endpoint
from harness.device.reading.load import load_device
from harness.errors import HarnessError, NothingSelected
from harness.peer import clock
from harness.peer.clock import ClockStalledError
from harness.peer.mutants import Mutant
from harness.run.baseline import Baseline
from harness.run.case import DEFECT, tell_monitors
from harness.run.events import CaseEnd, Check, Event, Note, StepStart, Verdict
from harness.run.hosts import MemoryHosts
from harness.run.limits import fitted
from harness.run.monitoring import OWN_PEER, SUITE, Monitoring
from harness.run.run import Library, load_library
from harness.run.schedule import run_all
from harness.run.select import Selected, named, why_skipped
from harness.run.setting import Setting
from harness.selftest.kinship import takes_too_long
from harness.spec.model import Role
from harness.suite.model import Case
from harness.wire.text import Names

REFERENCES: Final = ("reference-lns", "reference-lac")
CASES_AT_ONCE: Final = 256
"""More would only fill the memory: waiting takes no time."""

TELLING: Final = frozenset({Verdict.FAIL, Verdict.WARN})
INCONCLUSIVE: Final = 2
_GRAVITY: Final = {Verdict.FAIL: 3, Verdict.INCONC: INCONCLUSIVE, Verdict.WARN: 1}
"""How red a verdict makes a run: an inconclusive case is unexpected, a warning is not."""
QUIET: Final = frozenset({Verdict.PASS, Verdict.SKIP})

OWN: Final = f"{SUITE}/{OWN_PEER}"


class Weight(NamedTuple):
    """How much a case said against a peer: its verdict, the checks that failed, its notes."""

    gravity: int = 0
    failed: int = 0
    notes: int = 0


@dataclass(slots=True)
class Trial:
    """What cases said of one peer.

    verdicts: of each case and each rule of the monitors, by id. notes: how many each case made.
    bites: the rows of each check that did not hold, by the id of its case or rule. seen_in: where a
    rule was first broken. faults: cases that ended in a defect of the harness, which a broken peer
    must not bring about. reasons: of each verdict, in one line. telling: by case, the steps that
    did not hold or made a note, counted from 0 as they were done. own: what the monitors hold
    against the scripted peer itself.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    bites: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    seen_in: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    telling: dict[str, set[int]] = field(default_factory=dict)
    own: str = ""
    _step: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Keep what matters of an event."""
        if isinstance(event, CaseEnd):
            if event.case == OWN:
                # our own peer may be led astray by a broken one
                self.own = "" if event.verdict in QUIET else event.reason
                return
            self.verdicts[event.case] = event.verdict
            self.reasons[event.case] = event.reason
            if event.verdict is Verdict.NONE or event.reason.startswith(DEFECT):
                self.faults[event.case] = event.reason
        elif isinstance(event, StepStart):
            self._step[event.case] = event.index
        elif isinstance(event, Note):
            self.notes[event.case] += 1
            self._tell(event.case)
        elif isinstance(event, Check) and event.verdict not in QUIET:
            self._tell(event.case)
            if event.verdict in TELLING:
                self.bites.setdefault(event.case, []).append(event.rows)

    def _tell(self, case: str) -> None:
        self.telling.setdefault(case, set()).add(self._step.get(case, 0))

    def weight(self, case: str) -> Weight:
        """How much was said against the peer by a case."""
        gravity = _GRAVITY.get(self.verdicts[case], 0)
        return Weight(gravity, len(self.bites.get(case, ())), self.notes[case])

    @property
    def red(self) -> list[str]:
        """The cases and rules that did not pass."""
        return [case for case, verdict in self.verdicts.items() if verdict not in QUIET]


@dataclass(frozen=True, slots=True)
class Bench:
    """The suites, the reference devices and what each of them runs."""

    library: Library
    devices: dict[Role, Device]
    plans: dict[Role, dict[str, Case]]
    """What each runs, by id, in the order of the suites."""
    idle: tuple[str, ...] = ()
    """Cases that none of them can run, or that take too long: nothing shows that they can fail."""

    @classmethod
    def load(cls, suites: Path, peers: Path, words: Sequence[str] = ()) -> Bench:
        """Read all of it; `words` select cases. HarnessError: bad data, or nothing selected."""
        library = load_library(suites)
        chosen = named(library.cases, words)
        loaded = [load_device(peers / name) for name in REFERENCES]
        devices = {device.role: device for device in loaded}
        plans = {
            role: {
                case.id: case
                for case in (fitted(one, device) for one in chosen)
                if role in case.iut and not why_skipped(case, device) and not takes_too_long(case)
            }
            for role, device in devices.items()
        }
        if not any(plans.values()):
            raise NothingSelected("selftest.nothing-selected", "no reference peer runs any of it")
        running = {name for plan in plans.values() for name in plan}
        idle = tuple(case.id for case in chosen if case.id not in running)
        return cls(library, devices, plans, idle)

    def try_out(
        self, role: Role, cases: Sequence[Case], mutant: Mutant | None, *, monitors: bool = True
    ) -> Trial:
        """Run cases against a mutant, or against the reference itself.

        monitors: have every datagram judged as well. HarnessError when nothing can be said.
        """
        factory = reference_endpoint if mutant is None else mutant.endpoint
        name = f"{mutant.name if mutant else 'the reference'} as {role}"
        return self.meet(self.devices[role], factory, cases, name, monitors=monitors)

    def meet(
        self,
        device: Device,
        factory: Factory,
        cases: Sequence[Case],
        name: str,
        *,
        monitors: bool = True,
    ) -> Trial:
        """Run cases against a peer that a factory makes. HarnessError when nothing can be said."""
        trial = Trial()
        if not cases:
            return trial
        library = self.library

        async def main() -> None:
            runner = EmbeddedRunner(device, library.specification, factory=factory)
            setting = Setting(
                device=device,
                runner=runner,
                hosts=MemoryHosts(),
                specification=library.specification,
                baseline=Baseline(),
                emit=trial.take,
                names=Names(),
                started=asyncio.get_running_loop().time(),
                seed=0,
                monitoring=Monitoring(library.rules, device) if monitors else None,
                summaries=False,
            )
            await run_all(setting, [Selected(case) for case in cases], CASES_AT_ONCE)
            tell_monitors(setting)
            if setting.monitoring is not None:
                for (of_iut, rule), evidence in setting.monitoring.seen.items():
                    where = f"{SUITE}/{rule.value}" if of_iut else OWN
                    trial.seen_in[where] = evidence.case

        try:
            clock.run(main(), virtual=True)
        except* (ClockStalledError, HarnessError) as group:
            cause = group.exceptions[0]
            raise HarnessError("selftest.broken", f"{name}: {cause}") from group
        return trial
