"""User-Mode Linux as a site: a few guests, and in each a network namespace for every lease.

A guest is a whole Linux with the kernel's own L2TP and PPP, as a process of this machine: booting
it takes two or three seconds and 60 MB, a program in it a tenth of that. Its link is a TAP device
in a network namespace of the harness's; the boxes' links are upon that, each with an address of
the upper half of the network, the lower half being the harness's. See `guest` for its inside.

Guests are started by the keeper, and so end with the harness, however that ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.description.device import Device
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Interface
from harness.device.machine.keeper import Keeper
from harness.device.machine.netlink import Namespaces
from harness.device.needs import check_uml
from harness.device.uml.booted import Guest, namespace_of
from harness.device.uml.boxes import Addresses, GuestBox
from harness.errors import DeviceError


@dataclass(slots=True)
class Guests:
    """The site of a `uml`. Guests are booted when the first lease wants one."""

    device: Device
    launch: UmlLaunch
    _keeper: Keeper | None = None
    _namespaces: Namespaces | None = None
    _folder: Path | None = None
    _guests: list[asyncio.Task[Guest]] = field(default_factory=list)
    _booted: int = 0
    _addresses: Addresses | None = None

    @property
    def isolation(self) -> str:
        """Whether it is open."""
        return "guests" if self._keeper else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """None: guests are always the same."""
        return ()

    async def open(self, folder: Path) -> None:
        """Check what a guest needs, and boot all of them."""
        check_uml(self.device, self.launch)
        self._folder = folder
        self._addresses = Addresses(_network(self.device, self.launch))
        self._keeper = Keeper(folder, mounts=False)
        self._namespaces = Namespaces()
        await self._namespaces.open()
        await self._keeper.open()
        self._guests = [self._boot() for _ in range(self.launch.guests)]
        await asyncio.gather(*self._guests)

    def _boot(self) -> asyncio.Task[Guest]:
        self._booted += 1
        return asyncio.create_task(self._booted_guest(self._booted), name="boot a guest")

    async def _booted_guest(self, number: int) -> Guest:
        if self._keeper is None or self._namespaces is None or self._folder is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        pair = await self._namespaces.tap(namespace_of(self.launch))
        folder = self._folder / f"guest-{number}"
        folder.mkdir()
        guest = Guest(self.launch, self._keeper, pair, folder)
        await guest.boot(self._folder)
        return guest

    async def box(self, _name: str) -> GuestBox:
        """One in the guest with the fewest. A guest that has died is replaced."""
        if self._addresses is None or not self._guests:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        place = min(range(len(self._guests)), key=lambda one: _boxes_in(self._guests[one]))
        guest = await self._living(place)
        address = self._addresses.take()
        try:
            number = await guest.network(self.launch, address)
        except BaseException:
            self._addresses.release(address)
            raise
        return GuestBox(self.launch, guest, number, address, self._addresses)

    async def _living(self, place: int) -> Guest:
        """The guest of a place, booted anew if it has died."""
        task = self._guests[place]
        if task.done() and (
            task.cancelled() or task.exception() is not None or task.result().has_died
        ):
            task = self._guests[place] = self._boot()
        return await asyncio.shield(task)

    async def revive(self, house: str) -> None:
        """Boot a guest in place of one that has died."""
        for place, task in enumerate(self._guests):
            if task.done() and not task.cancelled() and task.exception() is None:
                guest = task.result()
                if guest.name == house and guest.has_died:
                    await self._living(place)

    async def close(self) -> None:
        """End the guests, and with them all that is in them."""
        guests, self._guests = self._guests, []
        keeper, self._keeper = self._keeper, None
        namespaces, self._namespaces = self._namespaces, None
        for task in guests:
            task.cancel()
        for ended in await asyncio.gather(*guests, return_exceptions=True):
            if isinstance(ended, Guest):
                ended.hang_up()
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            if namespaces is not None:
                namespaces.close()


def _boxes_in(task: asyncio.Task[Guest]) -> int:
    """How many boxes a guest has; one that is not there has none."""
    if not task.done() or task.cancelled() or task.exception() is not None:
        return 0
    return 0 if task.result().has_died else task.result().boxes


def _network(device: Device, launch: UmlLaunch) -> Interface:
    host = namespace_of(launch).host(device.listening) if device.listening else None
    if host is None:
        raise DeviceError("device.namespace", "a guest needs a network")
    return host
