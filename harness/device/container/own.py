"""A container of its own for a lease, which the engine makes anew whenever its program starts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import Signals
from typing import Any, Final, TextIO

from harness.device.box import Order
from harness.device.container.engine import Engine
from harness.device.container.labels import CASE, remove
from harness.device.container.making import Recipe
from harness.device.container.stream import Output, is_ending, wait_status
from harness.device.description.launch import ContainerLaunch
from harness.device.log import DeviceLog
from harness.device.machine.control import write_control
from harness.device.machine.keeper_answers import Child
from harness.device.machine.listening import open_table
from harness.device.machine.netlink import Namespaces, Pair
from harness.errors import DeviceError
from harness.peer.network import Network

_GATE: Final = "gate"
_GATE_WITHIN: Final = 10.0
_WAIT_AT_THE_GATE: Final = 'read -r _ <"$0" && exec "$@"'
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 -- inside the container
_ENDS_WITHIN: Final = 10.0
_LOOKS: Final = 500
_LOOK_EVERY: Final = 0.02


@dataclass(slots=True)
class ContainerBox:
    """The container of one lease. case: for whoever looks at it."""

    recipe: Recipe
    namespaces: Namespaces | None
    case: str
    house: str = field(default="", init=False)
    root: Path | None = field(default=None, init=False)
    _container: str = ""
    _process: int = 0
    _pair: Pair | None = None
    _output: Output | None = None
    _further: dict[int, tuple[str, Output]] = field(default_factory=dict)

    @property
    def launch(self) -> ContainerLaunch:
        """What peer.yaml says of it."""
        return self.recipe.launch

    @property
    def engine(self) -> Engine:
        """Who makes it."""
        return self.recipe.engine

    @property
    def address(self) -> str | None:
        """That of its namespace."""
        return self.recipe.device.listening

    @property
    def listens(self) -> str | None:
        """All addresses, if only its port is published."""
        return _EVERYWHERE if self.launch.published else None

    @property
    def network(self) -> Network | None:
        """That of its namespace."""
        return self._pair.network if self._pair else None

    @property
    def names(self) -> Mapping[str, str]:
        """The link in its namespace."""
        return {"interface": self.launch.namespace.interface} if self.launch.namespace else {}

    async def table(self, address: str) -> TextIO | None:
        """That of its namespace, as far as it may be seen."""
        if self._pair is not None:
            return await self._pair.table(address)
        if self.launch.host:
            return open_table(address)
        try:
            return Path(f"/proc/{self._process}/net/udp").open(encoding="ascii")
        except OSError:
            return None  # of another user or another machine: `ready` has to tell

    async def start(self, order: Order) -> tuple[Child, DeviceLog]:
        """Make a container for it, and start it."""
        await self._remove()
        client, engine = self.engine.client, self.engine
        gate = order.folder / _GATE
        if self.launch.namespace is not None and not gate.exists():
            os.mkfifo(gate)
        made = await engine.ask("make a container", partial(self._create, order))
        self._container = made["Id"]
        connection = await engine.ask(
            "attach to a container",
            lambda: client.attach_socket(self._container, {"stdout": 1, "stderr": 1, "stream": 1}),
        )
        log = DeviceLog()
        output = self._output = Output(connection, log)
        await engine.ask("start a container", lambda: client.start(self._container))
        status = partial(_status, client, self._container)
        output.when_ended(lambda: engine.ask("wait for a container", status))
        state = await self._state()
        self._process = output.child.process = state["Pid"]
        if self.launch.namespace is not None and state["Running"]:
            await self._connect(gate)
        return output.child, log

    def _create(self, order: Order) -> Any:
        argv = list(order.argv)
        if self.launch.namespace is not None:
            argv = ["/bin/sh", "-c", _WAIT_AT_THE_GATE, str(order.folder / _GATE), *argv]
        return self.recipe.create(
            argv,
            order.folder,
            environment=order.environment,
            stand_ins=order.stand_ins,
            labels={CASE: self.case},
            published=order.address if self.launch.published else None,
            core=order.core,
        )

    async def _connect(self, gate: Path) -> None:
        """Put its end of the veth pair into it, and let the program begin."""
        if self.namespaces is None or self.launch.namespace is None:
            return
        try:
            inside = os.open(f"/proc/{self._process}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(
                "device.namespace",
                f"cannot enter the network namespace of a container: {error.strerror}",
                hint="run as root, and where the container engine runs",
            ) from error
        if self._pair is None:
            self._pair = await self.namespaces.make(self.launch.namespace, inside)
        else:
            await self.namespaces.move(self._pair, inside)
        await write_control(gate, "go", _GATE_WITHIN)

    async def run(self, order: Order) -> tuple[Child, DeviceLog]:
        """Start a further program in the container."""
        client, engine = self.engine.client, self.engine
        made = await engine.ask(
            f"run {order.argv[0]} in a container",
            lambda: client.exec_create(
                self._container,
                list(order.argv),
                environment=dict(order.environment),
                workdir=str(order.folder),
            ),
        )
        connection = await engine.ask(
            f"run {order.argv[0]} in a container",
            lambda: client.exec_start(made["Id"], socket=True),
        )
        log = DeviceLog()
        output = Output(connection, log)
        self._further[output.child.number] = (made["Id"], output)
        output.when_ended(
            lambda: engine.ask("wait for a program", partial(_exec_status, client, made["Id"]))
        )
        return output.child, log

    async def signal(self, child: Child, number: Signals) -> None:
        """Send a signal to the device."""
        if not child.died.done():
            await self._kill(number)

    async def kill(self, child: Child) -> None:
        """Kill the device with all in the container. A further program goes with the container."""
        if child.number in self._further:
            _, output = self._further.pop(child.number)
            output.close()
        elif not child.died.done():
            await self._kill(Signals.SIGKILL)

    async def _kill(self, number: Signals) -> None:
        import docker.errors

        def kill() -> None:
            try:
                self.engine.client.kill(self._container, number.value)
            except docker.errors.APIError as error:
                if error.response is None or error.response.status_code not in (404, 409):
                    raise  # those mean that it has ended meanwhile

        await self.engine.ask("send a signal", kill)

    async def control(self, fifo: Path, line: str, within: float) -> None:
        """Write a line into a control FIFO, which is the same from everywhere."""
        await write_control(fifo, line, within)

    async def ping(self) -> None:
        """If the program has ended, wait until that is told."""
        output = self._output
        if output is None or output.child.died.done():
            return
        if is_ending(self._process) or not (await self._state())["Running"]:
            await asyncio.wait((output.child.died,), timeout=_ENDS_WITHIN)

    async def close(self) -> None:
        """Remove the container."""
        await self._remove()
        if self._pair is not None and self.namespaces is not None:
            self.namespaces.drop(self._pair)

    async def _remove(self) -> None:
        container, self._container = self._container, ""
        for _, output in self._further.values():
            output.close()
        self._further.clear()
        if container and not self.engine.closed:
            client = self.engine.client
            await self.engine.ask("remove a container", lambda: remove(client, container))
        if self._output is not None:
            self._output.close()

    async def _state(self) -> Any:
        client = self.engine.client
        found = await self.engine.ask(
            "look at a container", lambda: client.inspect_container(self._container)
        )
        return found["State"]


def _status(client: Any, container: str) -> int:
    return wait_status(client.wait(container, timeout=None)["StatusCode"])


def _exec_status(client: Any, further: str) -> int:
    """The status of a further program, which may end a moment after its output."""
    for _ in range(_LOOKS):
        found = client.exec_inspect(further)
        if not found["Running"]:
            return wait_status(found["ExitCode"])
        threading.Event().wait(_LOOK_EVERY)
    raise DeviceError("device.container", "a program closed its output and went on")
