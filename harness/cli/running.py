"""`l2tp-harness run`: a run, its reports, and what the person who started it is told.

Whatever happens, the output folder tells of this run and of no earlier one: a run that could not
begin leaves an event stream with the error alone, and reports made from it.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import harness
from harness.cli import faults
from harness.cli.library import OUT, device_of, suites_folder
from harness.cli.printing import print_json
from harness.cli.program import PROGRAM
from harness.cli.reports import Reports
from harness.cli.screen import LiveProgress, Screen
from harness.cli.signals import as_interrupt, undisturbed
from harness.errors import HarnessError, UsageError
from harness.report.console import ConsoleReport
from harness.report.story import Ending, Teller
from harness.run.events import Event, Footer, Header, RunError
from harness.run.run import Options, run
from harness.run.shard import read_shard
from harness.run.tally import exit_code

_LONGEST_SCALE: Final = 1000.0
_NO_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_FOLDER_IS_BAD: Final = ("record.unwritable", "capture.unwritable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for. arguments: all of it, for whoever runs it again.

    cases: of the selection only these ids.
    """

    arguments: tuple[str, ...]
    selection: tuple[str, ...]
    quick: bool
    device: str
    settings: tuple[str, ...]
    jobs: int | None
    out: Path | None
    junit: Path | None
    html: bool
    as_json: bool
    no_baseline: bool
    time_scale: float
    seed: int
    suites: Path | None
    shard: str | None = None
    cases: frozenset[str] | None = None

    @property
    def command(self) -> str:
        """The command line."""
        return shlex.join([PROGRAM, *self.arguments])

    @property
    def words(self) -> tuple[str, ...]:
        """What of the command line changes how cases run."""
        words = [word for setting in self.settings for word in ("--set", setting)]
        if self.suites is not None:
            words += ["--suites", str(self.suites)]
        if self.no_baseline:
            words += ["--no-baseline"]
        if self.time_scale != 1.0:
            words += ["--time-scale", f"{self.time_scale:g}"]
        if self.seed:
            words += ["--seed", str(self.seed)]
        return tuple(words)

    @property
    def folder(self) -> Path:
        """Where the reports go."""
        return self.out if self.out is not None else Path(OUT) / folder_name(self.device)


def folder_name(device: str) -> str:
    """The name of a device's folder in the output, from what `--device` says."""
    is_path = "/" in device or device in (".", "..")
    name = Path(device).resolve().name if is_path else device
    return _NO_FILE_NAME.sub("-", name).strip(".-") or "run"


class _Watch:
    """How far the recording of a run has come."""

    def __init__(self) -> None:
        self.has_begun = False
        self.footer: Footer | None = None

    def write(self, event: Event) -> None:
        self.has_begun = True
        if isinstance(event, Footer):
            self.footer = event


def execute(request: Request) -> int:
    """Run, write the reports, say how it went. The exit code."""
    reports = Reports(request.folder, junit=request.junit, html=request.html)
    console = ConsoleReport()
    progress = LiveProgress(Screen(sys.stderr))
    teller = Teller(*reports.all, console, progress)
    watch = _Watch()
    problem: HarnessError | None = None
    with as_interrupt():
        try:
            with progress:
                run(_options(request, (watch.write, teller.write, progress.write)))
        except HarnessError as error:
            problem = error
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass  # the footer says so
        except Exception as error:  # noqa: BLE001 -- the reports are written whatever happens
            problem = _problem(error, watch.footer)
        with undisturbed():
            failures = []
            if not watch.has_begun:
                failures += _record_failure(request, reports, teller.write, problem)
            ending = teller.close(RunError.of(problem) if problem else None)
            failures += reports.write()
            if problem is not None and problem.code in _FOLDER_IS_BAD:
                failures = []  # they would all say the same
            _summarize(request, ending, console, reports)
            for fault in (problem, *failures[:1]):
                if fault is not None:
                    faults.say(fault)
    code = max([exit_code(ending.footer), *(fault.exit_code for fault in failures)])
    if request.as_json:
        print_json({**reports.summary.summary(), "exit_code": code})
    return code


def _options(request: Request, subscribers: Sequence[Callable[[Event], None]]) -> Options:
    if not 0 < request.time_scale <= _LONGEST_SCALE:
        raise UsageError(
            "usage.time-scale",
            f"--time-scale {request.time_scale:g} is not between 0 and {_LONGEST_SCALE:g}",
        )
    return Options(
        device=device_of(request.device, request.settings),
        named=request.device,
        words=request.words,
        selection=request.selection,
        quick=request.quick,
        cases=request.cases,
        jobs=request.jobs,
        out=request.folder,
        seed=request.seed,
        time_scale=request.time_scale,
        command=request.command,
        suites=suites_folder(request.suites),
        baseline=not request.no_baseline,
        shard=read_shard(request.shard) if request.shard else None,
        subscribers=tuple(subscribers),
    )


def _problem(error: Exception, footer: Footer | None) -> HarnessError:
    """What to say of an error that is no HarnessError: what the recorder made of it."""
    if footer is None or footer.error is None:
        return faults.of_exception(error)
    told = faults.of_run(footer.error)
    told.__cause__ = error
    return told


def _record_failure(
    request: Request,
    reports: Reports,
    tell: Callable[[Event], None],
    problem: HarnessError | None,
) -> list[HarnessError]:
    """Tell of a run that did not begin, for want of a device, of suites, or of patience."""
    header = Header(
        harness=harness.__version__,
        device=request.device,
        title=request.device,
        role="",
        specification="",
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        selection=request.selection,
        cases=0,
        command=request.command,
        seed=request.seed,
        options=request.words,
    )
    error = RunError.of(problem) if problem else None
    footer = Footer({}, interrupted=problem is None, error=error)
    failures = []
    try:
        reports.record((header, footer))
    except HarnessError as failure:
        failures.append(failure)
    tell(header)
    tell(footer)
    return failures


def _summarize(request: Request, ending: Ending, console: ConsoleReport, reports: Reports) -> None:
    """Print how the run went and where its reports are; for a script, on stderr."""
    screen = Screen(sys.stderr if request.as_json else sys.stdout)
    if ending.footer.error is not None and not ending.footer.verdicts:
        return  # the error says it all
    screen.print(console.lines(reports.files))
