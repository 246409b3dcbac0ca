"""A network namespace in a guest, in which a device runs, and the addresses of such."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import Signals
from typing import TextIO

from harness.device.box import Order
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Interface
from harness.device.log import DeviceLog
from harness.device.machine.control import LONGEST_LINE
from harness.device.machine.keeper_answers import Child
from harness.device.needs import find_program
from harness.device.uml.booted import Guest
from harness.errors import DeviceError
from harness.peer.network import Network


class Addresses:
    """The addresses of the boxes: from the end of the network down."""

    def __init__(self, interface: Interface) -> None:
        self._network = interface.network
        self._taken: set[str] = set()
        self._steps = itertools.count(2)

    def take(self) -> str:
        """An address, with the length of its prefix."""
        half = self._network.num_addresses // 2 - 2
        for _ in range(len(self._taken) + 1):
            address = self._network[-2 - next(self._steps) % half]
            text = f"{address}/{self._network.prefixlen}"
            if text not in self._taken:
                self._taken.add(text)
                return text
        raise DeviceError("device.addresses", f"all addresses of {self._network} are taken")

    def release(self, address: str) -> None:
        """Give one back."""
        self._taken.discard(address)


@dataclass(slots=True)
class GuestBox:
    """A network namespace in a guest. `prefixed`: its address with the length of the prefix."""

    launch: UmlLaunch
    guest: Guest
    number: int
    prefixed: str
    addresses: Addresses
    listens: str | None = field(default=None, init=False)
    root: Path | None = field(default=Path("/"), init=False)
    _open: bool = True

    @property
    def address(self) -> str | None:
        """Its own."""
        return str(ipaddress.ip_interface(self.prefixed).ip)

    @property
    def network(self) -> Network | None:
        """That with the guest's TAP device."""
        return self.guest.pair.network

    @property
    def house(self) -> str:
        """The guest."""
        return self.guest.name

    @property
    def names(self) -> Mapping[str, str]:
        """The link in its namespace."""
        return {"interface": self.launch.namespace.interface} if self.launch.namespace else {}

    async def table(self, _address: str) -> TextIO | None:
        """It cannot be seen."""
        return None

    async def start(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start a program by its name or its path, which are those of this machine."""
        argv = [find_program(order.argv[0], self.launch), *order.argv[1:]]
        return self.guest.start(replace(order, argv=argv), self.number)

    async def run(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start a further program in the same network namespace."""
        return await self.start(order)

    async def signal(self, child: Child, number: Signals) -> None:
        """Send a signal to a program, if it still lives."""
        self.guest.ask({"do": "signal", "id": child.number, "signal": int(number)})

    async def kill(self, child: Child) -> None:
        """Kill a program and all that it has started."""
        self.guest.ask({"do": "kill", "id": child.number})

    async def control(self, fifo: Path, line: str, within: float) -> None:
        """Have the guest write a line: a FIFO has two ends in one kernel only."""
        if len(line.encode()) >= LONGEST_LINE:
            raise DeviceError("device.control", "the line is too long for a control FIFO")
        await self.guest.control(fifo, line, within)

    def starved(self) -> float | None:
        """For how long the guest has waited: it has one processor for all boxes."""
        return self.guest.starved()

    async def ping(self) -> None:
        """Ask the guest what it knows."""
        await self.guest.ping()

    async def close(self) -> None:
        """Give up the namespace."""
        if self._open:
            self._open = False
            self.addresses.release(self.prefixed)
            self.guest.boxes -= 1
            if not self.guest.has_died:
                self.guest.ask({"do": "drop", "box": self.number})
