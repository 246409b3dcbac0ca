"""`l2tp-harness lint`: everything that is wrong in suites, tables and devices, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from harness.cli.library import device_folder, suites_folder
from harness.cli.printing import number_of, print_json, print_lines
from harness.cli.slips import Words, slips, words_of
from harness.device.description.device import Device
from harness.device.description.ics import CAPABILITIES
from harness.device.description.launch import EmbeddedLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import EmbeddedRunner
from harness.device.reading.load import load_device
from harness.device.registry import list_devices, search_folders
from harness.errors import (
    EXIT_EXPECTED,
    EXIT_UNEXPECTED,
    EXIT_USAGE,
    DataErrors,
    HarnessError,
    Place,
)
from harness.located import suggest
from harness.run.baseline import load_baseline
from harness.run.run import Library, known_cases, rules_folder, tables_folder
from harness.spec.lint import lint as lint_tables
from harness.spec.load import load_specification
from harness.spec.model import Specification
from harness.spec.monitor import load_rules
from harness.suite.lint import lint as lint_suites
from harness.suite.load import load_suites
from harness.suite.model import Case, Suite
from harness.suite.schema import suite_schema

_PROFILE: Final = "rfc2661"
ERROR: Final = "error"
WARNING: Final = "warning"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (`error`) or suspicious (`warning`), and where."""

    severity: str
    code: str
    text: str
    hint: str
    place: Place | None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.severity}: {self.text} [{self.code}]{hint}"


@dataclass(slots=True)
class _Found:
    """What was looked at, and what was found there."""

    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    suites: int = 0
    cases: tuple[Case, ...] = ()
    known: set[str] | None = None
    devices: int = 0
    configurations: set[str] = field(default_factory=lambda: {DEFAULT_CONFIGURATION})

    def add(self, error: HarnessError) -> None:
        for each in error.errors if isinstance(error, DataErrors) else (error,):
            self.findings.append(Finding(ERROR, each.code, each.cause, each.hint, each.place))

    def tried(self, read: Callable[[], Value]) -> Value | None:
        """What is read, or None and the errors kept."""
        try:
            return read()
        except HarnessError as error:
            self.add(error)
            return None

    def count(self, severity: str) -> int:
        return sum(one.severity == severity for one in self.findings)


def lint(devices: Sequence[str], as_json: bool, suites: Path | None) -> int:
    """Print all findings; the exit code: 2 with an error among them, 1 with warnings, else 0."""
    found = _Found()
    folder = suites_folder(suites)
    tables = tables_folder(folder, _PROFILE)
    specification = found.tried(lambda: load_specification(tables))
    if specification is not None:
        _tables(found, specification, tables)
        _suites(found, specification, folder)
    if devices:
        folders = [one for name in devices if (one := found.tried(partial(device_folder, name)))]
    else:
        folders = [one.folder for one in list_devices(search_folders())]
    words = words_of(found.cases)
    for one in folders:
        _device(found, one, specification, words)
    if not devices:
        _configurations(found)
    if as_json:
        print_json(_json(found))
    else:
        print_lines(line for one in found.findings for line in str(one).split("\n"))
        print_lines([_total(found)])
    if found.count(ERROR):
        return EXIT_USAGE
    return EXIT_UNEXPECTED if found.findings else EXIT_EXPECTED


def print_schema(suites: Path | None) -> int:
    """Print the JSON Schema by which an editor completes and checks suites."""
    specification = load_specification(tables_folder(suites_folder(suites), _PROFILE))
    print_json(suite_schema(specification, CAPABILITIES))
    return EXIT_EXPECTED


def _tables(found: _Found, specification: Specification, folder: Path) -> None:
    found.rows = len(specification.requirements)
    for error in lint_tables(specification, folder):
        found.add(error)


def _suites(found: _Found, specification: Specification, folder: Path) -> None:
    loaded = found.tried(lambda: load_suites(folder, specification, CAPABILITIES))
    if loaded is None:
        return
    suites: tuple[Suite, ...] = loaded
    found.suites = len(suites)
    rules = found.tried(lambda: load_rules(rules_folder(folder), specification))
    if rules is None:
        return
    library = Library(specification, suites, rules)
    found.cases = library.cases
    found.known = found.tried(lambda: known_cases(library, folder))
    for one in lint_suites(suites, specification):
        found.findings.append(Finding(WARNING, one.code, one.text, one.hint, one.place))


def _device(found: _Found, folder: Path, specification: Specification | None, words: Words) -> None:
    found.devices += 1
    device = found.tried(lambda: load_device(folder))
    if device is not None:
        found.configurations |= device.configurations.keys()
    if device is not None and specification is not None:
        found.tried(lambda: _parameters(device, specification))
    known = found.known
    if device is not None and known is not None and specification is not None:
        rows = specification.requirements
        for baseline in device.baselines:
            found.tried(partial(load_baseline, baseline, known, rows))
        for one in slips(folder, words):
            text = f"no case names the {one.what} {one.name!r}, but {one.meant!r}"
            hint = f"did you mean {one.meant!r}?"
            found.findings.append(Finding(WARNING, "lint.slip", text, hint, one.place))


def _configurations(found: _Found) -> None:
    """A case in a configuration that no device has would be skipped for ever, and nobody told."""
    for case in found.cases:
        if case.configuration not in found.configurations:
            text = f"no device has a configuration {case.configuration!r}: all skip the case"
            hint = suggest(case.configuration, found.configurations)
            found.findings.append(Finding(WARNING, "lint.configuration", text, hint, case.place))


def _parameters(device: Device, specification: Specification) -> None:
    """Those of a reference peer are known to the runner alone."""
    if isinstance(device.launch, EmbeddedLaunch):
        EmbeddedRunner(device, specification)


def _json(found: _Found) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "suites": found.suites,
        "cases": len(found.cases),
        "devices": found.devices,
        "findings": [
            {
                "severity": one.severity,
                "code": one.code,
                "text": one.text,
                "hint": one.hint,
                "file": one.place.file if one.place else None,
                "line": one.place.line if one.place else None,
                "column": one.place.column if one.place else None,
            }
            for one in found.findings
        ],
    }


def _total(found: _Found) -> str:
    counts = (
        (found.suites, "suite"),
        (len(found.cases), "case"),
        (found.rows, "row"),
        (found.devices, "device"),
    )
    looked = ", ".join(number_of(count, what) for count, what in counts)
    if not found.findings:
        return f"{looked}: nothing wrong"
    wrong = ((found.count(severity), severity) for severity in (ERROR, WARNING))
    return f"{looked}: {', '.join(number_of(count, what) for count, what in wrong)}"
