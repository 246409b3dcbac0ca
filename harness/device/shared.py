"""One instance for many cases: a runner that leases the same instance of another runner again.

There is one for each configuration. It starts with the first case that wants it and ends with the
run, or when it is revived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.lease import (
    Death,
    Dissected,
    Housed,
    Lease,
    Remarking,
    Reviving,
    Runner,
    Starvable,
    Vital,
    Vitals,
)
from harness.peer.network import Address, Network


@dataclass(eq=False, slots=True)
class SharedLease:
    """The use of an instance by one case.

    Satisfies `Shared`, `Housed`, `Vital`, `Starvable` and `Dissected`.
    """

    whole: Lease
    instance: str

    @property
    def address(self) -> Address:
        """Where the instance listens."""
        return self.whole.address

    @property
    def network(self) -> Network:
        """Through which it is reached."""
        return self.whole.network

    @property
    def house(self) -> str:
        """What the instance is in."""
        return self.whole.house if isinstance(self.whole, Housed) else ""

    def death(self) -> Death | None:
        """How the instance ended, as far as is known."""
        return self.whole.death()

    async def examine(self) -> Death | None:
        """As `death`, but finds out first."""
        return await self.whole.examine()

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """Do something to the instance, and so to every case that uses it."""
        await self.whole.action(name, values)

    def log(self) -> tuple[str, ...]:
        """Its last lines, whichever case they are about."""
        return self.whole.log()

    def vitals(self) -> Vitals:
        """The health of the instance. What it printed is not of one case, and is left out."""
        if not isinstance(self.whole, Vital):
            return Vitals()
        now = self.whole.vitals()
        return Vitals(now.memory, now.memory_at_first)

    def starved(self) -> float | None:
        """For how long the instance has waited, whichever case that was for."""
        return self.whole.starved() if isinstance(self.whole, Starvable) else None

    async def autopsy(self, keep: Path) -> tuple[str, ...]:
        """What its death has left."""
        return await self.whole.autopsy(keep) if isinstance(self.whole, Dissected) else ()


@dataclass(slots=True)
class SharingRunner:
    """Leases the instances of a runner, each to any number of cases. Satisfies `Reviving`."""

    runner: Runner
    _instances: dict[str, Lease] = field(default_factory=dict)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    parallel: int | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Those of the runner."""
        return self.runner.remarks if isinstance(self.runner, Remarking) else ()

    async def open(self) -> None:
        """Check what the device needs."""
        await self.runner.open()

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> SharedLease:
        """The instance of a configuration, which is started if there is none."""
        async with self._starting:
            whole = self._instances.get(configuration)
            if whole is None:
                whole = await self.runner.lease(case, peer, configuration)
                self._instances[configuration] = whole
        return SharedLease(whole, configuration)

    async def release(self, lease: Lease) -> None:
        """The case is done with it; the instance stays for the next."""

    async def revive(self, instance: str) -> None:
        """End an instance, or those of a house. The next lease starts another one.

        Raises DeviceError when one does not end, or a house is not there again.
        """
        async with self._starting:
            ended = [
                name
                for name, whole in self._instances.items()
                if name == instance or (isinstance(whole, Housed) and whole.house == instance)
            ]
            for name in ended:
                await self.runner.release(self._instances.pop(name))
            if isinstance(self.runner, Reviving):
                await self.runner.revive(instance)

    async def close(self) -> None:
        """End all instances."""
        self._instances.clear()
        await self.runner.close()
