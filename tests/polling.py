"""Waiting for what nobody tells of: a file of another process, a container that goes."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY = 0.05


def await_true(condition: Callable[[], bool], within: float = 300.0) -> None:
    """Return once it is true; it fails after so many seconds, no more than a bound on a hang."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s"
        time.sleep(LOOK_EVERY)
