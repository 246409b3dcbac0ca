"""Processes that share the work of a self-test: copies of this one, with the suites loaded."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from harness.errors import HarnessError

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error of a copy, in parts: an exception would not survive the way between processes."""

    code: str
    cause: str


_inherited: list[Callable[[Any], Any]] = []
"""In a copy: what it does with each piece. Inherited, as it would be slow to send."""


def spread(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], workers: int
) -> Iterator[Result]:
    """Do the work for each piece, in no particular order. HarnessError: what one of them raised."""
    if workers == 1 or len(pieces) < _WORTH_A_COPY:
        yield from map(work, pieces)
        return
    context = multiprocessing.get_context("fork")
    with context.Pool(workers, initializer=_inherited.append, initargs=(work,)) as pool:
        for result in pool.imap_unordered(_do, pieces):
            if isinstance(result, _Failed):
                raise HarnessError(result.code, result.cause)
            yield result


_WORTH_A_COPY: Final = 3


def _do(piece: Any) -> Any:
    try:
        return _inherited[-1](piece)
    except HarnessError as error:
        return _Failed(error.code, error.cause)
    except Exception as error:  # noqa: BLE001 -- told by the parent, which knows how
        return _Failed("selftest.defect", f"{type(error).__name__}: {error}")
