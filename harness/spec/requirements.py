"""The rows of RFC 2661: those typed in requirements.yaml, and those that the tables give.

A derived row needs no typing: that an SCCRQ carries a Host Name, or that a Tie Breaker has M = 0,
already stands in a table. Its id is made of section, message or AVP, and what it is about:
`RFC2661-6.1-SCCRQ-host_name`, `RFC2661-4.4.3-host_name-M`, `RFC2661-4.4.2-CDN-4`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from harness.errors import DataError, Place
from harness.located import Node, suggest
from harness.spec.avp_table import read_level
from harness.spec.faults import Faults
from harness.spec.model import (
    ALL_MESSAGES,
    BOTH_ROLES,
    MAX_VALUE_OCTETS,
    Aspect,
    AvpSpec,
    Keyword,
    Level,
    MessageSpec,
    Requirement,
    ResultCode,
    Role,
    StateRow,
)
from harness.spec.tables import Results, read_names, read_role

_REQUIRED = ("id", "section", "level", "role", "text")
_KEYS = (*_REQUIRED, "keyword", "excluded", "about")


def read_requirements(root: Node) -> list[Requirement]:
    """The typed rows in the file's order; ids stand only once."""
    faults = Faults()
    rows: dict[str, Requirement] = {}
    for node in root.sequence():
        with faults.caught():
            row = _read_row(node)
            if row.id in rows:
                raise node.fail(
                    "spec.duplicate-id", f"{row.id} stands at {rows[row.id].place} already"
                )
            rows[row.id] = row
    faults.raise_any()
    return list(rows.values())


def _read_row(node: Node) -> Requirement:
    entry = node.mapping(_KEYS, required=_REQUIRED)
    level = read_level(entry["level"])
    keyword: Keyword = "lower" if level is Level.IMPLIED else "upper"
    if "keyword" in entry:
        if level is Level.IMPLIED:
            raise entry["keyword"].fail("spec.keyword", "an implied rule has no key word")
        keyword = "lower" if entry["keyword"].choice(("upper", "lower")) == "lower" else "upper"
    return Requirement(
        id=entry["id"].text(),
        section=entry["section"].text(),
        level=level,
        keyword=keyword,
        role=read_role(entry["role"]),
        text=" ".join(entry["text"].text().split()),
        excluded=" ".join(entry["excluded"].text().split()) if "excluded" in entry else None,
        about=read_names(entry["about"]) if "about" in entry else (),
        derived=False,
        place=node.place,
    )


def check_about(
    root: Node, rows: Iterable[Requirement], known: Collection[str]
) -> Iterator[DataError]:
    """An error for every word in `about` that is neither a message nor an AVP."""
    by_id = {row.id: row for row in rows}
    for node in root.sequence():
        entry = node.mapping()
        if "about" not in entry or entry["id"].text() not in by_id:
            continue
        for item in entry["about"].sequence():
            name = item.text()
            if name not in known:
                yield item.fail(
                    "spec.unknown-name",
                    f"{name!r} is neither a message nor an AVP",
                    hint=suggest(name, known),
                )


def derive(
    prefix: str,
    messages: Mapping[str, MessageSpec],
    avps: Mapping[str, AvpSpec],
    results: Results,
    states: Iterable[StateRow],
) -> Iterator[Requirement]:
    """All rows that the tables give."""
    for message in messages.values():
        yield from _of_message(prefix, message, avps)
    for avp in avps.values():
        yield from _of_avp(prefix, avp, messages)
    for codes in (*results.result_codes.values(), results.error_codes):
        for code in codes.values():
            if not code.reserved:
                yield _of_code(prefix, code)
    for row in states:
        yield _made(
            row.id,
            row.section,
            Level.IMPLIED,
            role=row.role,
            text=row.text(),
            about=tuple(dict.fromkeys((*row.messages, *row.sends))),
            place=row.place,
        )


def _made(
    row: str,
    section: str,
    level: Level,
    *,
    role: frozenset[Role],
    text: str,
    about: tuple[str, ...],
    place: Place,
    keyword: Keyword = "upper",
    excluded: str | None = None,
) -> Requirement:
    if level is Level.IMPLIED:
        keyword = "lower"
    return Requirement(row, section, level, keyword, role, text, excluded, about, True, place)


