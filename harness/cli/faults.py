"""Errors as a user reads them: the cause, the code, and a hint what to do about it."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final

import click

from harness.cli.program import PROGRAM
from harness.errors import DataErrors, HarnessError, UsageError
from harness.run.kinds import RunError
from harness.wire.text import printable

TRACEBACK: Final = "L2TP_HARNESS_TRACEBACK"
"""The environment variable that shows where in the harness an error comes from."""

_LONGEST: Final = 4000


def say(error: HarnessError) -> None:
    """Print an error on stderr; several errors one after the other."""
    for each in error.errors if isinstance(error, DataErrors) else (error,):
        for number, text in enumerate(str(each).split("\n")):
            _print(f"error: {text}" if number == 0 else text)
    if os.environ.get(TRACEBACK):
        for text in traceback.format_exception(error):
            _print(text.rstrip("\n"))


def _print(text: str) -> None:
    try:
        for line in text.split("\n"):
            sys.stderr.write(printable(line, _LONGEST) + "\n")
        sys.stderr.flush()
    except OSError:
        # there is nobody left to tell; the exit code still says it
        return


def of_click(error: click.ClickException) -> HarnessError:
    """What click has to say about the command line."""
    cause = error.format_message().rstrip(".")
    # of an option without its value click does not say to which command it belongs
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else PROGRAM
    told = UsageError("usage", f"{cause[:1].lower()}{cause[1:]}", hint=f"{path} --help")
    told.__cause__ = error
    return told


def of_system(error: OSError) -> HarnessError:
    """What the operating system refused, outside of any place that knows more about it."""
    what = error.filename or "input or output"
    hint = "who runs this may not: look at its owner and mode, and those of the folders above"
    told = HarnessError(
        "system",
        f"{what}: {error.strerror or error}",
        hint=hint if isinstance(error, PermissionError) else "",
    )
    told.__cause__ = error
    return told


def interrupted() -> HarnessError:
    """Ctrl-C."""
    return HarnessError("run.interrupted", "interrupted")


def defect(error: BaseException) -> HarnessError:
    """An error that nobody thought of."""
    told = HarnessError(
        "harness.internal",
        f"a defect of the harness: {type(error).__name__}: {error}",
        hint=f"please report it, with what it prints under {TRACEBACK}=1",
    )
    told.__cause__ = error
    return told


def of_exception(error: Exception) -> HarnessError:
    """What to say of an error that is no HarnessError: a file's is seldom a defect."""
    return of_system(error) if isinstance(error, OSError) and error.filename else defect(error)


def of_run(error: RunError) -> HarnessError:
    """The error of a run as its event stream keeps it."""
    told = HarnessError(error.code, error.cause, hint=error.hint)
    told.exit_code = error.exit_code
    return told
