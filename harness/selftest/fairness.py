"""Right but different: which checks hold against a lawful variant what the RFC permits it.

To run every case against every variant takes many minutes. By custom a variant meets those that
are nearest to what permits it, those that have wronged one like it before, and a share of the
others, which is another one for each variant: so each case meets some of them. What a variant meets
depends on names alone, and is the same each time.
"""

from __future__ import annotations

import fnmatch
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from harness.device.description.device import Device, Ixit, Retransmission
from harness.peer.lawful import Lawful
from harness.run.events import Verdict
from harness.run.select import why_skipped
from harness.selftest.bench import OWN, Bench
from harness.selftest.kinship import rows_of_case, stem
from harness.selftest.wronged import WRONGED
from harness.spec.model import Role, Specification
from harness.suite.model import Case

ALARMS: Final = frozenset({Verdict.FAIL, Verdict.ERROR, Verdict.NONE})

NEAREST: Final = 8
"""Cases about what permits a variant that it meets."""

SHARE: Final = 36
"""One in so many of all cases is met as well."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """How the suites treated a variant as one of its roles.

    alarms: by case and rule of the monitors, what it holds against the variant. undecided: by case
    that came to no verdict on it, why.
    """

    variant: str
    role: Role
    cases: int = 0
    alarms: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def named(self, case: str) -> str:
        """An alarm as it is listed, and excused."""
        return f"{self.variant} as {self.role}: {case}"


def device_of(variant: Lawful, reference: Device) -> Device:
    """The reference device with what the variant says of itself."""
    ixit: Ixit = reference.ixit
    extra = dict(ixit.extra)
    for name, value in variant.settings.items():
        if name in extra or name not in Ixit.__dataclass_fields__:
            extra[name] = value
        else:
            ixit = replace(ixit, **{name: value})  # type: ignore[arg-type]
    if variant.retransmit is not None:
        policy = variant.retransmit
        schedule = Retransmission(policy.first, policy.cap, policy.limit + 1)
        ixit = replace(ixit, retransmit=schedule)
    ics = {**reference.ics, **variant.ics}
    return replace(reference, ixit=replace(ixit, extra=extra), ics=ics)


def treat(bench: Bench, variant: Lawful, role: Role, cases: Iterable[Case]) -> Treatment:
    """Run cases against a variant."""
    device = device_of(variant, bench.devices[role])
    able = [case for case in cases if not why_skipped(case, device)]
    trial = bench.meet(device, variant.endpoint, able, f"{variant.name} as {role}")
    told = ALARMS if variant.discouraged else ALARMS | {Verdict.WARN}
    found = Treatment(variant.name, role, len(able), faults=trial.faults)
    for case, verdict in trial.verdicts.items():
        if verdict in told:
            seen = trial.seen_in.get(case)
            found.alarms[case] = trial.reasons[case] + (f" ({seen})" if seen else "")
        elif verdict is Verdict.INCONC:
            found.undecided[case] = trial.reasons[case]
    if trial.own:
        found.alarms[OWN] = f"{trial.own} ({trial.seen_in.get(OWN)})"
    return found


def to_meet(bench: Bench, variant: Lawful, role: Role) -> list[Case]:
    """The cases that a variant meets by custom: one instance of each."""
    instances: dict[str, list[Case]] = {}
    for case in fair(bench, variant, role):
        instances.setdefault(stem(case.id), []).append(case)

    def chance(name: str) -> int:
        return zlib.crc32(f"{variant.name}/{role}/{name}".encode())

    specification = bench.library.specification
    near = [name for name, some in instances.items() if _is_near(specification, variant, some[0])]
    near = sorted(near, key=chance)[:NEAREST]
    wronged = [name for name in _wronging(variant.name) if name in instances]
    others = [name for name in instances if chance(name) % SHARE == 0]
    names = dict.fromkeys((*wronged, *near, *others))
    return [instances[name][chance(name) % len(instances[name])] for name in names]


def fair(bench: Bench, variant: Lawful, role: Role) -> list[Case]:
    """All but the cases whose selection asks for more than the point that permits a variant."""
    cases, permits = bench.plans[role].values(), set(variant.permits)
    return [case for case in cases if not (case.selection and permits & set(case.policy))]


def _wronging(variant: str) -> Iterable[str]:
    for pattern, cases in WRONGED.items():
        if fnmatch.fnmatchcase(variant, pattern):
            yield from cases


def _is_near(specification: Specification, variant: Lawful, case: Case) -> bool:
    """Whether a case is about the section, or the point of the policy, that permits a variant."""
    known = specification.requirements
    sections = {known[row].section for row in variant.permits if row in known}
    if not sections.isdisjoint(known[row].section for row in rows_of_case(case) if row in known):
        return True
    return not set(case.policy).isdisjoint(variant.permits)


@dataclass(frozen=True, slots=True)
class Fairness:
    """How all variants were treated. excused: alarms with a reason, by their names."""

    treatments: Sequence[Treatment] = ()
    excused: Mapping[str, str] = field(default_factory=dict)

    @property
    def variants(self) -> list[str]:
        """Those that were tried, each once."""
        return list(dict.fromkeys(one.variant for one in self.treatments))

    @property
    def false_alarms(self) -> dict[str, str]:
        """What is held against whom, and in which words; but for what is excused."""
        return {
            one.named(case): reason
            for one in self.treatments
            for case, reason in one.alarms.items()
            if one.named(case) not in self.excused
        }

    @property
    def undecided(self) -> dict[str, str]:
        """The cases that came to no verdict on a variant."""
        return {
            one.named(case): reason
            for one in self.treatments
            for case, reason in one.undecided.items()
        }
