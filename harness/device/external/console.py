"""The command line of a device: logging in, typing lines, and understanding refusals.

netmiko knows the prompts and the paging of each platform; it is imported when a device has a
command line, and not before.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from harness.device.description.action import ConsoleAction
from harness.device.description.console import Console
from harness.device.description.template import PlainValue
from harness.device.external.refusals import refusal_of
from harness.device.external.session import (
    LONGEST_OUTPUT,
    comes_to_prompt,
    hang_up,
    has_ended,
    log_out,
    more,
    prompt_of,
    read,
)
from harness.device.templates import fill
from harness.device.worker import Worker
from harness.errors import DataError, DeviceError
from harness.located import suggest
from harness.wire.text import printable

_GRACE: Final = 5.0
"""Seconds for netmiko to give up by itself, before it is given up."""

_CLOSED: Final = "device.console-closed"
_LAST_LINES: Final = 6
_PROMPT_WITHIN: Final = 5.0
"""Seconds in which a session that lives shows its prompt again."""

_QUIRKS: Final[Mapping[str, str]] = {
    # where netmiko's name with another transport is not the platform's name with that appended
    "huawei_vrp/telnet": "huawei_telnet",
    "cisco_xe/serial": "cisco_ios_serial",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A line that was typed, and what came back. ended: it hung up instead of a prompt."""

    line: str
    output: str
    ended: bool = False


