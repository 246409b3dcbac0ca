"""What suites and monitor rules say they check, without any run: the promise beside the proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.run.header import rows_of
from harness.suite.model import Case


@dataclass(frozen=True, slots=True)
class Declared:
    """By row: the ids of the cases that name it, and the monitor rules that do."""

    cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def names(self, row: str) -> bool:
        """Whether any case or rule names the row."""
        return row in self.cases or row in self.rules


def declare(cases: Iterable[Case], rules: Mapping[str, Sequence[str]]) -> Declared:
    """What cases name in `covers` and in the `rows` of their steps; `rules`: rows by rule."""
    return Declared(
        cases=_turned((case.id, (*case.covers, *rows_of(case.steps))) for case in cases),
        rules=_turned(rules.items()),
    )


def _turned(named: Iterable[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """From rows by name to names by row."""
    found: dict[str, dict[str, None]] = {}
    for name, rows in named:
        for row in rows:
            found.setdefault(row, {})[name] = None
    return {row: tuple(names) for row, names in found.items()}
