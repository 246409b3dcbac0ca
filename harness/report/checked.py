"""A check of captures told as a run: the events from which all reports are made.

One rule is one case, `monitor/<rule>`, as in a run; of several files each has its own. What was
broken fails it, with a count and the first evidence; a rule that was put to a datagram and kept is
a pass. `capture/read` says for each file whether it could be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from harness import __version__
from harness.capture import CheckResult
from harness.capture.check import FileResult
from harness.capture.detect import Seen
from harness.capture.result import remarks
from harness.errors import EXIT_NOTHING_SELECTED, DataError
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    Direction,
    Event,
    Expectation,
    Footer,
    Frame,
    Header,
    Note,
    Row,
    RunError,
    Verdict,
)
from harness.run.monitoring import SUITE, VERDICTS
from harness.run.run import names_of
from harness.run.tally import Tally
from harness.run.verdicts import GRAVITY
from harness.spec.model import Role
from harness.spec.monitor import Entry, Rule
from harness.wire import parse
from harness.wire.text import Names, summary

READ_SUITE: Final = "capture"
_EXPECTED: Final = "a capture with L2TP in it that can be read to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a check was asked for. `role`: of the side that is judged, None for both sides."""

    name: str
    title: str
    command: str
    folder: Path
    started: datetime
    role: Role | None = None


def no_l2tp(result: CheckResult) -> DataError:
    """There is nothing to judge, which must not look like a good capture."""
    names = ", ".join(str(one.path) for one in result.files)
    cut = any(one.shortened for one in result.files)
    error = DataError(
        "capture.no-l2tp",
        f"there is no L2TP in {names}",
        hint="its packets were cut: capture whole ones, by tcpdump -s 0"
        if cut
        else "a tunnel is found by a control message on any port, or by anything on port 1701",
    )
    error.exit_code = EXIT_NOTHING_SELECTED
    return error


def problem_of(result: CheckResult) -> DataError | None:
    """Why there is no full answer, if so: a file that cannot be read, or nothing to judge."""
    if result.errors:
        return result.errors[0]
    return None if any(one.messages for one in result.files) else no_l2tp(result)


def events_of(result: CheckResult, asked: Asked, wall_s: float) -> Iterator[Event]:
    """The stream of a check, from its header to its footer. `wall_s`: how long it has taken."""
    rules = result.rules
    names = names_of(rules.specification)
    tally = Tally()
    known = rules.specification.requirements
    rows = dict.fromkeys(row for rule in rules.rules.values() for row in rule.rows)
    cases = [list(_file_events(result, one, names)) for one in result.files]
    yield Header(
        harness=__version__,
        device=asked.name,
        title=asked.title,
        role=asked.role.value if asked.role else "",
        specification=rules.specification.name,
        started=asked.started.astimezone(UTC).isoformat(timespec="milliseconds"),
        selection=(),
        cases=sum(isinstance(event, CaseStart) for events in cases for event in events),
        command=asked.command,
        seed=0,
        rows={
            row: Row(known[row].section, known[row].level.value, known[row].text, known[row].table)
            for row in rows
            if row in known
        },
        capture=_beside(result, asked.folder),
        virtual_time=True,
        replay=asked.command,
    )
    for event in (event for events in cases for event in events):
        tally.add(event)
        yield event
    problem = problem_of(result)
    footer: Footer = tally.footer(
        wall_s=wall_s, error=RunError.of(problem) if problem is not None else None
    )
    yield footer


def _beside(result: CheckResult, folder: Path) -> str | None:
    """The capture as somebody in the folder of the reports would write it.

    None of several files, and of a pipe.
    """
    if len(result.files) != 1 or not result.files[0].path.is_file():
        return None
    return os.path.relpath(result.files[0].path, folder)


def _file_events(result: CheckResult, file: FileResult, names: Names) -> Iterator[Event]:
    axes = f"[file={file.path}]" if len(result.files) > 1 else ""
    yield from _reading(file, axes)
    entries: dict[str, list[Entry]] = {}
    for entry in file.entries:
        entries.setdefault(entry.rule.value, []).append(entry)
    for rule in result.rules.rules.values():
        broken = entries.get(rule.id.value, [])
        kept = {row: n for (found, row), n in file.applied.items() if found is rule.id}
        if broken or kept:
            yield from _rule_events(result, file, rule, broken, kept, names, axes)


