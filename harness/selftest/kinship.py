"""What a mutant and a case have to do with each other: the requirement rows of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from harness.peer.mutants import Mutant
from harness.run.header import rows_of
from harness.spec.model import Specification
from harness.suite.model import Advance, Case, Repeat, Step

SAME_ROW: Final = 0
SAME_SECTION: Final = 1
SAME_CHAPTER: Final = 2
STRANGERS: Final = 3

MANY: Final = 1000
"""Messages."""

ROUNDS: Final = 100
"""Of a `repeat`; each is several messages and checks."""


def kinship(specification: Specification, mutant: Mutant, rows: Iterable[str]) -> int:
    """How near rows are to the one that a mutant breaks: `SAME_ROW`, the nearest, to `STRANGERS`.

    What counts as a kill is `SAME_SECTION` or nearer.
    """
    known = specification.requirements
    section = known[mutant.row].section
    nearest = STRANGERS
    for row in rows:
        if row == mutant.row:
            return SAME_ROW
        if row not in known:
            continue
        other = known[row].section
        if other == section:
            nearest = SAME_SECTION
        elif nearest > SAME_CHAPTER and other.partition(".")[0] == section.partition(".")[0]:
            nearest = SAME_CHAPTER
    return nearest


def about(specification: Specification, mutant: Mutant, rows: Iterable[str]) -> bool:
    """Whether rows speak of the mutant's requirement, or of one in its section."""
    return kinship(specification, mutant, rows) <= SAME_SECTION


def rows_of_case(case: Case) -> tuple[str, ...]:
    """All rows that a case or one of its steps is about."""
    return (*case.covers, *rows_of(case.steps))


def nearest_cases(
    specification: Specification, mutant: Mutant, cases: Sequence[Case]
) -> list[tuple[int, Case]]:
    """Cases, those nearest to the mutant first, each with its kinship.

    Instances of one case are as near as each other, so that their stems take turns.
    """
    turns: Counter[str] = Counter()
    ranked = []
    for case in cases:
        name = stem(case.id)
        ranked.append((kinship(specification, mutant, rows_of_case(case)), turns[name], case))
        turns[name] += 1
    ranked.sort(key=lambda one: one[:2])
    return [(rank, case) for rank, _, case in ranked]


def nearest_mutants(
    specification: Specification, case: Case, mutants: Sequence[Mutant]
) -> list[Mutant]:
    """Mutants, those nearest to the case first."""
    rows = rows_of_case(case)
    return sorted(mutants, key=lambda one: kinship(specification, one, rows))


def stem(case: str) -> str:
    """The id of a case without its axes."""
    return case.partition("[")[0]


def takes_long(case: Case) -> bool:
    """Whether a case sends so much that nobody wants to try it on every mutant."""
    return any(
        (isinstance(step, Advance) and step.to > MANY)
        or (isinstance(step, Repeat) and step.count > ROUNDS)
        for step in _steps(case.steps)
    )


def takes_too_long(case: Case) -> bool:
    """Whether a case sends so much that a self-test cannot afford it, even once for each check."""
    return any(
        isinstance(step, Advance) and step.of_iut and step.to > MANY for step in _steps(case.steps)
    )


def _steps(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from _steps(step.steps)
