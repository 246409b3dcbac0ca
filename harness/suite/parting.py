"""A step taken apart: its name, the value behind it, the keys beside it, what all steps share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypedDict

from harness.errors import Place
from harness.located import Node, suggest
from harness.suite.lines import step_line
from harness.suite.matchers import free_subject, read_matcher
from harness.suite.model import DEFAULT_SESSION, DEFAULT_TUNNEL, Matcher, Severity
from harness.suite.policies import read_policy
from harness.suite.reader import Reader, key_node, unknown
from harness.suite.rows import read_rows
from harness.suite.shapes import Key
from harness.suite.step_keys import COMMON_KEYS, STEPS
from harness.suite.values import plain_text
from harness.suite.vocabulary import SEVERITIES

Entries = Mapping[str, Node]


class Common(TypedDict):
    """What all steps have in common, as the keyword arguments of `Step`."""

    place: Place
    text: str
    tunnel: str
    session: str
    rows: tuple[str, ...]
    policy: str
    otherwise: Severity | None
    note: str
    unless: tuple[str, ...]
    when: Mapping[str, Matcher]


@dataclass(frozen=True, slots=True)
class Parted:
    """A step taken apart: the value behind its name, the keys beside it, the common part."""

    head: Node
    entries: Entries
    common: Common


def parted(reader: Reader, node: Node) -> tuple[str, Node, dict[str, Node]]:
    """The step's name, the value behind it, and the keys beside it."""
    given = node.mapping()
    name = next(iter(given), "")
    if name not in STEPS:
        misplaced = next((key for key in given if key in STEPS), None)
        if misplaced:
            raise node.fail(
                "suite.step-order",
                f"a step begins with its name, not with {name!r}",
                hint=f"write `{misplaced}:` first",
            )
        if not name:
            raise node.fail("suite.step", "an empty step", hint=suggest("", STEPS))
        raise unknown(key_node(node, name), STEPS, "step")
    form = STEPS[name]
    keys: dict[str, Key] = {**form.keys, **COMMON_KEYS}
    entries = {}
    for key, value in list(given.items())[1:]:
        if key in keys:
            entries[key] = value
        elif key in STEPS:
            reader.errors.append(
                key_node(node, key).fail(
                    "suite.two-steps",
                    f"{name!r} and {key!r} are two steps",
                    hint="begin each with its own `-`",
                )
            )
        elif key in form.block:
            reader.errors.append(
                key_node(node, key).fail(
                    "suite.step-key",
                    f"{key!r} belongs below {name!r}",
                    hint=f"{name}: {{{key}: …}}",
                )
            )
        else:
            reader.errors.append(unknown(key_node(node, key), keys, "step-key", f"`{name}`"))
    return name, given[name], entries


def common(reader: Reader, node: Node, entries: Entries, names: Collection[str]) -> Common:
    """What the keys of every step say. names: the values that are saved by then."""
    found = Common(
        place=node.place,
        text=step_line(node),
        tunnel=DEFAULT_TUNNEL,
        session=DEFAULT_SESSION,
        rows=(),
        policy="",
        otherwise=None,
        note="",
        unless=(),
        when={},
    )
    with reader.caught():
        if "tunnel" in entries:
            found["tunnel"] = plain_text(entries["tunnel"])
        if "session" in entries:
            found["session"] = plain_text(entries["session"])
        if "rows" in entries:
            found["rows"] = read_rows(reader, entries["rows"])
        if "policy" in entries:
            found["policy"] = read_policy(entries["policy"])
        if "otherwise" in entries:
            found["otherwise"] = Severity(entries["otherwise"].choice(SEVERITIES, "verdict"))
        if "note" in entries:
            found["note"] = plain_text(entries["note"])
        if "unless" in entries:
            messages = entries["unless"].items_or_one()
            found["unless"] = tuple(reader.message(one) for one in messages)
        if "when" in entries:
            found["when"] = saved_values(reader, entries["when"], names)
    return found


def saved_values(reader: Reader, node: Node, names: Collection[str]) -> dict[str, Matcher]:
    """Names of saved values, each with what it has to be."""
    values = {}
    for name, part in node.mapping().items():
        with reader.caught():
            if name not in names:
                raise unknown(key_node(node, name), names, "value")
            values[name] = read_matcher(reader, part, free_subject(name))
    return values
