"""The virtual clock: waits cost nothing, and a wait for nothing is an error."""

from __future__ import annotations

import asyncio
import time

import pytest

from harness.peer import clock
from harness.peer.clock import LATEST, ClockStalledError, ClockTooLateError


def test_an_hour_passes_at_once_and_exactly() -> None:
    async def main() -> tuple[float, float]:
        start = clock.now()
        await asyncio.sleep(3600)
        return start, clock.now()

    began = time.monotonic()
    assert clock.run(main(), virtual=True) == (0.0, 3600.0)
    assert time.monotonic() - began < 60


def test_what_is_due_happens_in_the_order_of_time() -> None:
    async def main() -> list[int]:
        order: list[int] = []

        async def after(seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(after(seconds) for seconds in (5, 1, 4, 2, 3)))
        assert clock.now() == 5.0
        return order

    assert clock.run(main(), virtual=True) == [1, 2, 3, 4, 5]


def test_a_deadline_ends_a_wait() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(31.0):
                await asyncio.Event().wait()
        return clock.now()

    assert clock.run(main(), virtual=True) == 31.0


def test_a_wait_without_a_deadline_is_an_error_instead_of_a_hang() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ClockStalledError):
        clock.run(main(), virtual=True)


def test_a_real_clock_goes_by_itself() -> None:
    async def main() -> bool:
        before = clock.now()
        return clock.now() >= before

    assert clock.run(main())
    assert clock.run(main())


def test_timers_work_for_as_long_as_the_clock_goes() -> None:
    async def main() -> float:
        await asyncio.sleep(LATEST - 10.0)
        for _ in range(9):
            await asyncio.sleep(1.0)
            done = asyncio.Event()
            asyncio.get_running_loop().call_later(0, done.set)
            await done.wait()
        return clock.now()

    assert clock.run(main(), virtual=True) == LATEST - 1.0


def test_a_clock_that_has_gone_too_far_is_an_error_instead_of_a_hang() -> None:
    async def main() -> None:
        await asyncio.sleep(10 * 365 * 86400.0)

    with pytest.raises(ClockTooLateError):
        clock.run(main(), virtual=True)