class CommandLine:
    """One session on a device, opened when it is first needed and kept; lines go one by one.

    address: of the device, where the console names no host. names: values for templates, secrets
    included; `secrets` are never shown.
    """

    def __init__(
        self,
        console: Console,
        address: str,
        names: Mapping[str, PlainValue],
        secrets: Sequence[str] = (),
        scale: float = 1.0,
    ) -> None:
        self._console = console
        self._host = fill(console.host, names) if console.host else address
        self._names = names
        self._secrets = [secret for secret in secrets if secret]
        self._scale = scale
        self._worker = Worker(f"command line of {self._host}")
        self._session: Any = None
        self._shows_prompt = False

    @property
    def where(self) -> str:
        """Where it is, in words."""
        console = self._console
        if console.transport == "serial":
            return f"the serial port {console.line}"
        port = console.port or (22 if console.transport == "ssh" else 23)
        return f"{self._host} port {port} ({console.transport})"

    async def log_in(self) -> str:
        """Open the session, unless one lives; gives the prompt. DeviceError when it cannot be.

        One that has ended since it was last used, by its device or by idleness, is replaced.
        """
        within = self._console.login_within * self._scale
        within = 2 * (within + _PROMPT_WITHIN * self._scale) + _GRACE
        return str(await self._do("log in", self._ready, within))

    async def run(
        self, action: ConsoleAction, names: Mapping[str, PlainValue], *, may_end: bool = False
    ) -> list[Said]:
        """Type lines. Raises DeviceError for the first that the device refuses, or hangs at.

        may_end: a device that hangs up has done what was asked, as one that restarts.
        """
        await self.log_in()
        values = {**self._names, **names}
        within = action.within * self._scale
        lines = [
            (fill(one.line, values), [(sign, fill(reply, values)) for sign, reply in one.answers])
            for one in action.lines
        ]
        said: list[Said] = []
        if action.configure:
            typed = [line for line, _ in lines]
            bound = within * (len(lines) + 2) + _GRACE
            work = partial(self._configure, typed, within)
            said.append(await self._do("; ".join(typed), work, bound))
            self._check(said[-1])
        else:
            for line, answers in lines:
                work = partial(self._type, line, answers, within, may_end)
                try:
                    said.append(await self._do(line, work, within + _GRACE))
                except DeviceError as error:
                    if not may_end or error.code != _CLOSED:
                        raise
                    said.append(self._said(line, "", ended=True))
                self._check(said[-1])
                if said[-1].ended:
                    self.forget()
                    if may_end:
                        break
                    raise self._hung_up(said[-1].line, said[-1].output)
        told = "\n".join(one.output for one in said)
        if action.expect is not None and not action.expect.search(told):
            raise DeviceError(
                "device.console-answer",
                f"{said[-1].line!r} on {self.where} did not say {action.expect.pattern!r}",
                hint=_last(told),
            )
        return said

    def close(self) -> None:
        """Log out, without waiting for it: the session may be in the middle of something."""
        session, self._session = self._session, None
        self._worker.close()
        if session is not None:
            leaver = Worker(f"leaving {self._host}")
            leaver.post(partial(log_out, session))
            leaver.close()

    def forget(self) -> None:
        """The session is in an unknown state, or over: the next action begins with a fresh one."""
        session = self._session
        if session is not None and self._console.transport == "serial":
            self._session = None
            hang_up(session)  # its line is that of the next session too: no farewell into that
        self.close()
        self._worker = Worker(f"command line of {self._host}")

    def _check(self, said: Said) -> None:
        """Raise DeviceError when the output is that of a refusal."""
        pattern = self._console.refused or refusal_of(self._console.platform)
        match = pattern.search(said.output) if pattern is not None else None
        if match is not None:
            raise DeviceError(
                "device.console-refused",
                f"{self.where} refused {said.line!r}: {printable(match[0].strip(), 200)}",
                hint=_last(said.output),
            )

    async def _do(self, what: str, work: Callable[[], Any], within: float) -> Any:
        try:
            return await self._worker.do(work, within)
        except (DeviceError, DataError):
            raise
        except Exception as error:
            session = self._session
            ended = session is not None and has_ended(session)
            self.forget()
            if ended:
                raise self._hung_up(self._masked(what), "") from error
            if isinstance(error, TimeoutError):
                raise self._stuck(what, within) from None
            raise self._failed(self._masked(what), error, within) from error

    # In the thread

    def _ready(self) -> str:
        session = self._session
        if session is not None and not self._lives(session):
            self._session = None
            hang_up(session)
        if self._session is None:
            session = self._connect()
            self._shows_prompt = comes_to_prompt(session, _PROMPT_WITHIN * self._scale)
            self._session = session
        return str(self._session.base_prompt)

    def _lives(self, session: Any) -> bool:
        """Whether a session can be typed into. One whose prompt we do not know is not asked."""
        if not self._shows_prompt:
            return not read(session)[1]
        return comes_to_prompt(session, _PROMPT_WITHIN * self._scale)

    def _connect(self) -> Any:
        import netmiko

        console = self._console
        # What goes wrong is said by the harness; paramiko's thread would log a traceback besides
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)
        within = console.login_within * self._scale

        def text(template: Any) -> str:
            return fill(template, self._names) if template is not None else ""

        given: dict[str, Any] = {
            "device_type": device_type(console),
            "host": self._host,
            "username": text(console.user),
            "password": text(console.password),
            "secret": text(console.enable),
            "conn_timeout": within,
            "auth_timeout": within,
            "banner_timeout": within,
            "timeout": within,
            "fast_cli": False,
            "ssh_strict": console.check_host_key,
            "system_host_keys": console.check_host_key,
        }
        if console.port is not None:
            given["port"] = console.port
        if console.key is not None:
            given |= {"use_keys": True, "key_file": str(console.key)}
        if console.transport == "serial":
            given["serial_settings"] = {"port": console.line, "baudrate": console.speed}
        with _any_serial_port():
            session = netmiko.ConnectHandler(**given)
        if given["secret"]:
            session.enable()
        return session

    def _type(
        self,
        line: str,
        answers: Sequence[tuple[re.Pattern[str], str]],
        within: float,
        may_end: bool,
    ) -> Said:
        session = self._session
        if not answers and not (may_end and self._shows_prompt):
            output = session.send_command(line, read_timeout=within, strip_prompt=True)
            return self._said(line, str(output))
        session.clear_buffer()
        session.write_channel(session.normalize_cmd(line))
        output = ""
        waiting = list(answers)
        deadline = time.monotonic() + within
        prompt = prompt_of(session)
        seen = len(line)  # the echo is no question
        while True:
            told, ended = read(session)
            output += told
            rest = output[seen:]
            question = next((one for one in waiting if one[0].search(rest)), None)
            if ended:
                return self._said(line, output, ended=True)
            if question is not None:
                waiting.remove(question)
                seen = len(output)
                session.write_channel(session.normalize_cmd(question[1]))
            elif prompt.search(rest) or len(output) > LONGEST_OUTPUT:
                return self._said(line, output)
            elif not more(session, deadline):
                raise TimeoutError(f"no prompt; it said {_last(output)}")

    def _configure(self, lines: Sequence[str], within: float) -> Said:
        session = self._session
        output = str(session.send_config_set(list(lines), read_timeout=within))
        if self._console.platform.startswith(_COMMITTING):
            pattern = self._console.refused or refusal_of(self._console.platform)
            if pattern is None or not pattern.search(output):
                output += str(session.commit(read_timeout=within))
            session.exit_config_mode()
        return self._said("; ".join(lines), output)

    def _said(self, line: str, output: str, *, ended: bool = False) -> Said:
        return Said(self._masked(line), self._masked(output[:LONGEST_OUTPUT]), ended)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    # What went wrong

    def _stuck(self, what: str, within: float) -> DeviceError:
        return DeviceError(
            "device.console-stuck",
            f"{self.where} came to no prompt within {within:g} s after {self._masked(what)!r}",
            hint="does the command ask a question? `answers:` replies to it; "
            "a slow one needs a longer `within`",
        )

    def _hung_up(self, what: str, output: str) -> DeviceError:
        return DeviceError(_CLOSED, f"{self.where} hung up after {what!r}", hint=_last(output))

    def _failed(self, what: str, error: Exception, within: float) -> DeviceError:
        import netmiko

        user = fill(self._console.user, self._names) if self._console.user else ""
        said = printable(self._masked(_first_line(error)), 300)
        if isinstance(error, netmiko.NetmikoAuthenticationException):
            return DeviceError(
                "device.login-refused",
                f"{self.where} refused the login of {user or 'nobody'!r}",
                hint="are user and password of launch.external.cli right? Try them by hand; "
                f"it said: {said}",
            )
        if isinstance(error, (netmiko.ReadTimeout, TimeoutError)):
            return self._stuck(what, within)
        if isinstance(error, (netmiko.NetmikoTimeoutException, OSError, EOFError)):
            return DeviceError(
                "device.console-unreachable",
                f"the command line at {self.where} cannot be reached: {_reason(error)}",
                hint="is it plugged in, and may this user use it (group dialout)?"
                if self._console.transport == "serial"
                else "is the service switched on there, and does the access list let this host in?",
            )
        return DeviceError(
            "device.console",
            f"{what!r} on {self.where} failed: {type(error).__name__}: {said}",
            hint=f"is {self._console.platform!r} the right platform?",
        )


