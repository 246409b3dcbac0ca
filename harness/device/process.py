"""Devices that are programs on this machine: one process, with all it starts, for each lease.

Each lease has a work folder, a loopback address, a session and a PID namespace of its own, so that
hundreds run at once and none can touch another. See `keeper_script` for how they end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.addresses import LoopbackAddresses, is_free
from harness.device.control import write_control
from harness.device.keeper import PROCESS_GROUPS, Child, Keeper
from harness.device.lease import Death, Lease, death_of
from harness.device.listening import listening
from harness.device.log import DeviceLog
from harness.device.model import (
    DEFAULT_CONFIGURATION,
    CommandAction,
    ControlAction,
    Device,
    PlainValue,
    ProcessLaunch,
    SignalAction,
)
from harness.device.needs import check_needs, find_program
from harness.device.templates import fill, render_file
from harness.errors import DeviceError
from harness.located import suggest
from harness.peer.network import Address, Network

_STARTS_AT_ONCE = 8
_KILLED_WITHIN = 10.0
_CONTROL_WITHIN = 1.0
_LAST_WORDS = 6


class ProcessLease:
    """One running process."""

    def __init__(
        self, device: Device, launch: ProcessLaunch, keeper: Keeper, network: Network, scale: float
    ) -> None:
        self.device = device
        self._launch = launch
        self._keeper = keeper
        self._network = network
        self._scale = scale
        self._values: dict[str, PlainValue] = {}
        self._address: Address = ("", 0)
        self._child: Child | None = None
        self._log: DeviceLog | None = None
        self._death: Death | None = None
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
    def network(self) -> Network:
        """The network of this machine."""
        return self._network

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
            self._death = Death(str(error)) if error else death_of(child.died.result(), self.log())
        return self._death

    async def examine(self) -> Death | None:
        """As `death`, after asking the keeper whether it has just died."""
        if self.death() is None and not self._ending:
            await self._keeper.ping()
        return self.death()

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """Do what peer.yaml says under this name. `values`: what its `${…}` stand for besides.

        Raises DeviceError when there is no such action, the device is dead, or the action fails.
        """
        action = self.device.actions.get(name)
        if action is None:
            raise DeviceError(
                "device.no-action",
                f"{self.device.name} has no action {name!r}",
                hint=suggest(name, self.device.actions)
                if self.device.actions
                else "its peer.yaml defines none",
            )
        if death := self.death():
            raise DeviceError("device.dead", f"{name}: the device has {death.reason}")
        names = {**self._values, **values}
        match action:
            case ControlAction(line):
                if self._launch.control is None:
                    raise DeviceError("device.control", f"{self.device.name} has no control FIFO")
                fifo = Path(fill(self._launch.control, self._values))
                await write_control(fifo, fill(line, names), _CONTROL_WITHIN * self._scale)
            case SignalAction(number):
                if self._child is not None:
                    await self._keeper.signal(self._child, number)
            case CommandAction():
                await self._command(name, action, names)

    async def start(self, folder: Path, address: Address, peer: Address | None) -> None:
        """Write its configuration, start it and wait until it is ready. DeviceError if it fails."""
        launch = self._launch
        self._address = address
        binary = find_program(launch.binary, launch)
        self._values = {
            **self.device.ixit.names(),
            "work": str(folder),
            "folder": str(self.device.folder.resolve()),
            "binary": binary,
            "address": address[0],
            "port": address[1],
            "peer_address": peer[0] if peer else None,
            "peer_port": peer[1] if peer else None,
        }
        for template in launch.config:
            _write(folder / template.name.removesuffix(".j2"), render_file(template, self._values))
        argv = [fill(word, self._values) for word in launch.command]
        argv[0] = find_program(argv[0], launch)
        if not is_free(*address):
            raise DeviceError(
                "device.port-taken",
                f"UDP {address[0]} port {address[1]} is taken",
                hint=f"`ss -lunp sport = :{address[1]}` names the program that has it",
            )
        stand_ins = [
            (Path(fill(source, self._values)), Path(target))
            for target, source in launch.stand_ins.items()
        ]
        self._child, self._log = await self._run(argv, folder, stand_ins)
        await self._ready(self._child, self._log)

    async def stop(self) -> None:
        """End it: by its signal, and when it does not obey, by SIGKILL."""
        self.death()
        self._ending = True
        child = self._child
        if child is not None and not child.died.done():
            await self._keeper.signal(child, self._launch.stop.signal)
            if not await _done(child.ended, self._launch.stop.within * self._scale):
                await self._keeper.kill(child)
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

    async def _run(
        self, argv: list[str], folder: Path, stand_ins: list[tuple[Path, Path]]
    ) -> tuple[Child, DeviceLog]:
        reader, writer = os.pipe()
        log = DeviceLog(reader)
        environment = {
            name: fill(value, self._values) for name, value in self._launch.environment.items()
        }
        try:
            child = await self._keeper.start(
                argv, folder=folder, environment=environment, stand_ins=stand_ins, log=writer
            )
        except BaseException:
            log.close()
            raise
        finally:
            os.close(writer)
        return child, log

    async def _ready(self, child: Child, log: DeviceLog) -> None:
        launch = self._launch
        within = launch.ready_within * self._scale
        what = f"{self._values['binary']} ({self.device.title})"
        if launch.ready is not None:
            ready = log.await_match(launch.ready)
            sign = f"its output had no {launch.ready.pattern!r}"
        else:
            ready = asyncio.ensure_future(listening(self._address))
            sign = f"it had not bound UDP {self._address[0]} port {self._address[1]}"
        try:
            await asyncio.wait((child.started,), timeout=within)
            if child.started.done():
                child.started.result()
            await asyncio.wait(
                (ready, child.died), timeout=within, return_when=asyncio.FIRST_COMPLETED
            )
            is_ready = ready.done()
        finally:
            ready.cancel()
        if child.died.done() and (death := self.death()):
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
        argv[0] = find_program(argv[0], self._launch)
        child, log = await self._run(argv, self.work, [])
        within = action.within * self._scale
        try:
            await asyncio.wait((child.started,))
            child.started.result()
            if not await _done(child.died, within):
                await self._keeper.kill(child)
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
    _leases: dict[ProcessLease, Path] = field(default_factory=dict)
    _starting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_STARTS_AT_ONCE))
    _alone: asyncio.Semaphore | None = None

    @property
    def parallel(self) -> int | None:
        """1 for a device with an address of its own; otherwise there is no limit."""
        return None if self.device.ixit.address is None else 1

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
            self._alone = asyncio.Semaphore(self.parallel)
        self._folder = Path(tempfile.mkdtemp(prefix="l2tp-"))
        self._keeper = Keeper(self._folder, bool(launch.stand_ins))
        try:
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
        if self._keeper is None or self._folder is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        device = self.device.configured(configuration)
        lease = ProcessLease(device, self._launch, self._keeper, self.network, self.time_scale)
        folder = Path(tempfile.mkdtemp(prefix=f"{_file_name(case)}-", dir=self._folder))
        if self._alone is not None:
            await self._alone.acquire()
        self._leases[lease] = folder
        try:
            async with self._starting:
                port = device.ixit.port
                address = device.ixit.address or self.addresses.take(port)
                await lease.start(folder, (address, port), peer)
        except BaseException:
            await self.release(lease)
            raise
        return lease

    async def release(self, lease: Lease) -> None:
        """End a process and remove its folder. Releasing twice is harmless."""
        if not isinstance(lease, ProcessLease) or lease not in self._leases:
            return
        folder = self._leases.pop(lease)
        try:
            await lease.stop()
        finally:
            lease.close()
            self.addresses.release(lease.address[0])
            if self._alone is not None:
                self._alone.release()
            # What a device left there may be anything; the keeper removes what stays behind
            shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        """End all processes that are left, and the keeper."""
        keeper, self._keeper = self._keeper, None
        folder, self._folder = self._folder, None
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            for lease in self._leases:
                lease.close()
                self.addresses.release(lease.address[0])
            self._leases.clear()
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def _launch(self) -> ProcessLaunch:
        launch = self.device.launch
        if not isinstance(launch, ProcessLaunch):
            raise DeviceError("device.launch", f"{self.device.name} is not a process")
        return launch


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    if text.startswith("#!"):
        path.chmod(0o755)


def _file_name(case: str) -> str:
    letters = "".join(one if one.isascii() and one.isalnum() else "-" for one in case)
    return letters[:40].strip("-") or "case"


async def _done(future: asyncio.Future[None] | asyncio.Future[int], within: float) -> bool:
    """Whether a future is done within so many seconds. It goes on if not."""
    await asyncio.wait((future,), timeout=within)
    return future.done()
