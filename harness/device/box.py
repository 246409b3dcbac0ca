"""Where the programs of a device run: sites, and on each the boxes of the leases.

A site is this machine, a container engine or a User-Mode Linux; a box is what one lease has of it.
`process` and `process_lease` know nothing else of where a program is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Protocol, TextIO

from harness.device.log import DeviceLog
from harness.device.machine.keeper_answers import Child
from harness.peer.network import Address, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A program that is to be started.

    argv: its words, as peer.yaml has them. address: where it is reached. folder: the work folder.
    stand_ins: files or folders of the work folder, and in place of what each stands. core:
    whether it may leave a core dump in its folder.
    """

    argv: Sequence[str]
    address: Address
    folder: Path
    environment: Mapping[str, str]
    stand_ins: Sequence[tuple[Path, Path]] = ()
    core: bool = False


class Box(Protocol):
    """What one lease has of a site. It stays when its program is started anew."""

    @property
    def address(self) -> str | None:
        """The address that it has by itself; None: it takes any of this machine's."""

    @property
    def listens(self) -> str | None:
        """The address that its program is told to listen on, if that is another."""

    @property
    def network(self) -> Network | None:
        """Through which it is reached; None: that of this machine."""

    @property
    def house(self) -> str:
        """The guest or container that it is in with others, and they end with it; or empty."""

    @property
    def root(self) -> Path | None:
        """Its file system, as this machine sees it; None: not at all."""

    @property
    def names(self) -> Mapping[str, str]:
        """What templates may name in it: `binary`, `interface`."""

    async def table(self, address: str) -> TextIO | None:
        """Its table of UDP sockets, to be closed by the caller; None: it cannot be seen."""

    async def start(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start the device itself. Raises DeviceError."""

    async def run(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start a further program beside it. Raises DeviceError."""

    async def signal(self, child: Child, number: Signals) -> None:
        """Send a signal to a program, if it still lives."""

    async def kill(self, child: Child) -> None:
        """Kill a program and all that it has started."""

    async def control(self, fifo: Path, line: str, within: float) -> None:
        """Write a line into a control FIFO, and see it read within so many seconds."""

    async def ping(self) -> None:
        """Return once all deaths are told that happened before."""

    async def close(self) -> None:
        """Give it up. Bounded in time; giving it up twice is harmless."""


class Site(Protocol):
    """Where the programs of a device run."""

    @property
    def isolation(self) -> str:
        """How programs are kept apart, in a word; empty before it is open."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """In what it is other than it could be, and why. Known while it is open."""

    async def open(self, folder: Path) -> None:
        """Make ready; all work folders will be below this one. DeviceError with a hint."""

    async def box(self, name: str) -> Box:
        """A box for one lease; `name` is for whoever looks at it. Raises DeviceError."""

    async def revive(self, house: str) -> None:
        """Have a house that has ended there anew, with nothing in it. Raises DeviceError."""

    async def close(self) -> None:
        """End all that is left. Bounded in time."""
