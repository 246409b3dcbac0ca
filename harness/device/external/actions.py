"""Acting on a device on the wire: by a command, its command line, an HTTP hook, or a person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from harness.device.description.action import AskAction, CommandAction, ConsoleAction, HttpAction
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.description.template import PlainValue
from harness.device.external.asking import Person
from harness.device.external.console import CommandLine
from harness.device.external.hooks import request
from harness.device.external.local_command import run_locally
from harness.device.lease import RESTART
from harness.device.templates import fill
from harness.device.worker import Worker
from harness.errors import DeviceError
from harness.located import suggest
from harness.peer.network import Address
from harness.wire.text import printable

_LONGEST_LINE: Final = 1000
_MOST_LINES: Final = 40
_ENDING: Final = frozenset({RESTART, "shutdown"})
"""Actions after which a device that has hung up has done what it was told."""


class Lines(Protocol):
    """Where is written what was done."""

    def append(self, line: str, /) -> None: ...


class Actor:
    """Does to one device what its peer.yaml names. One session, one request, one person at a time.

    secrets: their values, for templates; they are never shown.
    """

    def __init__(
        self,
        device: Device,
        launch: ExternalLaunch,
        remote: Address,
        secrets: Mapping[str, str],
        scale: float = 1.0,
    ) -> None:
        self._device = device
        self._launch = launch
        self._remote = remote
        self._secrets = secrets
        self._scale = scale
        self._worker = Worker(f"hooks of {device.name}")
        self._person = Person()
        self._turn = asyncio.Lock()
        self.command_line: CommandLine | None = None
        if launch.console is not None:
            self.command_line = CommandLine(
                launch.console,
                remote[0],
                self._names(device, {}),
                tuple(secrets.values()),
                scale,
            )

    async def do(
        self, name: str, device: Device, values: Mapping[str, PlainValue], lines: Lines
    ) -> None:
        """Do an action by its name. `device`: in the configuration that holds.

        Raises DeviceError when there is no such action, or when it fails.
        """
        action = device.actions.get(name)
        if action is None:
            hint = "its peer.yaml defines none"
            if name == RESTART:
                hint = "the harness did not start it: its peer.yaml has to say how to restart it"
            elif device.actions:
                hint = suggest(name, device.actions)
            raise DeviceError(
                "device.no-action", f"{device.name} has no action {name!r}", hint=hint
            )
        try:
            await self._act(action, self._names(device, values), lines, name in _ENDING)
        except DeviceError as error:
            lines.append(self._shown(f"{name}: {error.cause}"))
            raise self._without_secrets(error, f"{name}: {error.cause}") from error
        finally:
            if name == RESTART and self.command_line is not None:
                self.command_line.forget()  # whoever restarted it: no session outlives that

    async def probe(self, values: Mapping[str, PlainValue], lines: Lines) -> None:
        """See whether the device lives, if it has a probe. DeviceError when it does not."""
        if self._launch.alive is None:
            return
        try:
            await self._act(self._launch.alive, self._names(self._device, values), lines)
        except DeviceError as error:
            raise self._without_secrets(error, error.cause) from error

    def close(self) -> None:
        """Log out."""
        if self.command_line is not None:
            self.command_line.close()
        self._worker.close()

    async def _act(
        self, action: Any, names: Mapping[str, PlainValue], lines: Lines, may_end: bool = False
    ) -> None:
        match action:
            case AskAction():
                what = self._shown(fill(action.text, names))
                lines.append(f"asked: {what}")
                answer = await self._person.ask(what, action.within)
                lines.append(self._shown(f"answered: {answer or 'done'}"))
            case ConsoleAction():
                assert self.command_line is not None  # peer.yaml was read so
                async with self._turn:
                    for said in await self.command_line.run(action, names, may_end=may_end):
                        self._tell(f"> {said.line}", said.output, lines)
            case HttpAction():
                told = await request(self._worker, action, names, self._scale, self._masked)
                self._tell(f"{action.method} {action.url.text}", told, lines)
            case CommandAction():
                argv = [fill(word, names) for word in action.command]
                folder = self._device.folder
                printed = await run_locally(argv, folder, action.within * self._scale)
                self._tell(f"$ {' '.join(argv)}", "\n".join(printed), lines)
            case _:
                raise DeviceError("device.action", "this is no action for a device on the wire")

    def _names(self, device: Device, values: Mapping[str, PlainValue]) -> dict[str, PlainValue]:
        return {
            **device.ixit.names(),
            **self._secrets,
            "folder": str(device.folder.resolve()),
            "address": self._remote[0],
            "port": self._remote[1],
            **values,
        }

    def _tell(self, what: str, told: str, lines: Lines) -> None:
        lines.append(self._shown(what))
        for line in told.splitlines()[-_MOST_LINES:]:
            if line.strip():
                lines.append(self._shown(line.rstrip()))

    def _shown(self, text: str) -> str:
        return printable(self._masked(text), _LONGEST_LINE)

    def _masked(self, text: str) -> str:
        """A text without the secrets, as they are and as a text in quotes or a report has them."""
        longest_first = sorted(filter(None, self._secrets.values()), key=len, reverse=True)
        for secret in longest_first:
            for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], printable(secret)):
                text = text.replace(form, "***")
        return text

    def _without_secrets(self, error: DeviceError, cause: str) -> DeviceError:
        """The same error, of whose texts the device or a command may have made some."""
        return DeviceError(
            error.code, self._masked(cause), hint=self._masked(error.hint), place=error.place
        )
