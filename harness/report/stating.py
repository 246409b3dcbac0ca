"""Makes the statement of conformance of a run, from its stories."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.errors import HarnessError
from harness.report.coverage.judged import RunReader
from harness.report.output import write_report
from harness.report.statement import Deviation, Standing, Statement, Variant
from harness.report.statement_text import markdown
from harness.report.story import CaseStory, Ending, tell
from harness.run.events import Event, Header, Row, Verdict
from harness.run.verdicts import GRAVITY

_STANDINGS: Final = {
    Verdict.PASS: Standing.KEPT,
    Verdict.WARN: Standing.WEAK,
    Verdict.FAIL: Standing.BROKEN,
}

_NUMBERS: Final = re.compile(r" tid=\d+ sid=\d+(?: Ns=\d+ Nr=\d+)?")
"""What of a message in a note is that of one conversation and says nothing of the device."""

_WEAK_LEVELS: Final = ("SHOULD", "MAY")
"""A check that fails may be about rows of these levels as well; they are not broken by it."""


@dataclass(slots=True)
class _Found:
    verdict: Verdict
    rows: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)


class StatementReport:
    """Makes the statement of a run; `write` puts it on disk as Markdown when the run is over."""

    def __init__(self) -> None:
        self._header: Header | None = None
        self._ending: Ending | None = None
        self._judged = RunReader()
        self._found: dict[str, _Found] = {}
        self._by_chance: dict[str, _Found] = {}
        self._variants: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._skipped: dict[str, list[str]] = defaultdict(list)
        self._verdicts: Counter[str] = Counter()

    def begin(self, header: Header) -> None:
        self._header = header
        self._judged.add(header)

    def case(self, story: CaseStory) -> None:
        self._judged.add(story.start)
        by_chance = story.end is not None and story.end.by_chance
        for check in story.checks:
            # without what is chance, the row is kept: in all other cases it was
            is_chance = by_chance and check in story.findings
            self._judged.add(replace(check, verdict=Verdict.PASS) if is_chance else check)
        if story.end is not None:
            self._judged.add(story.end)
        if not story.start.monitor:
            self._verdicts[story.verdict.value] += 1
        if story.verdict is Verdict.SKIP:
            self._skipped[story.reason].append(story.case)
        for note in story.notes:
            self._variants[_NUMBERS.sub("", note.text), note.policy or ""].add(story.case)
        if story.verdict not in (Verdict.PASS, Verdict.SKIP):
            self._deviates(story, self._by_chance if by_chance else self._found)

    def _deviates(self, story: CaseStory, among: dict[str, _Found]) -> None:
        reasons: tuple[str, ...] = ("",)
        if story.end is not None and story.is_excused:
            reasons = story.end.reasons or (story.reason,)
        for reason in reasons:
            found = among.setdefault(reason, _Found(story.verdict))
            found.verdict = min(found.verdict, story.verdict, key=_gravity)
            found.cases.add(story.case)
            for check in story.findings:
                found.rows.update(check.rows)
                found.checks.add(f"{check.name}: {check.verdict}")
                if check.policy:
                    found.policies.add(check.policy)

    def end(self, ending: Ending) -> None:
        self._ending = ending

    def statement(self) -> Statement:
        """The statement; only when the run is over. HarnessError of a run without a full answer."""
        if self._ending is None:
            raise RuntimeError("the run is not over")
        header, footer = self._header, self._ending.footer
        if header is None or footer.error is not None or footer.interrupted:
            raise HarnessError(
                "statement.cut",
                "the run did not come to its end, so it says nothing about the device as a whole",
                hint="run it again",
            )
        worst: dict[str, Verdict] = {}
        for judged in self._judged.record().judged:
            known = worst.get(judged.row, judged.verdict)
            worst[judged.row] = min(known, judged.verdict, key=_gravity)
        return Statement(
            header=header,
            verdicts=dict(self._verdicts),
            standings={
                name: _standing(row, worst.get(name))
                for name, row in header.rows.items()
                if row.binds
            },
            deviations=tuple(_deviations(header, self._found)),
            by_chance=tuple(_deviations(header, self._by_chance)),
            variants=tuple(
                Variant(text, policy, tuple(sorted(cases)))
                for (text, policy), cases in sorted(self._variants.items(), key=_by_policy)
            ),
            skipped={why: tuple(cases) for why, cases in sorted(self._skipped.items())},
        )

    def write(self, target: Path) -> None:
        """Write the file. HarnessError when the run broke off, or the disk does not take it."""
        write_report(target, markdown(self.statement()).encode("utf-8"))


def _standing(row: Row, worst: Verdict | None) -> Standing:
    if row.excluded:
        return Standing.UNTESTABLE
    if worst is None:
        return Standing.UNTESTED
    if worst is Verdict.FAIL and row.level.startswith(_WEAK_LEVELS):
        return Standing.WEAK
    return _STANDINGS[worst]


def _gravity(verdict: Verdict) -> int:
    return GRAVITY.index(verdict) if verdict in GRAVITY else -1


def _number(policy: str) -> tuple[int, str]:
    digits = policy.removeprefix("P-")
    return (int(digits) if digits.isdecimal() else 0, policy)


def _by_policy(item: tuple[tuple[str, str], set[str]]) -> tuple[tuple[int, str], str]:
    (text, policy), _ = item
    return _number(policy), text


def state(events: Iterable[Event] | Path) -> Statement:
    """The statement of a run, from its events or their file."""
    report = StatementReport()
    tell(events, report)
    return report.statement()


def _deviations(header: Header, among: Mapping[str, _Found]) -> list[Deviation]:
    order = {name: place for place, name in enumerate(header.rows)}
    found = [
        Deviation(
            reason,
            one.verdict,
            tuple(sorted(one.rows, key=lambda row: (order.get(row, len(order)), row))),
            tuple(sorted(one.policies, key=_number)),
            tuple(sorted(one.checks)),
            tuple(sorted(one.cases)),
        )
        for reason, one in among.items()
    ]
    return sorted(
        found,
        key=lambda one: (
            _gravity(one.verdict),
            order.get(next(iter(one.rows), ""), len(order)),
            one.reason,
        ),
    )
