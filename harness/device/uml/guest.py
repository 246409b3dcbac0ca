"""The first process of a User-Mode Linux, which starts devices there. The kernel runs it as

    python -I -S guest.py WORK CONSOLE MODULE,...

The root file system is this machine's, read-only; WORK, the work folder of the run, is the only
place that can be written. CONSOLE is the terminal on which it talks to the harness.

On the console are lines of JSON: the messages of a `keeper_script`, and a few more. `network` makes
a network namespace with a link of its own for a box, `drop` gives it up, `control` writes a line
into a FIFO, and `out` is what a device printed. A `start` names the box in whose namespace the
program runs.

Rules of this file: nothing but the standard library; one thread; no wait but the one in `watch`.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import sys
import termios
import tty
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "machine"))

if TYPE_CHECKING:
    from harness.device.machine.keeper_namespaces import NEW_NETWORK
    from harness.device.uml import fifo, links, programs, watch
else:
    import fifo
    import links
    import programs
    import watch
    from keeper_namespaces import NEW_NETWORK

WIRE = "vec0"

_FINIT_MODULE = 313
_READ_OCTETS = 1 << 12
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
    for folder in ("/dev/pts", "/run/lock", programs.GROUPS, work):
        Path(folder).mkdir(parents=True, exist_ok=True)
    _mount("devpts", "devpts", "/dev/pts", "ptmxmode=666")
    _mount("none", "cgroup2", programs.GROUPS, "")
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


class Guest:
    """Does what the harness asks for on the console."""

    def __init__(self, console: int) -> None:
        self._console = console
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._networks: dict[int, int] = {}
        self._pending = b""
        self._watch = watch.Watch()
        self._programs = programs.Programs(self._watch, self._say)

    def serve(self) -> None:
        """Work until the machine is switched off."""
        self._say({"is": "hello", "isolation": "guest", "reason": ""})
        self._watch.on(self._console, self._from_harness)
        self._watch.serve()

    def _say(self, message: dict[str, Any]) -> None:
        rest = memoryview(json.dumps(message).encode() + b"\n")
        while rest:
            rest = rest[os.write(self._console, rest) :]

    def _from_harness(self) -> None:
        *lines, self._pending = (self._pending + os.read(self._console, _READ_OCTETS)).split(b"\n")
        for line in lines:
            self._request(json.loads(line))

    def _request(self, message: dict[str, Any]) -> None:
        match message["do"]:
            case "network":
                self._network(message)
            case "drop":
                os.close(self._networks.pop(message["box"]))
            case "start":
                self._start(message)
            case "signal":
                self._programs.signal(message["id"], message["signal"])
            case "kill":
                self._programs.kill(message["id"])
            case "control":
                line = fifo.FifoLine(message["fifo"], message["line"], message["within"])
                self._watch.until(lambda: self._is_written(message, line))
            case "ping":
                self._say({"is": "pong", "id": message["id"]})

    def _network(self, message: dict[str, Any]) -> None:
        failed = ""
        try:
            _check("unshare", _libc.unshare(NEW_NETWORK))
            inside = os.open("/proc/self/ns/net", os.O_RDONLY)
            _check("setns", _libc.setns(self._home, NEW_NETWORK))
            self._networks[message["box"]] = inside
            links.add_macvlan(message["interface"], WIRE, inside)
            _check("setns", _libc.setns(inside, NEW_NETWORK))
            for path, value in message["sysctls"].items():
                Path("/proc/sys", path).write_text(value)
            for address in message["addresses"]:
                links.add_address(message["interface"], address)
            links.set_up("lo")
            links.set_up(message["interface"])
        except OSError as error:
            failed = str(error)
        finally:
            _check("setns", _libc.setns(self._home, NEW_NETWORK))
        self._say({"is": "network", "id": message["id"], "failed": failed})

    def _start(self, message: dict[str, Any]) -> None:
        reader, writer = os.pipe()
        self._watch.on(reader, lambda: self._printed(reader, message["id"]))
        self._programs.start(message, writer, self._networks[message["box"]])
        os.close(writer)

    def _printed(self, reader: int, number: int) -> None:
        data = os.read(reader, _READ_OCTETS)
        if data:
            self._say({"is": "out", "id": number, "data": base64.b64encode(data).decode()})
        else:
            self._watch.off(reader)
            os.close(reader)

    def _is_written(self, message: dict[str, Any], line: fifo.FifoLine) -> bool:
        if not line.is_done():
            return False
        failed = ""
        if line.failed:
            failed = f"cannot write to the control FIFO {message['fifo']}: {line.failed}"
        self._say({"is": "control", "id": message["id"], "failed": failed})
        return True


def main(arguments: list[str]) -> None:
    """Be the first process of a machine."""
    work, console_path, modules = arguments[:3]  # the kernel adds words of its own
    prepare(work, [one for one in modules.split(",") if one])
    console = os.open(console_path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(console, termios.TCSANOW)
    Guest(console).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
