"""What the run room sees of a device: a runner that leases instances, and a lease of one."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.peer.network import Address, Network

RESTART: Final = "restart"
"""The action that every device has which the harness starts: it ends, and begins anew."""


class Fate(StrEnum):
    """What may become of a device during a run: the codes by which reports tell it apart.

    A device that does not start is told by the error of its start: `device.not-ready`, …
    """

    CRASHED = "device.crashed"
    EXITED = "device.exited"
    HUNG = "device.hung"
    SLOW = "device.slow"
    LOG_FLOOD = "device.log-flood"


@dataclass(frozen=True, slots=True)
class Death:
    """How an instance ended that nobody had asked to end, or that it serves nobody any more.

    reason: `exited with status 1`, `killed by signal 11 (SIGSEGV)`. log: its last lines.
    crashed: whether a signal ended it, as a fault of the program does. at: when it was noticed, on
    the loop's clock; None: not known. fate: how reports call it, where that is not plain. house:
    what has ended with all that was in it, where it was not the instance alone (`Housed`).
    """

    reason: str
    log: tuple[str, ...] = ()
    crashed: bool = False
    at: float | None = None
    fate: Fate | None = None
    house: str = ""

    @property
    def code(self) -> Fate:
        """How reports call it."""
        return self.fate or (Fate.CRASHED if self.crashed else Fate.EXITED)


def death_of(status: int, log: tuple[str, ...], at: float | None = None) -> Death:
    """A death from the wait status of a process."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        reason = f"killed by signal {-code} ({signal_name(-code)})"
        return Death(reason, log, crashed=True, at=at)
    name = signal_name(code - 128)
    if code > 128 and name:
        # A shell or another wrapper around the program passes its signal on like this
        return Death(f"exited with status {code} ({name})", log, crashed=True, at=at)
    return Death(f"exited with status {code}", log, at=at)


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; empty for what is no signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The health of an instance, in octets; None: cannot be told.

    memory: resident, of its processes. memory_at_first: the same when it was ready. log: what it
    has printed in all.
    """

    memory: int | None = None
    memory_at_first: int | None = None
    log: int | None = None


@runtime_checkable
class Vital(Protocol):
    """A lease that can tell of the health of its instance. No lease has to."""

    def vitals(self) -> Vitals:
        """How it is now."""


@runtime_checkable
class Starvable(Protocol):
    """A lease, or a box, that can tell for how long it waited for a processor. None has to."""

    def starved(self) -> float | None:
        """Seconds since it began, all its threads added; None: cannot be told."""


@runtime_checkable
class Dissected(Protocol):
    """A lease that can tell more of its instance once that has died. No lease has to."""

    async def autopsy(self, keep: Path) -> tuple[str, ...]:
        """What was found, in lines, such as the backtrace of a core dump, which is kept there."""


@runtime_checkable
class Shared(Protocol):
    """A lease of an instance that other cases use at the same time (a container, a box).

    When the instance dies or hangs, every case in flight on it is void: the run has its runner
    revive it (`Reviving`) and runs these cases again, one at a time, to find the one that does it.
    """

    @property
    def instance(self) -> str:
        """Names the running instance: leases with the same name share it."""


@runtime_checkable
class Housed(Protocol):
    """A lease of an instance of its own that is in one house with others (a guest, a container).

    When the house ends, every case in flight in it is void, as with a shared instance.
    """

    @property
    def house(self) -> str:
        """Names the house; empty: it stands alone."""


@runtime_checkable
class Reviving(Protocol):
    """A runner that can bring back what many cases used. Without it a death ends the run."""

    async def revive(self, instance: str) -> None:
        """Restart an instance or a house, as new and serving. DeviceError when it cannot be done.

        All leases of it have been released by then.
        """


@runtime_checkable
class Remarking(Protocol):
    """A runner that knows in what the place of its device is other than it could be."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence each, without a full stop, with why. Known while it is open."""


class Lease(Protocol):
    """One instance of a device, for one case, or the use of one that is shared (`Shared`)."""

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
