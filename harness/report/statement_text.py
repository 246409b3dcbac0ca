"""A statement of conformance as Markdown, for people and for the comparison with a fresh one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from harness.device.description.ics import CAPABILITIES
from harness.report.evidence import safe
from harness.report.statement import Deviation, Standing, Statement
from harness.run.events import Row, Verdict
from harness.spec.model import Role

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")
NOT_LOOKED_INTO: Final = "### Not looked into"
"""The heading of what the device's baseline does not list."""
_NAMED: Final = 12
"""Cases that are named one by one before they are only counted by their kind."""

_LEVELS: Final = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "implied")
_MEANING: Final = {
    Standing.KEPT: "every check about it held",
    Standing.BROKEN: "a check about it failed",
    Standing.WEAK: "a check about it warned: a broken SHOULD, or leniency towards a wrong peer",
    Standing.UNTESTED: "it concerns an option that is not claimed, or no check came that far",
    Standing.UNTESTABLE: "no peer on the wire can judge it",
}
_IXIT: Final = {
    "address": "IP address on which it listens",
    "port": "UDP port",
    "secret": "shared secret of tunnel authentication",
    "host_name": "Host Name that it announces",
    "hello_interval": "seconds of silence before a HELLO",
    "retransmit": "retransmission of what is not acknowledged",
    "max_tunnels": "tunnels at a time, at most",
    "max_sessions": "calls in a tunnel at a time, at most",
    "actions": "what it can be told to do",
}


def markdown(statement: Statement) -> str:
    """The whole statement."""
    parts = [
        _head(statement),
        _requirements(statement),
        _deviations(statement),
        *([_by_chance(statement)] if statement.by_chance else []),
        _variants(statement),
        _skipped(statement),
        _not_testable(statement),
        _proforma(statement),
    ]
    return "\n".join(line for part in parts for line in [*part, ""]).rstrip("\n") + "\n"


def _head(statement: Statement) -> Iterator[str]:
    header, counts = statement.header, statement.verdicts
    total = statement.count(statement.standings)
    cases = sum(counts.values())
    told = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts.get(each))
    yield f"# Statement of conformance: {text(header.title)}"
    yield ""
    yield "Made by the harness from a run, not typed: `l2tp-harness report RUN --statement FILE`."
    yield ""
    yield from table(
        ("", ""),
        [
            ("Device", f"{text(header.title)} (`{safe(header.device)}`)"),
            ("Version", text(header.version) or "not known"),
            ("Role", header.role.upper()),
            ("Specification", text(header.specification)),
            ("Harness", f"l2tp-harness {text(header.harness)}"),
            ("Selection", text(" ".join(header.selection)) or "all cases"),
            ("Cases", f"{cases}: {told}"),
            ("Requirements", f"{total.total()}: {_counted(total)}"),
        ],
    )
    if header.selection:
        yield ""
        yield "**A part of the cases was run: what is not here was not looked at.**"


def _counted(counts: Counter[Standing]) -> str:
    return ", ".join(f"{counts[each]} {each}" for each in Standing if counts[each])


def _requirements(statement: Statement) -> Iterator[str]:
    rows = statement.rows
    yield "## Requirements"
    yield ""
    yield f"Those that bind {_article(statement.header.role)}; a row per rule of the specification."
    yield ""
    yield from (f"- *{each}*: {_MEANING[each]}" for each in Standing)
    yield ""
    yield from _counts_by(statement, "Level", lambda row: row.level, key=_level)
    yield ""
    yield from _counts_by(
        statement, "Section", lambda row: f"{row.section} {row.level}", key=_section_and_level
    )
    yield ""
    yield "Broken or weak:"
    yield ""
    listed = [
        (f"`{name}`", rows[name].level, str(one), text(rows[name].text))
        for name, one in statement.standings.items()
        if one in (Standing.BROKEN, Standing.WEAK)
    ]
    yield from table(("Requirement", "Level", "", "In our words"), listed)


def _article(role: str) -> str:
    return Role(role).one if role in tuple(Role) else "the device"


def _counts_by(
    statement: Statement, heading: str, of: Callable[[Row], str], key: Callable[[str], object]
) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for name, row in statement.rows.items():
        groups.setdefault(of(row), []).append(name)
    lines = []
    for group in sorted(groups, key=key):  # type: ignore[arg-type]
        counts = statement.count(groups[group])
        numbers = [str(counts[each] or "") for each in Standing]
        lines.append((text(group), str(len(groups[group])), *numbers))
    yield from table((heading, "Rows", *map(str, Standing)), lines)


def _level(level: str) -> tuple[int, str]:
    bare = level.removesuffix(" (lower case)")
    return (_LEVELS.index(bare) if bare in _LEVELS else len(_LEVELS), level)


def _section_and_level(group: str) -> tuple[list[tuple[int, int, str]], tuple[int, str]]:
    section, _, level = group.partition(" ")
    pieces = [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in section.split(".")
    ]
    return pieces, _level(level)


