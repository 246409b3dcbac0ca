"""The command from its arguments to its exit code. No traceback reaches a user.

Only click is imported before it is known what is asked for, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from harness.cli.commands import commands
from harness.cli.program import PROGRAM
from harness.errors import EXIT_DEVICE, EXIT_EXPECTED, EXIT_USAGE, HarnessError

EXIT_BROKEN_PIPE: Final = 141
"""As a shell says of a program that SIGPIPE ended: whoever read the output has had enough."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Do what the arguments say (default: those of the process) and end the process."""
    _open_streams()
    code = exit_code(sys.argv[1:] if arguments is None else arguments)
    # what is still buffered must not fail in the interpreter's own last flush
    for stream, fault in ((sys.stdout, code or EXIT_BROKEN_PIPE), (sys.stderr, code)):
        try:
            stream.flush()
        except OSError:
            code = fault
            _send_to_nowhere(stream.fileno())
    sys.exit(code)


def exit_code(arguments: Sequence[str]) -> int:
    """Do what the arguments say; errors are on stderr. The exit code: see README, Exit codes."""
    if not arguments:
        click.echo(commands.get_help(click.Context(commands, info_name=PROGRAM)), err=True)
        return EXIT_USAGE
    try:
        # not commands.main, which makes an exit code 1 of a broken pipe
        with commands.make_context(PROGRAM, list(arguments), obj=tuple(arguments)) as context:
            done = commands.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- a user gets no traceback
        return _told(error)
    return done if isinstance(done, int) else EXIT_EXPECTED


def _told(error: BaseException) -> int:
    """Say what went wrong; the exit code for it."""
    from harness.cli import faults

    if isinstance(error, click.ClickException):
        faults.say(faults.of_click(error))
        return EXIT_USAGE
    if isinstance(error, KeyboardInterrupt):
        faults.say(faults.interrupted())
        return EXIT_DEVICE
    if isinstance(error, HarnessError):
        faults.say(error)
        return error.exit_code
    if isinstance(error, OSError):
        faults.say(faults.of_system(error))
        return EXIT_DEVICE
    faults.say(faults.defect(error))
    return EXIT_DEVICE


def _open_streams() -> None:
    """Standard streams that take any text, also where the caller closed them."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # the lowest free descriptor is the one that was closed
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, "w" if number else "r", closefd=False))
    for output in (sys.stdout, sys.stderr):
        reconfigure = getattr(output, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _send_to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
