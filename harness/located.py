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

MOST_REPEATED = 100_000
"""Values of a file that aliases repeat: a few lines of aliases can mean billions."""

_HINTS = {
    "tab character": "indent with blanks",
    "cannot start any token": "indent with blanks; a text that begins with @, ` or % wants quotes",
    "mapping values are not allowed": "a text with a colon and a blank in it wants quotes, or the"
    " line above is indented another way",
    "expected key": "is the line indented like its neighbours?",
    "could not find expected ':'": "a key wants a colon and a blank behind it",
    "but found": "is the line indented like its neighbours, and each quote and bracket closed?",
    "',' or ": "is each quote and bracket closed?",
    "unexpected end": "is each quote and bracket closed?",
    "unknown escape character": "in single quotes a backslash is a backslash",
}
"""What is mostly meant by an error of the YAML library, by a part of its words."""

Plain = Any
"""What YAML gives without places: dict, list, str, int, float, bool, None."""


def near(word: str, known: Iterable[str]) -> str:
    """The known word that is meant by an unknown one, or nothing."""
    names = sorted(set(known))
    for hit in difflib.get_close_matches(word, names, n=1, cutoff=0.6):
        return hit
    lowered = {name.lower(): name for name in names}
    for hit in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6):
        return lowered[hit]
    return ""


def suggest(word: str, known: Iterable[str]) -> str:
    """A "did you mean" hint for an unknown word, or the list of known ones when nothing is near."""
    names = sorted(set(known))
    if meant := near(word, names):
        return f"did you mean {meant!r}?"
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
            for error in self.unknown_keys(known, what):
                raise error
        for key in required:
            if key not in self.content:
                raise self.missing_key(key)
        return dict(self.content)

    def unknown_keys(self, known: Iterable[str], what: str = "key") -> Iterator[DataError]:
        """An error for each key of this mapping that is none of the known ones."""
        names = set(known)
        for key in self.content:
            if key not in names:
                yield DataError(
                    f"data.unknown-{what}",
                    f"unknown {what} {key!r}",
                    hint=suggest(key, names),
                    place=self.key_places.get(key, self.place),
                )

    def missing_key(self, key: str) -> DataError:
        """The error for a key that this mapping lacks."""
        return self.fail("data.missing-key", f"missing key {key!r}")

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
            raise self.fail(
                "data.text",
                f"expected text, found {describe(self.content)}",
                hint=self._in_quotes(),
            )
        return self.content

    def _in_quotes(self) -> str:
        """How what YAML reads as something else becomes the text that it looks like."""
        if not self.source:
            return ""
        plain = "; without quotes no, yes, on and off are false and true"
        return f'in quotes it is text: "{self.source}"' + plain * isinstance(self.content, bool)

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
            return Node(None, Place(name, 1, 1), {})
        return _Converter(name, loader).convert(root, frozenset())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        problem = error.problem or "not YAML"
        hint = next((hint for words, hint in _HINTS.items() if words in problem), "")
        raise DataError("data.yaml", problem, hint=hint, place=place) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError("data.yaml", f"not YAML: {error}", place=Place(name)) from error
    finally:
        if loader is not None:
            loader.dispose()


class _Converter:
    """Makes Nodes of what the YAML library has composed. `loader` constructs scalars."""

    def __init__(self, name: str, loader: Any) -> None:
        self._name = name
        self._loader = loader
        self._seen: set[int] = set()
        self._repeated = 0

    def convert(self, node: Any, above: frozenset[int]) -> Node:
        """A node and all below it; `above`: the ids of those that it is in."""
        place = self._place(node)
        if id(node) in above:
            raise DataError("data.yaml-cycle", "an alias contains itself", place=place)
        if id(node) in self._seen:
            self._repeated += 1
            if self._repeated > MOST_REPEATED:
                raise DataError(
                    "data.yaml-aliases",
                    f"aliases stand for more than {MOST_REPEATED:,} values",
                    hint="aliases of aliases multiply: write out what is meant",
                    place=place,
                )
        self._seen.add(id(node))
        within = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, within)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.convert(item, within) for item in node.value], place, {})
        try:
            return Node(self._loader.construct_object(node), place, {}, str(node.value))
        except (yaml.YAMLError, ValueError) as error:
            raise DataError("data.yaml", f"not a YAML value: {error}", place=place) from error

    def _mapping(self, node: Any, within: frozenset[int]) -> Node:
        content: dict[str, Node] = {}
        places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key_place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise DataError("data.yaml-key", "a key must be plain text", place=key_place)
            key = str(key_node.value)
            if key in content:
                raise DataError("data.duplicate-key", f"key {key!r} stands twice", place=key_place)
            content[key] = self.convert(value_node, within)
            places[key] = key_place
        return Node(content, self._place(node), places)

    def _place(self, node: Any) -> Place:
        return Place(self._name, node.start_mark.line + 1, node.start_mark.column + 1)
