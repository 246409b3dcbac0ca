"""Axes: the values that a case runs with, one instance for each combination, with stable ids.

`each: {a: [1, 2], b: {range: [0, 3]}}` is the product; `each: [{a: 1, b: 2}, …]` gives the rows as
they stand; a product may hold paired axes as `"a, b": [[1, 2], …]`.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import yaml

from harness.located import Node, describe
from harness.spec.model import AvpSpec, Role
from harness.suite.grammar import AXIS_TABLE_KEYS
from harness.suite.reader import Reader, key_node, unknown
from harness.suite.variables import NAME
from harness.suite.vocabulary import RESERVED_NAMES, ROLES

MOST_INSTANCES = 20_000
LABEL = "label"
_LONGEST_SHOWN = 32
_KEPT = 20
_CLEAN = re.compile(r"[A-Za-z0-9_.:+-]+")

Row = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Instance:
    """One combination: the node of each axis, and each value as the id shows it."""

    values: Mapping[str, Node]
    shown: Mapping[str, str]

    @property
    def suffix(self) -> str:
        """What the case's id ends in: nothing, or `[axis=value,…]`."""
        pairs = {LABEL: self.shown[LABEL]} if LABEL in self.shown else self.shown
        if not pairs:
            return ""
        return "[" + ",".join(f"{name}={value}" for name, value in pairs.items()) + "]"


def read_axes(reader: Reader, node: Node | None) -> tuple[Instance, ...]:
    """All instances of a case, in the order of the values; one without axes if there are none.

    Raises DataError.
    """
    if node is None:
        return (Instance({}, {}),)
    rows = _rows(node) if node.is_sequence else _product(reader, node)
    for name in rows[0]:
        _check_name(name, rows[0][name])
    instances = tuple(
        Instance(row, {name: shown_value(value) for name, value in row.items()}) for row in rows
    )
    seen: dict[str, Instance] = {}
    for instance in instances:
        if instance.suffix in seen:
            last = list(instance.values.values())[-1]
            raise last.fail(
                "suite.axis-duplicate",
                f"two combinations have the id {instance.suffix}",
                hint="values have to differ in what the id shows; a `label` may tell rows apart",
            )
        seen[instance.suffix] = instance
    return instances


def shown_value(node: Node) -> str:
    """An axis value as it stands in an id: itself where short and plain, else its beginning and a
    digest, so that it is the same in every run and differs from every other value.
    """
    canonical, text = _canonical(node)
    if _CLEAN.fullmatch(text) and len(text) <= _LONGEST_SHOWN and not _passes_for_another(node):
        return text
    kept = re.sub(r"[^A-Za-z0-9_.:+-]+", "-", text)[:_KEPT].strip("-")
    return f"{kept}~{_digest(canonical)}"


def _canonical(node: Node) -> tuple[str, str]:
    """A value in full, and the text that its id is made from."""
    if isinstance(node.content, dict):
        parts = [(key, _canonical(value)) for key, value in node.content.items()]
        return (
            repr([(key, full) for key, (full, _) in parts]),
            "+".join(f"{key}:{text}" for key, (_, text) in parts),
        )
    if isinstance(node.content, list):
        items = [_canonical(item) for item in node.content]
        return repr([full for full, _ in items]), "+".join(text for _, text in items)
    if node.content is None:
        return "null", "null"
    if isinstance(node.content, bool):
        word = "true" if node.content else "false"
        return word, word
    return f"{type(node.content).__name__}:{node.source}", node.source


def _passes_for_another(node: Node) -> bool:
    """Whether a text, without its quotes, would be a number or the like. `0x…` may pass for one:
    it means the same octets either way.
    """
    text = node.content
    return isinstance(text, str) and text[:2] not in ("0x", "0X") and not _reads_as_text(text)


@lru_cache(maxsize=4096)
def _reads_as_text(text: str) -> bool:
    try:
        return isinstance(yaml.safe_load(text), str)
    except (yaml.YAMLError, ValueError):
        return False


def _digest(canonical: str) -> str:
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def _check_name(name: str, node: Node) -> None:
    if not NAME.fullmatch(name):
        raise node.fail(
            "suite.axis-name",
            f"{name!r} is no name of an axis",
            hint="letters, digits and `_`, not beginning with a digit",
        )
    if name in RESERVED_NAMES:
        raise node.fail("suite.name-taken", f"${{{name}}} means something else already")


def _rows(node: Node) -> list[dict[str, Node]]:
    rows = [item.mapping() for item in node.sequence()]
    if not rows or not rows[0]:
        raise node.fail("suite.axis-empty", "no values: the case would never run")
    for item, row in zip(node.sequence(), rows, strict=True):
        if set(row) != set(rows[0]):
            raise item.fail(
                "suite.axis-row",
                f"this row has {', '.join(row)}; the first one has {', '.join(rows[0])}",
            )
    return [{name: row[name] for name in rows[0]} for row in rows]


def _product(reader: Reader, node: Node) -> list[dict[str, Node]]:
    axes: list[list[dict[str, Node]]] = []
    names: set[str] = set()
    for key, value in node.mapping().items():
        together = [name.strip() for name in key.split(",")]
        for name in together:
            _check_name(name, key_node(node, key))
            if name in names:
                raise key_node(node, key).fail("data.duplicate-key", f"axis {name!r} stands twice")
            names.add(name)
        values = _values(reader, value)
        if not values:
            raise value.fail("suite.axis-empty", "no values: the case would never run")
        if len(together) == 1:
            axes.append([{key: one} for one in values])
        else:
            axes.append([_paired(together, one) for one in values])
    if not axes:
        raise node.fail("suite.axis-empty", "`each` without any axis")
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_INSTANCES:
        raise node.fail(
            "suite.axis-size", f"{count} combinations, at most {MOST_INSTANCES} are allowed"
        )
    return [
        {name: value for part in combination for name, value in part.items()}
        for combination in itertools.product(*axes)
    ]


