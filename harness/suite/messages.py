"""Messages to send: the valid one of the specification's table, and the edits made to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.located import Node, describe
from harness.spec.model import ALL_MESSAGES, MAX_VALUE_OCTETS, AvpSpec, MessageSpec
from harness.suite.amounts import integer
from harness.suite.edits import AvpEdit, Compose, Given, HeaderEdit, Hide
from harness.suite.reader import Reader, key_node
from harness.suite.step_keys import (
    AVP_EDIT_KEYS,
    AVP_PART_KEYS,
    EDIT_KEYS,
    HEADER_EDIT_KEYS,
    HIDE_KEYS,
)
from harness.suite.values import (
    octets_of,
    plain_text,
    read_avp_value,
    read_octets,
    read_raw,
    read_unknown_value,
)
from harness.suite.variables import has_placeholder
from harness.suite.vocabulary import VECTOR_PLACES
from harness.wire.model import RESERVED_HEADER_BITS

_RELATIVE = re.compile(r"[+-][0-9]{1,5}")
_REVERSED = "reversed"


def read_compose(reader: Reader, message: str, entries: Mapping[str, Node]) -> Compose:
    """The message of a `send` or of an entry in `with`, from the edits that stand beside it."""
    known = reader.specification.message(message)
    parts = _Parts()
    if "set" in entries:
        with reader.caught():
            parts.set = _values(reader, entries["set"])
    if "add" in entries:
        with reader.caught():
            for item in entries["add"].items_or_one():
                with reader.caught():
                    parts.add.append(_addition(reader, item))
    if "omit" in entries:
        parts.omit = reader.avp_names(entries["omit"])
        _check_carried(reader, entries["omit"], known, parts.set)
    if "double" in entries:
        parts.double = reader.avp_names(entries["double"])
        _check_there(reader, entries["double"], known, parts)
    if "replace" in entries:
        with reader.caught():
            parts.replace = _replacements(reader, entries["replace"])
        _check_carried(reader, entries["replace"], known, parts.set)
    if "order" in entries:
        node = entries["order"]
        parts.reverse = node.content == _REVERSED
        parts.order = () if parts.reverse else reader.avp_names(node)
    if "header" in entries:
        with reader.caught():
            parts.header = read_header_edit(reader, entries["header"])
    if "hide" in entries:
        with reader.caught():
            parts.hide = _hide(reader, entries["hide"])
    if "raw" in entries:
        with reader.caught():
            parts.raw = read_raw(entries["raw"])
    if "cut" in entries:
        with reader.caught():
            parts.cut = integer(entries["cut"], 1, 0xFFFF)
    if "append" in entries:
        with reader.caught():
            parts.append = read_octets(entries["append"])
    if "payload" in entries:
        with reader.caught():
            parts.payload = read_octets(entries["payload"])
    return Compose(
        message=message,
        set=parts.set,
        add=tuple(parts.add),
        omit=parts.omit,
        double=parts.double,
        replace=parts.replace,
        order=parts.order,
        reverse=parts.reverse,
        header=parts.header,
        hide=parts.hide,
        raw=parts.raw,
        cut=parts.cut,
        append=parts.append,
        payload=parts.payload,
    )


def read_message_edits(reader: Reader, node: Node) -> dict[str, Compose]:
    """`with`: messages by name and the edits of each."""
    messages = {}
    for name, part in node.mapping().items():
        with reader.caught():
            message = reader.message(key_node(node, name), numbers=False)
            entries = reader.entries(part, EDIT_KEYS, owner="a message in `with`")
            messages[message] = read_compose(reader, message, entries)
    return messages


def read_header_edit(reader: Reader, node: Node) -> HeaderEdit:
    """`header` of a `send`."""
    entries = reader.entries(node, HEADER_EDIT_KEYS, what="header-field")
    edit: dict[str, int | str | bool] = {}
    for name, part in entries.items():
        with reader.caught():
            edit[name] = _header_part(name, part)
    if not node.content:
        raise node.fail("suite.header", "a header edit without any field changes nothing")
    return _header_edit(edit)


class _Parts:
    """What `read_compose` has read so far, whatever else is wrong."""

    def __init__(self) -> None:
        self.set: dict[str, Given] = {}
        self.add: list[AvpEdit] = []
        self.omit: tuple[str, ...] = ()
        self.double: tuple[str, ...] = ()
        self.replace: dict[str, AvpEdit] = {}
        self.order: tuple[str, ...] = ()
        self.reverse = False
        self.header: HeaderEdit | None = None
        self.hide: Hide | None = None
        self.raw: str | bytes | None = None
        self.cut: int | None = None
        self.append = b""
        self.payload = b""


def _values(reader: Reader, node: Node) -> dict[str, Given]:
    values = {}
    for name, part in node.mapping().items():
        with reader.caught():
            avp = reader.avp(key_node(node, name))
            values[name] = read_avp_value(reader, part, avp)
    return values


def _addition(reader: Reader, node: Node) -> AvpEdit:
    """An AVP to add: a name alone, or a mapping with `avp` or `type`."""
    if not node.is_mapping:
        return AvpEdit(name=reader.avp(node).name)
    entries = reader.entries(node, AVP_EDIT_KEYS, owner="an AVP")
    if ("avp" in entries) == ("type" in entries):
        raise node.fail(
            "suite.avp-edit", "an AVP to add needs either `avp` (its name) or `type` (its number)"
        )
    avp = reader.avp(entries["avp"]) if "avp" in entries else None
    return _edit(reader, entries, avp)


def _replacements(reader: Reader, node: Node) -> dict[str, AvpEdit]:
    edits = {}
    for name, part in node.mapping().items():
        with reader.caught():
            avp = reader.avp(key_node(node, name))
            entries = reader.entries(part, AVP_PART_KEYS, owner="an AVP to replace")
            if not entries:
                raise part.fail("suite.avp-edit", f"nothing of {name} is replaced")
            edits[name] = _edit(reader, entries, avp)
    return edits


def _edit(reader: Reader, entries: Mapping[str, Node], avp: AvpSpec | None) -> AvpEdit:
    def number(key: str, high: int) -> int | None:
        return integer(entries[key], 0, high) if key in entries else None

    def truth(key: str) -> bool | None:
        return entries[key].boolean() if key in entries else None

    type_, vendor = number("type", 0xFFFF), number("vendor", 0xFFFF)
    value: Given = None
    if "value" in entries:
        node = entries["value"]
        meant = avp
        if meant is None and type_ is not None and (octets_of(node)) is None:
            meant = reader.specification.avp(type_, vendor or 0)
        # with a number for the type, octets are meant as they stand, whatever the AVP is
        value = read_avp_value(reader, node, meant) if meant else read_unknown_value(node)
    return AvpEdit(
        name=avp.name if avp else None,
        type=type_,
        vendor=vendor,
        mandatory=truth("mandatory"),
        hidden=truth("hidden"),
        reserved=number("reserved", 15),
        length=number("length", 1023),
        value=value,
        has_value="value" in entries,
        size=number("size", MAX_VALUE_OCTETS),
        cut=integer(entries["cut"], 1, MAX_VALUE_OCTETS) if "cut" in entries else 0,
        append=read_octets(entries["append"]) if "append" in entries else b"",
    )


def _check_carried(
    reader: Reader, node: Node, message: MessageSpec | None, added: Mapping[str, Given]
) -> None:
    """An AVP that the message never carries can neither be left out nor replaced."""
    if message is None:
        return
    carried = {*message.mandatory, *message.optional, *message.example, *added}
    items = node.items_or_one()
    if node.is_mapping:
        items = [key_node(node, key) for key in node.content]
    for item in items:
        avp = reader.specification.avps.get(item.content) if isinstance(item.content, str) else None
        if avp and avp.name not in carried and ALL_MESSAGES not in avp.messages:
            reader.errors.append(
                item.fail(
                    "suite.not-carried",
                    f"{message.name} does not carry {avp.name}",
                    hint="`set` or `add` puts an AVP into a message",
                )
            )


def _check_there(reader: Reader, node: Node, message: MessageSpec | None, parts: _Parts) -> None:
    """Only an AVP that is in the message can be in it twice."""
    there = {"message_type", "challenge_response", *parts.set, *(edit.name for edit in parts.add)}
    if message is not None:
        there |= {*message.mandatory, *message.example}
    for item in node.items_or_one():
        name = item.content
        if name in reader.specification.avps and name not in there:
            reader.errors.append(
                item.fail(
                    "suite.not-carried",
                    f"there is no {name} to double",
                    hint="`set` or `add` puts an AVP into a message",
                )
            )


def _hide(reader: Reader, node: Node) -> Hide:
    if not node.is_mapping:
        return Hide(avps=reader.avp_names(node))
    entries = reader.entries(node, HIDE_KEYS, owner="`hide`")
    return Hide(
        avps=reader.avp_names(entries["avps"]),
        padding=integer(entries["padding"], 0, 1011) if "padding" in entries else 0,
        random_vector=(
            read_octets(entries["random_vector"]) if "random_vector" in entries else None
        ),
        secret=plain_text(entries["secret"]) if "secret" in entries else None,
        each_its_own="each_its_own" in entries and entries["each_its_own"].boolean(),
        vector=entries["vector"].choice(VECTOR_PLACES) if "vector" in entries else "ahead",
    )


def _header_part(name: str, node: Node) -> int | str | bool:
    content = node.content
    if name == "priority":
        return node.boolean()
    if name in {"version", "offset", "reserved", "flags"}:
        number = integer(node, 0, 15 if name == "version" else 0xFFFF)
        if name == "reserved" and number & ~RESERVED_HEADER_BITS:
            raise node.fail(
                "suite.header",
                f"0x{number:04X} has bits that are not reserved",
                hint="the reserved bits are 0x34F0; `flags` sets the whole first word",
            )
        return number
    if content is False and name in {"length", "ns", "nr"}:
        return False
    if isinstance(content, str) and has_placeholder(content):
        return content
    if _RELATIVE.fullmatch(node.source):
        return node.source
    if isinstance(content, bool) or not isinstance(content, int):
        raise node.fail(
            "suite.header",
            f"expected a number, found {describe(content)}",
            hint="or +1 and -1, relative to what it would be"
            + (", or false for none" if name in {"length", "ns", "nr"} else ""),
        )
    return node.integer(0, 0xFFFF)


def _header_edit(edit: Mapping[str, int | str | bool]) -> HeaderEdit:
    def number(name: str) -> int | None:
        value = edit.get(name)
        return value if isinstance(value, int) else None

    def number_or_text(name: str) -> int | str | None:
        value = edit.get(name)
        return None if isinstance(value, bool) else value

    priority = edit.get("priority")
    return HeaderEdit(
        version=number("version"),
        length=edit.get("length"),
        tunnel_id=number_or_text("tunnel_id"),
        session_id=number_or_text("session_id"),
        ns=edit.get("ns"),
        nr=edit.get("nr"),
        priority=priority if isinstance(priority, bool) else None,
        offset=number("offset"),
        reserved=number("reserved"),
        flags=number("flags"),
    )
