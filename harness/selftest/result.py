"""What a self-test came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.peer.mutants import MUTANTS
from harness.selftest.fairness import Fairness
from harness.selftest.hunt import Outcome


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The result of a self-test; `ok` when nothing is left to explain.

    clean_failures: cases and rules that do not hold on the references. bitten: by case, the mutant
    that turns it red. excused: names with their reasons, of cases and weakenings. idle: excuses
    that nothing needs any more. owed: weakenings that are known to go unnoticed. faults: errors of
    the harness that a mutant brought about. fairness: how lawful variants were treated.
    """

    outcomes: tuple[Outcome, ...]
    clean_failures: tuple[str, ...]
    bitten: Mapping[str, str]
    toothless: tuple[str, ...]
    weakenings: int
    witnesses: Mapping[str, tuple[str, str, str]]
    unnoticed: tuple[str, ...]
    excused: Mapping[str, str] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    fairness: Fairness = field(default_factory=Fairness)

    @property
    def mutants(self) -> tuple[str, ...]:
        """The mutants that were tried."""
        return _once(one.mutant for one in self.outcomes)

    @property
    def killed(self) -> tuple[str, ...]:
        """Mutants that a related check noticed, in every role that they have."""
        missed = {one.mutant for one in self.outcomes if not one.killed_by}
        return tuple(name for name in self.mutants if name not in missed)

    @property
    def equivalent(self) -> dict[str, str]:
        """Mutants that nothing on the wire can tell from the reference, and why."""
        told = {name: MUTANTS[name].equivalent for name in self.mutants}
        return {name: reason for name, reason in told.items() if reason is not None}

    @property
    def by_chance(self) -> tuple[str, ...]:
        """Mutants that as one of their roles only something unrelated noticed."""
        return self._left(lambda one: bool(one.red))

    @property
    def survivors(self) -> tuple[str, ...]:
        """Mutants that as one of their roles nothing noticed."""
        return self._left(lambda one: not one.red)

    def _left(self, fits: Callable[[Outcome], bool]) -> tuple[str, ...]:
        return _once(
            f"{one.mutant} as {one.role}"
            for one in self.outcomes
            if not one.killed_by and fits(one) and one.mutant not in self.equivalent
        )

    @property
    def resurrected(self) -> tuple[str, ...]:
        """Mutants that are said to be equivalent, and yet are killed."""
        killed = {one.mutant for one in self.outcomes if one.killed_by}
        return tuple(name for name in self.equivalent if name in killed)

    @property
    def fresh(self) -> tuple[str, ...]:
        """Weakenings that go unnoticed and did not before: the list only gets shorter."""
        owed = frozenset(self.owed)
        return tuple(name for name in self.unnoticed if name not in owed)

    @property
    def ok(self) -> bool:
        """Whether every mutant is killed by a related check, every check can fail, and none of them
        holds anything against a lawful variant."""
        return not any(
            (
                self.survivors,
                self.by_chance,
                self.resurrected,
                self.toothless,
                self.clean_failures,
                self.fresh,
                self.idle,
                self.faults,
                self.fairness.false_alarms,
            )
        )

    def to_json(self) -> dict[str, object]:
        """The result for scripts."""
        return {
            "mutants": len(self.mutants),
            "killed": len(self.killed),
            "survivors": list(self.survivors),
            "toothless_cases": list(self.toothless),
            "clean_failures": list(self.clean_failures),
            "false_alarms": list(self.fairness.false_alarms),
            "variants": len(self.fairness.variants),
            "undecided": list(self.fairness.undecided),
            "by_chance": list(self.by_chance),
            "equivalent": self.equivalent,
            "wrongly_equivalent": list(self.resurrected),
            "cases": len(self.bitten) + len(self.toothless),
            "weakenings": self.weakenings,
            "unnoticed_weakenings": list(self.unnoticed),
            "fresh_weakenings": list(self.fresh),
            "excused": dict(self.excused),
            "idle_excuses": list(self.idle),
            "faults": dict(self.faults),
        }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