def _paired(names: Sequence[str], node: Node) -> dict[str, Node]:
    items = node.sequence()
    if len(items) != len(names):
        raise node.fail(
            "suite.axis-row",
            f"expected {len(names)} values ({', '.join(names)}), found {len(items)}",
        )
    return dict(zip(names, items, strict=True))


def _values(reader: Reader, node: Node) -> list[Node]:
    """The values of one axis: a list, or a mapping that says where they come from."""
    if node.is_sequence:
        return node.sequence()
    if not node.is_mapping:
        raise node.fail(
            "suite.axis",
            f"expected the values of an axis, found {describe(node.content)}",
            hint="[a, b], {range: [low, high]}, {messages: all}, {avps: {message: SCCRQ}}, …",
        )
    entries = node.mapping()
    table = next(iter(entries), "")
    if table not in AXIS_TABLE_KEYS:
        raise unknown(key_node(node, table), AXIS_TABLE_KEYS, "axis-source")
    if len(entries) != 1:
        raise node.fail("suite.axis", f"{table!r} stands alone, but here are {', '.join(entries)}")
    if table == "range":
        return _range(entries[table])
    return _TABLES[table](reader, entries[table])


def _range(node: Node) -> list[Node]:
    items = [item.integer() for item in node.sequence()]
    if len(items) not in (2, 3):
        raise node.fail("suite.range", f"expected [low, high] or [low, high, step], found {items}")
    low, high = items[0], items[1]
    step = items[2] if len(items) == 3 else 1
    if step < 1 or low > high:
        raise node.fail("suite.range", f"nothing lies between {low} and {high} in steps of {step}")
    if (high - low) // step >= MOST_INSTANCES:
        raise node.fail("suite.axis-size", f"more than {MOST_INSTANCES} values")
    return [_generated(number, node) for number in range(low, high + 1, step)]


def _messages(reader: Reader, node: Node) -> list[Node]:
    entries = _filter(reader, "messages", node)
    sender = entries["sender"].choice(ROLES, "role") if "sender" in entries else None
    scope = entries["scope"].choice(("tunnel", "session"), "scope") if "scope" in entries else None
    messages = reader.specification.messages
    left_out = _except(entries, messages)
    return [
        _generated(one.name, node)
        for one in messages.values()
        if one.name not in left_out
        and (sender is None or Role(sender) in one.senders)
        and (scope is None or one.scope == scope)
    ]


def _avps(reader: Reader, node: Node) -> list[Node]:
    """AVPs by name; Message Type is not among them, it says what the message is."""
    entries = _filter(reader, "avps", node)
    avps = reader.specification.avps
    names = [name for name in avps if name != "message_type"]
    if "message" in entries:
        message = reader.specification.messages[
            entries["message"].choice(reader.specification.messages, "message")
        ]
        carried = [*message.mandatory, *message.optional]
        if "optional" in entries:
            optional = entries["optional"].boolean()
            carried = list(message.optional if optional else message.mandatory)
        names = [name for name in dict.fromkeys(carried) if name in avps and name in names]
    elif "optional" in entries:
        raise entries["optional"].fail("suite.axis", "`optional` needs a `message`")
    if "outside" in entries:
        foreign = entries["outside"].choice(reader.specification.messages, "message")
        names = [name for name in names if not avps[name].used_in(foreign)]
    for key, kept in _AVP_FILTERS.items():
        if key in entries:
            wanted = entries[key].boolean()
            names = [name for name in names if kept(avps[name]) == wanted]
    left_out = _except(entries, avps)
    return [_generated(name, node) for name in names if name not in left_out]


def _result_codes(reader: Reader, node: Node) -> list[Node]:
    codes = reader.specification.result_codes
    message = node.choice(codes, "message")
    return [_generated(one.number, node) for one in codes[message].values() if not one.reserved]


def _error_codes(reader: Reader, node: Node) -> list[Node]:
    node.choice(("all",))
    codes = reader.specification.error_codes.values()
    return [_generated(one.number, node) for one in codes if not one.reserved]


_TABLES: Mapping[str, Callable[[Reader, Node], list[Node]]] = {
    "messages": _messages,
    "avps": _avps,
    "result_codes": _result_codes,
    "error_codes": _error_codes,
}


def _m_bit(avp: AvpSpec) -> bool:
    return avp.mandatory


def _may_hide(avp: AvpSpec) -> bool:
    return avp.hideable


def _has_one_length(avp: AvpSpec) -> bool:
    return avp.min_length == avp.max_length


_AVP_FILTERS: Mapping[str, Callable[[AvpSpec], bool]] = {
    "mandatory": _m_bit,
    "hideable": _may_hide,
    "fixed": _has_one_length,
}


def _filter(reader: Reader, table: str, node: Node) -> dict[str, Node]:
    if not node.is_mapping:
        node.choice(("all",))
        return {}
    return reader.entries(node, AXIS_TABLE_KEYS[table], owner=f"`{table}`")


def _except(entries: Mapping[str, Node], known: Mapping[str, object]) -> set[str]:
    if "except" not in entries:
        return set()
    return {item.choice(known, "name") for item in entries["except"].items_or_one()}


def _generated(value: int | str, node: Node) -> Node:
    return Node(value, node.place, {}, str(value))
