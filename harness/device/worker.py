"""A thread for calls that block, one after the other, which nothing waits for in the end.

The executors of the standard library are waited for when the interpreter exits: a login that hangs
would keep the harness from ending.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Worker:
    """Does one thing at a time. `name`: of the thread, for whoever looks at a stuck process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, work: Callable[[], Value], within: float | None) -> Value:
        """The result of a call, or what it raises. TimeoutError when it is not done in time.

        within: seconds; None: however long it takes. What is late goes on, and what follows waits
        for it: bound the calls themselves.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Value] = loop.create_future()

        def call() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
                _tell(loop, done, error=error)
            else:
                _tell(loop, done, result)

        self.post(call)
        async with asyncio.timeout(within):
            return await done

    def post(self, work: Callable[[], None]) -> None:
        """Have something done, without waiting for it. It must not raise."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._work.put(work)

    def close(self) -> None:
        """No more work comes. What is under way ends by itself."""
        if self._thread is not None:
            self._thread = None
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def _tell(
    loop: asyncio.AbstractEventLoop,
    done: asyncio.Future[Any],
    result: object = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if done.done():
            return  # whoever waited has gone
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
