"""Starts programs in a guest, and sees to it that all that they start ends with them.

It speaks as a `keeper_script` does, of the same things. What is done otherwise here is for speed: a
fork of an interpreter costs a guest 50 times what it costs its host, for each page of it is mapped
by a system call there. So nothing is forked but by `posix_spawn`, which shares the pages until the
program runs; what a program finds (its network, its mounts, its folder) is made around that
call, and taken back after it. What belongs to a program is told by a control group, which is
killed as one. What ends a guest needs no care: all of it ends.

Rules of this file: nothing but the standard library, because it runs without site-packages;
one thread, and no wait.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.device.machine import keeper_namespaces as namespaces
    from harness.device.uml import watch
else:
    import keeper_namespaces as namespaces
    import watch

GROUPS = "/run/devices"
"""Where control groups are mounted."""

_NO_SETUID_DEVICES_EXEC = 2 | 4 | 8
_LARGEST_CORE = 1 << 30
_READ_OCTETS = 1 << 12
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)

_libc = ctypes.CDLL(None, use_errno=True)


class Program:
    """A program that runs, and its control group. dead: its own process has ended."""

    def __init__(self, number: int, process: int, group: str) -> None:
        self.number = number
        self.process = process
        self.handle = os.pidfd_open(process)
        self.group = group
        self.events = os.open(f"{group}/cgroup.events", os.O_RDONLY)
        self.dead = False

    def kill(self) -> None:
        """Kill all of it, for certain."""
        _write(f"{self.group}/cgroup.kill", b"1")

    @property
    def is_left(self) -> bool:
        """Whether anything of it still runs."""
        return b"populated 1" in os.pread(self.events, _READ_OCTETS, 0)


class Programs:
    """Those of a guest. `say`: where messages to the harness go."""

    def __init__(self, watching: watch.Watch, say: Callable[[dict[str, Any]], None]) -> None:
        self._watch = watching
        self._say = say
        self._mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        self._network = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._programs: dict[int, Program] = {}

    def start(self, message: Mapping[str, Any], log: int, network: int) -> None:
        """Start one in a network namespace. log: where what it prints goes."""
        number = message["id"]
        group = f"{GROUPS}/{number}"
        try:
            Path(group).mkdir()
            try:
                process = self._spawn(message, group, log, network)
            except namespaces.StepError:
                Path(group).rmdir()
                raise
        except (namespaces.StepError, OSError) as error:
            if isinstance(error, OSError):
                error = namespaces.StepError("fork", error.errno or 0)
            self._say(error.told(number))
            self._say({"is": "ended", "id": number})
            return
        program = self._programs[number] = Program(number, process, group)
        self._watch.on(program.handle, lambda: self._died(program))
        self._say({"is": "started", "id": number, "process": process})

    def signal(self, number: int, which: int) -> None:
        """Send a signal to a program, if it still lives."""
        program = self._programs.get(number)
        if program is not None and not program.dead:
            signal.pidfd_send_signal(program.handle, which)

    def kill(self, number: int) -> None:
        """Kill a program and all that it has started."""
        program = self._programs.get(number)
        if program is not None:
            program.kill()

    def _spawn(self, message: Mapping[str, Any], group: str, log: int, network: int) -> int:
        argv, environment = message["argv"], {**os.environ, **message["environment"]}
        # whoever is in a group has children in it
        _write(f"{group}/cgroup.procs", b"0")
        try:
            namespaces.go_into(network, namespaces.NEW_NETWORK, "network")
            _mount(message["stand_ins"])
            _limit_core(message["core"])
            nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
            printed = [(os.POSIX_SPAWN_DUP2, log, one) for one in (1, 2)]
            try:
                os.chdir(message["folder"])
                return os.posix_spawn(
                    argv[0],
                    argv,
                    environment,
                    file_actions=[nothing, *printed],
                    setsid=True,
                    setsigdef=_DEFAULT_SIGNALS,
                )
            except OSError as error:
                raise namespaces.StepError("run", error.errno or 0, argv[0]) from error
        finally:
            namespaces.go_into(self._mounts, namespaces.NEW_MOUNTS, "namespaces")
            namespaces.go_into(self._network, namespaces.NEW_NETWORK, "namespaces")
            _write(f"{GROUPS}/cgroup.procs", b"0")

    def _died(self, program: Program) -> None:
        _, status = os.waitpid(program.process, 0)
        program.dead = True
        self._watch.off(program.handle)
        os.close(program.handle)
        self._say({"is": "died", "id": program.number, "status": status})
        program.kill()
        self._watch.on(program.events, lambda: self._left(program), select.POLLPRI)
        self._left(program)

    def _left(self, program: Program) -> None:
        if program.is_left:
            return
        self._watch.off(program.events)
        os.close(program.events)
        self._reap()
        Path(program.group).rmdir()
        del self._programs[program.number]
        self._say({"is": "ended", "id": program.number})

    def _reap(self) -> None:
        """Orphans are the children of this process, which is the first one."""
        own = {program.process for program in self._programs.values() if not program.dead}
        while (dead := _dead_child()) and dead not in own:
            os.waitpid(dead, 0)


def _dead_child() -> int:
    """The number of a child that has ended and is not waited for yet; 0: there is none."""
    try:
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return 0
    return dead.si_pid if dead is not None else 0


def _mount(stand_ins: list[tuple[str, str]]) -> None:
    # nothing of the first process's mounts is shared, so they need not be made private
    namespaces.unshare(namespaces.NEW_MOUNTS)
    # A device may look for its links in /sys
    _libc.mount(b"sysfs", b"/sys", b"sysfs", _NO_SETUID_DEVICES_EXEC, None)
    for source, target in stand_ins:
        namespaces.mount(source, target, "", namespaces.BIND)


def _limit_core(wanted: bool) -> None:
    most = _LARGEST_CORE if wanted else 0
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != most:
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def _write(path: str, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)
