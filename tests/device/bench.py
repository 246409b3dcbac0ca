"""What the tests of devices share: the fakes, a runner, and a look for what was left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from harness.device import Device, LoopbackAddresses, ProcessRunner, load_device
from harness.device.machine.netlink import Namespaces
from harness.errors import DeviceError
from harness.peer.network import Address, Network
from harness.peer.udp import UdpNetwork

FAKES = Path(__file__).parent / "fakes"
PEERS = Path(__file__).parents[2] / "peers"
PATIENCE = 30.0
Result = TypeVar("Result")


def require_program(name: str) -> None:
    """Skip without a program, or fail where devices are required."""
    if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        missing(f"{name} is not installed: make devices")


def require_namespaces() -> None:
    """Skip where no network namespace can be made, or fail where devices are required."""

    async def attempt() -> None:
        namespaces = Namespaces()
        try:
            await namespaces.open()
        finally:
            namespaces.close()

    try:
        asyncio.run(attempt())
    except DeviceError as error:
        missing(str(error))


def missing(what: str) -> NoReturn:
    """Skip, or fail where devices are required."""
    if os.environ.get("L2TP_HARNESS_REQUIRE_DEVICES") == "1":
        pytest.fail(what)
    pytest.skip(what)


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a test's coroutine; one that hangs fails instead."""

    async def bounded() -> Result:
        async with asyncio.timeout(PATIENCE):
            return await main

    return asyncio.run(bounded())


def fake(name: str, **overrides: str) -> Device:
    """One of the misbehaving devices, run by this interpreter."""
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    return load_device(FAKES / name, {"launch.process.binary": sys.executable, **given})


@asynccontextmanager
async def opened(device: Device, *, time_scale: float = 1.0) -> AsyncIterator[ProcessRunner]:
    """An open runner, closed at the end."""
    addresses = LoopbackAddresses()
    runner = ProcessRunner(device, UdpNetwork(), addresses, time_scale)
    await runner.open()
    try:
        yield runner
    finally:
        await runner.close()
        addresses.close()


async def answer(runner: ProcessRunner, to: Address, data: bytes) -> bytes:
    """Send a datagram from a port of its own, and return what comes back."""
    return await answer_through(runner.network, runner.addresses.take(), to, data)


async def answer_through(network: Network, source: str, to: Address, data: bytes) -> bytes:
    """Send a datagram from an address of a network, and return what comes back."""
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def receiver(got: bytes, _source: Address) -> None:
        if not received.done():
            received.set_result(got)

    link = await network.open(receiver, source)
    try:
        link.send(data, to)
        return await received
    finally:
        link.close()


def processes_of(text: str) -> list[int]:
    """The processes, zombies left aside, whose command line or environment has this text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in words:
                found.append(int(entry.name))
    return found
