"""Names in a peer.yaml that are one slip away from one that the suites use.

An action or a configuration that no case names is no mistake, for a case of one's own may. One that
is nearly called like one that cases do name is, and costs cases without a word: they are skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.device.description.action import CONFIGURE
from harness.device.description.template import LEASE_NAMES
from harness.device.embedded import ACTIONS
from harness.device.lease import RESTART
from harness.errors import Place
from harness.located import Node, load
from harness.suite.fill import names_in
from harness.suite.model import Case, DeviceAction, Repeat, Step

_SHORTEST: Final = 4
"""Characters of a name in which one that differs is a slip and no other word."""

_OF_A_STEP: Final = ("tunnel_id", "session_id")
"""What an action is told of the step's tunnel and session."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A name that was meant to be another one."""

    what: str
    name: str
    meant: str
    place: Place


@dataclass(frozen=True, slots=True)
class Words:
    """What suites name of a device. values: what actions are told."""

    actions: Collection[str]
    configurations: Collection[str]
    values: Collection[str]


def words_of(cases: Iterable[Case]) -> Words:
    """What the cases name, and the harness itself. A configuration that one case alone names may be
    the slip.
    """
    actions = {*ACTIONS, RESTART, CONFIGURE}
    values = {*_OF_A_STEP}
    times: Counter[str] = Counter()
    for case in cases:
        times[case.configuration] += 1
        for step in _actions(case.steps):
            actions.add(step.action)
            values.update(step.values)
    return Words(actions, {name for name, count in times.items() if count > 1}, values)


def slips(folder: Path, words: Words) -> Iterator[Slip]:
    """Those in the peer.yaml of a folder, which can be read as one."""
    keys = load(folder / "peer.yaml").content
    yield from _of("action", keys.get("actions"), words.actions)
    yield from _of("configuration", keys.get("configurations"), words.configurations)
    known = {*LEASE_NAMES, *words.values, *_named(keys)}
    for action in _entries(keys.get("actions")).values():
        for node in action.walk():
            if isinstance(node.content, str):
                for name in sorted(names_in(node) - known):
                    if meant := _meant(name, known):
                        yield Slip("name", name, meant, node.place)


def _actions(steps: Iterable[Step]) -> Iterator[DeviceAction]:
    for step in steps:
        if isinstance(step, DeviceAction):
            yield step
        elif isinstance(step, Repeat):
            yield from _actions(step.steps)


def _entries(node: Node | None) -> dict[str, Node]:
    return dict(node.content) if node is not None and node.is_mapping else {}


def _named(keys: dict[str, Node]) -> Iterator[str]:
    """What the device itself gives names: values of its IXIT, and secrets."""
    ixit = _entries(keys.get("ixit"))
    yield from ixit
    yield from _entries(ixit.get("extra"))
    for form in _entries(keys.get("launch")).values():
        yield from _entries(_entries(form).get("secrets"))


def _of(what: str, parent: Node | None, known: Collection[str]) -> Iterator[Slip]:
    for name in _entries(parent):
        if parent is not None and name not in known and (meant := _meant(name, known)):
            yield Slip(what, name, meant, parent.key_places[name])


def _meant(name: str, known: Iterable[str]) -> str:
    return next((one for one in sorted(known) if _is_slip(name, one)), "")


def _is_slip(name: str, other: str) -> bool:
    """Whether one letter is too many, too few or another one, or two have changed places."""
    letters = name.replace("_", "").replace("-", "")
    if min(len(name), len(other)) < _SHORTEST or not letters.isalpha():
        return False
    if len(name) != len(other):
        longer, shorter = sorted((name, other), key=len, reverse=True)
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    wrong = [at for at in range(len(name)) if name[at] != other[at]]
    return len(wrong) == 1 or (
        len(wrong) == 2 and wrong[1] == wrong[0] + 1 and Counter(name) == Counter(other)
    )
