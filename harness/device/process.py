"""Devices that are programs: one, with all that it starts, for each lease.

Each lease has a work folder, a box on the site where the program runs, and either a loopback
address or a network of its own, so that hundreds run at once and none can touch another. See
`keeper_script` for how those on this machine end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.addresses import LoopbackAddresses
from harness.device.box import Box, Site
from harness.device.container.site import Containers
from harness.device.description.device import Device
from harness.device.description.launch import (
    ContainerLaunch,
    ProcessLaunch,
    ProgramLaunch,
    UmlLaunch,
)
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.lease import Lease
from harness.device.machine.keeper_answers import LostError
from harness.device.machine.site import Machine
from harness.device.process_lease import ProcessLease
from harness.device.uml.site import Guests
from harness.errors import DeviceError
from harness.peer.network import Address, Network

_HOUSES_TRIED = 3
_STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)
"""More would not be ready sooner, and take the processor from the cases that run."""


@dataclass(slots=True)
class ProcessRunner:
    """Leases programs of one device.

    addresses: where leases without an address in the IXIT get theirs. time_scale: what the waits
    of peer.yaml are multiplied by.
    """

    device: Device
    network: Network
    addresses: LoopbackAddresses
    time_scale: float = 1.0
    _site: Site | None = None
    _folder: Path | None = None
    _leases: dict[ProcessLease, Path] = field(default_factory=dict)
    _ahead: deque[asyncio.Task[ProcessLease]] = field(default_factory=deque)
    _starting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_STARTS_AT_ONCE))
    _places: asyncio.Semaphore | None = None
    _placed: set[ProcessLease] = field(default_factory=set)

    @property
    def parallel(self) -> int | None:
        """1 for a device with an address of this machine; otherwise what peer.yaml says."""
        if self.device.ixit.address is not None and self._launch.namespace is None:
            return 1
        return self._launch.at_once

    @property
    def work(self) -> Path | None:
        """The folder with the work folders of all leases, while it is open."""
        return self._folder

    @property
    def isolation(self) -> str:
        """How devices are kept apart, in a word."""
        return self._site.isolation if self._site else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """In what the site is other than it could be."""
        return self._site.remarks if self._site else ()

    async def open(self) -> None:
        """Check that the device can be started, and open its site. DeviceError with a hint."""
        if self.parallel is not None:
            self._places = asyncio.Semaphore(self.parallel)
        self._folder = Path(tempfile.mkdtemp(prefix="l2tp-"))
        self._site = site_of(self.device)
        try:
            await self._site.open(self._folder)
        except BaseException:
            await self.close()
            raise

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> ProcessLease:
        """A fresh process, ready to serve. Raises DeviceError when it does not come up."""
        if self._places is None:
            return await self._instance(case, peer, configuration)
        await self._places.acquire()
        try:
            lease = await self._instance(case, peer, configuration)
        except BaseException:
            self._places.release()
            raise
        self._placed.add(lease)
        return lease

    async def release(self, lease: Lease) -> None:
        """End a process and remove its folder. Releasing twice is harmless."""
        if not isinstance(lease, ProcessLease) or lease not in self._leases:
            return
        folder = self._leases.pop(lease)
        try:
            await lease.stop()
        finally:
            await self._let_go(lease)
            if self._places is not None and lease in self._placed:
                self._placed.discard(lease)
                self._places.release()
            # What a device left there may be anything; the keeper removes what stays behind
            shutil.rmtree(folder, ignore_errors=True)

    async def revive(self, instance: str) -> None:
        """Have a guest or a container there anew that has ended. Raises DeviceError."""
        if self._site is not None:
            await self._site.revive(instance)

    async def close(self) -> None:
        """End all processes that are left, and the keeper."""
        starting = list(self._ahead)
        self._ahead.clear()
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        site, self._site = self._site, None
        folder, self._folder = self._folder, None
        try:
            if site is not None:
                await site.close()
        finally:
            try:
                for lease in self._leases:
                    await self._let_go(lease)
            finally:
                self._leases.clear()
                if folder is not None:
                    shutil.rmtree(folder, ignore_errors=True)

    async def _instance(self, case: str, peer: Address | None, configuration: str) -> ProcessLease:
        """One that was started ahead, or one that is started now."""
        if not self._launch.ahead or configuration != DEFAULT_CONFIGURATION:
            return await self._started(case, peer, configuration)
        if not self._ahead:
            lease = await self._started(case, None, configuration)
        else:
            lease = await self._ahead.popleft()
        while len(self._ahead) < self._launch.ahead:
            starting = self._started("ahead", None, DEFAULT_CONFIGURATION)
            self._ahead.append(asyncio.create_task(starting, name="start ahead"))
        if death := await lease.examine():
            await self.release(lease)
            raise DeviceError(
                "device.died-early",
                f"{self.device.name} {death.reason} before anything was sent to it",
                hint="\n".join(death.log),
            )
        return lease

    async def _started(self, case: str, peer: Address | None, configuration: str) -> ProcessLease:
        """A fresh one; in another house, if that in which it was to be ends of other cases."""
        for _ in range(_HOUSES_TRIED - 1):
            with contextlib.suppress(LostError):
                return await self._start(case, peer, configuration)
        return await self._start(case, peer, configuration)

    async def _start(self, case: str, peer: Address | None, configuration: str) -> ProcessLease:
        if self._site is None or self._folder is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        device = self.device.configured(configuration)
        async with _Turn(self._starting) as turn:
            box = await self._site.box(_file_name(case))
            lease = ProcessLease(device, self._launch, box, self.network, self.time_scale)
            folder = Path(tempfile.mkdtemp(prefix=f"{_file_name(case)}-", dir=self._folder))
            self._leases[lease] = folder
            try:
                address = (self._address(device, box), device.ixit.port)
                await lease.start(folder, address, peer, turn.end)
            except BaseException:
                await self.release(lease)
                raise
        return lease

    def _address(self, device: Device, box: Box) -> str:
        return box.address or device.ixit.address or self.addresses.take(device.ixit.port)

    async def _let_go(self, lease: ProcessLease) -> None:
        lease.close()
        self.addresses.release(lease.address[0])
        await lease.box.close()

    @property
    def _launch(self) -> ProgramLaunch:
        launch = self.device.launch
        if not isinstance(launch, ProgramLaunch):
            raise DeviceError("device.launch", f"{self.device.name} is not a program")
        return launch


def site_of(device: Device) -> Site:
    """The site where the programs of a device run."""
    launch = device.launch
    if isinstance(launch, ProcessLaunch):
        return Machine(device, launch)
    if isinstance(launch, ContainerLaunch):
        return Containers(device, launch)
    if isinstance(launch, UmlLaunch):
        return Guests(device, launch)
    raise DeviceError("device.launch", f"{device.name} is not a program")


class _Turn:
    """A place of a semaphore, given back at the end, or as soon as it is over before that."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._over = True

    async def __aenter__(self) -> _Turn:
        await self._places.acquire()
        self._over = False
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.end()

    def end(self) -> None:
        """Let the next one have its turn."""
        if not self._over:
            self._over = True
            self._places.release()


def _file_name(case: str) -> str:
    letters = "".join(one if one.isascii() and one.isalnum() else "-" for one in case)
    return letters[:40].strip("-") or "case"
