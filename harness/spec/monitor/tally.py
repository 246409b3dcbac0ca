"""Findings gathered: one entry for a rule, or for a rule and a row, with a count and evidence."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from harness.spec.model import Severity
from harness.spec.monitor.judge import Finding
from harness.spec.monitor.rules import SEVERITIES, RuleId

SOURCES: Final = 16
"""As many senders are named in one entry."""


@dataclass(slots=True)
class Entry:
    """What is known of a rule that was broken. `first`: the finding with the lowest frame.

    `severity` is the worst, `rows` are all that were named, `sources` the first senders.
    """

    rule: RuleId
    rows: tuple[str, ...]
    severity: Severity
    count: int
    first: Finding
    sources: tuple[str, ...]


class Tally:
    """Bounded by the table of rules, however many findings there are.

    `key`: what makes two findings one entry; by default the rule.
    """

    def __init__(self, key: Callable[[Finding], Hashable] | None = None) -> None:
        self._key = key or (lambda finding: finding.rule)
        self._entries: dict[Hashable, Entry] = {}

    def add(self, findings: Iterable[Finding]) -> list[Finding]:
        """Count findings; gives those that are now the evidence of their entry."""
        telling = []
        for finding in findings:
            key = self._key(finding)
            entry = self._entries.get(key)
            host = finding.source[0]
            if entry is None:
                self._entries[key] = Entry(
                    finding.rule, finding.rows, finding.severity, 1, finding, (host,)
                )
                telling.append(finding)
                continue
            entry.count += 1
            if finding.rows != entry.rows:
                entry.rows = tuple(dict.fromkeys((*entry.rows, *finding.rows)))
            entry.severity = min(entry.severity, finding.severity, key=SEVERITIES.index)
            if worse(finding, entry.first):
                entry.first = finding
                telling.append(finding)
            if host not in entry.sources and len(entry.sources) < SOURCES:
                entry.sources += (host,)
        return telling

    def entries(self) -> list[Entry]:
        """All entries, the worst first, then in the order of the rules' table."""
        order = {rule: place for place, rule in enumerate(RuleId)}
        return sorted(
            self._entries.values(),
            key=lambda one: (SEVERITIES.index(one.severity), order[one.rule], one.rows[:1]),
        )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def worse(one: Finding, other: Finding) -> bool:
    """Whether a finding is better evidence than another: more severe, or else earlier."""
    ranks = SEVERITIES.index(one.severity), SEVERITIES.index(other.severity)
    return ranks[0] < ranks[1] or (ranks[0] == ranks[1] and one.frames[0] < other.frames[0])


def by_row(finding: Finding) -> Hashable:
    """For a `Tally` that tells the AVPs and messages apart that broke one rule."""
    return finding.rule, finding.rows[0]
