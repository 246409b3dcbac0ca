"""What the run room sees of a device: a runner that leases instances, and a lease of one."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from harness.device.model import DEFAULT_CONFIGURATION
from harness.peer.network import Address, Network

RESTART: Final = "restart"
"""The action that every device has which the harness starts: it ends, and begins anew."""


@dataclass(frozen=True, slots=True)
class Death:
    """How an instance ended that nobody had asked to end.

    reason: `exited with status 1`, `killed by signal 11 (SIGSEGV)`. log: its last lines.
    crashed: whether a signal ended it, as a fault of the program does.
    """

    reason: str
    log: tuple[str, ...] = ()
    crashed: bool = False


def death_of(status: int, log: tuple[str, ...]) -> Death:
    """A death from the wait status of a process."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return Death(f"killed by signal {-code} ({signal_name(-code)})", log, crashed=True)
    name = signal_name(code - 128)
    if code > 128 and name:
        # A shell or another wrapper around the program passes its signal on like this
        return Death(f"exited with status {code} ({name})", log, crashed=True)
    return Death(f"exited with status {code}", log)


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; empty for what is no signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


class Lease(Protocol):
    """One instance of a device, for one case."""

    @property
    def address(self) -> Address:
        """Where it listens, or will send from."""

    @property
    def network(self) -> Network:
        """Through which it is reached."""

    def death(self) -> Death | None:
        """How it ended, as far as is known; None while it lives."""

    async def examine(self) -> Death | None:
        """As `death`, but finds out first: a crash of a moment ago is not missed."""

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """Do something to it that its peer.yaml names. DeviceError when that cannot be done."""

    def log(self) -> tuple[str, ...]:
        """Its last lines, safe to show."""


class Runner(Protocol):
    """Leases instances of one device."""

    @property
    def parallel(self) -> int | None:
        """How many leases there can be at a time; None: any number."""

    async def open(self) -> None:
        """Check what the device needs. DeviceError with a hint when something is missing."""

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> Lease:
        """A fresh instance. `peer`: where the scripted peer listens, for a device that dials."""

    async def release(self, lease: Lease) -> None:
        """End an instance: bounded in time, and nothing is left of it."""

    async def close(self) -> None:
        """End all that is left."""
