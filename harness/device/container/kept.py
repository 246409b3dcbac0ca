"""One container for a whole run, in which the programs of all leases are started.

It is made by the engine like any other, with a first process that waits for ever. Programs are put
into it by a keeper of this machine (`machine.enter_container`), each in a PID and a mount namespace
of its own below those of the container, and with a network namespace of its own where peer.yaml
asks for one: a lease costs as little as that of a process, and begins as clean, but for what
others have written into the file system of the container outside of their work folders.

It takes root, and an engine whose processes are seen from here. Where that is not so the reason is
told, and each case has a container of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from harness.device.container.labels import remove
from harness.device.container.making import Recipe
from harness.device.machine.keeper import Keeper
from harness.device.machine.keeper_answers import IN_A_CONTAINER
from harness.device.machine.looking import next_look
from harness.errors import DeviceError

_MARK: Final = "L2TP_HARNESS_CONTAINER"
_GATE: Final = "never"
_WAIT_FOR_EVER: Final = 'read -r _ <"$0"'
_BEGINS_WITHIN: Final = 5.0
_LOOK_EVERY: Final = 0.005
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class KeptContainer:
    """The container of a run. folder: the work folder of the run, which it sees.

    name: as the engine calls it. root: its file system, seen from here.
    """

    recipe: Recipe
    folder: Path
    name: str = field(default="", init=False)
    root: Path = field(default=Path("/"), init=False)
    keeper: Keeper | None = None

    async def open(self) -> str:
        """Start it, and a keeper in it. Why that cannot be; empty when it can."""
        if os.geteuid() != 0:
            return "only root may enter a container"
        engine, client = self.recipe.engine, self.recipe.engine.client
        gate = self.folder / _GATE
        if not gate.exists():
            os.mkfifo(gate)
        mark = secrets.token_hex(8)
        argv = ["/bin/sh", "-c", _WAIT_FOR_EVER, str(gate)]
        made = await engine.ask(
            "make a container",
            partial(self.recipe.create, argv, self.folder, environment={_MARK: mark}, init=False),
        )
        self.name = made["Id"]
        try:
            await engine.ask("start a container", lambda: client.start(self.name))
        except DeviceError as error:
            return error.cause  # it has no shell: only what it was made for runs in it
        found = await engine.ask("look at it", lambda: client.inspect_container(self.name))
        if not found["State"]["Running"]:
            return f"{argv[0]} does not run in it"
        return await self._enter(found, mark)

    async def _enter(self, found: Any, mark: str) -> str:
        process = found["State"]["Pid"]
        await _has_begun(process, f"{_MARK}={mark}".encode())
        variables = dict(one.split("=", 1) for one in found["Config"]["Env"] or () if "=" in one)
        settings = {
            "process": process,
            "mark": f"{_MARK}={mark}",
            "environment": {"PATH": _PATH, **variables},
        }
        self.root = Path(f"/proc/{process}/root")
        lost = f"was in the container {self.name[:12]}, which has ended"
        self.keeper = Keeper(self.folder, mounts=True, container=settings, lost=lost)
        await self.keeper.open()
        return "" if self.keeper.isolation == IN_A_CONTAINER else self.keeper.reason

    @property
    def has_ended(self) -> bool:
        """Whether it is there no more."""
        return self.keeper is None or not self.keeper.is_open

    async def close(self) -> None:
        """End all that runs in it, and remove it. Bounded in time."""
        keeper, self.keeper = self.keeper, None
        name, self.name = self.name, ""
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            engine = self.recipe.engine
            if name and not engine.closed:
                with contextlib.suppress(asyncio.CancelledError):
                    await engine.ask("remove a container", lambda: remove(engine.client, name))


async def _has_begun(process: int, mark: bytes) -> None:
    """Wait until the process that the engine has made is the program that it was told to run.

    The engine calls a container started when its own helper is about to become that program, which
    a busy machine does later. Whether it is seen from here at all is looked at afterwards.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _BEGINS_WITHIN
    while loop.time() < deadline:
        try:
            if mark in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
                return
        except OSError:
            return  # it has ended, or is not on this machine
        await next_look(_LOOK_EVERY)
