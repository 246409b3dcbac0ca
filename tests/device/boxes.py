"""Boxes on the wire for tests: the reference peer on a loopback address, and ways to reach it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from harness.device import Device, LoopbackAddresses, load_device
from harness.device.description.external import ExternalLaunch
from harness.device.external.runner import ExternalRunner
from harness.peer.config import PeerConfig
from harness.peer.serve import serve
from harness.spec.load import load_specification
from harness.spec.model import Role, Specification
from tests.device.bench import PEERS

_ADDRESSES = LoopbackAddresses()
atexit.register(_ADDRESSES.close)
HERE, THERE, ELSEWHERE = (_ADDRESSES.take(1701) for _ in range(3))
"""Of the harness, of the box, and of somebody else: no other process has them."""

PEER = """\
title: A box
role: {role}
launch:
  external:
{launch}
ics: {{{ics}}}
ixit: {{address: "{address}", port: {port}, secret: secret, extra: {{challenge: "no"}}}}
"""


@functools.cache
def specification() -> Specification:
    """The specification's tables."""
    return load_specification(PEERS.parent / "suites" / "spec" / "rfc2661")


def box(
    folder: Path,
    address: str,
    launch: str = "at_once: 4",
    *,
    role: str = "lns",
    ics: str = "",
    rest: str = "",
    port: int = 1701,
) -> Device:
    """A device on the wire, described in a folder."""
    folder.mkdir(exist_ok=True)
    indented = "".join(f"    {line}\n" for line in launch.splitlines())
    text = PEER.format(role=role, launch=indented, ics=ics, address=address, port=port)
    (folder / "peer.yaml").write_text(text + rest)
    return load_device(folder)


@contextlib.asynccontextmanager
async def reference(address: str, port: int = 1701, role: Role = Role.LNS) -> AsyncIterator[None]:
    """A reference peer that serves there."""
    listens = asyncio.Event()

    def log(text: str) -> None:
        if "listens" in text:
            listens.set()

    config = PeerConfig(role=role, secret=b"secret", host_name="box")
    task = asyncio.create_task(serve(specification(), config, address, port, log, farewell=0.1))
    waiting = asyncio.create_task(listens.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def used(
    device: Device, *, knocks: bool = True, time_scale: float = 1.0
) -> AsyncIterator[ExternalRunner]:
    """An open runner of a box, closed at the end."""
    launch = device.launch
    assert isinstance(launch, ExternalLaunch)
    addresses = LoopbackAddresses()
    runner = ExternalRunner(
        device, launch, specification(), addresses, time_scale=time_scale, knocks=knocks
    )
    try:
        await runner.open()
        yield runner
    finally:
        await runner.close()
        addresses.close()


def own_socket(address: str, port: int = 0) -> socket.socket:
    """A UDP socket of a test's own."""
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.setblocking(False)
    return made
