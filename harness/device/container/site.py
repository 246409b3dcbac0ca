"""A container engine as a site.

How a container is reached:
- `published`: it has a network of the engine's, and its port on a loopback address of this machine.
  What it sees as the peer's address is the engine's. Each lease has a container of its own (`own`).
- `host`: it has the network of this machine, and listens on a loopback address like a process.
- a namespace: it has no network of the engine's; one end of a veth pair is put into it.
In the last two one container serves a whole run (`kept`), unless peer.yaml wants a `fresh` one for
each lease, or it cannot be entered from here.

The work folder has the same path inside as outside. See `watch` for what happens when the harness
is killed, and `labels` for what the next run does about that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from harness.device.box import Box
from harness.device.container.engine import Engine, asked, connect
from harness.device.container.images import image_of, is_here
from harness.device.container.kept import KeptContainer
from harness.device.container.labels import DEVICE, DONE, OWNER, own_name, remove_left, remove_of
from harness.device.container.making import Recipe
from harness.device.container.own import ContainerBox
from harness.device.description.device import Device
from harness.device.description.launch import ContainerLaunch
from harness.device.machine.netlink import Namespaces
from harness.device.machine.site import MachineBox
from harness.device.needs import check_files
from harness.errors import DeviceError


def check_container(device: Device, launch: ContainerLaunch) -> None:
    """Raise DeviceError with a hint for the first thing that is missing on this machine."""
    check_files(device, launch)
    client = connect()
    with contextlib.closing(client):
        here = launch.build or asked("find an image", lambda: is_here(client, launch.image))
    if not here:
        raise DeviceError(
            "device.no-image",
            f"there is no image {launch.image} yet",
            hint="a run tries to pull it; another one: --set launch.container.image=NAME",
            place=launch.place,
        )


@dataclass(slots=True)
class Containers:
    """The site of a `container`. apart_because: why no container is kept for the run."""

    device: Device
    launch: ContainerLaunch
    isolation: str = field(default="", init=False)
    apart_because: str = field(default="", init=False)
    _engine: Engine | None = None
    _namespaces: Namespaces | None = None
    _watch: asyncio.subprocess.Process | None = None
    _owner: str = field(default_factory=own_name)
    _recipe: Recipe | None = None
    _kept: KeptContainer | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def remarks(self) -> tuple[str, ...]:
        """That no container is kept, if none could be."""
        if not self.apart_because:
            return ()
        return (f"each case has a container of its own, which takes longer: {self.apart_because}",)

    async def open(self, folder: Path) -> None:
        """Find the engine, clear what ended runs left, and have the image ready."""
        check_files(self.device, self.launch)
        engine = self._engine = Engine(await asyncio.to_thread(connect))
        await engine.ask("remove what was left", lambda: remove_left(engine.client))
        self._watch = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harness.device.container.watch", self._owner, str(folder)),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        image = await engine.take_time(
            "get the image", lambda client: image_of(client, self.device, self.launch)
        )
        user = await engine.ask("ask for its user", lambda: _user(engine.client))
        labels = {OWNER: self._owner, DEVICE: self.device.name}
        self._recipe = Recipe(self.device, self.launch, engine, image, user, labels)
        if self.launch.namespace is not None:
            self._namespaces = Namespaces()
            await self._namespaces.open()
        self.isolation = "containers"
        if not self.launch.published and not self.launch.fresh:
            await self._keep(self._recipe, folder)

    async def _keep(self, recipe: Recipe, folder: Path) -> None:
        """Have one container for all, if that can be; otherwise each case has its own."""
        kept = KeptContainer(recipe, folder)
        try:
            refused = await kept.open()
        except BaseException:
            await kept.close()
            raise
        if refused:
            await kept.close()
            self.apart_because = refused
        else:
            self._kept = kept
            self.isolation = "container"

    async def box(self, name: str) -> Box:
        """A place in the container of the run, or a container that is not made yet."""
        if self._recipe is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        if self._kept is None:
            return ContainerBox(self._recipe, self._namespaces, name)
        kept = await self._living(self._kept)
        pair = None
        if self._namespaces is not None and self.launch.namespace is not None:
            pair = await self._namespaces.make(self.launch.namespace)
        if kept.keeper is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        return MachineBox(
            self.device,
            self.launch,
            kept.keeper,
            self._namespaces,
            pair,
            programs=str,
            house=kept.name,
            root=kept.root,
        )

    async def _living(self, kept: KeptContainer) -> KeptContainer:
        """The container of the run, made anew if it has ended."""
        async with self._making:
            if self._kept is kept and kept.has_ended and self._recipe is not None:
                await kept.close()
                await self._keep(self._recipe, kept.folder)
            if self._kept is None or self._kept.has_ended:
                raise DeviceError(
                    "device.container",
                    f"the container of {self.device.name} has ended, and does not come up again",
                    hint=self.apart_because,
                )
            return self._kept

    async def revive(self, house: str) -> None:
        """Have the container of the run there anew, if it is the one that has ended."""
        if self._kept is not None and self._kept.name == house:
            await self._living(self._kept)

    async def close(self) -> None:
        """Remove all containers of this run."""
        engine, self._engine = self._engine, None
        namespaces, self._namespaces = self._namespaces, None
        watch, self._watch = self._watch, None
        kept, self._kept = self._kept, None
        self._recipe = None
        try:
            if kept is not None:
                await kept.close()
            if engine is not None:
                remove = partial(remove_of, engine.client, self._owner)
                await engine.ask("remove the containers", remove)
                await asyncio.to_thread(engine.close)
                # One that was being made meanwhile
                await asyncio.to_thread(asked, "remove the containers", remove)
                engine.client.close()
            if watch is not None and watch.stdin is not None:
                watch.stdin.write(DONE)
                await watch.stdin.drain()
        finally:
            if watch is not None and watch.stdin is not None:
                watch.stdin.close()
                await watch.wait()
            if namespaces is not None:
                namespaces.close()


def _user(client: Any) -> str | None:
    """Who a container is, so that its files can be removed by whoever runs the harness."""
    if os.geteuid() == 0 or any("rootless" in one for one in client.info()["SecurityOptions"]):
        return None
    return f"{os.geteuid()}:{os.getegid()}"
