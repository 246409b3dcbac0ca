"""The monitors of a run: every datagram of every case is judged, and each rule is one result.

A rule that the IUT breaks in many cases is one failed check, with a count and its first evidence,
in a case of its own, `monitor/<rule>`. Our own peer is judged by the same rules: what no step has
asked it for is an error of the harness, `monitor/own-peer`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from harness.device.description.device import Device
from harness.peer.made import Made
from harness.peer.network import Address
from harness.run.baseline import Baseline
from harness.run.events import CaseStart, Check, Frame, Verdict
from harness.run.punctual import LATE
from harness.spec.model import Severity
from harness.spec.monitor import Finding, Monitor, Rule, RuleId, RuleTable, Tally, Unseen, worse

SUITE: Final = "monitor"
OWN_PEER: Final = "own-peer"

VERDICTS: Final[dict[Severity, Verdict]] = {
    "fail": Verdict.FAIL,
    "warn": Verdict.WARN,
    "note": Verdict.PASS,
}


TIMED: Final = frozenset(
    {RuleId.RETRANSMISSION_EARLY, RuleId.RETRANSMISSION_BACKOFF, RuleId.RETRANSMISSION_CAP}
)
"""Rules about intervals, of which a harness that was late knows nothing."""

Kind: TypeAlias = tuple[RuleId, Severity]
"""The findings of a rule that are equally grave."""

Rows: TypeAlias = tuple[str, ...]

_KEPT_FRAMES: Final = 200
_SHOWN_FRAMES: Final = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """The finding that is shown for a rule: in which case, and the frames that led up to it."""

    finding: Finding
    case: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one rule: a case of its own, whose checks rest on frames of other cases.

    unseen: why the run could not judge it; there are no checks then.
    """

    start: CaseStart
    frames: tuple[Frame, ...]
    checks: tuple[Check, ...]
    unseen: str = ""


def monitor_cases(rules: RuleTable) -> list[str]:
    """The ids of the cases that monitors make, for a baseline to name."""
    return [f"{SUITE}/{rule.value}" for rule in rules.rules]


