"""The first process of a User-Mode Linux, which starts devices there. The kernel runs it as

    python -I -S guest.py WORK CONSOLE MODULE,...

The root file system is this machine's, read-only; WORK, the work folder of the run, is the only
place that can be written. CONSOLE is the terminal on which it talks to the harness.

Devices are started by a `keeper_script` like those of this machine; this process carries its
messages. On the console they are lines of JSON, the same as the keeper's, and a few more: `network`
makes a network namespace with a link of its own for a box, `drop` gives it up, `control` writes
a line into a FIFO, and `out` is what a device printed. A `start` names the box in whose namespace
the program runs.

Rules of this file: nothing but the standard library; one thread; no wait but the one in `serve`.
"""

from __future__ import annotations

import base64
import ctypes
import errno
import fcntl
import json
import os
import select
import socket
import sys
import termios
import time
import tty
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "machine"))

import keeper_script  # type: ignore[import-not-found]
import links  # type: ignore[import-not-found]

WIRE = "vec0"

_FINIT_MODULE = 313
_NEW_NETWORK = 0x40000000
_READ_OCTETS = 1 << 12
_LOOK_EVERY = 0.005
_MOUNTS = (
    ("proc", "proc", "/proc", ""),
    ("sysfs", "sysfs", "/sys", ""),
    ("tmpfs", "tmpfs", "/run", "mode=755"),
    ("tmpfs", "tmpfs", "/tmp", ""),  # noqa: S108 -- the guest's own
    ("devtmpfs", "devtmpfs", "/dev", ""),
)
_libc = ctypes.CDLL(None, use_errno=True)


def _check(what: str, result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, kind: str, target: str, options: str) -> None:
    arguments = [one.encode() for one in (source, target, kind)]
    _check(f"mount {target}", _libc.mount(*arguments, 0, options.encode()))


def prepare(work: str, modules: list[str]) -> None:
    """File systems, modules and the link: what a start-up script of a machine does."""
    for one in _MOUNTS:
        if not os.path.ismount(one[2]):  # /dev may be there already
            _mount(*one)
    for folder in ("/dev/pts", "/run/lock", work):
        Path(folder).mkdir(parents=True, exist_ok=True)
    _mount("devpts", "devpts", "/dev/pts", "ptmxmode=666")
    _mount("none", "hostfs", work, work)
    Path("/proc/sys/kernel/printk").write_text("3 4 1 3")
    for module in modules:
        load_module(module)
    links.set_up("lo")
    links.set_up(WIRE)


def load_module(name: str) -> None:
    """Load a kernel module after all that it depends on. What is in the kernel needs none."""
    folder = Path("/usr/lib/uml/modules", os.uname().release)
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        if Path(path).stem == name:
            for one in [*reversed(needed.split()), path]:
                _insert(folder / one)


def _insert(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        result = _libc.syscall(_FINIT_MODULE, descriptor, b"", 0)
        if result < 0 and ctypes.get_errno() != 17:  # EEXIST: it is loaded
            _check(f"load {path.name}", result)
    finally:
        os.close(descriptor)


def write_line(fifo: str, line: str, within: float) -> None:
    """Write a line into a FIFO, and return once it is read. See `control` for why like this."""
    deadline = time.monotonic() + within
    while True:
        try:
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            break
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() >= deadline:
                raise
            select.select((), (), (), _LOOK_EVERY)
    os.write(descriptor, f"{line}\n".encode())
    while int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), "little"):
        if time.monotonic() >= deadline:
            raise OSError(errno.ETIMEDOUT, "the device did not read it in time")
        select.select((), (), (), _LOOK_EVERY)


