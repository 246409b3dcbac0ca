"""Collecting data errors, so that an author of the tables sees all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import DataError, DataErrors


class Faults:
    """Data errors found so far."""

    def __init__(self) -> None:
        self.errors: list[DataError] = []

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Remember a data error that the block raises, and go on behind the block."""
        try:
            yield
        except DataErrors as several:
            self.errors.extend(several.errors)
        except DataError as error:
            self.errors.append(error)

    def raise_any(self) -> None:
        """Raise what was collected: one error as itself, several as `DataErrors`, by place."""
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise DataErrors(sorted(self.errors, key=_by_place))


def _by_place(error: DataError) -> tuple[str, int, int]:
    place = error.place
    return (place.file, place.line, place.column) if place else ("", 0, 0)