@dataclass(slots=True)
class Monitoring:
    """What the monitors of all cases of a run have found. Bounded by the table of rules.

    late: by how many seconds the harness was late at worst since a moment of the run, of its `at`.
    latest: what the last attempt at each case has shown, with the rows. doubted: what was found in
    which cases in attempts that are in doubt; sure: what was found in such as are not.
    unseen: rules that the run cannot put to anybody, and why.
    """

    rules: RuleTable
    device: Device
    broken: Tally = field(default_factory=Tally)
    own: Tally = field(default_factory=Tally)
    applied: Counter[tuple[RuleId, str]] = field(default_factory=Counter)
    seen: dict[tuple[bool, RuleId], Evidence] = field(default_factory=dict)
    seen_in: dict[Kind, set[str]] = field(default_factory=dict)
    late: Callable[[float], float] = lambda _since: 0.0
    latest: dict[str, dict[Kind, Rows]] = field(default_factory=dict)
    doubted: dict[Kind, set[str]] = field(default_factory=dict)
    sure: dict[Kind, set[str]] = field(default_factory=dict)
    unseen: dict[RuleId, str] = field(default_factory=dict)

    def watch(
        self, case: str, iut: str, secret: str | None, hidden_with: str | None = None
    ) -> CaseMonitor:
        """A monitor for one case whose IUT has this address.

        secret: of the scripted peer. hidden_with: that of the IUT, where it is another one.
        """
        monitor = Monitor(
            self.rules,
            secret=secret.encode() if secret else None,
            hidden_with=hidden_with.encode() if hidden_with else None,
            secret_shared=secret is not None,
            roles={iut: self.device.role},
            accounts=(iut,),
        )
        return CaseMonitor(self, monitor, case, iut)

    def of_vendor(self, finding: Finding) -> bool:
        """Whether a vendor's table asks for it: our own peer speaks as the RFC has it."""
        specification = self.rules.specification
        if specification.overlay is None:
            return False
        rows = (specification.requirements[row] for row in finding.rows)
        return any(row.table == specification.name for row in rows)

    def has_seen(self, result: str, verdict: Verdict, case: str) -> bool:
        """Whether a case has brought forth what the result of a rule tells with this verdict."""
        return any(
            case in cases and f"{SUITE}/{rule.value}" == result and VERDICTS[severity] is verdict
            for (rule, severity), cases in self.seen_in.items()
        )

    def unforeseen(self, case: str, baseline: Baseline) -> bool:
        """Whether the last attempt at a case has shown what no entry expects in it.

        A rule that turns red anyhow, by what is sure, is passed over.
        """
        for kind, rows in self.latest.get(case, {}).items():
            elsewhere = self.sure.get(kind, set()) - {case}
            if self._turns_red(kind, rows, {case}, baseline) and not (
                elsewhere and self._turns_red(kind, rows, elsewhere, baseline)
            ):
                return True
        return False

    def _turns_red(self, kind: Kind, rows: Rows, cases: set[str], baseline: Baseline) -> bool:
        rule, severity = kind
        verdict, evidence = VERDICTS[severity], self.seen[True, rule]
        check = self._check(self.rules.rules[rule], rows, verdict, evidence, 1, 0.0)
        found = replace(check, seen_in=tuple(cases))
        return baseline.judge(check.case, verdict, [found], whole=False).expectation.turns_red

    def misses(self, case: str, baseline: Baseline) -> bool:
        """Whether a case has not shown what an entry names it for."""
        named = baseline.of_monitors_in(case)
        return any(not self.has_seen(entry.case, entry.verdict, case) for entry in named)

    def doubt(self, case: str) -> None:
        """What the last attempt at a case has shown says little; another one may be sure."""
        for kind in self.latest.get(case, {}):
            self.doubted.setdefault(kind, set()).add(case)
            self.sure.get(kind, set()).discard(case)

    def results(self, at: float) -> list[Result]:
        """One for each rule that was put to the IUT, and one for our own peer if need be.

        And one for each that could not be put to anybody.
        """
        entries = {entry.rule: entry for entry in self.broken.entries()}
        made = []
        for rule in self.rules.rules.values():
            rows = tuple(row for found, row in self.applied if found is rule.id)
            entry = entries.get(rule.id)
            unseen = self.unseen.get(rule.id, "")
            if entry is None and not rows and not unseen:
                continue
            checks: list[Check] = []
            frames: tuple[Frame, ...] = ()
            start = self._start(rule.id.value, rule.title, rule.rows, rule, at)
            if entry is None and not rows:
                made.append(Result(start, (), (), unseen))
                continue
            if entry is not None:
                evidence = self.seen[True, rule.id]
                frames = _again(evidence.frames, start.case)
                verdict = VERDICTS[entry.severity]
                kind = rule.id, entry.severity
                check = self._check(rule, entry.rows, verdict, evidence, entry.count, at)
                where, late = self.seen_in[kind], self._late_in(kind)
                checks.append(
                    replace(check, seen_in=tuple(sorted(where)), late_in=tuple(sorted(late)))
                )
            kept = tuple(row for row in rows if entry is None or row not in entry.rows)
            if kept:
                checks.append(self._kept(rule, kept, at))
            made.append(Result(start, frames, tuple(checks)))
        if len(self.own):
            made.append(self._own_peer(at))
        return made

    def _own_peer(self, at: float) -> Result:
        title = "What the scripted peer sends of its own accord keeps the rules"
        rules = self.rules.rules
        first = next(iter(rules.values()))
        start = self._start(OWN_PEER, title, (), first, at)
        checks = []
        frames: dict[int, Frame] = {}
        for entry in self.own.entries():
            evidence = self.seen[False, entry.rule]
            frames |= {frame.number: frame for frame in _again(evidence.frames, start.case)}
            rule = rules[entry.rule]
            checks.append(self._check(rule, (), Verdict.ERROR, evidence, entry.count, at))
        return Result(start, tuple(frames[number] for number in sorted(frames)), tuple(checks))

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
            monitor=True,
        )

    def _check(
        self,
        rule: Rule,
        rows: Sequence[str],
        verdict: Verdict,
        evidence: Evidence,
        count: int,
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
            actual=evidence.finding.text,
            frames=evidence.finding.frames,
            policy=evidence.finding.policy,
            count=count,
            first_case=evidence.case,
        )

    def _late_in(self, kind: Kind) -> set[str]:
        """The cases in which something was found in no attempt but such as are in doubt."""
        return self.doubted.get(kind, set()) - self.sure.get(kind, set())

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


