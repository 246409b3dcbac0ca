"""A router that has nothing but a command line, over SSH and Telnet, in threads of the test."""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import threading
import tty
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import paramiko

USER, PASSWORD = "harness", "hunter2"
Write = Callable[[str], None]
Read = Callable[[], str]


@dataclass
class Platform:
    """How a command line looks. prompt: may change with the mode; says: output by line (regex).

    asks: a question by line; the reply is noted as a line of its own. unknown: what it says to
    what it does not know. modes: lines that change the prompt. leaves: lines at which it hangs up.
    """

    prompt: str
    says: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    leaves: frozenset[str] = frozenset()
    unknown: str = ""
    newline: str = "\r\n"


CISCO = Platform(
    prompt="cr1#",
    says={
        "terminal (width|length) .*": "",
        "show clock": "*12:00:00.000 UTC Mon Mar 1 2027",
        "show version": "Cisco IOS XE Software, Version 17.09.04a",
        "clear (vpdn|l2tp) .*": "",
        "no .*|interface .*|l2tp .*|vpdn.*|": "",
        "hang": "\0",
    },
    asks={
        "reload": "Proceed with reload? [confirm]",
        "clear vpdn tunnel l2tp all": "Proceed? [confirm]",
    },
    modes={"configure terminal": "cr1(config)#", "end": "cr1#", "exit": "cr1#"},
    unknown="      ^\r\n% Invalid input detected at '^' marker.\r\n",
)
JUNIPER = Platform(
    prompt="harness@mx1> ",
    says={
        "set cli screen-width .*": "Screen width set to 511",
        "set cli .*": "Screen set",
        "show system uptime": "Current time: 2027-03-01 12:00:00 UTC",
        "show version.*": "Hostname: mx1\r\nModel: mx204\r\nJunos: 22.4R3",
        "clear services l2tp .*": "Tunnel 7 closed",
        "set .*|delete .*|top|": "",
        "commit": "commit complete",
        "configure": "Entering configuration mode",
        "exit configuration-mode": "Exiting configuration mode",
    },
    modes={
        "configure": "[edit]\r\nharness@mx1# ",
        "exit configuration-mode": "harness@mx1> ",
        "exit": "harness@mx1> ",
    },
    unknown="           ^\r\nunknown command.\r\n",
)
MIKROTIK = Platform(
    prompt="[harness@MikroTik] > ",
    says={
        "/system (clock|resource) print.*": "time: 12:00:00\r\nversion: 7.14.3",
        "/(interface|ppp) .*": "",
        "": "",
    },
    unknown="bad command name {word} (line 1 column 1)\r\n",
)
HUAWEI = Platform(
    prompt="<HUAWEI>",
    says={
        "screen-length .*|screen-width .*": "Info: This holds for this terminal only.",
        "display version": "VRP (R) software, Version 8.180",
        "reset l2tp .*|tunnel .*|undo .*|l2tp.*|": "",
    },
    modes={"system-view": "[HUAWEI]", "return": "<HUAWEI>"},
    unknown="  ^\r\nError: Unrecognized command found at '^' position.\r\n",
)