def _reading(file: FileResult, axes: str) -> Iterator[Event]:
    """The case that says what the file is."""
    case = f"{READ_SUITE}/read{axes}"
    yield CaseStart(
        case=case,
        suite=READ_SUITE,
        title=f"{file.path} can be read",
        purpose="The capture can be read to its end, and there is L2TP in it.",
        file="",
        line=0,
        covers=(),
        at=0.0,
    )
    found = f"{file.frames} frames, {file.messages} L2TP messages"
    if file.error is not None:
        verdict, reason = Verdict.ERROR, f"{file.error.cause} [{file.error.code}]"
    elif not file.messages:
        verdict, reason = Verdict.SKIP, f"there is no L2TP in it: {found}"
    else:
        verdict, reason = Verdict.PASS, ""
    yield Check(case, None, 0.0, "read", (), "", verdict, _EXPECTED, reason or found)
    for text in remarks(file):
        yield Note(case, 0.0, text)
    expected = Expectation.UNEXPECTED if verdict is Verdict.ERROR else Expectation.EXPECTED
    yield CaseEnd(case, 0.0, verdict, expected, reason, 0.0, 1)


def _rule_events(
    result: CheckResult,
    file: FileResult,
    rule: Rule,
    broken: list[Entry],
    kept: dict[str, int],
    names: Names,
    axes: str,
) -> Iterator[Event]:
    case = f"{SUITE}/{rule.id.value}{axes}"
    at = _since(file, broken[0].first.at) if broken else 0.0
    yield CaseStart(
        case=case,
        suite=SUITE,
        title=rule.title,
        purpose=f"{rule.title}, in every datagram of the capture.",
        file=rule.place.file,
        line=rule.place.line,
        covers=rule.rows,
        at=at,
        monitor=True,
    )
    shown: dict[int, Frame] = {}
    for entry in broken:
        for seen in file.evidence.of(entry.first):
            shown.setdefault(seen.number, _frame(case, file, seen, entry, names))
    yield from (frame for _, frame in sorted(shown.items()))
    checks = [_broken(result, file, case, entry) for entry in broken]
    named = {row for entry in broken for row in entry.rows}
    rest = tuple(row for row in kept if row not in named)
    if rest:
        checks.append(_kept(result, case, rule, rest, sum(kept[row] for row in rest)))
    yield from checks
    for entry in broken:
        if entry.severity == "note":
            unsure = "" if entry.first.certain else ", which missing frames would explain"
            yield Note(case, _since(file, entry.first.at), entry.first.text + unsure, rule.policy)
    verdict = min((check.verdict for check in checks), key=GRAVITY.index)
    good = verdict is Verdict.PASS
    yield CaseEnd(
        case=case,
        at=at,
        verdict=verdict,
        expectation=Expectation.EXPECTED if good else Expectation.UNEXPECTED,
        reason="" if good else next(one.actual for one in checks if one.verdict is verdict),
        seconds=0.0,
        checks=len(checks),
    )


def _broken(result: CheckResult, file: FileResult, case: str, entry: Entry) -> Check:
    first = entry.first
    rule = result.rules.rules[entry.rule]
    where = f", octet {first.offset}" if first.offset is not None else ""
    return Check(
        case=case,
        step=None,
        at=_since(file, first.at),
        name=entry.rule.value,
        rows=entry.rows,
        level=result.rules.level(first.rows),
        verdict=VERDICTS[entry.severity],
        expected=rule.title,
        actual=f"frame #{first.frames[0]}{where}, from {', '.join(entry.sources)}: {first.text}",
        frames=first.frames,
        policy=first.policy,
        note="" if first.certain else "not certain: frames that are missing would explain it",
        count=entry.count,
    )


def _kept(result: CheckResult, case: str, rule: Rule, rows: tuple[str, ...], number: int) -> Check:
    return Check(
        case=case,
        step=None,
        at=0.0,
        name=rule.id.value,
        rows=rows,
        level=result.rules.level(rows),
        verdict=Verdict.PASS,
        expected=rule.title,
        actual=f"kept {number} times",
        count=number,
    )


def _frame(case: str, file: FileResult, seen: Seen, entry: Entry, names: Names) -> Frame:
    """A datagram; what the side at fault sends is what is received from the IUT."""
    theirs = seen.source[0] == entry.first.source[0]
    return Frame(
        case=case,
        number=seen.number,
        at=_since(file, seen.at),
        direction=Direction.RECEIVED if theirs else Direction.SENT,
        source=seen.source,
        destination=seen.destination,
        data=seen.payload,
        summary=summary(parse(seen.payload), names),
    )


def _since(file: FileResult, at: float) -> float:
    """Seconds since the first packet; the clock of whoever captured may have been set back."""
    return max(0.0, at - file.began)
