"""One running program, from its configuration to its end. See `process` for who leases it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from harness.device.addresses import is_free
from harness.device.box import Box, Order
from harness.device.description.action import CommandAction, ControlAction, SignalAction
from harness.device.description.device import Device
from harness.device.description.launch import ProgramLaunch
from harness.device.description.template import PlainValue
from harness.device.lease import RESTART, Death, Starvable, Vitals, death_of
from harness.device.log import DeviceLog
from harness.device.machine.core import find_core
from harness.device.machine.keeper_answers import Child, LostError
from harness.device.machine.listening import listening
from harness.device.machine.memory import resident
from harness.device.machine.starved import Starvation
from harness.device.templates import fill, render_file
from harness.errors import DeviceError, HarnessError
from harness.located import suggest
from harness.peer.network import Address, Network

_KILLED_WITHIN = 10.0
_CONTROL_WITHIN = 1.0
_LAST_WORDS = 6


class ProcessLease:
    """One running program. `box`: what it has of the site where it runs."""

    def __init__(
        self,
        device: Device,
        launch: ProgramLaunch,
        box: Box,
        network: Network,
        scale: float,
    ) -> None:
        self.device = device
        self.box = box
        self._launch = launch
        self._network = network
        self._scale = scale
        self._values: dict[str, PlainValue] = {}
        self._address: Address = ("", 0)
        self._peer: Address | None = None
        self._child: Child | None = None
        self._log: DeviceLog | None = None
        self._death: Death | None = None
        self._died_at: float | None = None
        self._memory_at_first: int | None = None
        self._starvation = Starvation()
        self._program = ""
        self._ending = False

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._address

    @property
    def work(self) -> Path:
        """Its work folder, which goes with the lease."""
        return Path(str(self._values["work"]))

    @property
    def house(self) -> str:
        """What it is in with others, if it is."""
        return self.box.house

    @property
    def network(self) -> Network:
        """That of this machine, or one of its own."""
        return self.box.network or self._network

    def log(self) -> tuple[str, ...]:
        """Its last lines, safe to show."""
        return self._log.lines() if self._log else ()

    def death(self) -> Death | None:
        """How it ended; None while it lives, and for one that was asked to end."""
        child = self._child
        if self._death is None and not self._ending and child is not None and child.died.done():
            if self._log:
                self._log.drain()
            error = child.died.exception()
            if error is None:
                self._death = death_of(child.died.result(), self.log(), self._died_at)
            else:
                self._death = self._lost(error)
        return self._death

    def _lost(self, error: BaseException) -> Death:
        """Nothing will be told of it any more: what it was in has ended, if it was in something."""
        said = error.hint.splitlines() if isinstance(error, HarnessError) else []
        told = error.cause if isinstance(error, HarnessError) else str(error)
        house = self.box.house
        return Death(told, (*self.log(), *said), crashed=bool(house), at=self._died_at, house=house)

    def vitals(self) -> Vitals:
        """The memory of the process and its children, and how much it has printed."""
        return Vitals(self._memory(), self._memory_at_first, self._log.octets if self._log else 0)

    async def autopsy(self, keep: Path) -> tuple[str, ...]:
        """Keep its core dump, if it left one, and say what a debugger makes of it."""
        if not self._launch.core:
            return ()
        return await find_core(self.work, self._program, keep, self.box.root)

    def starved(self) -> float | None:
        """For how long it and its children have waited for a processor."""
        if isinstance(self.box, Starvable):
            return self.box.starved()  # whatever is in it shares what it has
        self._starvation.process = self._child.process if self._child else 0
        return self._starvation.seconds()

    def _memory(self) -> int | None:
        number = self._child.process if self._child else 0
        return resident(number) if number else None

    def _note_death(self, _status: asyncio.Future[int]) -> None:
        self._died_at = asyncio.get_running_loop().time()

    async def examine(self) -> Death | None:
        """As `death`, after asking whether it has just died."""
        if self.death() is None and not self._ending:
            try:
                await self.box.ping()
            except DeviceError:
                if self.death() is None:
                    raise  # otherwise what it was in has ended meanwhile
        return self.death()

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """Do what peer.yaml says under this name. `values`: what its `${…}` stand for besides.

        Raises DeviceError when there is no such action, the device is dead, or the action fails.
        """
        action = self.device.actions.get(name)
        if action is None and name == RESTART:
            await self._restart()
            return
        if action is None:
            raise DeviceError(
                "device.no-action",
                f"{self.device.name} has no action {name!r}",
                hint=suggest(name, self.device.actions)
                if self.device.actions
                else "its peer.yaml defines none",
            )
        if death := self.death():
            raise DeviceError("device.dead", f"{name}: the device is gone: {death.reason}")
        names = {**self._values, **values}
        match action:
            case ControlAction(line):
                if self._launch.control is None:
                    raise DeviceError("device.control", f"{self.device.name} has no control FIFO")
                fifo = Path(fill(self._launch.control, self._values))
                await self.box.control(fifo, fill(line, names), _CONTROL_WITHIN * self._scale)
            case SignalAction(number):
                if self._child is not None:
                    await self.box.signal(self._child, number)
            case CommandAction():
                await self._command(name, action, names)

    async def start(
        self,
        folder: Path,
        address: Address,
        peer: Address | None,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        """Write its configuration, start it and wait until it is ready. DeviceError if it fails.

        settled: called when the work of starting is done and what is left is to wait.
        """
        launch = self._launch
        self._address, self._peer = address, peer
        self._values = {
            **self.device.ixit.names(),
            "work": str(folder),
            "folder": str(self.device.folder.resolve()),
            "address": self.box.listens or address[0],
            "port": address[1],
            "peer_address": peer[0] if peer else None,
            "peer_port": peer[1] if peer else None,
            **self.box.names,
        }
        for template in launch.config:
            _write(folder / template.name.removesuffix(".j2"), render_file(template, self._values))
        argv = [fill(word, self._values) for word in launch.command]
        if self.box.address is None and not is_free(*address):
            raise DeviceError(
                "device.port-taken",
                f"UDP {address[0]} port {address[1]} is taken",
                hint=f"`ss -lunp sport = :{address[1]}` names the program that has it",
            )
        stand_ins = [
            (Path(fill(source, self._values)), Path(target))
            for target, source in launch.stand_ins.items()
        ]
        self._program = argv[0]
        order = replace(self._order(argv, folder, stand_ins), core=launch.core)
        self._child, self._log = await self.box.start(order)
        self._child.died.add_done_callback(self._note_death)
        with await self.box.table(address[0]) or nullcontext() as table:
            await self._ready(self._child, self._log, table, settled)
        self._memory_at_first = self._memory()

    async def _restart(self) -> None:
        await self.stop()
        self.close()
        self._death, self._ending = None, False
        await self.start(self.work, self._address, self._peer)

    async def stop(self) -> None:
        """End it: by its signal, and when it does not obey, by SIGKILL."""
        self.death()
        self._ending = True
        child = self._child
        if child is not None and not child.died.done():
            await self.box.signal(child, self._launch.stop.signal)
            if not await _done(child.ended, self._launch.stop.within * self._scale):
                await self.box.kill(child)
        if child is not None and not await _done(child.ended, _KILLED_WITHIN):
            raise DeviceError(
                "device.stuck",
                f"{self.device.name} is still there {_KILLED_WITHIN:g} s after SIGKILL",
                hint="a process in uninterruptible sleep: the machine's log may say why",
            )

    def close(self) -> None:
        """Let go of its output."""
        if self._log:
            self._log.drain()
            self._log.close()

    def _order(
        self, argv: list[str], folder: Path, stand_ins: Sequence[tuple[Path, Path]] = ()
    ) -> Order:
        environment = {
            name: fill(value, self._values) for name, value in self._launch.environment.items()
        }
        return Order(
            argv=argv,
            address=self._address,
            folder=folder,
            environment=environment,
            stand_ins=stand_ins,
        )

    async def _ready(
        self, child: Child, log: DeviceLog, table: TextIO | None, settled: Callable[[], None]
    ) -> None:
        launch = self._launch
        within = launch.ready_within * self._scale
        deadline = asyncio.get_running_loop().time() + within
        what = f"{self._values.get('binary', launch.command[0].text)} ({self.device.title})"
        bound: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if table is not None:
            bound = asyncio.ensure_future(listening(self._address, table))
        ready: asyncio.Future[None] = bound
        sign = f"it had not bound UDP {self._address[0]} port {self._address[1]}"
        if launch.ready is not None:
            ready = log.await_match(launch.ready)
            sign = f"its output had no {launch.ready.pattern!r}"
        try:
            await _first(deadline, child.started)
            if child.started.done():
                child.started.result()
            await _first(deadline, ready, bound, child.died)
            settled()
            await _first(deadline, ready, child.died)
            is_ready = ready.done()
        finally:
            ready.cancel()
            bound.cancel()
        if child.died.done() and (death := self.death()):
            if death.house:
                raise LostError("device.died-early", f"{what} {death.reason} before it was ready")
            raise DeviceError(
                "device.died-early",
                f"{what} {death.reason} before it was ready",
                hint=self._words(),
            )
        if not is_ready:
            raise DeviceError(
                "device.not-ready",
                f"{what} was not ready within {within:g} s: {sign}",
                hint=self._words(),
            )
        ready.result()

    async def _command(
        self, name: str, action: CommandAction, names: Mapping[str, PlainValue]
    ) -> None:
        argv = [fill(word, names) for word in action.command]
        child, log = await self.box.run(self._order(argv, self.work))
        within = action.within * self._scale
        try:
            await asyncio.wait((child.started,))
            child.started.result()
            if not await _done(child.died, within):
                await self.box.kill(child)
                raise DeviceError("device.action", f"{name}: {argv[0]} took more than {within:g} s")
            log.drain()
            death = death_of(child.died.result(), log.lines())
            if child.died.result():
                last = "\n".join(death.log[-_LAST_WORDS:])
                raise DeviceError("device.action", f"{name}: {argv[0]} {death.reason}", hint=last)
        finally:
            log.close()

    def _words(self) -> str:
        lines = self.log()[-_LAST_WORDS:]
        return "it said: " + "\n    ".join(lines) if lines else "it said nothing"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    if text.startswith("#!"):
        path.chmod(0o755)


async def _first(deadline: float, *futures: asyncio.Future[None] | asyncio.Future[int]) -> None:
    """Wait until one of these is done, or until the deadline. They go on."""
    timeout = max(0.0, deadline - asyncio.get_running_loop().time())
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


async def _done(future: asyncio.Future[None] | asyncio.Future[int], within: float) -> bool:
    """Whether a future is done within so many seconds. It goes on if not."""
    await asyncio.wait((future,), timeout=within)
    return future.done()
