"""Impairments of a link that a script asks for: lose, repeat, delay or swap datagrams.

Each stands for a number of datagrams, in one direction, of one message or any, and is used up by
them. Nothing is left to chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["drop", "duplicate", "delay", "reorder"]
Direction = Literal["sent", "received"]


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
    _kept: dict[Direction, bytes] = field(default_factory=dict)

    def add(self, impairment: Impairment) -> None:
        """Put one in force."""
        self.active.append(impairment)

    def apply(self, direction: Direction, data: bytes, message: str) -> list[tuple[float, bytes]]:
        """What becomes of a datagram: (delay in seconds, octets) for each that goes on."""
        chosen = self._take(direction, message)
        kind = chosen.kind if chosen else None
        if kind == "drop":
            return []
        if kind == "delay":
            assert chosen is not None
            return [(chosen.seconds, data)]
        if kind == "duplicate":
            return [(0.0, data), (0.0, data)]
        if kind == "reorder" and direction not in self._kept:
            self._kept[direction] = data
            return []
        kept = self._kept.pop(direction, None)
        return [(0.0, data)] if kept is None else [(0.0, data), (0.0, kept)]

    def _take(self, direction: Direction, message: str) -> Impairment | None:
        for one in self.active:
            if one.direction == direction and one.message in (None, message):
                one.left -= 1
                if one.left <= 0:
                    self.active.remove(one)
                return one
        return None
