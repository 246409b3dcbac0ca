"""What a planted violation is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.spec.monitor import RuleId
from harness.wire import AVP
from tests.monitor.talk import Seen, Talk

Build = Callable[[Talk], Seen]


@dataclass(frozen=True)
class Plant:
    """A conversation with one violation. `build` gives the frame that is to blame.

    `live`, `capture`: what it comes to when all is seen, and in a capture; None: it cannot be
    told there. `also`: rules that the same frame cannot help but break.
    """

    rule: RuleId
    build: Build
    live: str | None
    capture: str | None
    also: frozenset[RuleId] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the id of a test."""
        return f"{self.rule}-{self.build.__name__}"


PLANTS: list[Plant] = []

_SAME = "as live"


def plant(
    rule: RuleId,
    severity: str | None,
    capture: str | None = _SAME,
    *,
    also: tuple[RuleId, ...] = (),
    **options: Any,
) -> Callable[[Build], Build]:
    """Add a conversation to the list."""

    def add(build: Build) -> Build:
        seen = severity if capture == _SAME else capture
        PLANTS.append(Plant(rule, build, severity, seen, frozenset(also), options))
        return build

    return add


def hello(talk: Talk, **header: object) -> Seen:
    """A HELLO with a header of one's own, in a tunnel."""
    talk.tunnel()
    seen = talk.message(talk.lac, "HELLO", header=header)
    talk.ack(talk.lns)
    return seen


def icrq(talk: Talk, *extra: AVP, **changes: Any) -> Seen:
    """An ICRQ of one's own, in a tunnel."""
    talk.tunnel()
    seen = talk.message(talk.lac, "ICRQ", extra=extra, **changes)
    talk.ack(talk.lns)
    return seen
