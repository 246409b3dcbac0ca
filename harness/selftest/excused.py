"""What a self-test does not find, for a reason that somebody has checked: a small file of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.located import Node, load

FILE: Final = "excused.yaml"
_PARTS: Final = ("cases", "weakenings", "alarms")


@dataclass(frozen=True, slots=True)
class Excused:
    """By pattern, why: of cases that no mutant turns red, of weakenings that none notices, and of
    alarms about lawful variants."""

    cases: Mapping[str, str] = field(default_factory=dict)
    weakenings: Mapping[str, str] = field(default_factory=dict)
    alarms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Excused:
        """Read the file; nothing is excused if there is none. DataError: it is wrong."""
        if not path.is_file():
            return cls()
        parts = load(path).mapping(_PARTS)
        return cls(*(_reasons(parts.get(name)) for name in _PARTS))


def _reasons(node: Node | None) -> dict[str, str]:
    if node is None or node.content is None:
        return {}
    return {pattern: reason.text() for pattern, reason in node.mapping().items()}


def excuses(patterns: Mapping[str, str], name: str) -> str | None:
    """Why a name is excused; None if it is not."""
    for pattern, reason in patterns.items():
        if name == pattern or fnmatch.fnmatchcase(name, pattern.replace("[", "[[]")):
            return reason
    return None


def idle(patterns: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Patterns that excuse none of the names: they have to go."""
    found = list(names)
    return [one for one in patterns if all(excuses({one: ""}, name) is None for name in found)]
