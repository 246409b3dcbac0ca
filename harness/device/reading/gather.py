"""Mistakes of a document, gathered so that an author mends them all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.errors import DataError, DataErrors

Value = TypeVar("Value")
Other = TypeVar("Other")


class Gathered:
    """The mistakes that were found so far."""

    def __init__(self) -> None:
        self._errors: list[DataError] = []

    def kept(self, read: Callable[[], Value], otherwise: Other) -> Value | Other:
        """What is read, or something else and the error kept for the end."""
        try:
            return read()
        except DataError as error:
            self._errors.append(error)
            return otherwise

    def give_up(self) -> None:
        """Raise what was gathered, DataError or DataErrors; nothing happens when there is none."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise DataErrors(sorted(self._errors, key=_line_of))


def _line_of(error: DataError) -> int:
    return error.place.line if error.place else 0
