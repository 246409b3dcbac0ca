"""The harness's side of the keeper process, which starts devices and ends them for certain.

See `keeper_script` for what it promises. One keeper serves all devices of a run.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.device.machine.keeper_answers import Answers, Child, LostError, resolve
from harness.device.machine.keeper_script import LARGEST_MESSAGE
from harness.errors import DeviceError

PROCESS_GROUPS = "process-groups"
"""The isolation of a keeper that may not make namespaces."""

_GOODBYE = 10.0


@dataclass(slots=True)
class Keeper:
    """A running keeper process.

    folder: the work folder of the run; the keeper removes it when it ends. mounts: whether devices
    need mounts of their own, for which an unprivileged user needs a user namespace. container:
    settings of the container in which devices run (`enter_container`), if they do in one. lost:
    what is said when it has ended by itself.
    """

    folder: Path
    mounts: bool
    container: Mapping[str, object] | None = None
    lost: str = "the keeper process has ended"
    _answers: Answers = field(default_factory=Answers)
    _process: asyncio.subprocess.Process | None = None
    _channel: socket.socket | None = None
    _writable: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def isolation(self) -> str:
        """`namespaces`, `user-namespaces` or `process-groups`; empty before it is open."""
        return self._answers.isolation

    @property
    def is_open(self) -> bool:
        """Whether it is there."""
        return self._channel is not None

    @property
    def reason(self) -> str:
        """Why it is no better."""
        return self._answers.reason

    async def open(self) -> None:
        """Start it. Raises DeviceError `device.keeper`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        script = Path(__file__).with_name("keeper_script.py")
        number = str(theirs.fileno())
        container = [] if self.container is None else [json.dumps(self.container)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(script), number, str(self.folder), str(int(self.mounts))),
                *container,
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
        hello = self._answers.hello()
        loop.add_reader(ours.fileno(), self._readable)
        await hello

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
        child = self._answers.child()
        request = {
            "do": "start",
            "id": child.number,
            "argv": list(argv),
            "folder": str(folder),
            "environment": dict(environment),
            "stand_ins": [[str(source), str(target)] for source, target in stand_ins],
            "core": core,
        }
        data = json.dumps(request).encode()
        if len(data) > LARGEST_MESSAGE:
            self._answers.forget(child)
            raise DeviceError("device.start", "the command and its environment are too long")
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
        number, answer = self._answers.question()
        await self._ask({"do": "ping", "id": number})
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
                    raise LostError("device.keeper", self.lost)
                try:
                    socket.send_fds(channel, [data], descriptors)
                except BlockingIOError:
                    room: asyncio.Future[None] = loop.create_future()
                    loop.add_writer(channel.fileno(), resolve, room)
                    try:
                        await room
                    finally:
                        loop.remove_writer(channel.fileno())
                except OSError as error:
                    lost = LostError("device.keeper", self.lost)
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
                self._hang_up(LostError("device.keeper", self.lost))
                return
            self._answers.told(json.loads(data))

    def _hang_up(self, error: DeviceError) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            asyncio.get_running_loop().remove_reader(channel.fileno())
            channel.close()
        self._answers.give_up(error)
