"""Which datagram killed a device: those that it had got since it was last heard of.

A device that answers has survived what it was sent before; what is on its way when the answer
comes may still be ahead of it. So more than one datagram may be suspect. `Pacer` sends them one by
one when a case is run again, and then only one is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from harness.device.lease import Death, Fate, Lease
from harness.peer.impair import Passage

PINNED: Final = (Fate.CRASHED, Fate.EXITED)
"""What happens at once, so that one datagram can be told to have done it."""

UNDER_WAY: Final = 0.05
"""Seconds that a datagram may take until a device of this machine has dealt with it."""

GAP: Final = 0.1
"""Seconds between paced datagrams: longer than one is under way, so that each is judged alone."""

_NAMED: Final = 5

MOST: Final = 64
"""Suspects that are kept; beyond them pacing would take too long anyway."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A datagram that was sent. number: of the frame; order: the how manieth that was sent."""

    number: int
    at: float
    summary: str
    order: int


@dataclass(slots=True)
class Trail:
    """What a device got lately. Times are on the loop's clock; scale: of the device's slowness."""

    scale: float = 1.0
    sent: int = 0
    heard: int = 0
    heard_at: float = 0.0
    _frozen: tuple[Suspect, ...] = ()
    _open: deque[Suspect] = field(default_factory=lambda: deque(maxlen=MOST))

    def send(self, number: int, at: float, summary: str) -> None:
        """Something is sent to the device."""
        self.sent += 1
        self._open.append(Suspect(number, at, summary, self.sent))

    def hear(self, at: float) -> None:
        """Something has come from it: what it got a while before has not killed it."""
        self.heard += 1
        self.heard_at = at
        while self._open and self._open[0].at < at - UNDER_WAY * self.scale:
            self._open.popleft()

    def freeze(self) -> None:
        """What is sent from here on only asks how it is."""
        later = tuple(one for one in self._open if one.at >= self.heard_at)
        self._frozen = later or tuple(self._open)

    def suspects_of(self, death: Death) -> tuple[Suspect, ...]:
        """What may have brought it about. It is nobody's fault that it is slow in the end."""
        if death.code is Fate.SLOW:
            return ()
        if death.code is Fate.HUNG:
            return self._frozen
        return tuple(one for one in self._open if death.at is None or one.at <= death.at)


class Pacer:
    """Lets datagrams out one by one from the `first` on, and none to a device that has died."""

    def __init__(self, lease: Lease, first: int, scale: float) -> None:
        self._lease = lease
        self._first = first
        self._gap = GAP * scale
        self._waiting: deque[Passage] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._sent = 0

    def __call__(self, passage: Passage) -> None:
        """Let one out, at once or when its turn comes."""
        if self._sent + 1 < self._first:
            self._go(passage)
        elif self._timer is not None:
            self._waiting.append(passage)
        elif self._lease.death() is None:
            self._go(passage)
            self._rest()

    def _go(self, passage: Passage) -> None:
        self._sent += 1
        passage()

    def _rest(self) -> None:
        # no datagram leaves before it is known what the one before has done
        self._timer = asyncio.get_running_loop().call_later(self._gap, self._next)

    def _next(self) -> None:
        self._timer = None
        if self._waiting and self._lease.death() is None:
            self._go(self._waiting.popleft())
            self._rest()

    def close(self) -> None:
        """What has not gone out by now never does."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()


def named(suspects: tuple[Suspect, ...], fate: Fate) -> str:
    """The suspects in words; empty when there are none."""
    if not suspects:
        return ""
    if fate is Fate.HUNG:
        return f"and was last heard of before #{suspects[0].number} {suspects[0].summary}"
    if len(suspects) == 1:
        return f"after #{suspects[0].number} {suspects[0].summary}"
    listed = ", ".join(f"#{one.number} {one.summary}" for one in suspects[-_NAMED:])
    return f"after one of the last {len(suspects)} datagrams: {listed}"
