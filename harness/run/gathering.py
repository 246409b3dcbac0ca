"""Results that no shard can give by itself: those of the monitors' rules, and of the device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.run.baseline import Baseline
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Event,
    Frame,
    Verdict,
)
from harness.run.together import TOGETHER
from harness.run.verdicts import GRAVITY, fold


@dataclass(frozen=True, slots=True)
class Results:
    """The events of the results of the whole, and the entries of the baseline that are stale."""

    events: tuple[Event, ...]
    stale: tuple[str, ...]


@dataclass(slots=True)
class _Result:
    """What the shards say of one result; frames and checks are told apart by the shard."""

    start: CaseStart
    frames: dict[int, dict[int, Frame]] = field(default_factory=dict)
    checks: list[tuple[int, Check]] = field(default_factory=list)
    lines: list[DeviceLog] = field(default_factory=list)
    ends: list[CaseEnd] = field(default_factory=list)

    def checks_of_whole(self) -> list[Check]:
        """The checks as one run would have made them."""
        every = [check for _, check in self.checks]
        if not self.start.monitor:
            return every
        found = [check for check in every if check.first_case]
        named = dict.fromkeys(check.name for check in found)
        broken = [_worst([check for check in found if check.name == name]) for name in named]
        rows = {row for check in broken for row in check.rows}
        kept = _kept([check for check in every if not check.first_case], rows)
        return [*broken, *kept]

    def end(
        self, checks: Sequence[Check], baseline: Baseline, stale: list[str], *, whole: bool
    ) -> CaseEnd:
        """How the result ends that has these checks; what is stale by it is added."""
        verdict, reason = fold(checks)
        if not self.start.monitor:
            # the entries for it are not in the header; each shard has judged its own
            worst = max(self.ends, key=lambda end: end.expectation.turns_red)
            return replace(worst, verdict=verdict)
        unseen = [end for end in self.ends if end.verdict is Verdict.SKIP]
        if len(unseen) == len(self.ends):
            return unseen[0]
        # what one shard could not see may be there
        judgement = baseline.judge(self.start.case, verdict, checks, whole=whole and not unseen)
        stale += [str(entry) for entry in judgement.stale]
        return replace(
            self.ends[0],
            verdict=verdict,
            expectation=judgement.expectation,
            reason=judgement.reason or reason,
            reasons=judgement.reasons,
            by_chance=judgement.by_chance,
        )

    def frames_of(self, checks: Sequence[Check]) -> list[Frame]:
        """The evidence of checks: the frames of the shards in which it was found."""
        evidence = {check.frames for check in checks if check.frames}
        parts = {part for part, check in self.checks if check.frames in evidence}
        shown = {number: one for part in parts for number, one in self.frames[part].items()}
        return [shown[number] for number in sorted(shown)]


@dataclass(slots=True)
class Gathered:
    """What the shards say of the results that belong to the whole."""

    _results: dict[str, _Result] = field(default_factory=dict)

    def takes(self, event: Event) -> bool:
        """Whether an event is about such a result."""
        if isinstance(event, CaseStart):
            return event.monitor or event.case == TOGETHER
        return getattr(event, "case", None) in self._results

    def add(self, part: int, event: Event) -> None:
        """Keep an event of a shard."""
        if isinstance(event, CaseStart):
            self._results.setdefault(event.case, _Result(event))
            return
        result = self._results[getattr(event, "case", "")]
        if isinstance(event, Frame):
            result.frames.setdefault(part, {})[event.number] = event
        elif isinstance(event, Check):
            result.frames.setdefault(part, {})
            result.checks.append((part, event))
        elif isinstance(event, DeviceLog):
            result.lines.append(event)
        elif isinstance(event, CaseEnd):
            result.ends.append(event)

    def results(self, baseline: Baseline, *, whole: bool) -> Results:
        """The results of the whole. whole: all cases were run, so that an entry can be stale."""
        at = max((end.at for one in self._results.values() for end in one.ends), default=0.0)
        events: list[Event] = []
        stale: list[str] = []
        for result in self._results.values():
            checks = result.checks_of_whole()
            events.append(replace(result.start, at=at))
            events += result.frames_of(checks)
            events += [replace(check, at=at) for check in checks]
            events += [replace(line, at=at) for line in result.lines]
            end = result.end(checks, baseline, stale, whole=whole)
            events.append(replace(end, at=at, checks=len(checks)))
        return Results(tuple(events), tuple(stale))


def _worst(checks: Sequence[Check]) -> Check:
    """One check of a rule that is broken in several shards, with the best evidence of all."""
    rank = {verdict: place for place, verdict in enumerate(GRAVITY)}
    best = min(checks, key=lambda check: (rank[check.verdict], check.frames[:1]))
    alike = [check for check in checks if check.verdict is best.verdict]
    seen_in = {case for check in alike for case in check.seen_in}
    sure = {case for check in alike for case in check.seen_in if case not in check.late_in}
    return replace(
        best,
        rows=_union(check.rows for check in checks),
        count=sum(check.count for check in checks),
        seen_in=tuple(sorted(seen_in)),
        late_in=tuple(sorted(seen_in - sure)),
    )


def _kept(checks: Sequence[Check], broken: set[str]) -> list[Check]:
    """What was kept in all shards, but for the rows that are broken in any."""
    rows = tuple(row for row in _union(check.rows for check in checks) if row not in broken)
    if not rows:
        return []
    number = sum(check.count for check in checks)
    return [
        replace(
            checks[0],
            rows=rows,
            verdict=Verdict.PASS,
            actual=f"kept {number} times",
            count=number,
        )
    ]


def _union(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row for group in groups for row in group))
