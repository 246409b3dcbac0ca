"""Impairments of a link that a script asks for: lose, repeat, delay or swap datagrams.

Each stands for a number of datagrams, in one direction, of one message or any, and is used up by
them. Nothing is left to chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["drop", "duplicate", "delay", "reorder"]
Direction = Literal["sent", "received"]
Passage = Callable[[], None]
"""Lets one datagram go on to where it was on its way to."""


class UnderWay:
    """Datagrams that go on later, until it is closed. guard: does what nobody waits for."""

    def __init__(self, guard: Callable[[Passage], None] = lambda passage: passage()) -> None:
        self._guard = guard
        self._timers: set[asyncio.TimerHandle] = set()

    def let_pass(self, delay: float, passage: Passage) -> None:
        """Let one go on: at once without a delay, in seconds."""
        if not delay:
            passage()
            return

        def arrive() -> None:
            self._timers.discard(timer)
            self._guard(passage)

        timer = asyncio.get_running_loop().call_later(delay, arrive)
        self._timers.add(timer)

    def close(self) -> None:
        """None of them arrives any more."""
        for timer in self._timers:
            timer.cancel()


@dataclass(slots=True)
class Impairment:
    """What happens to the next `left` datagrams. message: only to this one; seconds: for delay."""

    kind: Kind
    direction: Direction
    left: int
    message: str | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Impairments:
    """The impairments in force, in the order in which they were asked for."""

    active: list[Impairment] = field(default_factory=list)
    used: bool = False
    _kept: dict[Direction, list[Passage]] = field(default_factory=dict)

    def add(self, impairment: Impairment) -> None:
        """Put one in force."""
        self.used = True
        self.active.append(impairment)

    def apply(
        self, direction: Direction, message: str, passage: Passage
    ) -> list[tuple[float, Passage]]:
        """What becomes of a datagram: after how many seconds which go on, in this order.

        Those that were kept to be swapped go on behind the first that is not.
        """
        chosen = self._take(direction, message)
        kind = chosen.kind if chosen else None
        if kind == "drop":
            return []
        if kind == "reorder":
            self._kept.setdefault(direction, []).append(passage)
            return []
        delay = chosen.seconds if chosen and kind == "delay" else 0.0
        copies = 2 if kind == "duplicate" else 1
        going = [(delay, passage)] * copies
        return [*going, *((delay, kept) for kept in self._kept.pop(direction, []))]

    def _take(self, direction: Direction, message: str) -> Impairment | None:
        for one in self.active:
            if one.direction == direction and one.message in (None, message):
                one.left -= 1
                if one.left <= 0:
                    self.active.remove(one)
                return one
        return None
