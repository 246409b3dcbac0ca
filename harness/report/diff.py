"""What came out differently between runs: of each case its verdict, and the findings behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.report.story import CaseStory, Ending, tell
from harness.run.baseline import MONITOR
from harness.run.events import EVENTS_FILE, Event, Header, Verdict

ABSENT = "-"
"""In place of a verdict where a run has no such case."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended in one run.

    findings: the checks that did not hold, by name, with verdict and row. What their texts say
    is left out: ids and times differ from one run to the next and mean nothing. perhaps: those
    that a monitor made where the harness was late. by_chance: the device shows it in few runs only.
    """

    shown: Verdict
    earned: Verdict
    findings: tuple[str, ...] = ()
    perhaps: frozenset[str] = frozenset()
    by_chance: bool = False

    def alike(self, other: Outcome | None) -> bool:
        """Whether another run came out so. What a harness that was late saw makes no difference."""
        if other is None or (self.shown, self.earned) != (other.shown, other.earned):
            return False
        differing = set(self.findings) ^ set(other.findings)
        return not differing - self.perhaps - other.perhaps

    def __str__(self) -> str:
        return str(self.shown) if self.shown is self.earned else f"{self.shown} ({self.earned})"


@dataclass(frozen=True, slots=True)
class Change:
    """A case that did not come out alike in all runs; None: it is missing from that run."""

    case: str
    outcomes: tuple[Outcome | None, ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdict in each run."""
        return tuple(ABSENT if one is None else str(one) for one in self.outcomes)

    @property
    def findings(self) -> tuple[tuple[str, ...], ...]:
        """The findings in each run that are not in all of them."""
        found = [set(one.findings) if one else set() for one in self.outcomes]
        common = set.intersection(*found)
        return tuple(tuple(sorted(each - common)) for each in found)


@dataclass(slots=True)
class Outcomes:
    """A report that keeps of a run only how its cases ended. `whole`: the run came to its end."""

    device: str = ""
    cases: dict[str, Outcome] = field(default_factory=dict)
    whole: bool = False

    def begin(self, header: Header) -> None:
        self.device = header.device

    def case(self, story: CaseStory) -> None:
        findings = {f"{check.name}: {check.verdict}" for check in story.findings}
        seen = {f"{check.name} in {case}" for check in story.findings for case in check.seen_in}
        late = {f"{check.name} in {case}" for check in story.findings for case in check.late_in}
        self.cases[story.case] = Outcome(
            story.shown,
            story.verdict,
            tuple(sorted(findings | seen)),
            frozenset(late),
            by_chance=story.end is not None and story.end.by_chance,
        )

    def end(self, ending: Ending) -> None:
        self.whole = ending.footer.error is None and not ending.footer.interrupted


def outcomes(run: Iterable[Event] | Path) -> Outcomes:
    """How the cases of a run ended: from its events, their file, or its folder. DataError."""
    if isinstance(run, Path) and run.is_dir():
        run /= EVENTS_FILE
    found = Outcomes()
    tell(run, found)
    return found


def compare(runs: Sequence[Outcomes], *, earned: bool = False) -> tuple[Change, ...]:
    """The cases that did not come out alike in all runs, as the first runs order them.

    earned: what baselines make of a verdict is no difference.
    """
    names = dict.fromkeys(case for run in runs for case in run.cases)
    changes = []
    for case in names:
        found = tuple(run.cases.get(case) for run in runs)
        if earned:
            found = tuple(one and replace(one, shown=one.earned) for one in found)
        if _differ(case, found):
            changes.append(Change(case, found))
    return tuple(changes)


def _differ(case: str, found: Sequence[Outcome | None]) -> bool:
    """Whether a case did not come out alike.

    A rule of the monitors that is missing had nothing to judge, which is as good as finding
    nothing: whether, say, a message came twice may be chance. So is what a baseline calls that.
    """
    if case.startswith(MONITOR):
        nothing = Outcome(Verdict.PASS, Verdict.PASS)
        found = [nothing if one is None or one.by_chance else one for one in found]
    first = found[0]
    return any(one is not first and (first is None or not first.alike(one)) for one in found)


def as_json(runs: Sequence[Outcomes], changes: Sequence[Change]) -> dict[str, Any]:
    """The comparison as plain JSON values."""
    return {
        "runs": [
            {"device": run.device, "cases": len(run.cases), "whole": run.whole} for run in runs
        ],
        "changes": [
            {
                "case": change.case,
                "verdicts": [
                    None if one is None else {"shown": one.shown.value, "earned": one.earned.value}
                    for one in change.outcomes
                ],
                "findings": [list(each) for each in change.findings],
            }
            for change in changes
        ],
    }
