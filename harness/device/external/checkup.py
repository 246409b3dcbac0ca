"""A box on the wire looked at from all sides before a run: address, L2TP, command line, probe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator

from harness.device.addresses import LoopbackAddresses
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.external.runner import ExternalRunner
from harness.errors import HarnessError
from harness.resources import data_folder
from harness.spec.load import load_specification

Look = tuple[str, HarnessError | None, str]
"""What was looked at, what is wrong with it, and what there is to say when nothing is."""


def check_box(device: Device, launch: ExternalLaunch, time_scale: float) -> Iterator[Look]:
    """Look at everything that a run will use. What depends on what is wrong is left out."""

    async def gathered() -> list[Look]:
        return [look async for look in _looks(device, launch, time_scale)]

    yield from asyncio.run(gathered())


async def _looks(device: Device, launch: ExternalLaunch, time_scale: float) -> AsyncIterator[Look]:
    specification = load_specification(data_folder("suites") / "spec" / "rfc2661")
    addresses = LoopbackAddresses()
    runner = ExternalRunner(device, launch, specification, addresses, time_scale, knocks=False)
    try:
        error = await _tried(runner.open())
        yield "its address, and one of ours", error, f"{runner.remote[0]} port {runner.remote[1]}"
        if error is not None:
            return
        if runner.answers_anybody:
            error = await _tried(runner.check_reachable())
            yield "it answers an SCCRQ", error, ""
        if runner.command_line is not None:
            line = runner.command_line
            error = await _tried(line.log_in())
            yield f"its command line at {line.where}", error, "logged in"
        if launch.alive is not None:
            error = await _tried(runner.probe())
            yield "its probe `alive`", error, "it lives"
    finally:
        await runner.close()
        addresses.close()


async def _tried(work: Awaitable[object]) -> HarnessError | None:
    try:
        await work
    except HarnessError as error:
        return error
    return None
