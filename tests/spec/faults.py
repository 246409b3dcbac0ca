"""Faults put into tables, and what reading them says."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError, DataErrors
from harness.spec import load_specification

MARK = "^"
"""Stands in a text where the place of an error has to be."""


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not contain {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def only_error(folder: Path) -> DataError:
    """The first error that reading a specification gives."""
    with pytest.raises((DataError, DataErrors)) as caught:
        load_specification(folder)
    if isinstance(caught.value, DataErrors):
        return caught.value.errors[0]
    assert isinstance(caught.value, DataError)
    return caught.value


def assert_fault(folder: Path, file: str, code: str, word: str) -> None:
    """Reading the tables gives this error, in this file, and at its mark if there is one."""
    path = folder / file
    before, mark, behind = path.read_text(encoding="utf-8").partition(MARK)
    path.write_text(before + behind, encoding="utf-8")

    error = only_error(folder)

    assert error.code == code
    assert word in error.cause or word in error.hint
    assert error.place is not None
    assert error.place.file == str(path)
    if mark:
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        assert (error.place.line, error.place.column) == (line, column)
