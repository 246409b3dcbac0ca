"""A case of a suite file, once for each combination of its axes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import DataError, Place
from harness.located import Node
from harness.spec.model import Role
from harness.suite.amounts import count_range, duration
from harness.suite.axes import LABEL, Instance, read_axes
from harness.suite.defined import AlikeSteps
from harness.suite.fill import check_names, fill, names_in
from harness.suite.grammar import CASE_KEYS, DEFAULT_KEYS, LIMIT_KEYS
from harness.suite.judging import checks
from harness.suite.model import Case, Limit, Step
from harness.suite.policies import read_policy
from harness.suite.reader import Reader, key_node, without_repetition
from harness.suite.rows import read_rows
from harness.suite.shapes import Key
from harness.suite.steps import StepReader
from harness.suite.values import plain_text
from harness.suite.vocabulary import KNOWN_TAGS, ROLES

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_TAG = re.compile(r"[a-z][a-z0-9-]*")
_TELLING = ("title", "purpose", "covers", "policy", "tags", "selection", "seconds")
"""Keys in which an axis makes no difference to what happens."""

_OPTIONAL = {key: Key(about.shape, about.text) for key, about in DEFAULT_KEYS.items()}
"""The keys of `defaults`, of which none is required."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What has been read of a case where no axis stands: the same for all its instances."""

    facts: dict[str, Any] = field(default_factory=dict)
    steps: AlikeSteps = field(default_factory=AlikeSteps)


