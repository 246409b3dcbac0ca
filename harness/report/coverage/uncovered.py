"""The list of rows that are known to be red, and what has become of it.

The list may only get shorter: a row that turns red and is not on it is news, and so is one on it
that is covered meanwhile. It belongs to the full runs of the reference peers (`references`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import DataError, HarnessError, Place
from harness.located import suggest
from harness.report.coverage.matrix import Coverage, State
from harness.report.output import write_report

FILE: Final = "uncovered.txt"

COMMAND: Final = "python -m harness.report.coverage freeze"

_HEAD: Final = f"""\
# Requirement rows that no case and no monitor rule covers when the reference peers run all suites.
# Written by `{COMMAND}`, checked by its `check`.
# The list only gets shorter: a new row is covered, or excluded by name with a reason.
"""

Listed = dict[str, Place]


class Change(NamedTuple):
    """What writing the list anew did to it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def read_uncovered(path: Path) -> Listed:
    """The rows of the list with their places; none if there is no list.

    Raises `DataError` for a line that is not one row, or that stands twice.
    """
    if not path.is_file():
        return {}
    rows: Listed = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("coverage.unreadable", f"{path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = Place(str(path), number, 1)
        row = line.strip()
        if len(row.split()) != 1:
            raise DataError("coverage.list", f"expected one row, found {line!r}", place=place)
        if row in rows:
            raise DataError("coverage.list", f"{row} stands at {rows[row]} already", place=place)
        rows[row] = place
    return rows


def check_uncovered(coverage: Coverage, path: Path) -> list[DataError]:
    """Where the coverage and the list differ, each with the place of its row or its line."""
    listed = read_uncovered(path)
    return [*_new(coverage, listed), *_settled(coverage, listed)]


def write_uncovered(coverage: Coverage, path: Path, *, grow: bool = False) -> Change:
    """Write the list anew.

    Raises `HarnessError` when rows would have to be added to an existing list and `grow` is not
    given, when a run of the coverage broke off, or when the file cannot be written.
    """
    for run in coverage.runs:
        if run.problem:
            raise HarnessError("coverage.broken-run", f"{run.title}: {run.problem}")
    listed = read_uncovered(path)
    added = tuple(row for row in coverage.red if row not in listed)
    removed = tuple(row for row in listed if row not in coverage.red)
    if added and listed and not grow:
        raise HarnessError(
            "coverage.new-red",
            f"{_rows(len(added))} would be added: {', '.join(added[:10])}"
            + (" …" if len(added) > 10 else ""),
            hint="cover the row by a case or a monitor rule, exclude it by name with a reason, or"
            " add it with --grow",
        )
    text = _HEAD + "".join(f"{row}\n" for row in coverage.red)
    write_report(path, text.encode("utf-8"))
    return Change(added, removed)


def _new(coverage: Coverage, listed: Listed) -> list[DataError]:
    return [
        DataError(
            "coverage.new-red",
            f"{row} is neither covered nor excluded",
            hint="cover it by a case or a monitor rule, or exclude it by name with a reason",
            place=coverage.rows[row].requirement.place,
        )
        for row in coverage.red
        if row not in listed
    ]


def _settled(coverage: Coverage, listed: Listed) -> list[DataError]:
    problems = []
    for row, place in listed.items():
        known = coverage.rows.get(row)
        if known is None:
            problems.append(
                DataError(
                    "coverage.unknown-row",
                    f"{coverage.specification.name} has no row {row!r}",
                    hint=suggest(row, coverage.rows),
                    place=place,
                )
            )
        elif known.state is not State.RED:
            problems.append(
                DataError(
                    "coverage.not-red",
                    f"{row} is {known.state} meanwhile",
                    hint=f"take it off the list: {COMMAND}",
                    place=place,
                )
            )
    return problems


def _rows(number: int) -> str:
    return f"{number} row{'s' * (number != 1)}"
