"""`l2tp-harness relay`: the harness between two devices that talk to each other."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.cli import faults
from harness.cli.library import OUT, device_of, devices_meant, suites_folder
from harness.cli.printing import print_json
from harness.cli.program import PROGRAM
from harness.cli.reports import Reports
from harness.cli.screen import LiveProgress, Screen
from harness.cli.signals import as_interrupt, undisturbed
from harness.device.description.device import Device
from harness.errors import HarnessError
from harness.report.console import ConsoleReport
from harness.report.interop import MATRIX_FILE, InteropReport
from harness.report.lines import line
from harness.report.story import Teller
from harness.run.events import RunError
from harness.run.relay.conversation import Who
from harness.run.relay.rules import read_rule
from harness.run.relay.run import RelayOptions, check_roles
from harness.run.relay.run import relay as run_relay
from harness.run.relay.settings import settings_of
from harness.run.run import load_library
from harness.run.tally import exit_code

FOLDER: Final = "relay"


def relay(
    arguments: Sequence[str],
    lacs: Sequence[str],
    lnss: Sequence[str],
    lac_settings: Sequence[str],
    lns_settings: Sequence[str],
    rules: Sequence[str],
    hold: float,
    out: Path | None,
    junit: Path | None,
    html: bool,
    as_json: bool,
    no_baseline: bool,
    time_scale: float,
    suites: Path | None,
) -> int:
    """Bring every LAC together with every LNS; the exit code is that of a run.

    Raises UsageError, DataError(s) for what the command line or a device has wrong.
    """
    folder = out if out is not None else Path(OUT) / FOLDER
    library = load_library(suites_folder(suites))
    reports = Reports(folder, junit=junit, html=html)
    console, interop = ConsoleReport(), InteropReport()
    progress = LiveProgress(Screen(sys.stderr))
    teller = Teller(*reports.all, console, interop, progress)
    options = RelayOptions(
        lacs=_devices("lac", lacs, lac_settings),
        lnss=_devices("lns", lnss, lns_settings),
        rules=[read_rule(rule, library.specification.messages) for rule in rules],
        hold=hold,
        out=folder,
        suites=suites_folder(suites),
        time_scale=time_scale,
        baseline=not no_baseline,
        command=shlex.join([PROGRAM, *arguments]),
        subscribers=(teller.write, progress.write),
    )
    check_roles(options)
    problem: HarnessError | None = None
    with as_interrupt():
        try:
            with progress:
                run_relay(options, library)
        except HarnessError as error:
            problem = error
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass  # the footer says so
        with undisturbed():
            ending = teller.close(RunError.of(problem) if problem else None)
            failures = reports.write()
            interop.write(folder)
            _print(reports, console, interop, as_json=as_json)
            for fault in (problem, *failures[:1]):
                if fault is not None:
                    faults.say(fault)
    code = max([exit_code(ending.footer), *(fault.exit_code for fault in failures)])
    if as_json:
        print_json({**interop.matrix(), "exit_code": code})
    return code


def _devices(who: Who, words: Sequence[str], settings: Sequence[str]) -> list[Device]:
    with settings_of(who):
        return [device_of(name, settings) for name in devices_meant(words, settings)]


def _print(
    reports: Reports, console: ConsoleReport, interop: InteropReport, *, as_json: bool
) -> None:
    """The matrix, what was unexpected, and where the reports are; for a script, on stderr."""
    screen = Screen(sys.stderr if as_json else sys.stdout)
    files = {**reports.files, "interop": reports.folder / MATRIX_FILE}
    screen.print(console.lines(files))
    screen.print([line(), *interop.lines()])
