"""`l2tp-harness check`: captures judged by the monitors, and the same reports as of a run."""

from __future__ import annotations

import re
import shlex
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from harness.capture import CheckOptions, as_json, as_text, check_capture
from harness.cli import faults
from harness.cli.library import OUT, suites_folder
from harness.cli.printing import print_json
from harness.cli.program import PROGRAM
from harness.cli.reports import Reports
from harness.cli.screen import Screen
from harness.errors import HarnessError, UsageError
from harness.report.checked import Asked, events_of, problem_of
from harness.report.lines import line
from harness.report.story import Teller
from harness.run.events import Event, Footer
from harness.run.run import rules_folder, tables_folder
from harness.run.tally import exit_code
from harness.spec.load import load_specification
from harness.spec.model import Role
from harness.spec.monitor import RuleTable, load_rules

_NO_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for. arguments: all of it, for whoever checks again."""

    arguments: tuple[str, ...]
    files: tuple[Path, ...]
    secret: str | None
    lns: tuple[str, ...]
    lac: tuple[str, ...]
    iut: tuple[str, ...]
    complete: bool
    profile: str
    out: Path | None
    junit: Path | None
    html: bool
    as_json: bool
    suites: Path | None

    @property
    def folder(self) -> Path:
        """Where the reports go."""
        if self.out is not None:
            return self.out
        stem = _NO_FILE_NAME.sub("-", self.files[0].name.partition(".")[0]).strip(".-")
        return Path(OUT) / f"check-{stem or 'capture'}"

    @property
    def role(self) -> Role | None:
        """Of the side that is judged, where only one is and its role is given."""
        roles = {Role.LNS if host in self.lns else Role.LAC for host in self.iut}
        known = all(host in (*self.lns, *self.lac) for host in self.iut)
        return roles.pop() if known and len(roles) == 1 else None


def check(request: Request) -> int:
    """Judge the captures, write the reports, print what was found. The exit code.

    UsageError for an address that is none, DataError(s) for tables; a file that cannot be read is
    told in the reports and on stderr.
    """
    twice = set(request.lns) & set(request.lac)
    if twice:
        raise UsageError("usage.role", f"{min(twice)} is given as LNS and as LAC")
    began = time.monotonic()
    started = datetime.now(UTC)
    options = CheckOptions(
        secret=None if request.secret is None else request.secret.encode(errors="surrogateescape"),
        lns=request.lns,
        lac=request.lac,
        iut=request.iut,
        complete=request.complete,
        rules=_rules(suites_folder(request.suites), request.profile),
    )
    result = check_capture(request.files, options)
    names = ", ".join(map(str, request.files))
    asked = Asked(
        name=str(request.files[0]),
        title=f"Capture {names}",
        command=shlex.join([PROGRAM, *request.arguments]),
        folder=request.folder,
        started=started,
        role=request.role,
    )
    reports = Reports(request.folder, junit=request.junit, html=request.html, capture=False)
    events = list(events_of(result, asked, time.monotonic() - began))
    failures = _write(reports, events)
    footer = events[-1]
    assert isinstance(footer, Footer)
    problem = problem_of(result)
    code = max([exit_code(footer), *(fault.exit_code for fault in failures)])
    if request.as_json:
        print_json({**as_json(result), "exit_code": code})
    else:
        lines = [line(text) for text in as_text(result)]
        lines += [line((f"  {kind:<10}", "dim"), str(path)) for kind, path in reports.files.items()]
        Screen(sys.stdout).print(lines)
    for fault in (problem, *failures[:1]):
        if fault is not None:
            faults.say(fault)
    return code


def _rules(suites: Path, profile: str) -> RuleTable:
    specification = load_specification(tables_folder(suites, profile))
    return load_rules(rules_folder(suites, profile), specification)


def _write(reports: Reports, events: list[Event]) -> list[HarnessError]:
    """The stream and the reports, as far as they can be written; what went wrong."""
    failures: list[HarnessError] = []
    try:
        reports.record(events)
    except HarnessError as error:
        failures.append(error)
    teller = Teller(*reports.all)
    for event in events:
        teller.write(event)
    return failures + reports.write()
