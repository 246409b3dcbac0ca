"""`l2tp-harness explain`: what a case does and why; what a row says, who checks it, the verdicts.

Also a message, and a vendor's table with all its departures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.cli.library import OUT, suites_folder
from harness.cli.listing import facts
from harness.cli.printing import print_json, print_lines, row_line
from harness.cli.screen import Screen
from harness.errors import UsageError
from harness.located import suggest
from harness.report.coverage import declare, read_runs, streams_under
from harness.report.coverage.explain import (
    explain_row,
    message_json,
    message_lines,
    overlays_on,
    profile_json,
    profile_lines,
    row_json,
    row_lines,
)
from harness.report.lines import Line
from harness.resources import data_folder
from harness.run.header import rows_of
from harness.run.run import Library, load_library, tables_folder
from harness.spec.load import load_specification
from harness.spec.model import Requirement, Specification
from harness.spec.overlay_table import overlay_folders
from harness.suite.load import TABLES_FOLDER
from harness.suite.model import Case, Repeat, Step
from harness.wire.text import printable

_LISTED = 60


def explain(name: str, as_json: bool, profile: str, runs: Path | None, suites: Path | None) -> None:
    """Print what a case, a requirement row, a message or a vendor's table is.

    UsageError with a suggestion for any other name. `runs`: the folder whose event streams have
    the last verdicts.
    """
    folder = suites_folder(suites)
    library = load_library(folder, profile)
    specification = library.specification
    if name.lower() in _lower(specification.requirements):
        _explain_row(library, name, folder, runs or Path(OUT), as_json)
        return
    messages = _lower(specification.messages)
    # the short name of a case may be that of a message, which is what is meant then
    cases = [] if name.lower() in messages else _cases(library, name)
    if cases and as_json:
        print_json({"kind": "case", **_case_json(library, cases)})
    elif cases:
        print_lines(_case_lines(library, cases))
    elif name.lower() in messages:
        _explain_message(library, messages[name.lower()], folder, as_json)
    elif name in _profiles(folder):
        _explain_profile(load_specification(tables_folder(folder, name)), as_json)
    else:
        raise _unknown(library, name, _profiles(folder))


def _lower(names: Iterable[str]) -> dict[str, str]:
    """Names by how they are written without capitals."""
    return {name.lower(): name for name in names}


def _profiles(suites: Path) -> list[str]:
    """The vendors' tables that lie beside the suites, or come with the harness."""
    folders = (suites / TABLES_FOLDER, data_folder("suites") / TABLES_FOLDER)
    found = [one.name for each in folders if each.is_dir() for one in overlay_folders(each)]
    return list(dict.fromkeys(found))


def _cases(library: Library, name: str) -> list[Case]:
    """The case of this id; or, without its axes, all of its variants; or the only one so called."""
    exact = [case for case in library.cases if case.id == name]
    stem = [case for case in library.cases if _stem(case) == name]
    if exact or stem:
        return exact or stem
    alike = [case for case in library.cases if name in (case.name, case.id.partition("/")[2])]
    return alike if len({_stem(case) for case in alike}) == 1 else []


def _stem(case: Case) -> str:
    return f"{case.suite}/{case.name}"


def _unknown(library: Library, name: str, profiles: Sequence[str]) -> UsageError:
    names = {case.id for case in library.cases} | {_stem(case) for case in library.cases}
    specification = library.specification
    others = {*specification.requirements, *specification.messages, *profiles}
    alike = sorted({_stem(case) for case in library.cases if case.name == name})
    if alike:
        hint = f"one of {', '.join(alike)}"
    else:
        hint = suggest(name, names | others) or _nearest_name(library, name)
    return UsageError(
        "explain.unknown",
        f"there is no case, no requirement row, no message and no vendor's table {name!r}",
        hint=hint or "`l2tp-harness list` shows all cases",
    )


def _nearest_name(library: Library, name: str) -> str:
    """A case whose name alone is near: nobody types its section as well."""
    stems = {case.name: _stem(case) for case in library.cases}
    near = suggest(name.rpartition("/")[2], stems)
    return next(
        (f"did you mean {stem!r}?" for one, stem in stems.items() if f"{one!r}" in near), ""
    )


# A case


