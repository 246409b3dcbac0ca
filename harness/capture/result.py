"""What a check of captures found, as JSON values and as text."""

from __future__ import annotations

from typing import Any, Final

from harness.capture.check import CheckResult, FileResult
from harness.spec.monitor import Entry, RuleTable
from harness.wire.text import printable

_LISTED_FRAMES: Final = 4
_LISTED_SOURCES: Final = 4

Json = dict[str, Any]


def as_json(result: CheckResult) -> Json:
    """`{frames, conversations, findings: [{rule, row, level, count, first_frame, …}], files}`.

    One finding for each rule and nearest row, the worst first. `level` is the key word of its
    strictest row, `severity` what it comes to: fail, warn or note.
    """
    return {
        "frames": result.frames,
        "conversations": result.conversations,
        "findings": [
            _finding(entry, one, result.rules) for one in result.files for entry in one.entries
        ],
        "files": [_file(one) for one in result.files],
    }


def _finding(entry: Entry, file: FileResult, rules: RuleTable) -> Json:
    first = entry.first
    return {
        "rule": entry.rule.value,
        "row": entry.rows[0],
        "level": rules.level(first.rows),
        "count": entry.count,
        "first_frame": first.frames[0],
        "severity": entry.severity,
        "title": rules.rules[entry.rule].title,
        "text": first.text,
        "rows": list(entry.rows),
        "frames": list(first.frames),
        "offset": first.offset,
        "certain": first.certain,
        "policy": first.policy,
        "source": list(first.source),
        "hosts": list(entry.sources),
        "file": str(file.path),
    }


def _file(file: FileResult) -> Json:
    error = file.error
    return {
        "file": str(file.path),
        "frames": file.frames,
        "messages": file.messages,
        "conversations": file.conversations,
        "shortened": file.shortened,
        "foreign": file.foreign,
        "link_types_not_read": sorted(file.unread),
        "cut": file.cut,
        "error": None
        if error is None
        else {"code": error.code, "cause": error.cause, "hint": error.hint},
    }


def as_text(result: CheckResult) -> list[str]:
    """Lines for a person, safe for a terminal."""
    lines: list[str] = []
    for file in result.files:
        lines += _file_lines(file, result.rules)
    return [printable(line) for line in lines]


def _file_lines(file: FileResult, rules: RuleTable) -> list[str]:
    lines = [
        f"{file.path}: {_counted(file.frames, 'frame')}, {_counted(file.messages, 'L2TP message')}"
        f" in {_counted(file.conversations, 'conversation')}"
    ]
    if file.error is not None:
        lines.append(f"  {file.error.cause} [{file.error.code}]")
    lines += [f"  {remark}" for remark in remarks(file)]
    for entry in file.entries:
        lines += _entry_lines(entry, rules)
    lines.append(f"  {_summary(file)}")
    return lines


def remarks(file: FileResult) -> list[str]:
    """What is to be known about what was not judged."""
    said = []
    if file.cut is not None:
        said.append(f"the file is cut: it ends {file.cut}")
    if file.shortened:
        said.append(f"{_counted(file.shortened, 'message')} captured in part only, not judged")
    if file.foreign:
        said.append(f"{_counted(file.foreign, 'datagram')} of L2F or L2TPv3, not judged")
    if file.unread:
        listed = ", ".join(map(str, sorted(file.unread)))
        said.append(f"packets of link type {listed} are not understood")
    return said


def _entry_lines(entry: Entry, rules: RuleTable) -> list[str]:
    first = entry.first
    requirement = rules.specification.requirements[entry.rows[0]]
    times = f" x{entry.count}" if entry.count > 1 else ""
    frames = ", ".join(f"#{number}" for number in first.frames[1 : 1 + _LISTED_FRAMES])
    against = f" against {frames}" if frames else ""
    octet = f", octet {first.offset}" if first.offset is not None else ""
    hosts = ", ".join(entry.sources[:_LISTED_SOURCES])
    policy = f", {first.policy}" if first.policy else ""
    lines = [
        f"  {entry.severity:<4}  {entry.rule}{times}: {first.text}",
        f"        frame #{first.frames[0]}{octet}{against}, from {hosts}",
        f"        {requirement.id} ({rules.level(first.rows)}{policy}): {requirement.text}",
    ]
    if not first.certain:
        lines.append("        not certain: frames that are missing in the capture would explain it")
    return lines


def _summary(file: FileResult) -> str:
    entries = file.entries
    if not file.messages:
        return "nothing judged"
    if not entries:
        return "nothing found"
    counts = {
        severity: sum(entry.severity == severity for entry in entries)
        for severity in ("fail", "warn", "note")
    }
    return ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
