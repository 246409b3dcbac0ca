"""Mistakes of a document, gathered so that an author mends them all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from harness.errors import DataError, DataErrors
from harness.located import Node, near

Value = TypeVar("Value")
Other = TypeVar("Other")


class Gathered:
    """The mistakes that were found so far."""

    def __init__(self) -> None:
        self._errors: list[DataError] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._errors)

    def kept(self, read: Callable[[], Value], otherwise: Other) -> Value | Other:
        """What is read, or something else and the error kept for the end."""
        try:
            return read()
        except DataError as error:
            self._errors.append(error)
            return otherwise

    def mapping(
        self,
        node: Node,
        known: Iterable[str],
        *,
        required: Iterable[str] = (),
        what: str = "key",
    ) -> dict[str, Node]:
        """The entries of a mapping that are known; an error is kept for each that is not.

        Raises DataError when a required one is missing: nothing can be read without it. One that
        is there under a name that it was mistyped for is told once.
        """
        names = set(known)
        keys = node.mapping()
        errors = list(node.unknown_keys(names, what))
        meant = {near(key, names) for key in keys if key not in names}
        absent = [key for key in required if key not in keys]
        errors += [node.missing_key(key) for key in absent if key not in meant]
        if absent:
            self._errors += errors[:-1]
            raise errors[-1]
        self._errors += errors
        return {key: value for key, value in keys.items() if key in names}

    def give_up(self) -> None:
        """Raise what was gathered, DataError or DataErrors; nothing happens when there is none."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise DataErrors(sorted(self._errors, key=_spot_of))


def _spot_of(error: DataError) -> tuple[int, int]:
    return (error.place.line, error.place.column) if error.place else (0, 0)