@contextlib.contextmanager
def _any_serial_port() -> Iterator[None]:
    """Let netmiko open any serial port.

    By itself it takes those of pyserial's list alone, in which there are no links, as those in
    /dev/serial/by-id, and no pseudo terminals.
    """
    from netmiko import base_connection

    theirs = vars(base_connection)["check_serial_port"]
    vars(base_connection)["check_serial_port"] = str
    try:
        yield
    finally:
        vars(base_connection)["check_serial_port"] = theirs


_COMMITTING: Final = ("juniper", "cisco_xr")


def device_type(console: Console) -> str:
    """What netmiko calls the platform over this transport. DataError when it knows no such."""
    from netmiko.ssh_dispatcher import CLASS_MAPPER

    plain = console.platform
    quirk = _QUIRKS.get(f"{plain}/{console.transport}")
    wanted = quirk or (plain if console.transport == "ssh" else f"{plain}_{console.transport}")
    if wanted in CLASS_MAPPER:
        return wanted
    known = [name for name in CLASS_MAPPER if not name.endswith(("_ssh", "_telnet", "_serial"))]
    if plain in known:
        raise DataError(
            "device.platform",
            f"netmiko does not know {plain} over {console.transport}",
            hint="one of ssh, telnet, serial",
            place=console.place,
        )
    raise DataError(
        "device.platform",
        f"netmiko knows no platform {plain!r}",
        hint=suggest(plain, known) or "its documentation has the list: cisco_xe, juniper_junos, …",
        place=console.place,
    )


def _reason(error: Exception) -> str:
    """Why there is no connection; netmiko buries it in a page of advice."""
    inner: BaseException | None = error
    while inner is not None:
        several = getattr(inner, "errors", None)  # paramiko: one for each address of a name
        if isinstance(several, Mapping) and several:
            inner = next(iter(several.values()))
        if isinstance(inner, socket.timeout):
            return "it does not answer"
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    text = str(error)
    return "it does not answer" if "timed-out" in text else printable(_first_line(error), 300)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "nothing")


def _last(output: str) -> str:
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    shown = [printable(line, 200) for line in lines[-_LAST_LINES:]]
    return "it said: " + "\n    ".join(shown) if shown else "it said nothing"