class CaseReader:
    """Reads the cases of one file."""

    def __init__(self, reader: Reader, suite: str, defaults: Node | None) -> None:
        self._reader = reader
        self._suite = suite
        self._defaults: dict[str, Node] = {}
        if defaults is not None:
            with reader.caught():
                self._defaults = reader.entries(defaults, _OPTIONAL, owner="`defaults`")

    def read(self, cases: Node, name: str) -> list[Case]:
        """The instances of one case. Errors are kept."""
        reader, key, node = self._reader, key_node(cases, name), cases.mapping()[name]
        if not _NAME.fullmatch(name):
            reader.errors.append(
                key.fail(
                    "suite.case-name",
                    f"{name!r} is no name of a case",
                    hint="small letters, digits, `-` and `.`",
                )
            )
        own = node.mapping()
        whole = Node({**self._defaults, **own}, key.place, node.key_places)
        entries: dict[str, Node] = {}
        with reader.caught():
            entries = reader.entries(whole, CASE_KEYS, owner="a case")
        if not entries:
            return []
        instances: tuple[Instance, ...] = ()
        with reader.caught():
            instances = read_axes(reader, entries.get("each"))
        if instances and "each" in entries:
            self._check_used(entries["each"], instances[0], entries)
        return self._instances(name, key.place, entries, instances)

    def _check_used(self, each: Node, instance: Instance, entries: Mapping[str, Node]) -> None:
        """Each axis is used; of the axes that vary together, one at least where it matters."""
        names = {key: names_in(node) for key, node in entries.items() if key != "each"}
        told = frozenset().union(*names.values())
        done = frozenset().union(*(names[key] for key in names if key not in _TELLING))
        groups = {"": list(instance.values)}
        if each.is_mapping:
            groups = {key: [name.strip() for name in key.split(",")] for key in each.content}
        for key, group in groups.items():
            idle = [name for name in group if name not in told and name != LABEL]
            if not idle and not done & set(group):
                idle = [group[0]]
            for axis in idle:
                self._reader.errors.append(
                    (key_node(each, key) if key else each).fail(
                        "suite.unused-axis",
                        f"no step uses the axis {axis!r}, so all its cases would be the same",
                        hint=f"write ${{{axis}}} where it belongs",
                    )
                )

    def _instances(
        self,
        name: str,
        place: Place,
        entries: Mapping[str, Node],
        instances: tuple[Instance, ...],
    ) -> list[Case]:
        """An error at one place is kept once, however many combinations run into it."""
        reader = self._reader
        cases: list[Case] = []
        before = reader.errors
        found: list[DataError] = []
        seen: set[tuple[str, Place | None]] = set()
        alike = Alike()
        for instance in instances:
            reader.errors = []
            with reader.caught():
                cases.append(self._case(name, place, entries, instance, alike))
            fresh = [one for one in reader.errors if (one.code, one.place) not in seen]
            found += fresh
            seen |= {(one.code, one.place) for one in fresh}
        reader.errors = [*before, *found]
        return cases

    def _case(
        self,
        name: str,
        place: Place,
        unfilled: Mapping[str, Node],
        instance: Instance,
        alike: Alike,
    ) -> Case:
        reader = self._reader
        entries = {
            key: fill(node, instance.values) for key, node in unfilled.items() if key != "each"
        }
        facts: dict[str, Any] = {}
        for key, node in entries.items():
            if key in alike.facts and node is unfilled[key]:
                facts[key] = alike.facts[key]
            elif key != "steps":
                before = len(reader.errors)
                reader.errors += check_names(node, ())
                with reader.caught():
                    facts[key] = self._fact(key, node)
                if node is unfilled[key] and len(reader.errors) == before:
                    alike.facts[key] = facts[key]
        before = len(reader.errors)
        steps: tuple[Step, ...] = ()
        with reader.caught():
            steps = StepReader(
                reader, instance.values, limited="limit" in entries, alike=alike.steps
            ).read(entries["steps"])
            if not any(checks(step) for step in steps) and len(reader.errors) == before:
                raise entries["steps"].fail(
                    "suite.toothless",
                    "no step checks anything, so the case cannot fail",
                    hint="add an expect, silence, retransmissions, compare or alive",
                )
        if facts.get("selection"):
            facts["tags"] = facts.get("tags", frozenset()) | {facts["selection"]}
        told = {"title": name.replace("-", " "), "purpose": "", "covers": (), "iut": frozenset()}
        return Case(
            id=f"{self._suite}/{name}{instance.suffix}",
            suite=self._suite,
            name=name,
            steps=steps,
            place=place,
            axes=instance.shown,
            **{**told, **facts},
        )

    def _fact(self, key: str, node: Node) -> Any:
        """What one of the keys of a case says, as the attribute of that name. Raises DataError."""
        match key:
            case "title" | "configuration" | "secret":
                return plain_text(node)
            case "purpose":
                return _sentence(node)
            case "covers":
                return self._covers(node)
            case "iut":
                return _roles(node)
            case "requires":
                return self._words(node, self._capability)
            case "policy":
                return self._words(node, read_policy)
            case "tags":
                return frozenset(self._words(node, _tag))
            case "selection":
                return _selection(node)
            case "limit":
                return self._limit(node)
            case "exclusive":
                return node.boolean()
            case "seconds":
                return duration(node)
        raise AssertionError(f"{key} is in the table of keys, but nothing reads it")

    def _limit(self, node: Node) -> Limit:
        entries = self._reader.entries(node, LIMIT_KEYS, owner="`limit`")
        if len(entries) != 1:
            raise node.fail("suite.limit", "a case is about one limit", hint=", ".join(LIMIT_KEYS))
        ((of, numbers),) = entries.items()
        low, high = count_range(numbers)
        if low < 1:
            raise numbers.fail("suite.limit", "a limit of 0 leaves nothing to be tested")
        return Limit(of, low, high)

    def _covers(self, node: Node) -> tuple[str, ...]:
        if node.is_sequence and not node.content:
            raise node.fail("suite.covers", "a case covers at least one requirement")
        return read_rows(self._reader, node)

    def _capability(self, node: Node) -> str:
        return node.choice(self._reader.capabilities, "capability")

    def _words(self, node: Node, read: Callable[[Node], str]) -> tuple[str, ...]:
        """One word, or a list, each once. Errors are kept."""
        words = []
        for item in node.items_or_one():
            with self._reader.caught():
                words.append(read(item))
        return without_repetition(words)


def _roles(node: Node) -> frozenset[Role]:
    roles = frozenset(Role(item.choice(ROLES, "role")) for item in node.items_or_one())
    if not roles:
        raise node.fail("suite.iut", "a case tests a LAC, an LNS, or either")
    return roles


def _sentence(node: Node) -> str:
    text = " ".join(plain_text(node).split())
    if not text:
        raise node.fail("suite.purpose", "a purpose says in one sentence what must hold")
    return text


def _tag(node: Node) -> str:
    tag = node.text()
    if not _TAG.fullmatch(tag):
        raise node.fail("suite.tag", f"{tag!r} is no tag", hint=f"known: {', '.join(KNOWN_TAGS)}")
    return tag


def _selection(node: Node) -> str:
    """A tag, or nothing: an axis may say it of some of its cases only."""
    return "" if node.content == "" else _tag(node)