class Relay:
    """Carries messages between the console and the keeper."""

    def __init__(self, console: int, keeper: socket.socket) -> None:
        self._console = console
        self._keeper = keeper
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._networks: dict[int, int] = {}
        self._logs: dict[int, int] = {}
        self._writers: dict[int, tuple[int, dict[str, Any]]] = {}
        self._pending = b""
        self._poll = select.poll()

    def serve(self) -> None:
        """Work until the machine is switched off."""
        self._poll.register(self._console, select.POLLIN)
        self._poll.register(self._keeper, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._console:
                    self._from_harness()
                elif descriptor == self._keeper.fileno():
                    self._to_harness(self._keeper.recv(keeper_script.LARGEST_MESSAGE))
                elif descriptor in self._writers:
                    self._written(descriptor)
                else:
                    self._from_device(descriptor)

    def _to_harness(self, line: bytes) -> None:
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(self._console, rest) :]

    def _say(self, message: dict[str, Any]) -> None:
        self._to_harness(json.dumps(message).encode())

    def _from_harness(self) -> None:
        *lines, self._pending = (self._pending + os.read(self._console, _READ_OCTETS)).split(b"\n")
        for line in lines:
            self._request(json.loads(line))

    def _request(self, message: dict[str, Any]) -> None:
        if message["do"] == "network":
            self._network(message)
        elif message["do"] == "drop":
            os.close(self._networks.pop(message["box"]))
        elif message["do"] == "control":
            self._control(message)
        elif message["do"] == "start":
            reader, writer = os.pipe()
            self._logs[reader] = message["id"]
            self._poll.register(reader, select.POLLIN)
            descriptors = [writer, self._networks[message.pop("box")]]
            socket.send_fds(self._keeper, [json.dumps(message).encode()], descriptors)
            os.close(writer)
        else:
            self._keeper.send(json.dumps(message).encode())

    def _network(self, message: dict[str, Any]) -> None:
        failed = ""
        try:
            _check("unshare", _libc.unshare(_NEW_NETWORK))
            inside = os.open("/proc/self/ns/net", os.O_RDONLY)
            _check("setns", _libc.setns(self._home, _NEW_NETWORK))
            self._networks[message["box"]] = inside
            links.add_macvlan(message["interface"], WIRE, inside)
            _check("setns", _libc.setns(inside, _NEW_NETWORK))
            for path, value in message["sysctls"].items():
                Path("/proc/sys", path).write_text(value)
            for address in message["addresses"]:
                links.add_address(message["interface"], address)
            links.set_up("lo")
            links.set_up(message["interface"])
        except OSError as error:
            failed = str(error)
        finally:
            _check("setns", _libc.setns(self._home, _NEW_NETWORK))
        self._say({"is": "network", "id": message["id"], "failed": failed})

    def _control(self, message: dict[str, Any]) -> None:
        """Write in a process of its own: a reader may keep it waiting."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                write_line(message["fifo"], message["line"], message["within"])
            except OSError as error:
                os.write(writer, (error.strerror or "it failed").encode())
            finally:
                os._exit(0)
        os.close(writer)
        self._writers[reader] = (child, message)
        self._poll.register(reader, select.POLLIN)

    def _written(self, reader: int) -> None:
        reason = os.read(reader, _READ_OCTETS).decode()
        self._poll.unregister(reader)
        os.close(reader)
        child, message = self._writers.pop(reader)
        os.waitpid(child, 0)
        failed = f"cannot write to the control FIFO {message['fifo']}: {reason}" if reason else ""
        self._say({"is": "control", "id": message["id"], "failed": failed})

    def _from_device(self, descriptor: int) -> None:
        data = os.read(descriptor, _READ_OCTETS)
        number = self._logs[descriptor]
        if data:
            self._say({"is": "out", "id": number, "data": base64.b64encode(data).decode()})
        else:
            self._poll.unregister(descriptor)
            os.close(descriptor)
            del self._logs[descriptor]


def main(arguments: list[str]) -> None:
    """Be the first process of a machine."""
    work, console_path, modules = arguments[:3]  # the kernel adds words of its own
    prepare(work, [one for one in modules.split(",") if one])
    console = os.open(console_path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(console, termios.TCSANOW)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        os.close(console)
        keeper_script.Keeper(theirs, "/run/nothing", True).serve()
    theirs.close()
    Relay(console, ours).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
