"""SIGTERM and SIGHUP end a run as Ctrl-C does: devices are ended, the event stream ends well."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
"""What asks a run to end, besides the SIGINT that asyncio sees to."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Cancel the running task at a signal; what the signals did before is back afterwards.

    A signal that is ignored, such as SIGHUP under nohup, stays ignored. Only the main thread has
    signals; in any other this does nothing.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    mine = [number for number in SIGNALS if before[number] is not signal.SIG_IGN]
    for number in mine:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in mine:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
