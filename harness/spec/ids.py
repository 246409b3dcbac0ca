"""The frozen ids of a specification's rows.

Suites, baselines and published reports name rows by id. So an id that has once been given out
stays, and stays in its section; `ids.txt` beside the tables remembers them all.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import DataError, Place
from harness.spec.model import Requirement, Specification

FILE = "ids.txt"

_HEAD = """\
# Row ids and their sections. Written by `python -m harness.spec freeze`, checked by its `lint`.
# Ids are added here, never taken away: suites, baselines and reports name them.
"""


def read_ids(folder: Path) -> dict[str, tuple[str, Place]]:
    """The frozen ids, each with its section and its place; none if there is no file yet.

    Raises `DataError` for a line that is not an id and a section.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    ids: dict[str, tuple[str, Place]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        place = Place(str(path), number, 1)
        words = line.split()
        if len(words) != 2:
            raise DataError(
                "spec.ids", f"expected an id and a section, found {line!r}", place=place
            )
        row, section = words
        if row in ids:
            raise DataError("spec.ids", f"{row} stands at {ids[row][1]} already", place=place)
        ids[row] = (section, place)
    return ids


def check_ids(spec: Specification, folder: Path) -> list[DataError]:
    """Ids that vanished or changed their section, and ids that are not frozen yet."""
    frozen = read_ids(folder)
    problems = broken_ids(spec, frozen)
    problems += [
        DataError(
            "spec.id-not-frozen",
            f"{row.id} is not in {FILE}",
            hint="run `python -m harness.spec freeze`",
            place=row.place,
        )
        for row in own_rows(spec)
        if row.id not in frozen
    ]
    return problems


def own_rows(spec: Specification) -> list[Requirement]:
    """The rows whose ids the specification gives out: not those that an overlay has of its base."""
    given = spec.overlay.base.requirements if spec.overlay else {}
    return [row for row in spec.requirements.values() if row.id not in given]


def broken_ids(spec: Specification, frozen: dict[str, tuple[str, Place]]) -> list[DataError]:
    """Frozen ids that vanished or changed their section."""
    problems = []
    for row, (section, place) in frozen.items():
        known = spec.requirements.get(row)
        if known is None:
            problems.append(
                DataError(
                    "spec.id-vanished",
                    f"{row} is gone",
                    hint="bring the row back; a rule that no longer counts can be `excluded`",
                    place=place,
                )
            )
        elif known.section != section:
            problems.append(
                DataError(
                    "spec.id-moved", f"{row} moved from {section} to {known.section}", place=place
                )
            )
    return problems


def write_ids(spec: Specification, folder: Path) -> int:
    """Freeze the ids of all rows. Returns how many are new; refuses to lose one (`DataError`)."""
    frozen = read_ids(folder)
    for problem in broken_ids(spec, frozen):
        raise problem
    rows = own_rows(spec)
    lines = "".join(f"{row.id} {row.section}\n" for row in rows)
    (folder / FILE).write_text(_HEAD + lines, encoding="utf-8")
    return sum(row.id not in frozen for row in rows)
