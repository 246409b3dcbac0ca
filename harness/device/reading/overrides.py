"""`--set PATH=VALUE`: values of a peer.yaml given on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.errors import DataError, DataErrors, HarnessError, Place, UsageError
from harness.located import Node, loads

_MARK: Final = "--set "


def override(document: Node, values: Mapping[str, str]) -> Node:
    """The document with the value at each dotted path replaced or added.

    A value is read as YAML, as it would be in the file; where text is wanted it is taken as it
    stands. Whether a path means anything is found when the document is read: its place is
    `--set PATH=VALUE`. Raises UsageError for a path that goes through a plain value.
    """
    for path, text in values.items():
        place = Place(f"{_MARK}{path}={text}")
        keys = path.split(".")
        if not all(keys):
            raise UsageError(
                "usage.set", f"{path!r} is not a path", hint="write --set launch.process.binary=X"
            )
        document = _replaced(document, keys, _value(text, place), place)
    return document


def is_override(node: Node) -> bool:
    """Whether a value comes from the command line."""
    return node.place.file.startswith(_MARK)


def text_of(node: Node) -> str:
    """As `node.text()`, but what was given on the command line is text as it stands."""
    return node.source if is_override(node) and node.source else node.text()


def as_usage_error(error: HarnessError) -> HarnessError:
    """An error about a value from the command line is one of usage; others stay as they are."""
    if isinstance(error, DataErrors) and all(_is_about_override(one) for one in error.errors):
        error = error.errors[0]
    if isinstance(error, DataError) and _is_about_override(error):
        return UsageError(error.code, error.cause, hint=error.hint, place=error.place)
    return error


def _is_about_override(error: DataError) -> bool:
    return error.place is not None and error.place.file.startswith(_MARK)


def _value(text: str, place: Place) -> Node:
    try:
        node = loads(text, place.file)
    except DataError:
        node = Node(text, place, {})  # `a: b: c` is no YAML, yet a text
    return _moved(node, place, text)


def _moved(node: Node, place: Place, source: str = "") -> Node:
    """The node with the option as the place of all: a column in it would tell nobody anything."""
    content = node.content
    if isinstance(content, dict):
        content = {key: _moved(value, place, value.source) for key, value in content.items()}
    elif isinstance(content, list):
        content = [_moved(value, place, value.source) for value in content]
    return Node(content, place, dict.fromkeys(node.key_places, place), source)


def _replaced(node: Node, keys: list[str], value: Node, place: Place) -> Node:
    if not keys:
        return value
    key, *rest = keys
    if node.is_null:
        node = Node({}, place, {})
    if not node.is_mapping:
        raise UsageError(
            "usage.set", f"there is a plain value before {key!r}, so it has no {key!r}", place=place
        )
    content = node.content
    below = content.get(key, Node({} if rest else None, place, {}))
    changed = {**content, key: _replaced(below, rest, value, place)}
    places = dict(node.key_places)
    places.setdefault(key, place)
    return replace(node, content=changed, key_places=places)
