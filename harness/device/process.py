"""Devices that are programs on this machine: one process, with all it starts, for each lease.

Each lease has a work folder, a session, a PID namespace and either a loopback address or a network
namespace of its own, so that hundreds run at once and none can touch another. See `keeper_script`
for how they end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.addresses import LoopbackAddresses
from harness.device.keeper import PROCESS_GROUPS, Keeper
from harness.device.lease import Lease
from harness.device.model import DEFAULT_CONFIGURATION, Device, ProcessLaunch
from harness.device.needs import check_needs
from harness.device.netlink import Namespaces
from harness.device.process_lease import ProcessLease
from harness.errors import DeviceError
from harness.peer.network import Address, Network

_STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)
"""More would not be ready sooner, and take the processor from the cases that run."""


@dataclass(slots=True)
class ProcessRunner:
    """Leases processes of one device.

    addresses: where leases without an address in the IXIT get theirs. time_scale: what the waits
    of peer.yaml are multiplied by.
    """

    device: Device
    network: Network
    addresses: LoopbackAddresses
    time_scale: float = 1.0
    _keeper: Keeper | None = None
    _folder: Path | None = None
    _namespaces: Namespaces | None = None
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
        """How devices are kept apart: `namespaces`, `user-namespaces` or `process-groups`."""
        return self._keeper.isolation if self._keeper else ""

    async def open(self) -> None:
        """Check that the device can be started, and start the keeper. DeviceError with a hint."""
        launch = self._launch
        check_needs(self.device, launch)
        if self.parallel is not None:
            self._places = asyncio.Semaphore(self.parallel)
        self._folder = Path(tempfile.mkdtemp(prefix="l2tp-"))
        self._keeper = Keeper(self._folder, bool(launch.stand_ins))
        try:
            if launch.namespace is not None:
                self._namespaces = Namespaces()
                await self._namespaces.open()
            await self._keeper.open()
            if launch.stand_ins and self._keeper.isolation == PROCESS_GROUPS:
                raise DeviceError(
                    "device.isolation",
                    f"{self.device.name} needs a stand-in for {', '.join(launch.stand_ins)}, and "
                    f"mounting is not permitted here ({self._keeper.reason})",
                    hint="run as root; a container needs --cap-add SYS_ADMIN and "
                    "--security-opt apparmor=unconfined",
                )
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
            self._let_go(lease)
            if self._places is not None and lease in self._placed:
                self._placed.discard(lease)
                self._places.release()
            # What a device left there may be anything; the keeper removes what stays behind
            shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        """End all processes that are left, and the keeper."""
        starting = list(self._ahead)
        self._ahead.clear()
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        keeper, self._keeper = self._keeper, None
        folder, self._folder = self._folder, None
        namespaces, self._namespaces = self._namespaces, None
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            for lease in self._leases:
                self._let_go(lease)
            self._leases.clear()
            if namespaces is not None:
                namespaces.close()
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
        if self._keeper is None or self._folder is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        device = self.device.configured(configuration)
        async with _Turn(self._starting) as turn:
            pair = None
            if self._namespaces is not None and self._launch.namespace is not None:
                pair = await self._namespaces.make(self._launch.namespace)
            lease = ProcessLease(
                device, self._launch, self._keeper, self.network, self.time_scale, pair
            )
            folder = Path(tempfile.mkdtemp(prefix=f"{_file_name(case)}-", dir=self._folder))
            self._leases[lease] = folder
            try:
                address = (self._address(device), device.ixit.port)
                await lease.start(folder, address, peer, turn.end)
            except BaseException:
                await self.release(lease)
                raise
        return lease

    def _address(self, device: Device) -> str:
        namespace = self._launch.namespace
        if device.ixit.address is not None:
            return device.ixit.address
        return namespace.address if namespace else self.addresses.take(device.ixit.port)

    def _let_go(self, lease: ProcessLease) -> None:
        lease.close()
        self.addresses.release(lease.address[0])
        if lease.pair is not None and self._namespaces is not None:
            self._namespaces.drop(lease.pair)

    @property
    def _launch(self) -> ProcessLaunch:
        launch = self.device.launch
        if not isinstance(launch, ProcessLaunch):
            raise DeviceError("device.launch", f"{self.device.name} is not a process")
        return launch


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
