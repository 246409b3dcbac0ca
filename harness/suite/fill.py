"""Axes filled into the YAML of a case, before it is read, so that every key may depend on an axis.

A value that is nothing but `${axis}` becomes the axis' own node, with the place where that value
stands: an error about it points at the culprit. Names that are no axis are left for the run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.errors import DataError
from harness.located import Node, suggest
from harness.suite.reader import key_node
from harness.suite.variables import parts, references


def fill(node: Node, axes: Mapping[str, Node]) -> Node:
    """The node with the axes in place. Raises DataError where a value does not fit in."""
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
        return Node(content, node.place, places)
    if isinstance(node.content, list):
        return Node([fill(item, axes) for item in node.content], node.place, {})
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
            found.update(name for _, name, _ in parts(text) if name)
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
    pieces = list(parts(text))
    if len(pieces) == 2 and not pieces[0][0] and not pieces[1][0] and pieces[0][1] in axes:
        return _added(node, pieces[0][1], axes[pieces[0][1]], pieces[0][2])
    in_octets = text[:2] in ("0x", "0X")
    words = []
    for front, name, add in pieces:
        words.append(front)
        if name in axes:
            value = _added(node, name, axes[name], add)
            if value.is_mapping or value.is_sequence:
                raise node.fail(
                    "suite.axis-text", f"${{{name}}} is no plain value and cannot be part of a text"
                )
            words.append(value.source.removeprefix("0x") if in_octets else value.source)
        elif name:
            words.append(f"${{{name}{add:+d}}}" if add else f"${{{name}}}")
    filled = "".join(words)
    return Node(filled, node.place, {}, filled)


def _added(node: Node, name: str, value: Node, add: int) -> Node:
    if not add:
        return value
    if not isinstance(value.content, int) or isinstance(value.content, bool):
        raise node.fail("suite.axis-sum", f"${{{name}{add:+d}}}: {value.source!r} is no number")
    total = value.content + add
    return Node(total, value.place, {}, str(total))
