"""YAML in which every value knows its file, line and column.

`load` reads a document into `Node`s; the readers on `Node` (`mapping`, `text`, `integer`, …)
give plain values or a `DataError` that points at the spot and suggests the nearest known word.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.errors import DataError, Place

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Plain = Any
"""What YAML gives without places: dict, list, str, int, float, bool, None."""


def suggest(word: str, known: Iterable[str]) -> str:
    """A "did you mean" hint for an unknown word, or the list of known ones when nothing is near."""
    names = sorted(set(known))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        lowered = {name.lower(): name for name in names}
        near = [
            lowered[hit]
            for hit in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
        ]
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if len(names) <= 40 else ""


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML value with its place. `content` is a dict of Nodes, a list of Nodes, or a scalar.

    `key_places` holds where each key of a mapping stands. `source` is a scalar as it is written,
    without quotes: `0x0007` and `007` mean more than the number where octets or digits count.
    """

    content: Any
    place: Place
    key_places: Mapping[str, Place]
    source: str = ""

    def fail(self, code: str, cause: str, *, hint: str = "") -> DataError:
        """A `DataError` at this node, to be raised by the caller."""
        return DataError(code, cause, hint=hint, place=self.place)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.content, dict)

    @property
    def is_sequence(self) -> bool:
        return isinstance(self.content, list)

    @property
    def is_null(self) -> bool:
        return self.content is None

    def plain(self) -> Plain:
        """The value without places."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        return self.content

    def mapping(
        self, known: Iterable[str] | None = None, *, required: Iterable[str] = (), what: str = "key"
    ) -> dict[str, Node]:
        """The entries of a mapping; unknown or missing keys are errors when `known` is given."""
        if not isinstance(self.content, dict):
            raise self.fail("data.mapping", f"expected a mapping, found {describe(self.content)}")
        if known is not None:
            names = set(known)
            for key in self.content:
                if key not in names:
                    raise DataError(
                        f"data.unknown-{what}",
                        f"unknown {what} {key!r}",
                        hint=suggest(key, names),
                        place=self.key_places.get(key, self.place),
                    )
        for key in required:
            if key not in self.content:
                raise self.fail("data.missing-key", f"missing key {key!r}")
        return dict(self.content)

    def sequence(self) -> list[Node]:
        """The items of a list."""
        if not isinstance(self.content, list):
            raise self.fail("data.list", f"expected a list, found {describe(self.content)}")
        return list(self.content)

    def items_or_one(self) -> list[Node]:
        """The items of a list, or this very node as the only item."""
        return list(self.content) if isinstance(self.content, list) else [self]

    def text(self) -> str:
        """A string. Numbers and booleans are errors: quote them if text is meant."""
        if not isinstance(self.content, str):
            raise self.fail("data.text", f"expected text, found {describe(self.content)}")
        return self.content

    def integer(self, low: int | None = None, high: int | None = None) -> int:
        """An integer within `low`..`high`, both included."""
        value = self.content
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail("data.integer", f"expected an integer, found {describe(value)}")
        if (low is not None and value < low) or (high is not None and value > high):
            raise self.fail("data.range", f"{value} is outside {low}..{high}")
        return value

    def boolean(self) -> bool:
        """true or false."""
        if not isinstance(self.content, bool):
            raise self.fail(
                "data.boolean", f"expected true or false, found {describe(self.content)}"
            )
        return self.content

    def seconds(self) -> float:
        """A duration: a number of seconds, or a text such as `500ms`, `2s`, `1m`."""
        value = self.content
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return float(value)
        if isinstance(value, str):
            for suffix, unit in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
                number = value.removesuffix(suffix)
                if number != value:
                    try:
                        seconds = float(number) * unit
                    except ValueError:
                        break
                    if 0 <= seconds < 1e9:
                        return seconds
                    break
        raise self.fail(
            "data.duration",
            f"expected a duration, found {describe(value)}",
            hint="write seconds as a number, or 500ms, 2s, 1m",
        )

    def choice(self, known: Iterable[str], what: str = "word") -> str:
        """One of the known words."""
        names = list(known)
        value = self.text()
        if value not in names:
            raise self.fail(
                f"data.unknown-{what}", f"unknown {what} {value!r}", hint=suggest(value, names)
            )
        return value

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        children: Iterable[Node] = ()
        if isinstance(self.content, dict):
            children = self.content.values()
        elif isinstance(self.content, list):
            children = self.content
        for child in children:
            yield from child.walk()


def describe(value: object) -> str:
    """A YAML value in a few words, for an error text."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def load(path: Path, *, name: str | None = None) -> Node:
    """Read one YAML file. `name` is how errors call it (default: the path as given)."""
    shown = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError("data.unreadable", f"{shown}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError("data.encoding", f"{shown} is not UTF-8: {error.reason}") from error
    return loads(text, shown)


def loads(text: str, name: str = "<text>") -> Node:
    """Read one YAML document from a text."""
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return Node(None, Place(name), {})
        return _convert(root, name, loader, frozenset())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise DataError("data.yaml", error.problem or "not YAML", place=place) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError("data.yaml", f"not YAML: {error}", place=Place(name)) from error
    finally:
        if loader is not None:
            loader.dispose()


def _convert(node: Any, name: str, loader: Any, above: frozenset[int]) -> Node:
    place = Place(name, node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:
        raise DataError("data.yaml-cycle", "an alias contains itself", place=place)
    within = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Node] = {}
        places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key_place = Place(name, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                raise DataError("data.yaml-key", "a key must be plain text", place=key_place)
            key = str(key_node.value)
            if key in content:
                raise DataError("data.duplicate-key", f"key {key!r} stands twice", place=key_place)
            content[key] = _convert(value_node, name, loader, within)
            places[key] = key_place
        return Node(content, place, places)
    if isinstance(node, yaml.SequenceNode):
        return Node([_convert(item, name, loader, within) for item in node.value], place, {})
    try:
        return Node(loader.construct_object(node), place, {}, str(node.value))
    except (yaml.YAMLError, ValueError) as error:
        raise DataError("data.yaml", f"not a YAML value: {error}", place=place) from error
