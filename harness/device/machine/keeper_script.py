"""The process that starts devices and sees to it that they end. Run by its path:

    python -I -S keeper_script.py CHANNEL FOLDER MOUNTS [CONTAINER]

CHANNEL is the number of an inherited SOCK_SEQPACKET socket to the harness, FOLDER the work folder
of the run, MOUNTS 1 when devices need files of their own in place of programs of this machine.
CONTAINER, settings in JSON, is the container in which devices run: see `enter_container`.
One such process serves a whole run: forking it costs a millisecond, a fresh interpreter twenty.

How nothing survives, whatever ends first:
- Each device runs in a PID namespace of its own. Its first process is a fork of the keeper that
  does nothing but wait; when that ends the kernel kills all that the device has started.
- That first process reads from a pipe whose other end only the keeper holds: if the keeper dies,
  even by SIGKILL, the pipe ends, and so do the devices.
- The channel ends when the harness dies, however it dies. Then the keeper kills all devices,
  removes FOLDER and exits.
- Where namespaces are not permitted a device gets a session of its own instead, dies with the
  keeper (PR_SET_PDEATHSIG), and what strayed is found by a mark in its environment.

The device is the keeper's own child: its wait status comes through unchanged, a crash as a signal.

Messages are JSON objects, one per packet. From the harness: `start` (with the descriptors of the
log and, for a device in a network namespace of its own, of that), `signal`, `kill`, `ping`. To the
harness: `hello`, `started` (with the number of the process) or `failed`, `died` (with the wait
status), `ended` (everything it had started is gone), `pong`.

Rules of this file: nothing but the standard library, and the files beside it that keep these rules,
because it runs without site-packages; one thread; no wait but the one in `serve`.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

sys.path.append(str(Path(__file__).parent))

if TYPE_CHECKING:
    from harness.device.machine import enter_container
    from harness.device.machine import keeper_namespaces as namespaces
    from harness.device.machine import keeper_processes as processes
else:
    import enter_container
    import keeper_namespaces as namespaces
    import keeper_processes as processes

LARGEST_MESSAGE = 1 << 16
MARK = "L2TP_HARNESS_DEVICE"

_NO_SETUID_DEVICES_EXEC = 2 | 4 | 8
_PDEATHSIG = 1
_SUBREAPER = 36
_HIGHEST_DESCRIPTOR = 1 << 20
_LARGEST_CORE = 1 << 30

_libc = ctypes.CDLL(None, use_errno=True)


class Device:
    """One running device: the process itself, and the first process of its PID namespace."""

    def __init__(self, number: int, process: int, guard: int | None, errors: int) -> None:
        self.number = number
        self.process = process
        self.guard = guard
        self.errors = errors
        self.process_handle = os.pidfd_open(process)
        self.guard_handle = None if guard is None else os.pidfd_open(guard)
        self.dead = False

    def kill(self) -> None:
        """Kill all of it, for certain."""
        if self.guard is not None:
            os.kill(self.guard, signal.SIGKILL)
        elif not self.dead:
            # not reaped yet, so the number still is this process group's
            os.killpg(self.process, signal.SIGKILL)


class Keeper:
    """Serves the harness at the other end of the channel until that ends."""

    def __init__(
        self, channel: socket.socket, folder: str, mounts: bool, container: Any = None
    ) -> None:
        self._channel = channel
        self._container = container
        self._folder = folder
        self._mounts = mounts
        self._token = os.urandom(8).hex()
        self._devices: dict[int, Device] = {}
        self._poll = select.poll()
        self._handlers: dict[int, tuple[str, Device]] = {}
        self._alive, self._alive_end = os.pipe()
        self._namespaces = False
        self._own_pids = -1
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._descriptors = (soft, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def serve(self) -> None:
        """Work until the harness hangs up; then end every device."""
        self._say({"is": "hello", **self._choose_isolation()})
        self._poll.register(self._channel, select.POLLIN)
        while True:
            ready = [number for number, _ in self._poll.poll()]
            for number in ready:
                if number in self._handlers:
                    what, device = self._handlers[number]
                    self._happened(what, device)
            if self._channel.fileno() in ready and not self._request():
                break
        self._end()

    def _say(self, message: dict[str, Any]) -> None:
        # A full channel means a harness that has stopped reading: wait for it, or for its end
        try:
            self._channel.sendall(json.dumps(message).encode())
        except (BrokenPipeError, ConnectionResetError):
            self._end()

    def _choose_isolation(self) -> dict[str, Any]:
        if self._container is not None:
            self._namespaces = True
            self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)
            return {"isolation": "container", "reason": ""}
        refusal = namespaces.try_namespaces()
        isolation = "namespaces"
        if refusal and self._mounts:
            further = namespaces.enter_user_namespace(self._channel)
            refusal = f"{refusal}; {further}" if further else ""
            isolation = "user-namespaces"
        if refusal:
            _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
            return {"isolation": "process-groups", "reason": refusal}
        self._namespaces = True
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)
        return {"isolation": isolation, "reason": ""}

    def _request(self) -> bool:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(
                self._channel, LARGEST_MESSAGE, 2, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError:
            return False
        if not data:
            return False
        message = json.loads(data)
        match message["do"]:
            case "start":
                self._start(message, *descriptors)
            case "signal":
                device = self._devices.get(message["id"])
                if device is not None and not device.dead:
                    signal.pidfd_send_signal(device.process_handle, message["signal"])
            case "kill":
                device = self._devices.get(message["id"])
                if device is not None:
                    device.kill()
            case "ping":
                self._say({"is": "pong", "id": message["id"]})
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    # Starting

    def _start(self, message: dict[str, Any], log: int, network: int | None = None) -> None:
        number = message["id"]
        errors, errors_end = os.pipe()
        guard = None
        try:
            try:
                if self._namespaces:
                    guard = self._fork_guard()
                process = os.fork()
                if process == 0:
                    self._become(message, log, network, errors_end)
            finally:
                if self._namespaces:
                    namespaces.go_into(self._own_pids, namespaces.NEW_PIDS, "namespaces")
        except (namespaces.StepError, OSError) as error:
            os.close(errors)
            if guard is not None:
                os.kill(guard, signal.SIGKILL)
                os.waitpid(guard, 0)
            if isinstance(error, OSError):
                error = namespaces.StepError("fork", error.errno or 0)
            self._say(error.told(number))
            self._say({"is": "ended", "id": number})
            return
        finally:
            os.close(errors_end)
        device = Device(number, process, guard, errors)
        self._devices[number] = device
        self._watch(errors, "start", device)
        self._watch(device.process_handle, "death", device)

    def _fork_guard(self) -> int:
        """The first process of a new PID namespace, into which the next fork goes too."""
        namespaces.unshare(namespaces.NEW_PIDS)
        guard = os.fork()
        if guard:
            return guard
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
            os.dup2(self._alive, 0)
            os.closerange(1, _HIGHEST_DESCRIPTOR)
            os.read(0, 1)
        finally:
            os._exit(0)

    def _become(
        self, message: dict[str, Any], log: int, network: int | None, errors: int
    ) -> NoReturn:
        """In the forked child: turn into the device. Never returns."""
        try:
            self._prepare(message, log, network)
            argv, environment = message["argv"], self._environment(message)
            if self._container is not None:
                os.execvpe(argv[0], argv, environment)  # noqa: S606 -- looked up in there
            os.execve(argv[0], argv, environment)  # noqa: S606
        except namespaces.StepError as error:
            os.write(errors, json.dumps(error.told(message["id"])).encode())
        except OSError as error:
            failed = namespaces.StepError("run", error.errno or 0, message["argv"][0])
            os.write(errors, json.dumps(failed.told(message["id"])).encode())
        finally:
            os._exit(127)

    def _prepare(self, message: dict[str, Any], log: int, network: int | None) -> None:
        os.setsid()
        if network is not None:
            namespaces.go_into(network, namespaces.NEW_NETWORK, "network")
        if self._container is not None:
            self._container.enter(own_network=network is not None)
        if self._namespaces:
            namespaces.own_mounts()
            # A device may look itself up in /proc. Where that is not permitted it sees the
            # outer one, as it would without namespaces.
            _libc.mount(b"proc", b"/proc", b"proc", _NO_SETUID_DEVICES_EXEC, None)
            if network is not None:
                # The same for its links, which are in /sys
                _libc.mount(b"sysfs", b"/sys", b"sysfs", _NO_SETUID_DEVICES_EXEC, None)
            if self._container is not None:
                self._container.protect(own_network=network is not None)
                for source, target in message["stand_ins"]:
                    enter_container.make_target(source, target)
            for source, target in message["stand_ins"]:
                namespaces.mount(source, target, "", namespaces.BIND)
        else:
            _libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.chdir(message["folder"])
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        most = _LARGEST_CORE if hard == resource.RLIM_INFINITY else min(hard, _LARGEST_CORE)
        core = most if message["core"] else 0
        resource.setrlimit(resource.RLIMIT_CORE, (core, core))
        resource.setrlimit(resource.RLIMIT_NOFILE, self._descriptors)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        if self._container is not None:
            self._container.become()

    def _environment(self, message: dict[str, Any]) -> dict[str, str]:
        mark = {MARK: f"{self._token}-{message['id']}"}
        outer = os.environ if self._container is None else self._container.environment
        return {**outer, **message["environment"], **mark}

    # What happens

    def _watch(self, descriptor: int, what: str, device: Device) -> None:
        self._handlers[descriptor] = (what, device)
        self._poll.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._handlers[descriptor]
        os.close(descriptor)

    def _happened(self, what: str, device: Device) -> None:
        if what == "start":
            report = os.read(device.errors, LARGEST_MESSAGE)
            self._forget(device.errors)
            process = (
                device.process
                if self._container is None
                else processes.outer_number(device.process_handle)
            )
            started = {"is": "started", "id": device.number, "process": process}
            self._say(json.loads(report) if report else started)
        elif what == "death":
            self._died(device)
        elif device.guard is not None:
            os.waitpid(device.guard, 0)
            if device.guard_handle is not None:
                self._forget(device.guard_handle)
            self._ended(device)

    def _died(self, device: Device) -> None:
        if device.guard is None:
            device.kill()
        _, status = os.waitpid(device.process, 0)
        device.dead = True
        self._forget(device.process_handle)
        self._say({"is": "died", "id": device.number, "status": status})
        if device.guard_handle is not None:
            device.kill()
            self._watch(device.guard_handle, "end", device)
        else:
            processes.kill_marked(f"{MARK}={self._token}-{device.number}")
            self._ended(device)

    def _ended(self, device: Device) -> None:
        del self._devices[device.number]
        self._say({"is": "ended", "id": device.number})

    def _end(self) -> NoReturn:
        for device in self._devices.values():
            if device.guard is None:
                device.kill()
                os.waitpid(device.process, 0)
                processes.kill_marked(f"{MARK}={self._token}-{device.number}")
            else:
                os.kill(device.guard, signal.SIGKILL)
                if not device.dead:
                    os.waitpid(device.process, 0)
                os.waitpid(device.guard, 0)
        shutil.rmtree(self._folder, ignore_errors=True)
        sys.exit(0)


def main(arguments: list[str]) -> NoReturn:
    """Run a keeper."""
    channel = socket.socket(fileno=int(arguments[0]))
    os.set_inheritable(channel.fileno(), False)
    container = None
    if len(arguments) > 3:
        try:
            container = enter_container.Container(json.loads(arguments[3]))
            container.enter_first(channel)
        except OSError as error:
            hello = {"is": "hello", "isolation": "", "reason": str(error)}
            channel.sendall(json.dumps(hello).encode())
            sys.exit(1)
    keeper = Keeper(channel, arguments[1], arguments[2] == "1", container)
    keeper.serve()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
