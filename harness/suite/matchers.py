"""Matchers: what a value has to be, as `where`, `header` and `compare` say it.

A matcher is a literal, `present`, `absent`, one operator in a mapping (`{in: [..]}`), or for a
composite AVP a mapping of its fields to matchers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.located import Node, describe, suggest
from harness.spec.model import AvpSpec
from harness.suite.edits import Given
from harness.suite.model import Matcher
from harness.suite.reader import Reader, key_node, unknown
from harness.suite.step_keys import MATCHER_KEYS
from harness.suite.values import (
    check_field,
    octets_of,
    read_avp_value,
    read_field,
    read_octets,
    visible_fields,
)
from harness.suite.variables import has_placeholder
from harness.suite.vocabulary import HEADER_FIELDS
from harness.wire.fields import Field

_NUMBERED = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is matched: how a literal for it is read, and its parts if it has some."""

    name: str
    literal: Callable[[Node], Given]
    fields: Mapping[str, Subject] = field(default_factory=dict)


def read_avp_matchers(reader: Reader, node: Node) -> dict[str, Matcher]:
    """`where`: AVP names, or `vendor/type` for one without a definition, and their matchers."""
    matchers = {}
    for name, part in node.mapping().items():
        with reader.caught():
            matchers[name] = read_matcher(reader, part, _avp_subject(reader, key_node(node, name)))
    return matchers


def read_header_matchers(reader: Reader, node: Node) -> dict[str, Matcher]:
    """`header`: fields of the header and their matchers."""
    matchers = {}
    for name, part in node.mapping().items():
        with reader.caught():
            if name not in HEADER_FIELDS:
                raise unknown(key_node(node, name), HEADER_FIELDS, "header-field")
            matchers[name] = read_matcher(reader, part, Subject(f"header.{name}", _header_literal))
    return matchers


def read_matcher(reader: Reader, node: Node, subject: Subject) -> Matcher:
    """One matcher. Raises DataError."""
    if node.content == "present":
        return Matcher(present=True)
    if node.content == "absent":
        return Matcher(present=False)
    if not node.is_mapping:
        return Matcher(equals=subject.literal(node), has_equals=True)
    entries = node.mapping()
    if not entries:
        raise node.fail("suite.matcher", "an empty matcher says nothing", hint="write `present`")
    operators = [key for key in entries if key in MATCHER_KEYS and key not in subject.fields]
    if operators and len(entries) == 1:
        return _operator(reader, operators[0], entries[operators[0]], subject)
    if operators:
        raise node.fail(
            "suite.matcher",
            f"an operator stands alone, but here are {', '.join(entries)}",
            hint="use one operator for each value",
        )
    if not subject.fields:
        key = next(iter(entries))
        known = {**MATCHER_KEYS, "present": None, "absent": None}
        raise key_node(node, key).fail(
            "data.unknown-matcher",
            f"unknown matcher {key!r} ({subject.name} has no fields)",
            hint=suggest(key, known),
        )
    fields = {}
    for name, part in entries.items():
        with reader.caught():
            if name not in subject.fields:
                words = [*subject.fields, *MATCHER_KEYS]
                raise unknown(key_node(node, name), words, "field", subject.name)
            fields[name] = read_matcher(reader, part, subject.fields[name])
    return Matcher(fields=fields)


def free_subject(name: str) -> Subject:
    """A saved value, of which nothing is known when the suite is loaded."""
    return Subject(name, free_literal)


def free_literal(node: Node) -> Given:
    """A literal to compare with anything: a number, text, octets, true, false or nothing."""
    content = node.content
    if isinstance(content, str):
        octets = octets_of(node)
        return content if octets is None else octets
    if content is None or isinstance(content, int):
        return content
    raise node.fail("suite.matcher", f"{describe(content)} is no value to compare with")


