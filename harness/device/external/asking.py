"""A person who does what no program can: plug, press, dial. Asked on the terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from harness.errors import DeviceError
from harness.wire.text import printable

_LONGEST_ANSWER: Final = 1000
_REFUSALS: Final = frozenset({"n", "no", "s", "skip", "q"})


class Person:
    """Whoever sits at the terminal; asked one thing at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def ask(self, what: str, within: float) -> str:
        """Have it done, within so many seconds; gives the answer.

        Raises DeviceError when nobody is there, when it cannot be done, or when it takes too long.
        """
        if nobody_there():
            raise DeviceError(
                "device.nobody",
                f"a person has to do this, and nobody is at a terminal: {printable(what)}",
                hint="run this device alone, in a terminal: a run of several has none to ask on; "
                "or give it an action that needs no person",
            )
        async with self._turn:
            # One whole line: the progress of the run is drawn below it
            sys.stderr.write(f"\a>>> {printable(what)}\n>>> Enter: done; n, Enter: not possible\n")
            sys.stderr.flush()
            try:
                async with asyncio.timeout(within):
                    answer = (await _line()).strip()
            except TimeoutError:
                raise DeviceError(
                    "device.asked", f"nobody answered within {within:g} s: {printable(what)}"
                ) from None
        if answer.lower() in _REFUSALS:
            raise DeviceError("device.asked", f"the person says that it cannot be done: {what}")
        return answer


def nobody_there() -> bool:
    """Whether there is no terminal to ask on."""
    try:
        return not (sys.stdin.isatty() and sys.stderr.isatty())
    except ValueError:  # closed
        return True


async def _line() -> str:
    """A line from the terminal. What was typed before the question does not count."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()
    came: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        data = os.read(descriptor, _LONGEST_ANSWER)
        if came.done():
            return
        if not data:
            came.set_exception(
                DeviceError("device.nobody", "the terminal was closed before an answer came")
            )
        else:
            came.set_result(data.decode("utf-8", "backslashreplace"))

    _discard_input(descriptor)
    loop.add_reader(descriptor, read)
    try:
        return await came
    finally:
        loop.remove_reader(descriptor)


def _discard_input(descriptor: int) -> None:
    import termios

    termios.tcflush(descriptor, termios.TCIFLUSH)
