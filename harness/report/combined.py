"""What the runs of several devices come to together: a summary, a table, one JUnit file."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.errors import EXIT_EXPECTED, EXIT_NOTHING_SELECTED, EXIT_UNEXPECTED
from harness.report.console import seconds
from harness.report.evidence import safe
from harness.report.lines import Line, line, verdict_piece
from harness.report.output import write_report
from harness.run.events import Verdict

_COUNTS: Final = ("tests", "failures", "errors", "skipped")
_MEANING: Final = {
    EXIT_EXPECTED: ("as expected", "green"),
    EXIT_UNEXPECTED: ("unexpected", "bold red"),
    EXIT_NOTHING_SELECTED: ("nothing selected", "dim"),
}


def combined_summary(summaries: Sequence[Mapping[str, Any]], code: int) -> dict[str, Any]:
    """The summaries of the runs, each with its `folder`, and the exit code of the whole."""
    return {"devices": list(summaries), "exit_code": code}


def combined_lines(summary: Mapping[str, Any]) -> list[Line]:
    """A table with a line for each device."""
    devices = summary["devices"]
    width = max(len(safe(one["device"])) for one in devices)
    return [line(), *(_line(one, width) for one in devices)]


def _line(one: Mapping[str, Any], width: int) -> Line:
    counts = one.get("verdicts", {})
    pieces: list[str | tuple[str, str]] = []
    for verdict in Verdict:
        if counts.get(verdict.value):
            told = verdict_piece(verdict, f"{counts[verdict.value]} {verdict}")
            pieces += [", " if pieces else "", told]
    meaning = _MEANING.get(one["exit_code"], ("error", "bold red"))
    wall = f"  {seconds(one['wall_s'])}" if "wall_s" in one else ""
    error = one.get("error") or {}
    why = f"  {safe(error['cause'], 120)} [{safe(error['code'])}]" if error else ""
    return line(
        (f"{safe(one['device']):<{width}}", "bold"), "  ", meaning, "  ", *pieces, wall, why,
        (f"  {safe(one['folder'])}", "dim"),
    )  # fmt: skip


def join_junit(files: Sequence[Path], target: Path) -> None:
    """Write the test suites of several JUnit files into one; a file that is missing is left out.

    HarnessError `report.unwritable` when that does not work.
    """
    root = ET.Element("testsuites", {"name": "l2tp-harness"})
    counts = dict.fromkeys(_COUNTS, 0)
    time = 0.0
    for file in files:
        if not file.is_file():
            continue
        suites = ET.parse(file).getroot()  # noqa: S314 -- the harness itself has written it
        for name in _COUNTS:
            counts[name] += int(suites.get(name, "0"))
        time = max(time, float(suites.get("time", "0")))
        root.extend(suites)
    for name, count in counts.items():
        root.set(name, str(count))
    root.set("time", f"{time:.6f}")
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    write_report(target, text + b"\n")
