"""This machine as a site: programs are started by the keeper, each in namespaces of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import Signals
from typing import TextIO

from harness.device.box import Order
from harness.device.description.device import Device
from harness.device.description.launch import ProcessLaunch, ProgramLaunch
from harness.device.log import DeviceLog
from harness.device.machine.control import write_control
from harness.device.machine.keeper import PROCESS_GROUPS, Keeper
from harness.device.machine.keeper_answers import Child
from harness.device.machine.listening import open_table
from harness.device.machine.netlink import Namespaces, Pair
from harness.device.needs import check_needs, find_program
from harness.errors import DeviceError
from harness.peer.network import Network


@dataclass(slots=True)
class Machine:
    """The site of a `process`."""

    device: Device
    launch: ProcessLaunch
    _keeper: Keeper | None = None
    _namespaces: Namespaces | None = None

    @property
    def isolation(self) -> str:
        """`namespaces`, `user-namespaces` or `process-groups`."""
        return self._keeper.isolation if self._keeper else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """That programs are kept apart no better, if they are not."""
        if self._keeper is None or self._keeper.isolation != PROCESS_GROUPS:
            return ()
        return (f"a device ends with its process group only: {self._keeper.reason}",)

    async def open(self, folder: Path) -> None:
        """Check that the device can be started, and start the keeper."""
        launch = self.launch
        check_needs(self.device, launch)
        self._keeper = Keeper(folder, bool(launch.stand_ins))
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

    async def box(self, _name: str) -> MachineBox:
        """One with a network namespace of its own if the device asks for it."""
        if self._keeper is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        pair = None
        if self._namespaces is not None and self.launch.namespace is not None:
            pair = await self._namespaces.make(self.launch.namespace)
        names = {"binary": find_program(self.launch.binary, self.launch)}
        programs = partial(find_program, launch=self.launch)
        return MachineBox(
            self.device, self.launch, self._keeper, self._namespaces, pair, programs, names
        )

    async def revive(self, _house: str) -> None:
        """Nothing holds its boxes together."""

    async def close(self) -> None:
        """End the keeper, and with it all that it started."""
        keeper, self._keeper = self._keeper, None
        namespaces, self._namespaces = self._namespaces, None
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            if namespaces is not None:
                namespaces.close()


@dataclass(slots=True)
class MachineBox:
    """The namespaces of one lease, on this machine or in a container that is entered from it.

    pair: the network namespaces between which it is reached. programs: where a program is that
    is called so. own_names: what templates may name. house and root: as `Box` has them.
    """

    device: Device
    launch: ProgramLaunch
    keeper: Keeper
    namespaces: Namespaces | None
    pair: Pair | None
    programs: Callable[[str], str]
    own_names: Mapping[str, str] = field(default_factory=dict)
    house: str = ""
    root: Path | None = Path("/")
    listens: str | None = field(default=None, init=False)

    @property
    def address(self) -> str | None:
        """That of its namespace."""
        return self.device.listening

    @property
    def network(self) -> Network | None:
        """That of its namespace."""
        return self.pair.network if self.pair else None

    @property
    def names(self) -> Mapping[str, str]:
        """The program's path, and the link in its namespace."""
        if self.launch.namespace is None:
            return self.own_names
        return {**self.own_names, "interface": self.launch.namespace.interface}

    async def table(self, address: str) -> TextIO | None:
        """The table of its namespace or of this machine."""
        return await self.pair.table(address) if self.pair else open_table(address)

    async def start(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start a program by its name or its path."""
        argv = [self.programs(order.argv[0]), *order.argv[1:]]
        reader, writer = os.pipe()
        log = DeviceLog(reader)
        try:
            child = await self.keeper.start(
                argv,
                folder=order.folder,
                environment=order.environment,
                stand_ins=order.stand_ins,
                log=writer,
                network=self.pair.namespace if self.pair else None,
                core=order.core,
            )
        except BaseException:
            log.close()
            raise
        finally:
            os.close(writer)
        return child, log

    async def run(self, order: Order) -> tuple[Child, DeviceLog]:
        """A further program in the same network namespace; other namespaces are its own."""
        return await self.start(order)

    async def signal(self, child: Child, number: Signals) -> None:
        """Send a signal, if it still lives."""
        await self.keeper.signal(child, number)

    async def kill(self, child: Child) -> None:
        """Kill a program and all that it has started."""
        await self.keeper.kill(child)

    async def control(self, fifo: Path, line: str, within: float) -> None:
        """Write a line into a control FIFO, which is the same from everywhere."""
        await write_control(fifo, line, within)

    async def ping(self) -> None:
        """Ask the keeper what it knows."""
        await self.keeper.ping()

    async def close(self) -> None:
        """Let go of the namespaces."""
        if self.pair is not None and self.namespaces is not None:
            self.namespaces.drop(self.pair)
