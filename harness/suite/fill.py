"""Axes filled into the YAML of a case, before it is read, so that every key may depend on an axis.

A value that is nothing but `${axis}` becomes the axis' own node, with the place where that value
stands: an error about it points at the culprit. Names that are no axis are left for the run.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping

from harness.errors import DataError
from harness.located import Node, suggest
from harness.suite.reader import key_node
from harness.suite.variables import Piece, hexadecimal, only_placeholder, pieces, references


def fill(node: Node, axes: Mapping[str, Node]) -> Node:
    """The node with the axes in place, the very node where none of them stands in it.

    Raises DataError where a value does not fit in.
    """
    if not axes:
        return node
    if isinstance(node.content, dict):
        content: dict[str, Node] = {}
        places = {}
        for key, value in node.content.items():
            filled = _filled_text(key_node(node, key), axes)
            if filled.is_mapping or filled.is_sequence:
                raise filled.fail("suite.axis-key", "a mapping or a list cannot be a key")
            name = filled.content if isinstance(filled.content, str) else filled.source
            if name in content:
                raise filled.fail("data.duplicate-key", f"key {name!r} stands twice")
            content[name] = fill(value, axes)
            places[name] = filled.place
        same = all(content.get(key) is value for key, value in node.content.items())
        return node if same else Node(content, node.place, places)
    if isinstance(node.content, list):
        items = [fill(item, axes) for item in node.content]
        same = all(map(operator.is_, items, node.content))
        return node if same else Node(items, node.place, {})
    return _filled_text(node, axes)


def check_names(node: Node, known: Collection[str]) -> list[DataError]:
    """An error for every `${…}` in the node that is malformed or names nothing known."""
    found = []
    for one in node.walk():
        texts = [one] if isinstance(one.content, str) else []
        if isinstance(one.content, dict):
            texts = [key_node(one, key) for key in one.content]
        for text in texts:
            try:
                names = references(text.content)
            except ValueError as error:
                found.append(text.fail("suite.placeholder", str(error)))
                continue
            found += [_undefined(text, name, known) for name in names if name not in known]
    return found


def names_in(node: Node) -> frozenset[str]:
    """All names that the node refers to; malformed placeholders are passed over."""
    found: set[str] = set()
    for one in node.walk():
        texts = [one.content] if isinstance(one.content, str) else []
        if isinstance(one.content, dict):
            texts = list(one.content)
        for text in texts:
            found.update(piece.name for piece in pieces(text) if piece.name)
    return frozenset(found)


def _undefined(node: Node, name: str, known: Collection[str]) -> DataError:
    if known:
        hint = suggest(name, known)
    else:
        hint = "define it as an axis (`each`), or `save` it in an earlier `expect`"
    return node.fail(
        "suite.undefined-name", f"${{{name}}}: no axis and no earlier save defines it", hint=hint
    )


def _filled_text(node: Node, axes: Mapping[str, Node]) -> Node:
    text = node.content
    if not isinstance(text, str) or "${" not in text:
        return node
    only = only_placeholder(text)
    if only is not None and only.name in axes:
        return _value(node, only, axes[only.name])
    cut = pieces(text)
    if not any(piece.name in axes for piece in cut):
        return node
    in_octets = text[:2] in ("0x", "0X")
    words = []
    for piece in cut:
        words.append(piece.front)
        if piece.name not in axes:
            words.append(piece.placeholder)
            continue
        value = _value(node, piece, axes[piece.name])
        if value.is_mapping or value.is_sequence:
            raise node.fail(
                "suite.axis-text",
                f"{piece.placeholder} is no plain value and cannot be part of a text",
            )
        words.append(value.source.removeprefix("0x") if in_octets else value.source)
    filled = "".join(words)
    return Node(filled, node.place, {}, filled)


def _value(node: Node, piece: Piece, value: Node) -> Node:
    """What a placeholder gives for the value of its axis."""
    if not piece.add and not piece.octets:
        return value
    given = value.content
    try:
        if isinstance(given, str):
            given = hexadecimal(given)
        made = piece.of(None if isinstance(given, (bool, list, dict, float)) else given)
    except ValueError as error:
        raise node.fail("suite.axis-sum", str(error)) from None
    if isinstance(made, bytes):
        text = f"0x{made.hex()}"
        return Node(text, value.place, {}, text)
    return Node(made, value.place, {}, str(made))
