"""The harness's side of the keeper process, which starts devices and ends them for certain.

See `keeper_script` for what it promises. One keeper serves all devices of a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.device.keeper_script import LARGEST_MESSAGE
from harness.errors import DeviceError

PROCESS_GROUPS = "process-groups"
"""The isolation of a keeper that may not make namespaces."""

USER_NAMESPACES = "user-namespaces"
"""The isolation of a keeper that is in a user and a PID namespace itself."""

_GOODBYE = 10.0
_STEPS = {
    "run": "cannot run {path}: {reason}",
    "mount": "cannot mount over {path}: {reason}",
    "namespaces": "cannot make a namespace: {reason}",
    "network": "cannot enter a network namespace: {reason}",
    "fork": "cannot start a process: {reason}",
}


@dataclass(slots=True, eq=False)
class Child:
    """A process that the keeper started.

    started: done once it runs, or DeviceError `device.start`. died: its wait status, as
    `os.waitpid` gives it. ended: done once nothing that it had started is left. process: its
    number as this process sees it, 0 when that is not known.
    """

    number: int
    started: asyncio.Future[None]
    died: asyncio.Future[int]
    ended: asyncio.Future[None]
    process: int = 0


@dataclass(slots=True)
class Keeper:
    """A running keeper process.

    folder: the work folder of the run; the keeper removes it when it ends. mounts: whether devices
    need mounts of their own, for which an unprivileged user needs a user namespace.
    """

    folder: Path
    mounts: bool
    isolation: str = ""
    reason: str = ""
    _process: asyncio.subprocess.Process | None = None
    _channel: socket.socket | None = None
    _children: dict[int, Child] = field(default_factory=dict)
    _pings: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _hello: asyncio.Future[None] | None = None
    _writable: asyncio.Lock = field(default_factory=asyncio.Lock)
    _count: int = 0

    async def open(self) -> None:
        """Start it. Raises DeviceError `device.keeper`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        script = Path(__file__).with_name("keeper_script.py")
        number = str(theirs.fileno())
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(script), number, str(self.folder), str(int(self.mounts))),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise DeviceError(
                "device.keeper", f"cannot start {sys.executable}: {error.strerror}"
            ) from error
        finally:
            theirs.close()
        loop = asyncio.get_running_loop()
        self._channel = ours
        self._hello = loop.create_future()
        loop.add_reader(ours.fileno(), self._readable)
        await self._hello

    async def start(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stand_ins: Sequence[tuple[Path, Path]],
        log: int,
        network: int | None = None,
        core: bool = False,
    ) -> Child:
        """Start a process; `argv[0]` is a path, `log` the descriptor of its output and errors.

        network: a descriptor of the network namespace that it runs in, if not in this one. core:
        whether it may leave a core dump in its folder. Raises DeviceError when the request is too
        large. Descriptors may be closed when this returns.
        """
        loop = asyncio.get_running_loop()
        self._count += 1
        number = self._count
        request = {
            "do": "start",
            "id": number,
            "argv": list(argv),
            "folder": str(folder),
            "environment": dict(environment),
            "stand_ins": [[str(source), str(target)] for source, target in stand_ins],
            "core": core,
        }
        data = json.dumps(request).encode()
        if len(data) > LARGEST_MESSAGE:
            raise DeviceError("device.start", "the command and its environment are too long")
        child = Child(number, loop.create_future(), loop.create_future(), loop.create_future())
        self._children[number] = child
        await self._send(data, [log] if network is None else [log, network])
        return child

    async def signal(self, child: Child, number: signal.Signals) -> None:
        """Send a signal to a child, if it still lives."""
        await self._ask({"do": "signal", "id": child.number, "signal": int(number)})

    async def kill(self, child: Child) -> None:
        """Kill a child and all that it has started."""
        await self._ask({"do": "kill", "id": child.number})

    async def ping(self) -> None:
        """Return once the keeper has told all deaths that it could know of when asked."""
        self._count += 1
        answer = asyncio.get_running_loop().create_future()
        self._pings[self._count] = answer
        await self._ask({"do": "ping", "id": self._count})
        await answer

    async def close(self) -> None:
        """End the keeper and with it all that it started. Bounded in time; never fails."""
        process, self._process = self._process, None
        self._hang_up(DeviceError("device.keeper", "the keeper was closed"))
        if process is None:
            return
        try:
            async with asyncio.timeout(_GOODBYE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _ask(self, request: Mapping[str, object]) -> None:
        await self._send(json.dumps(request).encode(), [])

    async def _send(self, data: bytes, descriptors: list[int]) -> None:
        loop = asyncio.get_running_loop()
        async with self._writable:
            while True:
                channel = self._channel
                if channel is None:
                    raise DeviceError("device.keeper", "the keeper process has ended")
                try:
                    socket.send_fds(channel, [data], descriptors)
                except BlockingIOError:
                    room: asyncio.Future[None] = loop.create_future()
                    loop.add_writer(channel.fileno(), _resolve, room)
                    try:
                        await room
                    finally:
                        loop.remove_writer(channel.fileno())
                except OSError as error:
                    lost = DeviceError("device.keeper", "the keeper process has ended")
                    self._hang_up(lost)
                    raise lost from error
                else:
                    return

    def _readable(self) -> None:
        while self._channel is not None:
            try:
                data = self._channel.recv(LARGEST_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._hang_up(DeviceError("device.keeper", "the keeper process has ended"))
                return
            self._told(json.loads(data))

    def _told(self, message: Mapping[str, Any]) -> None:
        if message["is"] == "hello":
            self.isolation, self.reason = message["isolation"], message["reason"]
            if self._hello is not None:
                _resolve(self._hello)
            return
        if message["is"] == "pong":
            _resolve(self._pings.pop(message["id"]))
            return
        child = self._children[message["id"]]
        match message["is"]:
            case "started":
                # a keeper in a user namespace counts processes in its own way
                child.process = 0 if self.isolation == USER_NAMESPACES else message["process"]
                _resolve(child.started)
            case "failed":
                _fail(child.started, _start_error(message))
            case "died":
                if not child.died.done():
                    child.died.set_result(message["status"])
            case "ended":
                del self._children[child.number]
                _resolve(child.ended)

    def _hang_up(self, error: DeviceError) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            asyncio.get_running_loop().remove_reader(channel.fileno())
            channel.close()
        waiting = [self._hello, *self._pings.values()]
        for child in self._children.values():
            waiting += [child.started, child.ended]
            _fail(child.died, error)
        for future in waiting:
            if future is not None:
                _fail(future, error)
        self._children.clear()
        self._pings.clear()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[Any], error: DeviceError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # that nobody waits for it is no fault


def _start_error(message: Mapping[str, Any]) -> DeviceError:
    reason = os.strerror(message["errno"])
    text = _STEPS[message["step"]].format(path=message["path"], reason=reason)
    return DeviceError("device.start", text)
