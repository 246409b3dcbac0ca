"""What `expect` waits for: the alternatives, and the values it saves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from harness.located import Node
from harness.suite.amounts import duration
from harness.suite.matchers import read_avp_matchers, read_header_matchers
from harness.suite.model import Alternative, Matcher, Severity
from harness.suite.policies import read_policy
from harness.suite.reader import Reader, key_node, unknown
from harness.suite.step_keys import ALTERNATIVE_KEYS
from harness.suite.values import plain_text, visible_fields
from harness.suite.variables import NAME
from harness.suite.vocabulary import (
    AVP_BEARERS_NOT,
    HEADER_FIELDS,
    RECEIVED_WORDS,
    SILENCE,
    VERDICTS,
)


def read_alternatives(
    reader: Reader, node: Node, entries: Mapping[str, Node]
) -> tuple[Alternative, ...]:
    """The alternatives of an `expect`. `where` and `header` beside it hold for all of them."""
    where = _matchers(reader, entries, "where")
    header = _matchers(reader, entries, "header")
    alternatives = []
    items = node.items_or_one()
    if not items:
        raise node.fail("suite.expect", "an empty list of alternatives can never be met")
    for item in items:
        with reader.caught():
            one = _alternative(reader, item)
            if one.message not in AVP_BEARERS_NOT:
                one = replace(one, where={**where, **one.where})
            if one.message != SILENCE:
                one = replace(one, header={**header, **one.header})
            alternatives.append(one)
    if where and all(one.message in AVP_BEARERS_NOT for one in alternatives):
        reader.errors.append(
            entries["where"].fail(
                "suite.where", "none of the alternatives has AVPs that `where` could look at"
            )
        )
    return tuple(alternatives)


def read_save(reader: Reader, node: Node, taken: Collection[str] = ()) -> dict[str, str]:
    """`save`: value name -> `message`, an AVP, one field of an AVP, or `header.` and a field.

    `taken`: names that mean something else already, so that nothing could read the saved value.
    """
    saved = {}
    for name, path in node.mapping().items():
        with reader.caught():
            if not NAME.fullmatch(name):
                raise key_node(node, name).fail(
                    "suite.name",
                    f"{name!r} is no name",
                    hint="letters, digits and `_`, not beginning with a digit",
                )
            if name in taken:
                raise key_node(node, name).fail(
                    "suite.name-taken", f"${{{name}}} means something else already"
                )
            saved[name] = _path(reader, path)
    return saved


def _matchers(reader: Reader, entries: Mapping[str, Node], key: str) -> dict[str, Matcher]:
    if key not in entries:
        return {}
    read = read_avp_matchers if key == "where" else read_header_matchers
    with reader.caught():
        return read(reader, entries[key])
    return {}


def _alternative(reader: Reader, node: Node) -> Alternative:
    if not node.is_mapping:
        return Alternative(message=reader.message(node, words=RECEIVED_WORDS))
    entries = reader.entries(node, ALTERNATIVE_KEYS, owner="an alternative")
    message = reader.message(entries["message"], words=RECEIVED_WORDS)
    if "where" in entries and message in AVP_BEARERS_NOT:
        raise entries["where"].fail("suite.where", f"{message} has no AVPs to look at")
    if "header" in entries and message == SILENCE:
        raise entries["header"].fail("suite.where", "silence has no header to look at")
    verdict = Severity.PASS
    if "verdict" in entries:
        verdict = Severity(entries["verdict"].choice(VERDICTS, "verdict"))
    return Alternative(
        message=message,
        where=_matchers(reader, entries, "where"),
        header=_matchers(reader, entries, "header"),
        within=duration(entries["within"]) if "within" in entries else None,
        verdict=verdict,
        note=plain_text(entries["note"]) if "note" in entries else "",
        policy=read_policy(entries["policy"]) if "policy" in entries else "",
    )


def _path(reader: Reader, node: Node) -> str:
    path = node.text()
    first, dot, rest = path.partition(".")
    if path == "message":
        return path
    if first == "header" and dot:
        if rest not in HEADER_FIELDS:
            raise unknown(Node(rest, node.place, {}), HEADER_FIELDS, "header-field")
        return path
    avp = reader.avp(Node(first, node.place, {}))
    if dot:
        fields = {field.name for field in visible_fields(avp)}
        if len(fields) < 2:
            raise node.fail(
                "suite.save", f"{avp.name} has no fields", hint=f"write {avp.name!r} alone"
            )
        if rest not in fields:
            raise unknown(Node(rest, node.place, {}), fields, "field", avp.name)
    return path
