"""Coverage as lines for a person, and as plain JSON values. The keys: reports/coverage.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.report.coverage.judged import RunRecord
from harness.report.coverage.matrix import Coverage, Part, RowCoverage, State
from harness.report.evidence import safe
from harness.report.lines import STYLES, Line, line
from harness.run.baseline import MONITOR
from harness.run.events import Verdict
from harness.run.verdicts import GRAVITY

Json = dict[str, Any]

_LISTED: Final = 40
_TEXT: Final = 110
_STATES: Final = {State.COVERED: "green", State.EXCLUDED: "dim", State.RED: "bold red"}


def coverage_json(coverage: Coverage) -> Json:
    """All of it as plain JSON values."""
    whole = coverage.whole
    return {
        "specification": coverage.specification.name,
        "rows": whole.rows,
        "covered": whole.covered,
        "excluded": whole.excluded,
        "red": list(whole.red),
        "by_section": _parts_json(coverage.by_section),
        "by_level": _parts_json(coverage.by_level),
        "by_role": _parts_json(coverage.by_role),
        "declared": sum(coverage.declared.names(row) for row in coverage.rows),
        "not_executed": list(coverage.not_executed),
        "excluded_yet_judged": list(coverage.excluded_yet_judged),
        "unknown_rows": dict(sorted(coverage.foreign.items())),
        "runs": [run_json(run) for run in coverage.runs],
        "matrix": {
            name: [
                {
                    "run": cell.run,
                    "case": cell.judged.case,
                    "rule": cell.judged.rule or None,
                    "verdict": cell.judged.verdict.value,
                    "times": cell.judged.times,
                }
                for cell in row.cells
            ]
            for name, row in coverage.rows.items()
            if row.cells
        },
    }


def run_json(run: RunRecord) -> Json:
    """A run in a few values."""
    return {
        "device": run.device,
        "role": run.role,
        "specification": run.specification,
        "started": run.started,
        "cases": len(run.shown),
        "judged_by": run.by_table,
        "problem": run.problem or None,
    }


def _parts_json(parts: Mapping[str, Part]) -> Json:
    return {
        name: {
            "title": part.title,
            "rows": part.rows,
            "covered": part.covered,
            "excluded": part.excluded,
            "red": list(part.red),
        }
        for name, part in parts.items()
    }


def coverage_lines(
    coverage: Coverage, *, matrix: bool = False, all_red: bool = False
) -> list[Line]:
    """What a person reads: the sums, then the red rows; `matrix` adds every row with its verdicts.

    `all_red`: list every red row rather than the first of them.
    """
    said = [line((coverage.specification.name, "bold"), ": ", *_sum(coverage.whole))]
    said += [_run_line(run) for run in coverage.runs if run.shown or run.problem]
    empty = sum(not (run.shown or run.problem) for run in coverage.runs)
    if empty:
        said.append(line((f"  {empty} more came to no case", "dim")))
    if not coverage.runs:
        said.append(line("  ", ("no run", "yellow"), ": nothing has been executed"))
    said += [line(), *_table("section", coverage.by_section)]
    said += [line(), *_table("level", coverage.by_level)]
    said += [line(), *_table("binds", coverage.by_role)]
    if matrix:
        said += [line(), *(_row_line(row) for row in coverage.rows.values())]
    said += _red(coverage, len(coverage.red) if all_red else _LISTED)
    said += _oddities(coverage)
    return said


def _sum(part: Part) -> list[str | tuple[str, str]]:
    red = (f"{len(part.red)} red", "bold red" if part.red else "green")
    return [
        f"{part.rows} rows: ",
        (f"{part.covered} covered", "green"),
        f", {part.excluded} excluded, ",
        red,
    ]


def _run_line(run: RunRecord) -> Line:
    broken = f", broke off: {run.problem}" if run.problem else ""
    tables = ", ".join(f"{count} by {name}" for name, count in run.by_table.items())
    judged = f", rows judged: {tables or 'none'}"
    role = f" ({run.role.upper()})" if run.role else ""
    text = f"  {run.title}{role}, {_cases(run)}, {run.started}{judged}"
    return line(safe(text), (safe(broken), "bold red"))


def _cases(run: RunRecord) -> str:
    """How many cases have ended; the monitors' rules are none."""
    number = sum(not case.startswith(MONITOR) for case in run.shown)
    return f"{number} case{'s' * (number != 1)}"


def _table(heading: str, parts: Mapping[str, Part]) -> list[Line]:
    said = [line((f"  {heading:<24}{'rows':>6}{'covered':>9}{'excluded':>10}{'red':>6}", "dim"))]
    for name, part in parts.items():
        title = f"  {part.title}" if part.title != name else ""
        red = len(part.red)
        said.append(
            line(
                f"  {name:<24}{part.rows:>6}{part.covered:>9}{part.excluded:>10}",
                (f"{red:>6}", "bold red" if red else "green"),
                (title if heading == "section" else "", "dim"),
            )
        )
    return said


def _row_line(row: RowCoverage) -> Line:
    requirement = row.requirement
    verdicts = Counter(cell.judged.verdict for cell in row.cells)
    pieces: list[str | tuple[str, str]] = []
    for verdict in GRAVITY:
        if verdicts[verdict]:
            pieces += [" ", (f"{verdicts[verdict]} {verdict}", STYLES[verdict])]
    return line(
        f"  {requirement.id:<44}",
        (f"{row.state:<10}", _STATES[row.state]),
        f"{requirement.level_name:<24}",
        *pieces,
    )


def _red(coverage: Coverage, most: int) -> list[Line]:
    if not coverage.red:
        return []
    said = [line(), line(("  red", "bold red"), ": neither covered nor excluded")]
    for name in coverage.red[:most]:
        requirement = coverage.rows[name].requirement
        declared = "  (declared, not executed)" if coverage.declared.names(name) else ""
        text = safe(requirement.text, _TEXT)
        said.append(line(f"  {name:<44}{requirement.level_name:<24}", text, (declared, "yellow")))
    if len(coverage.red) > most:
        said.append(line(f"  and {len(coverage.red) - most} more"))
    return said


def _oddities(coverage: Coverage) -> list[Line]:
    said: list[Line] = []
    if coverage.not_executed:
        count = len(coverage.not_executed)
        text = f": {count} red row{'s' * (count != 1)} that cases or monitor rules name"
        said += [line(), line(("  declared, not executed", "yellow"), text)]
    for row in coverage.excluded_yet_judged:
        said.append(line(("  excluded, yet judged", "yellow"), f": {row}"))
    for row, times in coverage.foreign.items():
        text = f": {row}, {times} times"
        said.append(line(("  no row of this specification", "yellow"), safe(text)))
    return said


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of verdicts; `none` of none."""
    return min(verdicts, key=GRAVITY.index, default=Verdict.NONE)