def _deviations(statement: Statement) -> Iterator[str]:
    known = [one for one in statement.deviations if one.reason]
    unknown = [one for one in statement.deviations if not one.reason]
    yield "## Deviations"
    yield ""
    if not statement.deviations:
        yield "None was found."
    elif known:
        yield (
            "Each has been looked into by hand. `fail`: a MUST is broken, or the device died or"
            " harmed other tunnels or calls; `warn`: a SHOULD is broken, or the device is lenient"
            " towards a peer that is wrong; `inconc`: what a case needs first did not come up."
        )
    for number, one in enumerate(known, 1):
        yield ""
        yield f"### {number}. {one.verdict}: {_sections(statement, one)}"
        yield ""
        yield text(one.reason)
        yield ""
        yield from _evidence(statement, one)
    for one in unknown:
        yield ""
        yield NOT_LOOKED_INTO
        yield ""
        yield "What the device's baseline does not list."
        yield ""
        yield from _evidence(statement, one)


def _by_chance(statement: Statement) -> Iterator[str]:
    yield "## By chance"
    yield ""
    yield (
        "The device does this in few runs only, whatever it is asked. This run showed it; what is"
        " said of the requirements above is without it."
    )
    for one in statement.by_chance:
        yield ""
        yield text(one.reason)
        yield ""
        yield from _evidence(statement, one)


def _sections(statement: Statement, deviation: Deviation) -> str:
    rows = statement.header.rows
    found = dict.fromkeys(rows[name].section for name in deviation.rows if name in rows)
    return f"section {', '.join(found)}" if found else "survival"


def _evidence(statement: Statement, deviation: Deviation) -> Iterator[str]:
    rows = statement.header.rows
    for name in deviation.rows:
        row = rows.get(name)
        yield f"- `{name}` ({row.level}): {text(row.text)}" if row else f"- `{safe(name)}`"
    if deviation.policies:
        yield f"- policy: {', '.join(map(text, deviation.policies))}"
    yield f"- checks: {'; '.join(map(text, deviation.checks)) or 'none'}"
    yield f"- cases: {_cases(deviation.cases)}"


def _cases(cases: Sequence[str]) -> str:
    """Cases by name; of many, how many instances of which."""
    if len(cases) <= _NAMED:
        return ", ".join(f"`{safe(case)}`" for case in cases)
    kinds = Counter(case.partition("[")[0] for case in cases)
    named = [f"`{safe(kind)}`{f' ({count})' if count > 1 else ''}" for kind, count in kinds.items()]
    return f"{len(cases)}: {', '.join(named)}"


def _variants(statement: Statement) -> Iterator[str]:
    yield "## Variants"
    yield ""
    if not statement.variants:
        yield "None was noted."
        return
    yield "Which way the device went where the RFC leaves the choice. None of this is a deviation."
    yield ""
    yield from table(
        ("Policy", "What it did", "Cases"),
        [(one.policy, text(one.text), _cases(one.cases)) for one in statement.variants],
    )


def _skipped(statement: Statement) -> Iterator[str]:
    yield "## Options not claimed"
    yield ""
    if not statement.skipped:
        yield "Every case was run."
        return
    yield from table(
        ("Why", "Cases not run"),
        [(text(why), str(len(cases))) for why, cases in statement.skipped.items()],
    )


def _not_testable(statement: Statement) -> Iterator[str]:
    rows = statement.rows
    yield "## Requirements that are not testable"
    yield ""
    yield from table(
        ("Requirement", "Level", "In our words", "Why not"),
        [
            (f"`{name}`", rows[name].level, text(rows[name].text), text(rows[name].excluded))
            for name, one in statement.standings.items()
            if one is Standing.UNTESTABLE
        ],
    )


def _proforma(statement: Statement) -> Iterator[str]:
    header = statement.header
    yield "## ICS"
    yield ""
    yield "Implementation conformance statement (ISO/IEC 9646-7): what the device claims."
    yield ""
    yield from table(
        ("Item", "Capability", "Claimed"),
        [
            (f"`{safe(name)}`", text(CAPABILITIES.get(name, "")), text(value))
            for name, value in header.ics.items()
        ],
    )
    yield ""
    yield "## IXIT"
    yield ""
    yield "Implementation extra information for testing (ISO/IEC 9646-5): what the tester was told."
    yield ""
    yield from table(
        ("Item", "Meaning", "Value"),
        [
            (f"`{safe(name)}`", text(_IXIT.get(name, "of this device")), text(value))
            for name, value in header.ixit.items()
        ],
    )


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table whose cells are Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(line)} |" for line in lines)


def text(value: str) -> str:
    """A text on one line, in which nothing is Markdown and nothing steers a terminal."""
    return _SPECIAL.sub(r"\\\1", safe(" ".join(value.split())))
