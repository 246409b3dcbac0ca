"""The monitors of a run: every datagram of every case is judged, and each rule is one result.

A rule that the IUT breaks in many cases is one failed check, with a count and its first evidence,
in a case of its own, `monitor/<rule>`. Our own peer is judged by the same rules: what no step has
asked it for is an error of the harness, `monitor/own-peer`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.device.model import Device
from harness.peer.made import Made
from harness.peer.network import Address
from harness.run.events import CaseStart, Check, Verdict
from harness.spec.model import Severity
from harness.spec.monitor import Finding, Monitor, Rule, RuleId, RuleTable, Tally

SUITE: Final = "monitor"
OWN_PEER: Final = "own-peer"

_VERDICTS: Final[dict[Severity, Verdict]] = {
    "fail": Verdict.FAIL,
    "warn": Verdict.WARN,
    "note": Verdict.PASS,
}


def monitor_cases(rules: RuleTable) -> list[str]:
    """The ids of the cases that monitors make, for a baseline to name."""
    return [f"{SUITE}/{rule.value}" for rule in rules.rules]


@dataclass(slots=True)
class Monitoring:
    """What the monitors of all cases of a run have found. Bounded by the table of rules."""

    rules: RuleTable
    device: Device
    broken: Tally = field(default_factory=Tally)
    own: Tally = field(default_factory=Tally)
    applied: Counter[tuple[RuleId, str]] = field(default_factory=Counter)
    seen_in: dict[tuple[str, RuleId], str] = field(default_factory=dict)

    def watch(self, case: str, iut: str, secret: str | None) -> CaseMonitor:
        """A monitor for one case whose IUT has this address."""
        monitor = Monitor(
            self.rules,
            secret=secret.encode() if secret else None,
            secret_shared=secret is not None,
            roles={iut: self.device.role},
            accounts=(iut,),
        )
        return CaseMonitor(self, monitor, case, iut)

    def results(self, at: float) -> list[tuple[CaseStart, list[Check]]]:
        """A case for each rule that was put to the IUT, and one for our own peer if need be."""
        entries = {entry.rule: entry for entry in self.broken.entries()}
        made = []
        for rule in self.rules.rules.values():
            rows = tuple(row for found, row in self.applied if found is rule.id)
            entry = entries.get(rule.id)
            if entry is None and not rows:
                continue
            checks = []
            if entry is not None:
                evidence = entry.first
                where = self.seen_in.get(("iut", rule.id), "")
                checks.append(
                    self._check(
                        rule,
                        entry.rows,
                        _VERDICTS[entry.severity],
                        evidence,
                        entry.count,
                        where,
                        at,
                    )
                )
            kept = tuple(row for row in rows if entry is None or row not in entry.rows)
            if kept:
                checks.append(self._kept(rule, kept, at))
            made.append((self._start(rule.id.value, rule.title, rule.rows, rule, at), checks))
        if len(self.own):
            made.append(self._own_peer(at))
        return made

    def _own_peer(self, at: float) -> tuple[CaseStart, list[Check]]:
        title = "What the scripted peer sends of its own accord keeps the rules"
        rules = self.rules.rules
        first = next(iter(rules.values()))
        checks = []
        for entry in self.own.entries():
            rule = rules[entry.rule]
            where = self.seen_in.get(("own", rule.id), "")
            check = self._check(rule, (), Verdict.ERROR, entry.first, entry.count, where, at)
            checks.append(check)
        return self._start(OWN_PEER, title, (), first, at), checks

    def _start(
        self, name: str, title: str, rows: Sequence[str], rule: Rule, at: float
    ) -> CaseStart:
        return CaseStart(
            case=f"{SUITE}/{name}",
            suite=SUITE,
            title=title,
            purpose=f"{title}, in every datagram of the run.",
            file=rule.place.file,
            line=rule.place.line,
            covers=tuple(rows),
            at=at,
        )

    def _check(
        self,
        rule: Rule,
        rows: Sequence[str],
        verdict: Verdict,
        evidence: Finding,
        count: int,
        where: str,
        at: float,
    ) -> Check:
        return Check(
            case=f"{SUITE}/{OWN_PEER if verdict is Verdict.ERROR else rule.id.value}",
            step=None,
            at=at,
            name=rule.id.value,
            rows=tuple(rows),
            level=self.rules.level(rows),
            verdict=verdict,
            expected=rule.title,
            actual=f"{evidence.text} (first in {where})" if where else evidence.text,
            frames=evidence.frames,
            policy=evidence.policy,
            count=count,
        )

    def _kept(self, rule: Rule, rows: tuple[str, ...], at: float) -> Check:
        number = sum(self.applied[rule.id, row] for row in rows)
        return Check(
            case=f"{SUITE}/{rule.id.value}",
            step=None,
            at=at,
            name=rule.id.value,
            rows=rows,
            level=self.rules.level(rows),
            verdict=Verdict.PASS,
            expected=rule.title,
            actual=f"kept {number} times",
            count=number,
        )


@dataclass(slots=True)
class CaseMonitor:
    """The monitor of one case."""

    whole: Monitoring
    monitor: Monitor
    case: str
    iut: str
    asked: set[int] = field(default_factory=set)

    def datagram(
        self, at: float, source: Address, destination: Address, data: bytes, number: int, made: Made
    ) -> None:
        """Judge one datagram."""
        if made in (Made.ASKED, Made.ODD):
            self.asked.add(number)
        self._sort(
            self.monitor.datagram(
                at, source, destination, data, number, deliberate=made is Made.ODD
            )
        )

    def end(self, at: float) -> None:
        """Take what can be said only now, and how often each rule was put to the IUT."""
        self._sort(self.monitor.end(at))
        self.whole.applied.update(self.monitor.applied.get(self.iut, Counter()))

    def _sort(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            if finding.source[0] == self.iut:
                self.whole.broken.add([finding])
                self.whole.seen_in.setdefault(("iut", finding.rule), self.case)
            elif finding.frames[0] not in self.asked and finding.severity == "fail":
                self.whole.own.add([finding])
                self.whole.seen_in.setdefault(("own", finding.rule), self.case)