def _operator(reader: Reader, name: str, node: Node, subject: Subject) -> Matcher:
    if name == "equals":
        return Matcher(equals=_value(reader, node, subject), has_equals=True)
    if name in {"in", "not"}:
        items = node.sequence() if name == "in" else node.items_or_one()
        if not items:
            raise node.fail("suite.matcher", f"{name}: an empty list matches nothing sensible")
        values = tuple(_value(reader, item, subject) for item in items)
        return Matcher(one_of=values) if name == "in" else Matcher(none_of=values)
    if name == "range":
        low, high = _bounds(node)
        return Matcher(low=low, high=high)
    if name == "bytes":
        return Matcher(equals=read_octets(node), has_equals=True)
    if name == "regex":
        return Matcher(pattern=_pattern(node))
    if node.is_sequence:
        low, high = _bounds(node)
        return Matcher(length=(low or 0, 0xFFFF if high is None else high))
    number = node.integer(0, 0xFFFF)
    return Matcher(length=(number, number))


def _value(reader: Reader, node: Node, subject: Subject) -> Given:
    """A literal inside an operator, where a composite value may give some of its fields only."""
    if not node.is_mapping:
        return subject.literal(node)
    value: dict[str, int | str | bytes] = {}
    for name, part in node.mapping().items():
        with reader.caught():
            if name not in subject.fields:
                raise unknown(key_node(node, name), subject.fields, "field", subject.name)
            given = subject.fields[name].literal(part)
            if isinstance(given, (int, str, bytes)):
                value[name] = given
    return value


def _bounds(node: Node) -> tuple[int | None, int | None]:
    items = node.sequence()
    if len(items) != 2:
        raise node.fail("suite.range", f"expected [low, high], found {len(items)} values")
    low, high = (None if item.is_null else item.integer() for item in items)
    if low is None and high is None:
        raise node.fail("suite.range", "a range with two open ends says nothing")
    if low is not None and high is not None and low > high:
        raise node.fail("suite.range", f"{low} is above {high}: nothing lies between")
    return low, high


def _pattern(node: Node) -> str:
    pattern = node.text()
    plain = re.sub(r"\$\{[^{}]*\}", "x", pattern)
    try:
        re.compile(plain)
    except re.error as error:
        raise node.fail("suite.regex", f"not a regular expression: {error}") from None
    return pattern


def _avp_subject(reader: Reader, key: Node) -> Subject:
    name = key.text()
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return _known_subject(reader, reader.avp(key))
    avp = reader.specification.avp(int(numbered[2]), int(numbered[1]))
    if avp is not None:
        raise key.fail("suite.avp-name", f"{name} has a name", hint=f"write {avp.name!r} instead")
    return Subject(name, _unknown_literal)


def _known_subject(reader: Reader, avp: AvpSpec) -> Subject:
    fields = visible_fields(avp)
    parts = {one.name: _field_subject(avp, one) for one in fields} if len(fields) > 1 else {}
    return Subject(avp.name, lambda node: _avp_literal(reader, node, avp, bool(fields)), parts)


def _avp_literal(reader: Reader, node: Node, avp: AvpSpec, has_value: bool) -> Given:
    if node.is_null and has_value:
        raise node.fail(
            "suite.matcher", f"{avp.name}: nothing to compare with", hint="write `present`"
        )
    return read_avp_value(reader, node, avp)


def _field_subject(avp: AvpSpec, about: Field) -> Subject:
    def literal(node: Node) -> Given:
        value = read_field(node, about)
        check_field(node, about, value)
        return value

    return Subject(f"{avp.name}.{about.name}", literal)


def _unknown_literal(node: Node) -> Given:
    """For an AVP without a definition, whose value is known as octets only."""
    octets = octets_of(node)
    return free_literal(node) if octets is None else octets


def _header_literal(node: Node) -> Given:
    if isinstance(node.content, str) and has_placeholder(node.content):
        return node.content
    return node.integer(0, 0xFFFF)