def _again(frames: Sequence[Frame], case: str) -> tuple[Frame, ...]:
    return tuple(replace(frame, case=case, step=None, again=True) for frame in frames)


@dataclass(slots=True)
class CaseMonitor:
    """The monitor of one case."""

    whole: Monitoring
    monitor: Monitor
    case: str
    iut: str
    asked: set[int] = field(default_factory=set)
    began: float = float("inf")
    found: dict[Kind, Rows] = field(default_factory=dict)
    recent: deque[Frame] = field(default_factory=lambda: deque(maxlen=_KEPT_FRAMES))

    def frame(self, frame: Frame, made: Made, *, checksum: bool | None = None) -> None:
        """Judge one frame. checksum: whether it came with one of UDP; None: nobody knows."""
        self.began = min(self.began, frame.at)
        self.recent.append(frame)
        if made in (Made.ASKED, Made.ODD):
            self.asked.add(frame.number)
        self._sort(
            self.monitor.datagram(
                frame.at,
                frame.source,
                frame.destination,
                frame.data,
                frame.number,
                deliberate=made is Made.ODD,
                checksum=checksum,
            )
        )

    def pass_over(
        self, source: Address, destination: Address, tunnel_id: int, unseen: Unseen
    ) -> None:
        """Messages were sent without being recorded."""
        self.monitor.pass_over(source, destination, tunnel_id, unseen)

    def end(self, at: float, starved: float = 0.0) -> None:
        """Take what can be said only now, and how often each rule was put to the IUT.

        starved: seconds for which the device waited for a processor meanwhile.
        """
        self._sort(self.monitor.end(at))
        self.whole.latest[self.case] = self.found
        if max(self.whole.late(self.began), starved) > LATE:
            self.whole.doubt(self.case)
        else:
            for kind in self.found:
                self.whole.sure.setdefault(kind, set()).add(self.case)
        self.whole.applied.update(self.monitor.applied.get(self.iut, Counter()))

    def _sort(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            if finding.rule in TIMED and self.whole.late(self._since(finding)) > LATE:
                continue
            if finding.source[0] == self.iut:
                self.whole.broken.add([finding])
                self._witness(True, finding)
                kind = finding.rule, finding.severity
                self.whole.seen_in.setdefault(kind, set()).add(self.case)
                before = self.found.get(kind, ())
                self.found[kind] = tuple(dict.fromkeys((*before, *finding.rows)))
            elif (
                not self._is_asked(finding)
                and finding.severity != "note"
                and not self.whole.of_vendor(finding)
            ):
                self.whole.own.add([finding])
                self._witness(False, finding)

    def _is_asked(self, finding: Finding) -> bool:
        """Whether a step has asked our own peer for it, or has given away an id that it uses."""
        if finding.rule is RuleId.TUNNEL_ID_UNIQUE:
            return not self.asked.isdisjoint(finding.frames)
        return finding.frames[0] in self.asked

    def _since(self, finding: Finding) -> float:
        """When the first frame of a finding came that is still here."""
        return min((one.at for one in self.recent if one.number in finding.frames), default=0.0)

    def _witness(self, of_iut: bool, finding: Finding) -> None:
        known = self.whole.seen.get((of_iut, finding.rule))
        if known is None or worse(finding, known.finding):
            frames = self._around(finding)
            self.whole.seen[of_iut, finding.rule] = Evidence(finding, self.case, frames)

    def _around(self, finding: Finding) -> tuple[Frame, ...]:
        """The frames of a finding, as far as they are still here, and those before the last."""
        last = max(finding.frames)
        before = [frame for frame in self.recent if frame.number <= last]
        named = {frame.number: frame for frame in before if frame.number in finding.frames}
        named |= {frame.number: frame for frame in before[-_SHOWN_FRAMES:]}
        return tuple(named[number] for number in sorted(named))
