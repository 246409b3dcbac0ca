"""What the readers of all parts of a suite share: the tables, and the errors found so far.

Reading goes on after an error wherever that makes sense, so that an author sees all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.errors import DataError, DataErrors
from harness.located import Node, suggest
from harness.spec.model import AvpSpec, Specification
from harness.suite.shapes import Key


@dataclass(slots=True)
class Reader:
    """The words that a suite may use, and the errors found while reading it.

    `capabilities`: what `requires` may name, with an explanation each. `given`: variables that
    the runner itself defines before the first step.
    """

    specification: Specification
    capabilities: Mapping[str, str]
    given: frozenset[str] = frozenset()
    errors: list[DataError] = field(default_factory=list)

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Keep the data errors of a block, and go on behind it."""
        try:
            yield
        except DataError as error:
            self.errors.append(error)
        except DataErrors as several:
            self.errors.extend(several.errors)

    def entries(
        self, node: Node, keys: Mapping[str, Key], *, what: str = "key", owner: str = ""
    ) -> dict[str, Node]:
        """The known entries of a mapping, in its order.

        Every unknown key is kept as an error; missing required keys are raised together.
        """
        given = node.mapping()
        for key in given:
            if key not in keys:
                self.errors.append(unknown(key_node(node, key), keys, what, owner))
        missing = [key for key, about in keys.items() if about.required and key not in given]
        if missing:
            raise DataErrors([_missing(node, key, keys[key].text) for key in missing])
        return {key: value for key, value in given.items() if key in keys}

    def avp(self, node: Node) -> AvpSpec:
        """The AVP of a name."""
        return self.specification.avps[node.choice(self.specification.avps, "avp")]

    def avp_names(self, node: Node) -> tuple[str, ...]:
        """Names of AVPs: one, or a list."""
        names = []
        for item in node.items_or_one():
            with self.caught():
                names.append(self.avp(item).name)
        return tuple(names)

    def message(self, node: Node, *, words: Collection[str] = (), numbers: bool = True) -> str:
        """A message's name, one of `words`, or the number of a message type as text.

        A number that has a name gives the name.
        """
        if numbers and isinstance(node.content, int) and not isinstance(node.content, bool):
            number = node.integer(0, 0xFFFF)
            known = self.specification.message_types.get(number)
            return known.name if known else str(number)
        return node.choice([*self.specification.messages, *words], "message")


def unknown(node: Node, known: Iterable[str], what: str, owner: str = "") -> DataError:
    """The error about an unknown word; `owner` says where it would have to belong."""
    where = f" of {owner}" if owner else ""
    return node.fail(
        f"data.unknown-{what}",
        f"unknown {what} {node.content!r}{where}",
        hint=suggest(str(node.content), known),
    )


def key_node(node: Node, key: str) -> Node:
    """The key of a mapping as a node of its own, where it stands."""
    return Node(key, node.key_places.get(key, node.place), {}, key)


def without_repetition(words: Iterable[str]) -> tuple[str, ...]:
    """The words in their order, each once."""
    return tuple(dict.fromkeys(words))


def _missing(node: Node, key: str, text: str) -> DataError:
    return node.fail("data.missing-key", f"missing key {key!r}", hint=f"{key}: {text}")
