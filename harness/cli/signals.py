"""Ctrl-C and the signals that mean the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from harness.run.interrupts import SIGNALS

_ALL: Final = (signal.SIGINT, *SIGNALS)


@contextmanager
def as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does, unless they are ignored."""
    with _handled(_interrupt, SIGNALS):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not cost the reports of a run that the first one ended."""
    with _handled(signal.SIG_IGN, _ALL):
        yield


@contextmanager
def _handled(
    handler: Callable[..., Any] | signal.Handlers, numbers: tuple[int, ...]
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread has signals
        return
    before = {number: signal.getsignal(number) for number in numbers}
    mine = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
