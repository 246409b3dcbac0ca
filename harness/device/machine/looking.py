"""Looking again a moment later, where the kernel tells nobody that something has changed.

Whoever does so has a deadline: it never ends by itself.
"""

from __future__ import annotations

import asyncio


async def next_look(seconds: float) -> None:
    """Let others run for so long."""
    loop = asyncio.get_running_loop()
    looked: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(seconds, _wake, looked)
    try:
        await looked
    finally:
        handle.cancel()


def _wake(looked: asyncio.Future[None]) -> None:
    if not looked.done():  # whoever waits may have been cancelled a moment ago
        looked.set_result(None)
