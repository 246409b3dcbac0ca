"""A running User-Mode Linux, as the harness sees it: what it is asked, and what it tells.

See `guest` for its inside.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import sys
import tty
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.device.box import Order
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Namespace
from harness.device.lease import death_of
from harness.device.log import DeviceLog
from harness.device.machine.keeper import Keeper
from harness.device.machine.keeper_answers import Answers, Child, LostError
from harness.device.machine.netlink import HARNESS_INTERFACE, Pair
from harness.device.machine.starved import Starvation
from harness.device.needs import find_program
from harness.errors import DeviceError

MODULES: Final = ("macvlan", "l2tp_ppp", "ppp_async")

_BOOTS_WITHIN: Final = 60.0
_READ_OCTETS: Final = 1 << 16
_LAST_WORDS: Final = 6
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def namespace_of(launch: UmlLaunch) -> Namespace:
    """The namespace that is made in a guest. Raises DeviceError when none is wanted."""
    if launch.namespace is None:
        raise DeviceError("device.namespace", "a guest needs a network")
    return launch.namespace


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
        self._starvation = Starvation(alone=True)
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

    def starved(self) -> float | None:
        """Seconds for which its kernel has waited for a processor of this machine.

        Its programs, of which each is a process of this machine, run only in between, and there
        are many: they are not looked at. None: it does not run.
        """
        self._starvation.process = self._kernel.process if self._kernel else 0
        return self._starvation.seconds()

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
        wanted = namespace_of(launch)
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
