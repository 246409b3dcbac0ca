"""The errors a user may meet. Each has a code, a cause and, where there is one, a hint.

A command prints them and exits with their exit code; no traceback reaches a user.
"""

from __future__ import annotations

from dataclasses import dataclass

EXIT_EXPECTED = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_DEVICE = 3
EXIT_NOTHING_SELECTED = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands. Line and column count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class HarnessError(Exception):
    """An error with a stable code, a cause in plain words, and a hint what to do about it."""

    exit_code: int = EXIT_DEVICE

    def __init__(
        self, code: str, cause: str, *, hint: str = "", place: Place | None = None
    ) -> None:
        super().__init__(cause)
        self.code = code
        self.cause = cause
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.cause} [{self.code}]{hint}"


class UsageError(HarnessError):
    """The command line, or a value given on it, is wrong."""

    exit_code = EXIT_USAGE


class DataError(HarnessError):
    """A suite, spec table, peer.yaml or baseline is wrong; `place` says where."""

    exit_code = EXIT_USAGE


class DataErrors(HarnessError):
    """Several data errors found in one pass, so that an author mends them all at once."""

    exit_code = EXIT_USAGE

    def __init__(self, errors: list[DataError]) -> None:
        super().__init__("data.several", f"{len(errors)} errors")
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class DeviceError(HarnessError):
    """The device under test could not be started, reached, driven or stopped."""


class NothingSelected(HarnessError):
    """The selection leaves no test case; an empty run must not look like a good one."""

    exit_code = EXIT_NOTHING_SELECTED
