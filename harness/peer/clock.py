"""Clocks: the loop on which peers and scripts run, in real or in virtual time.

With the virtual clock a wait costs nothing: when nothing is ready, time jumps to the next timer.
A 60-second HELLO test then ends in milliseconds, and in the same order every time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from harness.errors import HarnessError

Result = TypeVar("Result")


class ClockStalledError(HarnessError):
    """On a virtual clock something waits for an event that no timer will ever bring."""

    def __init__(self) -> None:
        super().__init__(
            "clock.stalled",
            "nothing is left that could happen, yet something is still waited for",
            hint="a wait without a deadline: this is a defect of the harness",
        )


LATEST = 2.0**23
"""Seconds, 97 days. Beyond them a float is coarser than the resolution of asyncio's timers, which
would then never be due."""


class ClockTooLateError(HarnessError):
    """A virtual clock has gone further than timers can tell apart."""

    def __init__(self) -> None:
        super().__init__(
            "clock.too-late",
            f"virtual time has passed {LATEST / 86400:.0f} days",
            hint="wait less, or divide the run",
        )


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that answers at once and moves virtual time on by what it was told to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise ClockStalledError
            if timeout > 0:
                self.now += timeout
                if self.now >= LATEST:
                    raise ClockTooLateError
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose `time()` is virtual and starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(main: Coroutine[Any, Any, Result], *, virtual: bool = False) -> Result:
    """Run a coroutine to its end on a fresh loop with a real or a virtual clock.

    Cancels what is left over, as `asyncio.run` does.
    """
    factory = VirtualTimeLoop if virtual else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def now() -> float:
    """Seconds on the clock of the running loop. Only differences mean anything."""
    return asyncio.get_running_loop().time()
