"""What is known about one row, one message or one vendor's table: `l2tp-harness explain`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageError
from harness.located import suggest
from harness.report.coverage.declared import Declared
from harness.report.coverage.judged import Judged, RunRecord
from harness.report.coverage.matrix import State, cover
from harness.report.coverage.told import run_json, worst
from harness.report.evidence import safe
from harness.report.lines import Line, line, verdict_piece
from harness.run.events import Verdict
from harness.spec.load import load_specification
from harness.spec.model import MessageSpec, Requirement, Specification
from harness.spec.overlay import Departure, departures, message_departures, row_departure, sides
from harness.spec.overlay_table import overlay_folders

Json = dict[str, Any]

_LISTED: Final = 60
_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class RowInRun:
    """What a run said about a row. `judged` is empty when no check of it came to a verdict."""

    run: RunRecord
    judged: tuple[Judged, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest; `none` where nothing was judged."""
        return worst(each.verdict for each in self.judged)


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """A row, who names it, what the last runs said, and what vendors' tables make of it.

    `others`: the departure of each overlay on the same specification that reads it otherwise, by
    the overlay's name.
    """

    specification: Specification
    row: Requirement
    state: State
    cases: tuple[str, ...]
    rules: tuple[str, ...]
    runs: tuple[RowInRun, ...]
    others: tuple[tuple[str, Departure], ...]


def overlays_on(specification: Specification, tables: Path) -> list[Specification]:
    """The overlays in a folder of tables that lie on this specification. `DataError(s)`."""
    loaded = [load_specification(folder) for folder in overlay_folders(tables)]
    return [one for one in loaded if one.overlay and one.overlay.base.name == specification.name]


def explain_row(
    specification: Specification,
    name: str,
    declared: Declared,
    runs: Sequence[RunRecord] = (),
    overlays: Iterable[Specification] = (),
) -> RowExplanation:
    """All about a row; runs of the side that it does not bind are left out.

    Raises `UsageError` with a suggestion for a name that is no row, in whatever case it is written.
    """
    known = specification.requirements
    row = known.get(name) or next(
        (known[one] for one in known if one.lower() == name.lower()), None
    )
    if row is None:
        raise UsageError(
            "explain.unknown-row",
            f"{specification.name} has no row {name!r}",
            hint=suggest(name, known),
        )
    covered = cover(specification, runs).rows[row.id]
    told = [
        RowInRun(run, tuple(cell.judged for cell in covered.cells if cell.run == number))
        for number, run in enumerate(runs)
        if any(role.value == run.role for role in row.role)
    ]
    found = [(one.name, row_departure(one, row.id)) for one in overlays]
    return RowExplanation(
        specification=specification,
        row=row,
        state=covered.state,
        cases=declared.cases.get(row.id, ()),
        rules=declared.rules.get(row.id, ()),
        runs=tuple(told),
        others=tuple((name, departure) for name, departure in found if departure),
    )


def row_lines(explanation: RowExplanation) -> list[Line]:
    """The row for a person."""
    row = explanation.row
    said = [line((row.id, "bold"), f"  {explanation.state}")]
    said += _labelled("at", [str(row.place)])
    said += _labelled(
        "section", [f"{row.section} {explanation.specification.sections[row.section]}"]
    )
    said += _labelled("level", [f"{row.level_name} (breaking it: {row.severity})"])
    said += _labelled("binds", [sides(row.role)])
    said += _labelled("text", [row.text])
    said += _labelled("about", [", ".join(row.about)] if row.about else [])
    said += _labelled("table", _table(explanation))
    for name, departure in explanation.others:
        said += _labelled(name, [departure.overlay])
    said += _labelled("taken back" if row.void else "excluded", [row.excluded or ""])
    said += _labelled("cases", _shortened(explanation.cases) or ["none"])
    said += _labelled("monitor", _shortened(explanation.rules) or ["none"])
    said += [each for told in explanation.runs for each in _run_lines(told)]
    return said


def row_json(explanation: RowExplanation) -> Json:
    """The same as plain JSON values."""
    row = explanation.row
    return {
        "kind": "requirement",
        "id": row.id,
        "section": row.section,
        "level": row.level.value,
        "keyword": row.keyword,
        "severity": row.severity,
        "role": sorted(role.value for role in row.role),
        "text": row.text,
        "about": list(row.about),
        "excluded": row.excluded,
        "table": row.table,
        "void": row.void,
        "state": explanation.state.value,
        "cases": list(explanation.cases),
        "rules": list(explanation.rules),
        "runs": [
            {
                **run_json(told.run),
                "verdict": told.verdict.value,
                "judged": [
                    {
                        "case": each.case,
                        "rule": each.rule or None,
                        "verdict": each.verdict.value,
                        "times": each.times,
                    }
                    for each in told.judged
                ],
            }
            for told in explanation.runs
        ],
        "departures": [
            {"profile": name, "base": departure.base, "overlay": departure.overlay}
            for name, departure in explanation.others
        ],
    }


def _table(explanation: RowExplanation) -> list[str]:
    """By which table the row is judged, where there is more than one."""
    overlay = explanation.specification.overlay
    if overlay is None:
        return []
    departure = row_departure(explanation.specification, explanation.row.id)
    if departure is None:
        return [overlay.base.name]
    return [f"{overlay.name}; {overlay.base.name}: {departure.base}"]


