"""One thread that waits for everything at once. Runs inside a guest, without site-packages."""

from __future__ import annotations

import select
from collections.abc import Callable

_LOOK_EVERY_MS = 5


class Watch:
    """Descriptors and what to do about each; and what is to be looked at again and again."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._steps: list[Callable[[], bool]] = []

    def on(self, descriptor: int, handler: Callable[[], None], events: int = select.POLLIN) -> None:
        """Call when a descriptor has something: data, or an end."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, events)

    def off(self, descriptor: int) -> None:
        """Call no more."""
        self._poll.unregister(descriptor)
        del self._handlers[descriptor]

    def until(self, step: Callable[[], bool]) -> None:
        """Call now, and every few milliseconds until it says that it is done."""
        if not step():
            self._steps.append(step)

    def serve(self) -> None:
        """Go on for ever."""
        while True:
            self.once()

    def once(self) -> None:
        """Wait for whatever comes first, and do what is to be done."""
        for descriptor, _ in self._poll.poll(_LOOK_EVERY_MS if self._steps else None):
            if descriptor in self._handlers:  # what came before it may have taken it off
                self._handlers[descriptor]()
        self._steps = [step for step in self._steps if not step()]
