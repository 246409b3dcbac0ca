"""How a keeper goes into a container, and how what it starts there becomes a program of it.

Runs in the keeper, without site-packages. An engine that is asked to run a program in a container
takes a tenth of a second of processor time for it; a fork takes a thousandth.

The keeper goes into the container's PID namespace and control groups, once: what it starts ends
with the container, and is counted and bounded with it. Each program then goes into the other
namespaces of the container, and gets what the first process of the container has: user, groups,
capabilities, limits, mask. /proc is its own, with the same files hidden and write-protected. What
it does not get is the engine's filter of system calls: that can be had of the engine alone.

Rules of this file: those of `keeper_script`, and no import once a container has been entered.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
from pathlib import Path
from typing import Any

_NEW_PIDS = 0x20000000
_NEW_NETWORK = 0x40000000
_NAMESPACES = {"mnt": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "cgroup": 0x02000000}
_BIND = 4096
_REMOUNT_READ_ONLY = 32 | 1 | _BIND
_READ_ONLY = 1
_DROP_BOUNDING = 24
_SET_NO_NEW_PRIVILEGES = 38
_MOST_CAPABILITIES = 64
_LIMITS = tuple(
    getattr(resource, name)
    for name in sorted(vars(resource))
    if name.startswith("RLIMIT_") and name not in ("RLIMIT_CORE", "RLIMIT_OFILE")
)

_libc = ctypes.CDLL(None, use_errno=True)


class RefusedError(OSError):
    """A container cannot be entered from here."""


class Container:
    """A running container, seen from outside.

    settings: `process`, the first process of it as this machine counts; `mark`, what that has in
    its environment; `environment`, that of its programs.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.environment: dict[str, str] = settings["environment"]
        process = f"/proc/{settings['process']}"
        if settings["mark"].encode() not in Path(process, "environ").read_bytes().split(b"\0"):
            raise RefusedError("its processes are not those that are seen here")
        if Path(process, "ns/user").readlink() != Path("/proc/self/ns/user").readlink():
            raise RefusedError("it has users of its own")
        self._handles = {name: _open(f"{process}/ns/{name}") for name in (*_NAMESPACES, "net")}
        self._pids = _open(f"{process}/ns/pid")
        self._status = _status(Path(process, "status").read_text())
        self._groups = _groups(Path(process, "cgroup").read_text())
        self._hidden, self._protected = _covered(Path(process, "mountinfo").read_text())
        self._limits: dict[int, tuple[int, int]] = {}

    def enter_first(self, channel: socket.socket) -> None:
        """Go on as a process of its PID namespace and of its control groups."""
        for path in self._groups:
            path.write_text("0")
        _check(_libc.setns(self._pids, _NEW_PIDS))
        child = os.fork()
        if child:
            channel.close()
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        for which in _LIMITS:
            soft, hard = resource.prlimit(1, which)
            most = resource.getrlimit(which)[1]
            self._limits[which] = (_least(soft, most), _least(hard, most))

    def enter(self, *, own_network: bool) -> None:
        """Go into its namespaces. own_network: the program has been given another network."""
        if not own_network:
            _check(_libc.setns(self._handles["net"], _NEW_NETWORK))
        for name, kind in _NAMESPACES.items():
            _check(_libc.setns(self._handles[name], kind))

    def protect(self, *, own_network: bool) -> None:
        """Hide and write-protect what the engine does, once /proc and /sys are mounted anew."""
        for path in self._protected:
            _mount(path, path, "", _BIND)
            _mount("none", path, "", _REMOUNT_READ_ONLY)
        for path in self._hidden:
            if Path(path).is_dir():
                _mount("tmpfs", path, "tmpfs", _READ_ONLY)
            else:
                _mount(os.devnull, path, "", _BIND)
        if own_network:
            _mount("none", "/sys", "", _REMOUNT_READ_ONLY)

    def become(self) -> None:
        """Take on the limits, the user and the capabilities of its first process."""
        for which, limits in self._limits.items():
            resource.setrlimit(which, limits)
        kept = int(self._status["CapBnd"], 16)
        for number in range(_MOST_CAPABILITIES):
            if not kept >> number & 1:
                _libc.prctl(_DROP_BOUNDING, number, 0, 0, 0)  # those beyond the last are none
        if self._status["NoNewPrivs"] != "0":
            _libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        os.umask(int(self._status["Umask"], 8))
        os.setgroups([int(one) for one in self._status["Groups"].split()])
        group, user = self._status["Gid"].split()[0], self._status["Uid"].split()[0]
        os.setresgid(int(group), int(group), int(group))
        os.setresuid(int(user), int(user), int(user))


def make_target(source: str, target: str) -> None:
    """Make what a stand-in is mounted over, as engines do, if it is not there."""
    path = Path(target)
    if path.exists():
        return
    if Path(source).is_dir():
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, None))


def _least(one: int, most: int) -> int:
    """The lower of two limits; -1 is none at all."""
    return one if most == resource.RLIM_INFINITY or 0 <= one <= most else most


def _status(text: str) -> dict[str, str]:
    return {
        name: value.strip()
        for name, _, value in (line.partition(":") for line in text.splitlines())
    }


def _covered(text: str) -> tuple[list[str], list[str]]:
    """What the engine hides below /proc of a container, and what it protects: from its mounts.

    What is hidden has something else mounted over it; what is protected is /proc itself, read-only.
    """
    hidden: list[str] = []
    protected: list[str] = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        point, kind = before.split()[4], after.split()[0]
        if point.startswith("/proc/"):
            (protected if kind == "proc" else hidden).append(point)
    return hidden, protected


def _groups(text: str) -> list[Path]:
    """Where a process enrols in the control groups of another, of whose /proc/…/cgroup this is."""
    mounts = [
        line.partition(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    found = []
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        wanted = {"cgroup2"} if not controllers else set(controllers.split(","))
        for before, _, after in mounts:
            root, point = before.split()[3:5]
            kind, _, options = after.split(" ", 2)
            has = {kind} if kind == "cgroup2" else set(options.split(","))
            if kind.startswith("cgroup") and wanted <= has and path.startswith(root):
                found.append(Path(point, path[len(root) :].lstrip("/"), "cgroup.procs"))
                break
        else:
            raise RefusedError(f"its control group {line} is not seen here")
    return found
