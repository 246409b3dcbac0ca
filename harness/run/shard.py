"""A run divided among machines: which cases are whose, and what a part cannot judge by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import NothingSelected, Place, UsageError
from harness.run.baseline import MONITOR, Baseline, Entry
from harness.run.kinds import Header, Listed
from harness.run.select import Selected
from harness.suite.duration import waits

_TEXT: Final = re.compile(r"(\d{1,4})/(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `of`, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def of_plan(self, plan: Sequence[Selected]) -> tuple[Selected, ...]:
        """The cases of this part, in the order of the plan. NothingSelected if it gets none.

        Every case is in one part, whoever asks and in whatever order. The longest go first, each
        to the part that has least to do, so that all take about equally long.
        """
        spent = [(0.0, 0, number) for number in range(self.of)]
        mine: set[str] = set()
        for one in sorted(plan, key=lambda each: (-_seconds(each), each.case.id)):
            seconds, cases, number = min(spent)
            spent[number] = (seconds + _seconds(one), cases + 1, number)
            if number == self.number - 1:
                mine.add(one.case.id)
        if not mine:
            raise NothingSelected(
                "run.nothing-selected",
                f"{len(plan)} cases leave none for shard {self}",
                hint="divide the run into fewer shards",
            )
        return tuple(one for one in plan if one.case.id in mine)


def _seconds(one: Selected) -> float:
    return 0.0 if one.skipped else max(one.case.seconds, waits(one.case), _AT_LEAST)


_AT_LEAST: Final = 0.05
"""Seconds of a case that waits for nothing: bringing a device up takes as long."""


def read_shard(text: str) -> Shard:
    """`2/4`. Raises UsageError `usage.shard`."""
    match = _TEXT.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(
            "usage.shard",
            f"--shard {text} is no part of a whole",
            hint="write K/N with K from 1 to N, such as --shard 2/4",
        )
    return Shard(int(match[1]), int(match[2]))


def listed(baseline: Baseline) -> tuple[Listed, ...]:
    """What a baseline lists of the monitors: only all shards together can be judged by it."""
    return tuple(
        Listed(
            entry.case,
            entry.check,
            entry.verdict,
            entry.reason,
            entry.link,
            entry.place.file,
            entry.place.line,
            entry.seen_in,
            entry.rows,
            entry.by_chance,
        )
        for entry in baseline.entries
        if entry.case.startswith(MONITOR)
    )


def baseline_of(header: Header) -> Baseline:
    """The same, read back from the stream of a shard."""
    return Baseline(
        Entry(
            one.case,
            one.check,
            one.verdict,
            one.reason,
            one.link,
            Place(one.file, one.line, 1),
            one.seen_in,
            one.rows,
            one.by_chance,
        )
        for one in header.listed
    )
