"""Where the checks say what they found: the frame at hand, the rules, and the findings so far.

A check asks `violated(rule, bad)`: that counts as an application of the rule, and is true only if
the rule is broken and its sender can be blamed for it. Then it says so with `blame`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from harness.spec.model import Severity
from harness.spec.monitor.rules import RuleId, RuleTable

Endpoint = tuple[str, int]
"""An IPv4 or IPv6 literal and a UDP port."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known about the place from which the datagrams were seen.

    `complete`: every datagram that either side sent is seen, each once, in the order of sending,
    and none is copied on its way.
    `horizon`: where it is not, for how many seconds a datagram may have been held back or copied
    on its way to that place. What would need a longer delay is taken for certain.
    `as_it_comes`: the devices are known to be set up as a tester has them, so that nobody has
    switched off what is on by default.
    """

    complete: bool = True
    horizon: float = 0.0
    as_it_comes: bool = True


EVERYONE: Final = "*"
"""Among the accounts: in place of every host that is not named, all of them together."""

LIVE = View()
"""A run on one machine: the harness sees all that is sent to it and all that it sends."""

CAPTURE = View(complete=False, horizon=1.0, as_it_comes=False)
"""A capture from anywhere on the path: frames may be missing, copied or out of order."""


class Frame(NamedTuple):
    """One datagram as it was seen. `at`: seconds. `number`: as reports and captures count it.

    `excused`: it was made on purpose, and nothing in it is held against its sender.
    """

    at: float
    number: int
    source: Endpoint
    destination: Endpoint
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation. `rows`: the requirement rows, the nearest first.

    `source`: who broke the rule. `frames`: numbers of the frames that show it, the offending one
    first, then those that it contradicts. `offset`: in octets from the start of that datagram.
    `certain`: false where it rests on frames that a capture may lack; it is a note then.
    """

    rule: RuleId
    rows: tuple[str, ...]
    severity: Severity
    text: str
    source: Endpoint
    frames: tuple[int, ...]
    at: float
    offset: int | None = None
    policy: str | None = None
    certain: bool = True


class Judge:
    """The state of judging. `frame` is the datagram at hand.

    `accounts`: hosts for which `applied` counts how often each rule was put to each row;
    `EVERYONE` for all others together.
    """

    def __init__(self, rules: RuleTable, view: View, accounts: Collection[str] = ()) -> None:
        self.rules = rules
        self.specification = rules.specification
        self.view = view
        self.accounts = frozenset(accounts)
        self.applied: dict[str, Counter[tuple[RuleId, str]]] = {
            host: Counter() for host in self.accounts
        }
        self._others = self.applied.get(EVERYONE)
        self.frame = Frame(0.0, 0, ("", 0), ("", 0))
        self.findings: list[Finding] = []

    def cases(self, rule: RuleId) -> Mapping[str, str]:
        """The cases that a rule tells apart, each with its row."""
        return self.rules.rules[rule].cases

    def row(self, rule: RuleId, case: str) -> str:
        """The row of one of them. KeyError: the table does not have it."""
        return self.rules.rules[rule].cases[case]

    def violated(self, rule: RuleId, bad: bool, *rows: str) -> bool:
        """Whether the sender of the frame at hand breaks the rule, `bad` being the answer.

        `rows` where the rule concerns different ones from case to case.
        """
        frame = self.frame
        if frame.excused:
            return False
        tally = self.applied.get(frame.source[0], self._others)
        if tally is not None:
            for row in rows or self.rules.rules[rule].kept:
                tally[rule, row] += 1
        return bad

    def blame(
        self,
        rule: RuleId,
        text: str,
        *,
        rows: Sequence[str] = (),
        offset: int | None = None,
        earlier: Sequence[int] = (),
        certain: bool = True,
        noted: bool = False,
        culprit: Frame | None = None,
    ) -> None:
        """Record a violation by the sender of the frame at hand, or of the frame `culprit`.

        noted: it is no more than a note, whatever the rows say.
        """
        frame = culprit or self.frame
        named = tuple(rows) or self.rules.rules[rule].rows
        sure = certain or self.view.complete
        self.findings.append(
            Finding(
                rule=rule,
                rows=named,
                severity=self.rules.severity(rule, named) if sure and not noted else "note",
                text=text,
                source=frame.source,
                frames=(frame.number, *(one for one in earlier if one != frame.number)),
                at=frame.at,
                offset=offset,
                policy=self.rules.rules[rule].policy,
                certain=sure,
            )
        )

    def take(self) -> list[Finding]:
        """The findings since the last call."""
        found, self.findings = self.findings, []
        return found
