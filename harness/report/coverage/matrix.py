"""The matrix requirement x case x verdict: which rows are covered, excluded, or red."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.report.coverage.declared import Declared
from harness.report.coverage.judged import Judged, RunRecord
from harness.spec.model import LOWER_CASE, Level, Requirement, Role, Specification


class State(StrEnum):
    """Of a row: `covered` by a run, `excluded` by name with a reason, `red`: neither."""

    COVERED = "covered"
    EXCLUDED = "excluded"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one run's case or rule said about a row. `run`: its place in `Coverage.runs`."""

    run: int
    judged: Judged


@dataclass(frozen=True, slots=True)
class RowCoverage:
    """A row, what was said about it, and what names it without having been executed."""

    requirement: Requirement
    cells: tuple[Cell, ...]

    @property
    def state(self) -> State:
        """An excluded row stays excluded, whatever a check says about it."""
        if self.requirement.excluded is not None:
            return State.EXCLUDED
        return State.COVERED if self.cells else State.RED


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows, counted: those of a section, a level, a role, or all."""

    title: str
    rows: int
    covered: int
    excluded: int
    red: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rows of `specification` in its order, against what `runs` judged.

    `foreign`: rows that checks named without being rows of the specification, with how often.
    """

    specification: Specification
    runs: tuple[RunRecord, ...]
    rows: Mapping[str, RowCoverage]
    declared: Declared
    foreign: Mapping[str, int]

    @property
    def whole(self) -> Part:
        """All rows."""
        return _part(self.specification.title, self.rows.values())

    @property
    def by_section(self) -> dict[str, Part]:
        """The sections that have rows."""
        found = self._grouped(lambda requirement: requirement.section)
        sections = self.specification.sections
        return {
            section: _part(title, found[section])
            for section, title in sections.items()
            if section in found
        }

    @property
    def by_level(self) -> dict[str, Part]:
        """By level; key words that the RFC does not write in capitals count by themselves."""
        found = self._grouped(lambda row: row.level_name)
        known = [name for level in Level for name in (f"{level}", f"{level}{LOWER_CASE}")]
        return {name: _part(name, found[name]) for name in known if name in found}

    def _grouped(self, key: Callable[[Requirement], str]) -> dict[str, list[RowCoverage]]:
        found: dict[str, list[RowCoverage]] = {}
        for row in self.rows.values():
            found.setdefault(key(row.requirement), []).append(row)
        return found

    @property
    def by_role(self) -> dict[str, Part]:
        """For each side the rows that bind it; covered only by what devices of that side did."""
        parts = {}
        for role in Role:
            mine = [row for row in self.rows.values() if row.requirement.binds(role)]
            judged = [
                RowCoverage(
                    row.requirement,
                    tuple(cell for cell in row.cells if self.runs[cell.run].role == role.value),
                )
                for row in mine
            ]
            parts[role.value] = _part(role.upper(), judged)
        return parts

    @property
    def red(self) -> tuple[str, ...]:
        """The rows that are neither covered nor excluded."""
        return self.whole.red

    @property
    def not_executed(self) -> tuple[str, ...]:
        """Red rows that cases or rules name all the same: they were not run, or not that far."""
        return tuple(row for row in self.red if self.declared.names(row))

    @property
    def excluded_yet_judged(self) -> tuple[str, ...]:
        """Excluded rows about which a check came to a verdict: the reason cannot be right."""
        return tuple(
            name for name, row in self.rows.items() if row.state is State.EXCLUDED and row.cells
        )


def _part(title: str, rows: Iterable[RowCoverage]) -> Part:
    states = [(row.requirement.id, row.state) for row in rows]
    return Part(
        title=title,
        rows=len(states),
        covered=sum(state is State.COVERED for _, state in states),
        excluded=sum(state is State.EXCLUDED for _, state in states),
        red=tuple(name for name, state in states if state is State.RED),
    )


def cover(
    specification: Specification, runs: Sequence[RunRecord], declared: Declared | None = None
) -> Coverage:
    """The coverage of a specification by runs.

    What a run judged by another table than the row's own, or about a side that the row does not
    bind, says nothing of the row and does not count.
    """
    known = specification.requirements
    cells: dict[str, list[Cell]] = {row: [] for row in known}
    foreign: dict[str, int] = {}
    for number, run in enumerate(runs):
        for judged in run.judged:
            requirement = known.get(judged.row)
            if requirement is None:
                foreign[judged.row] = foreign.get(judged.row, 0) + judged.times
            elif _counts(requirement, run):
                cells[judged.row].append(Cell(number, judged))
    rows = {name: RowCoverage(known[name], tuple(found)) for name, found in cells.items()}
    return Coverage(specification, tuple(runs), rows, declared or Declared(), foreign)


def _counts(requirement: Requirement, run: RunRecord) -> bool:
    if run.table(requirement.id) != requirement.table:
        return False
    return any(role.value == run.role for role in requirement.role)