def _run_lines(told: RowInRun) -> list[Line]:
    run = told.run
    verdict = verdict_piece(told.verdict) if told.judged else ("not judged", "yellow")
    head = safe(f"  {run.title} ({run.role.upper()}), {run.started}")
    said = [line((f"  {'last run':<{_WIDTH}}", "dim"), verdict, head)]
    graver = sorted(told.judged, key=lambda one: (one.verdict is Verdict.PASS, one.case))
    for each in graver[:_LISTED]:
        times = f", {each.times} times" if each.times > 1 else ""
        text = safe(f"  {_judge(each)}{times}")
        said.append(line(" " * (_WIDTH + 2), verdict_piece(each.verdict), text))
    if len(graver) > _LISTED:
        said.append(line(" " * (_WIDTH + 2), f"and {len(graver) - _LISTED} more"))
    return said


def _judge(judged: Judged) -> str:
    """The case, or the monitor rule and the case that it saw it in."""
    if not judged.rule:
        return judged.case
    within = f" in {judged.case}" if judged.case.rpartition("/")[2] not in ("", judged.rule) else ""
    return f"monitor rule {judged.rule}{within}"


# A message, and a vendor's table


def message_lines(
    specification: Specification, name: str, overlays: Iterable[Specification] = ()
) -> list[Line]:
    """A message, and how vendors' tables read it. UsageError for a name that is no message."""
    message = _message(specification, name)
    said = [line((message.name, "bold"), f"  {message.title}")]
    said += _labelled("at", [str(message.place)])
    said += _labelled("section", [message.section])
    said += _labelled("type", [str(message.type)])
    said += _labelled("sent by", [sides(message.senders)])
    said += _labelled("carries", [", ".join(message.mandatory)])
    said += _labelled("may carry", [", ".join(message.optional)] if message.optional else [])
    for one in overlays:
        if one.overlay is not None:
            reading = one.overlay.readings.get(message.name)
            told = [f"{each.aspect}: {each.overlay}" for each in message_departures(one, name)]
            told = told or [f"sender: as {specification.name}"]
            said += _labelled(one.name, told + ([reading.meaning] if reading else []))
    return said


def message_json(
    specification: Specification, name: str, overlays: Iterable[Specification] = ()
) -> Json:
    """The same as plain JSON values. UsageError for a name that is no message."""
    message = _message(specification, name)
    return {
        "kind": "message",
        "name": message.name,
        "title": message.title,
        "section": message.section,
        "type": message.type,
        "senders": sorted(role.value for role in message.senders),
        "mandatory": list(message.mandatory),
        "optional": list(message.optional),
        "departures": [
            {
                "profile": one.name,
                "aspect": each.aspect,
                "base": each.base,
                "overlay": each.overlay,
            }
            for one in overlays
            for each in message_departures(one, name)
        ],
    }


def _message(specification: Specification, name: str) -> MessageSpec:
    message = specification.message(name)
    if message is None:
        hint = suggest(name, specification.messages)
        raise UsageError("explain.unknown-message", f"there is no message {name!r}", hint=hint)
    return message


def profile_lines(specification: Specification) -> list[Line]:
    """A vendor's table, and where it departs from its base. UsageError where there is none."""
    overlay = specification.overlay
    if overlay is None:
        raise UsageError(
            "explain.no-overlay", f"{specification.name} is a specification of its own, no overlay"
        )
    said = [line((overlay.name, "bold"), f"  {overlay.title}, laid over {overlay.base.name}")]
    said += _labelled("source", [overlay.source])
    words = [f"{word}: the {role.upper()}" for word, role in overlay.sides.items()]
    said += _labelled("sides", words)
    said += _labelled("modes", [f"{mode}: {text}" for mode, text in overlay.modes.items()])
    said += [line(), line(("  message   sender                     meaning", "dim"))]
    for reading in overlay.readings.values():
        printed = f' (printed "{reading.printed}")' if reading.printed else ""
        head = f"  {reading.message:<10}{reading.sender:<27}"
        said.append(line(head, f"{reading.meaning}{printed}"))
    said += [line(), line((f"  departs from {overlay.base.name}", "bold"))]
    for each in departures(specification):
        said.append(line(f"  {each.subject:<34}{each.aspect:<10}", each.overlay))
        said.append(line(f"  {'':<34}{overlay.base.name + ':':<10}", (each.base, "dim")))
    return said


def profile_json(specification: Specification) -> Json:
    """The same as plain JSON values; `departures` is empty for a specification of its own."""
    overlay = specification.overlay
    told: Json = {
        "kind": "profile",
        "name": specification.name,
        "title": specification.title,
        "base": overlay.base.name if overlay else None,
        "departures": [
            {
                "subject": each.subject,
                "aspect": each.aspect,
                "base": each.base,
                "overlay": each.overlay,
            }
            for each in departures(specification)
        ],
    }
    if overlay is not None:
        told |= {
            "source": overlay.source,
            "sides": {word: role.value for word, role in overlay.sides.items()},
            "modes": dict(overlay.modes),
            "unlisted": list(overlay.unlisted),
            "messages": {
                name: {
                    "sender": reading.sender,
                    "senders": sorted(role.value for role in reading.senders),
                    "printed": reading.printed or None,
                    "avps": dict(reading.avps),
                    "meaning": reading.meaning,
                }
                for name, reading in overlay.readings.items()
            },
        }
    return told


def _labelled(label: str, texts: Sequence[str]) -> list[Line]:
    return [
        line((f"  {label if number == 0 else '':<{_WIDTH}}", "dim"), safe(text))
        for number, text in enumerate(texts)
        if text
    ]


def _shortened(names: Sequence[str]) -> list[str]:
    if len(names) <= _LISTED:
        return list(names)
    return [*names[:_LISTED], f"and {len(names) - _LISTED} more"]