def _of_message(
    prefix: str, message: MessageSpec, avps: Mapping[str, AvpSpec]
) -> Iterator[Requirement]:
    def row(
        tail: str, level: Level, role: frozenset[Role], text: str, about: tuple[str, ...]
    ) -> Requirement:
        return _made(
            f"{prefix}-{message.section}-{message.name}-{tail}",
            message.section,
            level,
            role=role,
            text=text,
            about=(message.name, *about),
            place=message.place,
        )

    for name in message.mandatory:
        text = f"{message.name} carries the {avps[name].title} AVP."
        yield row(name, Level.MUST, message.senders, text, (name,))
    for name in message.optional:
        text = f"{message.name} may carry the {avps[name].title} AVP, and its receiver copes."
        yield row(name, Level.MAY, BOTH_ROLES, text, (name,))
    if len(message.senders) == 1:
        (sender,) = message.senders
        text = f"{message.name} is sent by the {sender.upper()} only."
        yield row("sender", Level.IMPLIED, BOTH_ROLES - message.senders, text, ())


def _of_avp(
    prefix: str, avp: AvpSpec, messages: Mapping[str, MessageSpec]
) -> Iterator[Requirement]:
    everywhere = ALL_MESSAGES in avp.messages
    senders = BOTH_ROLES if everywhere else _senders(avp, messages)

    def row(
        aspect: Aspect, level: Level, role: frozenset[Role], text: str, keyword: Keyword = "upper"
    ) -> Requirement:
        return _made(
            f"{prefix}-{avp.section}-{avp.name}-{aspect}",
            avp.section,
            level,
            keyword=keyword,
            role=role,
            text=text,
            about=(avp.name,),
            place=avp.place,
        )

    bit = int(avp.mandatory)
    yield row("M", Level.MUST, senders, f"The M bit of the {avp.title} AVP is {bit}.")
    if avp.hideable:
        text = f"The {avp.title} AVP may be hidden; its receiver reads it all the same."
        yield row("H", Level.MAY, BOTH_ROLES, text, "lower")
    else:
        text = f"The {avp.title} AVP is never hidden: its H bit is 0."
        yield row("H", Level.MUST_NOT, senders, text)
    yield row("length", avp.length_level, senders, _length_text(avp))
    if avp.judges_values:
        yield row("value", avp.value_level, senders, _value_text(avp))
    if not everywhere:
        text = f"The {avp.title} AVP belongs to {', '.join(avp.messages)} and no other message."
        yield row("messages", Level.IMPLIED, BOTH_ROLES, text)


def _of_code(prefix: str, code: ResultCode) -> Requirement:
    if code.message:
        text = f"Result Code {code.number} of a {code.message} stands for: {code.text}."
    else:
        text = f"General Error Code {code.number} stands for: {code.text}."
    return _made(
        f"{prefix}-{code.section}-{code.message or 'error'}-{code.number}",
        code.section,
        Level.IMPLIED,
        role=code.role,
        text=text,
        about=(code.message, "result_code") if code.message else ("result_code",),
        place=code.place,
        excluded=code.excluded,
    )


def _senders(avp: AvpSpec, messages: Mapping[str, MessageSpec]) -> frozenset[Role]:
    return frozenset[Role]().union(*(messages[name].senders for name in avp.messages))


def _length_text(avp: AvpSpec) -> str:
    least, most = avp.min_length, avp.max_length
    value = f"The value of the {avp.title} AVP"
    if least == most:
        return f"{value} has {_octets(least)}: its Length, not hidden, is {6 + least}."
    if most < MAX_VALUE_OCTETS:
        return f"{value} has {least} to {_octets(most)}."
    further = [field.name for field in avp.fields if field.optional]
    if further:
        return f"{value} has {_octets(least)}, then optionally {', then '.join(further)}."
    return f"{value} has {_octets(least)} or more." if least else f"{value} may have any length."


def _octets(number: int) -> str:
    return {0: "no octets", 1: "1 octet"}.get(number, f"{number} octets")


def _value_text(avp: AvpSpec) -> str:
    parts = [rule.text() for rule in avp.values]
    parts += [f"{field.name} is 0" for field in avp.fields if field.constant == 0]
    return f"In the {avp.title} AVP, {' and '.join(parts)}."
