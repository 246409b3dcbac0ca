"""User-Mode Linux as a site: a few guests, and in each a network namespace for every lease.

A guest is a whole Linux with the kernel's own L2TP and PPP, as a process of this machine: booting
it takes two or three seconds and 60 MB, a program in it a tenth of that. Its link is a TAP device
in a network namespace of the harness's; the boxes' links are upon that, each with an address of
the upper half of the network, the lower half being the harness's. See `guest` for its inside.

Guests are started by the keeper, and so end with the harness, however that ends.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import itertools
import json
import os
import sys
import tty
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import Signals
from typing import Any, Final, TextIO

from harness.device.box import Order
from harness.device.description.device import Device
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Interface
from harness.device.lease import death_of
from harness.device.log import DeviceLog
from harness.device.machine.control import LONGEST_LINE
from harness.device.machine.keeper import Keeper
from harness.device.machine.keeper_answers import Answers, Child, LostError
from harness.device.machine.netlink import HARNESS_INTERFACE, Namespaces, Pair
from harness.device.needs import check_uml, find_program
from harness.errors import DeviceError
from harness.peer.network import Network

MODULES: Final = ("macvlan", "l2tp_ppp", "ppp_async")

_BOOTS_WITHIN: Final = 60.0
_READ_OCTETS: Final = 1 << 16
_LAST_WORDS: Final = 6


@dataclass(slots=True)
class Guests:
    """The site of a `uml`. Guests are booted when the first lease wants one."""

    device: Device
    launch: UmlLaunch
    _keeper: Keeper | None = None
    _namespaces: Namespaces | None = None
    _folder: Path | None = None
    _guests: list[asyncio.Task[Guest]] = field(default_factory=list)
    _booted: int = 0
    _addresses: Addresses | None = None

    @property
    def isolation(self) -> str:
        """Whether it is open."""
        return "guests" if self._keeper else ""

    async def open(self, folder: Path) -> None:
        """Check what a guest needs, and boot all of them."""
        check_uml(self.device, self.launch)
        self._folder = folder
        self._addresses = Addresses(_network(self.device))
        self._keeper = Keeper(folder, mounts=False)
        self._namespaces = Namespaces()
        await self._namespaces.open()
        await self._keeper.open()
        self._guests = [self._boot() for _ in range(self.launch.guests)]
        await asyncio.gather(*self._guests)

    def _boot(self) -> asyncio.Task[Guest]:
        self._booted += 1
        return asyncio.create_task(self._booted_guest(self._booted), name="boot a guest")

    async def _booted_guest(self, number: int) -> Guest:
        if self._keeper is None or self._namespaces is None or self._folder is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        pair = await self._namespaces.tap(self.launch.namespace or _network_error())
        folder = self._folder / f"guest-{number}"
        folder.mkdir()
        guest = Guest(self.launch, self._keeper, pair, folder)
        await guest.boot(self._folder)
        return guest

    async def box(self, _name: str) -> GuestBox:
        """One in the guest with the fewest. A guest that has died is replaced."""
        if self._addresses is None or not self._guests:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        place = min(range(len(self._guests)), key=lambda one: _boxes_in(self._guests[one]))
        guest = await self._living(place)
        address = self._addresses.take()
        try:
            number = await guest.network(self.launch, address)
        except BaseException:
            self._addresses.release(address)
            raise
        return GuestBox(self.launch, guest, number, address, self._addresses)

    async def _living(self, place: int) -> Guest:
        """The guest of a place, booted anew if it has died."""
        task = self._guests[place]
        if task.done() and (
            task.cancelled() or task.exception() is not None or task.result().has_died
        ):
            task = self._guests[place] = self._boot()
        return await asyncio.shield(task)

    async def revive(self, house: str) -> None:
        """Boot a guest in place of one that has died."""
        for place, task in enumerate(self._guests):
            if task.done() and not task.cancelled() and task.exception() is None:
                guest = task.result()
                if guest.name == house and guest.has_died:
                    await self._living(place)

    async def close(self) -> None:
        """End the guests, and with them all that is in them."""
        guests, self._guests = self._guests, []
        keeper, self._keeper = self._keeper, None
        namespaces, self._namespaces = self._namespaces, None
        for task in guests:
            task.cancel()
        for ended in await asyncio.gather(*guests, return_exceptions=True):
            if isinstance(ended, Guest):
                ended.hang_up()
        try:
            if keeper is not None:
                await keeper.close()
        finally:
            if namespaces is not None:
                namespaces.close()


def _boxes_in(task: asyncio.Task[Guest]) -> int:
    """How many boxes a guest has; one that is not there has none."""
    if not task.done() or task.cancelled() or task.exception() is not None:
        return 0
    return 0 if task.result().has_died else task.result().boxes


def _network_error() -> Any:
    raise DeviceError("device.namespace", "a guest needs a network")


def _network(device: Device) -> Interface:
    launch = device.launch
    host = None
    if isinstance(launch, UmlLaunch) and launch.namespace is not None and device.listening:
        host = launch.namespace.host(device.listening)
    return host or _network_error()


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


class Guest:
    """A running User-Mode Linux. pair: the namespace with its TAP device. boxes: those in it."""

    def __init__(self, launch: UmlLaunch, keeper: Keeper, pair: Pair, folder: Path) -> None:
        self.pair = pair
        self.answers = Answers(apart=True)
        self._launch = launch
        self._keeper = keeper
        self._folder = folder
        self._console = -1
        self._pending = b""
        self._unsent = b""
        self._logs: dict[int, DeviceLog] = {}
        self._kernel: Child | None = None
        self._log: DeviceLog | None = None
        self._numbers = itertools.count(1)
        self.boxes = 0

    @property
    def name(self) -> str:
        """That of its folder."""
        return self._folder.name

    @property
    def has_died(self) -> bool:
        """Whether the kernel has ended."""
        return self._console < 0 or (self._kernel is not None and self._kernel.died.done())

    async def boot(self, work: Path) -> None:
        """Start the kernel, and wait for its first process. `work`: what it may write to."""
        ours, theirs = os.openpty()
        try:
            tty.setraw(theirs)
            reader, writer = os.pipe()
            self._log = DeviceLog(reader)
            try:
                self._kernel = await self._keeper.start(
                    self._command(work, os.ttyname(theirs)),
                    folder=self._folder,
                    environment={"HOME": str(self._folder)},
                    stand_ins=(),
                    log=writer,
                    network=self.pair.namespace,
                )
            finally:
                os.close(writer)
            os.set_blocking(ours, False)
            self._console = ours
            hello = self.answers.hello()
            asyncio.get_running_loop().add_reader(ours, self._readable)
            self._kernel.died.add_done_callback(lambda _: self._ended())
            await asyncio.wait((hello,), timeout=_BOOTS_WITHIN)
        finally:
            os.close(theirs)
        if not hello.done() or hello.exception() is not None:
            words = "\n    ".join(self._log.lines()[-_LAST_WORDS:])
            raise DeviceError(
                "device.guest", f"{self._launch.kernel} did not come up", hint=f"it said: {words}"
            )

    def _command(self, work: Path, console: str) -> list[str]:
        launch = self._launch
        has_six = any(one.version == 6 for one in self.pair.wanted.addresses)
        modules = ",".join((*MODULES, *(["ipv6"] if has_six else []), *launch.modules))
        script = Path(__file__).with_name("guest.py")
        return [
            find_program(launch.kernel, launch),
            *(f"mem={launch.memory}M", f"uml_dir={self._folder}/", f"umid={self._folder.name}"),
            *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"),
            *("con=null", "con0=null,fd:1", f"con1=tty:{console}"),
            f"vec0:transport=tap,ifname={HARNESS_INTERFACE},depth=128,gro=1",
            *(f"init={Path(sys.executable).resolve()}", "--", "-I", "-S", str(script)),
            *(str(work), "/dev/tty1", modules),
        ]

    async def network(self, launch: UmlLaunch, address: str) -> int:
        """Make a network namespace for a box. Its number. Raises DeviceError."""
        wanted = launch.namespace or _network_error()
        box = next(self._numbers)
        number, answer = self.answers.question()
        self.ask(
            {
                "do": "network",
                "id": number,
                "box": box,
                "interface": wanted.interface,
                "addresses": [address],
                "sysctls": dict(wanted.sysctls),
            }
        )
        await answer
        self.boxes += 1
        return box

    def start(self, order: Order, box: int) -> tuple[Child, DeviceLog]:
        """Start a program in the namespace of a box."""
        child = self.answers.child()
        log = self._logs[child.number] = DeviceLog()
        child.ended.add_done_callback(lambda _: self._logs.pop(child.number, None))
        self.ask(
            {
                "do": "start",
                "id": child.number,
                "box": box,
                "core": order.core,
                "argv": list(order.argv),
                "folder": str(order.folder),
                "environment": {"PATH": _PATH, **order.environment},
                "stand_ins": [[str(one), str(other)] for one, other in order.stand_ins],
            }
        )
        return child, log

    async def control(self, fifo: Path, line: str, within: float) -> None:
        """Write a line into a FIFO of the guest. Raises DeviceError `device.control`."""
        number, answer = self.answers.question()
        self.ask({"do": "control", "id": number, "fifo": str(fifo), "line": line, "within": within})
        await answer

    async def ping(self) -> None:
        """Return once the guest has told all deaths that it could know of when asked."""
        number, answer = self.answers.question()
        self.ask({"do": "ping", "id": number})
        await answer

    def ask(self, message: Mapping[str, Any]) -> None:
        """Send a message. Raises DeviceError when the guest has ended."""
        if self.has_died:
            raise self._lost()
        waits = bool(self._unsent)
        self._unsent += json.dumps(message).encode() + b"\n"
        if not waits:
            self._write()

    def hang_up(self) -> None:
        """Expect nothing of it any more."""
        if self._console >= 0:
            asyncio.get_running_loop().remove_reader(self._console)
            asyncio.get_running_loop().remove_writer(self._console)
            os.close(self._console)
            self._console = -1
        self.answers.give_up(self._lost())
        if self._log is not None:
            self._log.close()

    def _lost(self) -> DeviceError:
        """That it has ended, how, and what its kernel said last."""
        if self._log is not None:
            self._log.drain()
        said = "\n".join(self._log.lines()[-_LAST_WORDS:]) if self._log is not None else ""
        how = ""
        died = self._kernel.died if self._kernel is not None else None
        if died is not None and died.done() and died.exception() is None:
            how = f": {death_of(died.result(), ()).reason}"
        return LostError("device.guest", f"was in {self.name}, which ended{how}", hint=said)

    def _ended(self) -> None:
        if self._console >= 0:
            self.hang_up()

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._unsent = self._unsent[os.write(self._console, self._unsent) :]
        except BlockingIOError:
            pass  # its terminal is full: go on when there is room
        except OSError:
            self.hang_up()
            return
        if self._unsent:
            loop.add_writer(self._console, self._write)
        else:
            loop.remove_writer(self._console)

    def _readable(self) -> None:
        try:
            data = os.read(self._console, _READ_OCTETS)
        except BlockingIOError:
            return
        except OSError:
            self.hang_up()
            return
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["is"] != "out":
                self.answers.told(message)
            elif (log := self._logs.get(message["id"])) is not None:
                log.feed(base64.b64decode(message["data"]))


_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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