class FakeRouter:
    """Listens on 127.0.0.1 until it is closed. lines: what was typed, in order."""

    def __init__(self, platform: Platform, transport: str = "ssh") -> None:
        self.platform = platform
        self.lines: list[str] = []
        self.logins = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._talk = self._ssh if transport == "ssh" else self._telnet
        self._key = paramiko.ECDSAKey.generate() if transport == "ssh" else None
        self._open: list[Any] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> FakeRouter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def hang_up(self) -> None:
        """End all sessions, as an idle timeout does, or a restart."""
        while self._open:
            self._open.pop().close()

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._start(self._served, connection)

    def _served(self, connection: socket.socket) -> None:
        try:
            self._talk(connection)
        except (OSError, EOFError, paramiko.SSHException):
            return  # it hung up
        finally:
            connection.close()

    def _ssh(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        self._open.append(transport)
        assert self._key is not None
        transport.add_server_key(self._key)
        transport.start_server(server=_Server())
        channel = None
        while channel is None and transport.is_active():
            channel = transport.accept(0.1)
        if channel is None:
            return
        self.logins += 1

        def read() -> str:
            data = channel.recv(1000)
            if not data:
                raise EOFError
            return str(data.decode())

        self._shell(read, lambda text: channel.sendall(text.encode()))
        channel.close()

    def _telnet(self, connection: socket.socket) -> None:
        self._open.append(connection)

        def read() -> str:
            data = connection.recv(1000)
            if not data:
                raise EOFError
            # negotiations of options: IAC and two octets
            return re.sub(rb"\xff[\xfb-\xfe].", b"", data).replace(b"\0", b"").decode()

        self.converse(read, lambda text: connection.sendall(text.encode()))

    def converse(self, read: Read, write: Write) -> None:
        """Have somebody log in, and be at their service."""
        lines = _Lines(read)
        user = ""
        while not user:  # as routers do, who only presses a key is asked again
            write("\r\nUsername: ")
            user = lines.next()
        write("\r\nPassword: ")
        if (user, lines.next()) != (USER, PASSWORD):
            write("\r\n% Login invalid\r\n")
            return
        write("\r\n")
        self.logins += 1
        self._shell(read, write)

    def _shell(self, read: Read, write: Write) -> None:
        platform = self.platform
        prompt = platform.prompt
        lines = _Lines(read)
        write(prompt)
        while True:
            line = lines.next().strip()
            if line in ("logout", "quit") or (line == "exit" and prompt == platform.prompt):
                return
            write(f"{line}{platform.newline}")
            if line:
                self.lines.append(line)
            question = _of(platform.asks, line)
            if question is not None:
                write(question)
                self.lines.append(f"reply {lines.next()}".rstrip())
                write(platform.newline)
            else:
                told = _of(platform.says, line)
                if told == "\0":
                    continue  # no prompt comes
                prompt = platform.modes.get(line, prompt)
                if told is None and line not in platform.modes:
                    told = platform.unknown.replace("{word}", line.split()[0])
                if told:
                    write(told.rstrip("\r\n") + platform.newline)
            if line in platform.leaves:
                return
            write(prompt)


class SerialRouter:
    """The command line of a router at a serial line: a pseudo terminal, whose name is `line`."""

    def __init__(self, platform: Platform) -> None:
        self._wire, self._far = os.openpty()
        tty.setraw(self._far)
        self.line = os.ttyname(self._far)
        self._over = threading.Event()
        self._idle = threading.Event()
        self._alone = threading.Event()
        self._router = FakeRouter(platform, "telnet")
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    @property
    def lines(self) -> list[str]:
        """What was typed, in order."""
        return self._router.lines

    def __enter__(self) -> SerialRouter:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self._router.__exit__(None, None, None)
        os.close(self._wire)
        os.close(self._far)

    def log_out(self) -> None:
        """End the session, as an idle timeout does: the line stays, and nothing is said."""
        self._alone.clear()
        self._idle.set()
        assert self._alone.wait(10)

    def _talk(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(EOFError):
                self._idle.clear()
                self._alone.set()
                _Lines(self._read).next()  # it says nothing until a key is pressed
                self._router.converse(self._read, self._write)

    def _read(self) -> str:
        while not self._over.is_set() and not self._idle.is_set():
            if select.select([self._wire], [], [], 0.05)[0]:
                return os.read(self._wire, 1000).decode()
        raise EOFError

    def _write(self, text: str) -> None:
        os.write(self._wire, text.encode())


class _Lines:
    """What is typed, line by line."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._typed = ""

    def next(self) -> str:
        while not (found := re.search(r"\r\n|\r|\n", self._typed)):
            self._typed += self._read()
        line = self._typed[: found.start()]
        self._typed = self._typed[found.end() :]
        return line


class _Server(paramiko.ServerInterface):  # type: ignore[misc]
    def check_auth_password(self, username: str, password: str) -> int:
        # RouterOS takes settings of the terminal behind a + in the name
        good = (username.partition("+")[0], password) == (USER, PASSWORD)
        return int(paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_pty_request(self, *_: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: object) -> bool:
        return True


def _of(table: Mapping[str, str], line: str) -> str | None:
    return next((said for sign, said in table.items() if re.fullmatch(sign, line)), None)