def _case_lines(library: Library, cases: Sequence[Case]) -> list[str]:
    case, many = cases[0], len(cases) > 1
    title = _stem(case) if many else case.id
    lines = [title, f"  {'at':<10}{case.place.file}:{case.place.line}"]
    purposes = list(dict.fromkeys(one.purpose for one in cases))
    lines += _labelled("purpose", purposes[:1] if not many else _shortened(purposes))
    side = sorted(case.iut)
    lines += _labelled(
        "tests", [" or ".join(f"a{'n' * (one == 'lns')} {one.upper()}" for one in side)]
    )
    if case.requires:
        lines += _labelled("requires", [", ".join(case.requires)])
    if case.limit is not None:
        low, high = case.limit.low, case.limit.high
        needs = f"a limit of {low} to {high} {case.limit.of}, as the device's ixit says"
        lines += _labelled("needs", [needs])
    if case.configuration != "default":
        lines += _labelled("needs", [f"the device's configuration {case.configuration!r}"])
    lines += _labelled("policy", [", ".join(case.policy)] if case.policy else [])
    lines += _labelled("tags", [", ".join(sorted(case.tags))] if case.tags else [])
    own = {one.selection for one in cases}
    if "" not in own:
        tags = ", ".join(f"tag:{one}" for one in sorted(own))
        lines += _labelled("selected", [f"by {tags} or its id only"])
    rows = library.specification.requirements
    covered = list(dict.fromkeys(row for one in cases for row in covered_by(one)))
    lines += _labelled("covers", [row_line(rows[row]) for row in covered if row in rows])
    if many:
        lines += _labelled("variants", _shortened([one.id for one in cases]))
    lines += ["", "  steps", *(f"    {line}" for line in _steps(case, as_written=many))]
    lines += ["", f"  {'run it':<10}l2tp-harness run --device NAME {_quoted(title)}"]
    return lines


def _quoted(name: str) -> str:
    return f"'{name}'" if "[" in name else name


def _labelled(label: str, texts: Sequence[str]) -> list[str]:
    return [f"  {label if number == 0 else '':<10}{text}" for number, text in enumerate(texts)]


def _shortened(texts: Sequence[str]) -> list[str]:
    if len(texts) <= _LISTED:
        return list(texts)
    return [*texts[:_LISTED], f"and {len(texts) - _LISTED} more"]


def _steps(case: Case, *, as_written: bool) -> list[str]:
    """The steps as the suite has them; of one variant, with the values of its axes filled in."""
    if case.axes and not as_written:
        return _resolved(case.steps, "")
    return source_of(case) or _resolved(case.steps, "")


def _resolved(steps: Sequence[Step], indent: str) -> list[str]:
    lines = []
    for step in steps:
        lines.append(f"{indent}- {step.text}")
        if isinstance(step, Repeat):
            lines += _resolved(step.steps, indent + "    ")
    return lines


def source_of(case: Case) -> list[str]:
    """The lines of the suite's file that hold the steps, indented as far as they need to be."""
    first = case.steps[0].place
    try:
        lines = Path(first.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    # the place of a step is that of its first key, behind the dash
    margin = lines[first.line - 1].find("-")
    if margin < 0:
        return []
    block: list[str] = []
    for line in lines[first.line - 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) < margin:
            break
        block.append(line[margin:].rstrip())
    while block and (not block[-1] or block[-1].startswith("#")):
        block.pop()
    return block


def _case_json(library: Library, cases: Sequence[Case]) -> dict[str, Any]:
    case = cases[0]
    rows = library.specification.requirements
    covered = dict.fromkeys(row for one in cases for row in covered_by(one))
    return {
        **facts(case),
        "case": _stem(case) if len(cases) > 1 else case.id,
        "variants": [one.id for one in cases],
        "covers": [_row_json(rows[row]) for row in covered if row in rows],
        "steps": [_step_json(step) for step in case.steps],
        "source": source_of(case),
    }


def _step_json(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {"text": step.text, "line": step.place.line, "rows": list(step.rows)}
    if isinstance(step, Repeat):
        told["steps"] = [_step_json(one) for one in step.steps]
    return told


def covered_by(case: Case) -> list[str]:
    """The rows that a case checks: its own, and those that its steps name."""
    return list(dict.fromkeys([*case.covers, *rows_of(case.steps)]))


def _row_json(row: Requirement) -> dict[str, Any]:
    return {
        "id": row.id,
        "section": row.section,
        "level": row.level.value,
        "severity": row.severity,
        "role": sorted(row.role),
        "text": row.text,
        "about": list(row.about),
        "excluded": row.excluded,
        "table": row.table,
    }


# A requirement row, a message, a vendor's table


def _explain_row(library: Library, name: str, suites: Path, runs: Path, as_json: bool) -> None:
    rules = {rule.value: one.rows for rule, one in library.rules.rules.items()}
    streams, unread = read_runs(streams_under(runs), rules)
    base = library.specification.overlay is None
    explanation = explain_row(
        library.specification,
        name,
        declare(library.cases, rules),
        streams,
        overlays_on(library.specification, suites / TABLES_FOLDER) if base else (),
    )
    if as_json:
        print_json(row_json(explanation))
    else:
        _print(row_lines(explanation))
    for error in unread:
        sys.stderr.write(printable(f"not read: {error.place or ''} {error.cause}") + "\n")


def _explain_message(library: Library, name: str, suites: Path, as_json: bool) -> None:
    specification = library.specification
    base = specification.overlay is None
    overlays = overlays_on(specification, suites / TABLES_FOLDER) if base else []
    if as_json:
        print_json(message_json(specification, name, overlays))
    else:
        _print(message_lines(specification, name, overlays))


def _explain_profile(specification: Specification, as_json: bool) -> None:
    if as_json:
        print_json(profile_json(specification))
    else:
        _print(profile_lines(specification))


def _print(lines: Iterable[Line]) -> None:
    Screen(sys.stdout).print(lines)
