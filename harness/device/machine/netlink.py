"""Network namespaces for devices: two for each lease, a veth pair between them, and nothing else.

They have no names. A namespace lives as long as a process or a descriptor holds it; these are held
by the harness and by the device, so whatever ends the harness ends them as well, SIGKILL included.
The machine's own namespace never sees a link, an address or a route of theirs.

A thread is what has a network namespace, so all of this happens in one thread of its own, which
goes into a namespace and comes back. The thread of the event loop stays where it is: a socket
belongs for good to the namespace that it was made in, whichever thread uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from harness.device.description.namespace import Interface, Namespace
from harness.device.machine.listening import open_table
from harness.device.needs import check_netlink
from harness.errors import DeviceError
from harness.peer.checksums import ChecksumWatch
from harness.peer.network import Link, Receiver
from harness.peer.udp import bound_with_watch, link_on

if TYPE_CHECKING:
    from pyroute2 import IPRoute

Result = TypeVar("Result")

HARNESS_INTERFACE: Final = "harness"
"""The name of the harness's end of each veth pair."""

_SET_INTERFACE: Final = 0x400454CA
_SET_PERSISTENT: Final = 0x400454CB
_TAP_WITHOUT_HEADER: Final = 0x0002 | 0x1000
_NEW_NETWORK: Final = 0x40000000
_OWN: Final = "/proc/thread-self/ns/net"
_LOOPBACK: Final = 1
_NO_DUPLICATE_DETECTION: Final = 0x02
_PRIVILEGES: Final = (
    "run as root; a container needs --cap-add SYS_ADMIN --cap-add NET_ADMIN and "
    "--security-opt apparmor=unconfined"
)

_libc = ctypes.CDLL(None, use_errno=True)


class Pair:
    """The two namespaces of a lease. `namespace`: a descriptor of the device's."""

    def __init__(self, maker: Namespaces, wanted: Namespace, namespace: int, harness: int) -> None:
        self._maker = maker
        self.wanted = wanted
        self.namespace = namespace
        self.harness = harness
        self.network = NamespaceNetwork(maker, self)
        self.added = {interface.ip for interface in wanted.addresses}

    async def table(self, address: str) -> TextIO:
        """The table of UDP sockets of the device's namespace, to be closed by the caller."""
        return await self._maker.table(self, address)

    def close(self) -> None:
        """Let go of both; they end with the last process and socket in them."""
        os.close(self.namespace)
        os.close(self.harness)


class NamespaceNetwork:
    """The harness's end of a pair. It takes each address of the network when it is first used."""

    def __init__(self, maker: Namespaces, pair: Pair) -> None:
        self._maker = maker
        self._pair = pair

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a socket. Raises DeviceError `network.bind`."""
        given, watch = await self._maker.bound(self._pair, address, port)
        return link_on(given, receiver, watch=watch)


class Namespaces:
    """Makes pairs of namespaces, all in one thread that exists while this is open."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="namespaces")
        self._pairs: set[Pair] = set()
        self._home = -1

    async def open(self) -> None:
        """Make a pair and drop it, so that what is not permitted is found out before a run.

        Raises DeviceError with a hint: no pyroute2, no privileges, no veth in the kernel.
        """
        await self._run(self._go_home)
        await self._run(lambda: _route().close())
        self.drop(await self.make(Namespace()))

    async def make(self, wanted: Namespace, device: int | None = None) -> Pair:
        """A fresh pair, both ends up. Raises DeviceError `device.namespace`.

        device: a descriptor of a namespace that is there already, which is the pair's from now on.
        """
        return await self._run(partial(self._make, wanted, device))

    async def tap(self, wanted: Namespace) -> Pair:
        """One namespace with a TAP device, up: the other end is whoever opens that, in there."""
        return await self._run(partial(self._tap, wanted))

    async def move(self, pair: Pair, device: int) -> None:
        """Put the device's end into another namespace, as when it is started anew."""
        await self._run(partial(self._move, pair, device))

    def drop(self, pair: Pair) -> None:
        """Give a pair up. Dropping it twice is harmless."""
        if pair in self._pairs:
            self._pairs.discard(pair)
            pair.close()

    async def bound(
        self, pair: Pair, address: str, port: int
    ) -> tuple[socket.socket, ChecksumWatch | None]:
        """A bound UDP socket in the harness's namespace of a pair, its checksums watched."""
        return await self._run(partial(self._bound, pair, address, port))

    async def table(self, pair: Pair, address: str) -> TextIO:
        """The table of UDP sockets of the device's namespace, to be closed by the caller."""
        return await self._run(partial(self._table, pair, address))

    def close(self) -> None:
        """Give all pairs up, and end the thread."""
        self._thread.shutdown()
        for pair in list(self._pairs):
            self.drop(pair)
        if self._home >= 0:
            os.close(self._home)
            self._home = -1

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # In the thread

    def _go_home(self) -> None:
        self._home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)

    def _make(self, wanted: Namespace, given: int | None) -> Pair:
        with contextlib.ExitStack() as undone:
            if given is not None:
                undone.callback(os.close, given)
            device = self._new(undone) if given is None else given
            harness = self._new(undone)
            with self._inside(harness), _route() as route:
                peer = {"ifname": wanted.interface, "net_ns_fd": device}
                _netlink(
                    "make a veth pair",
                    lambda: route.link("add", ifname=HARNESS_INTERFACE, kind="veth", peer=peer),
                )
                _up(route, HARNESS_INTERFACE)
            self._equip(device, wanted)
            undone.pop_all()
        pair = Pair(self, wanted, device, harness)
        self._pairs.add(pair)
        return pair

    def _tap(self, wanted: Namespace) -> Pair:
        with contextlib.ExitStack() as undone:
            harness = self._new(undone)
            with self._inside(harness), _route() as route:
                _make_tap()
                _up(route, HARNESS_INTERFACE)
            device = os.dup(harness)
            undone.pop_all()
        pair = Pair(self, wanted, device, harness)
        self._pairs.add(pair)
        return pair

    def _move(self, pair: Pair, device: int) -> None:
        name = pair.wanted.interface
        with contextlib.ExitStack() as undone:
            undone.callback(os.close, device)
            with self._inside(pair.namespace), _route() as route:
                index = socket.if_nametoindex(name)
                _netlink(
                    "move a link",
                    lambda: route.link("set", index=index, net_ns_fd=device),
                )
            self._equip(device, pair.wanted)
            undone.pop_all()
        os.close(pair.namespace)
        pair.namespace = device

    def _equip(self, device: int, wanted: Namespace) -> None:
        """Addresses and settings for the device's end."""
        with self._inside(device), _route() as route:
            _set(wanted)
            for address in wanted.addresses:
                _add(route, wanted.interface, address)
            _up(route, wanted.interface)

    def _new(self, undone: contextlib.ExitStack) -> int:
        """A descriptor of a new network namespace."""
        _call("make a network namespace", _libc.unshare(_NEW_NETWORK))
        try:
            descriptor = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _enter(self._home)
        undone.callback(os.close, descriptor)
        return descriptor

    @contextlib.contextmanager
    def _inside(self, namespace: int) -> Iterator[None]:
        _enter(namespace)
        try:
            yield
        finally:
            _enter(self._home)

    def _bound(
        self, pair: Pair, address: str, port: int
    ) -> tuple[socket.socket, ChecksumWatch | None]:
        with self._inside(pair.harness):
            wanted = pair.wanted.host(address)
            if wanted is not None and wanted.ip not in pair.added:
                with _route() as route:
                    _add(route, HARNESS_INTERFACE, wanted)
                pair.added.add(wanted.ip)
            return bound_with_watch(address, port)

    def _table(self, pair: Pair, address: str) -> TextIO:
        with self._inside(pair.namespace):
            return open_table(address)


def _enter(namespace: int) -> None:
    _call("enter a network namespace", _libc.setns(namespace, _NEW_NETWORK))


def _call(what: str, result: int) -> None:
    if result != 0:
        raise _failed(what, ctypes.get_errno())


def _route() -> IPRoute:
    check_netlink()
    from pyroute2 import IPRoute

    return IPRoute()


def _make_tap() -> None:
    """A TAP device that lives as long as its namespace."""
    request = struct.pack("16sH22x", HARNESS_INTERFACE.encode(), _TAP_WITHOUT_HEADER)
    try:
        with Path("/dev/net/tun").open("r+b", buffering=0) as tun:
            fcntl.ioctl(tun, _SET_INTERFACE, request)
            fcntl.ioctl(tun, _SET_PERSISTENT, 1)
    except OSError as error:
        raise _failed("make a TAP device", error.errno or 0) from error


def _netlink(what: str, work: Callable[[], object]) -> None:
    from pyroute2 import NetlinkError

    try:
        work()
    except NetlinkError as error:
        raise _failed(what, error.code) from error


def _up(route: IPRoute, interface: str) -> None:
    for link in (_LOOPBACK, socket.if_nametoindex(interface)):
        _netlink("set a link up", partial(route.link, "set", index=link, state="up"))


def _add(route: IPRoute, interface: str, address: Interface) -> None:
    # Nobody else is on the link, and an address in doubt cannot be bound for a second
    flags = {"flags": _NO_DUPLICATE_DETECTION} if address.version == 6 else {}
    _netlink(
        f"add the address {address}",
        lambda: route.addr(
            "add",
            index=socket.if_nametoindex(interface),
            address=str(address.ip),
            prefixlen=address.network.prefixlen,
            **flags,
        ),
    )


def _set(wanted: Namespace) -> None:
    for path, value in wanted.sysctls.items():
        try:
            Path("/proc/sys", path).write_text(value, encoding="ascii")
        except OSError as error:
            raise DeviceError(
                "device.sysctl", f"cannot set {path} to {value!r}: {error.strerror}"
            ) from error


def _failed(what: str, number: int) -> DeviceError:
    return DeviceError(
        "device.namespace",
        f"cannot {what}: {os.strerror(number)}",
        hint=_HINTS.get(number, ""),
    )


_HINTS: Final = {
    errno.EPERM: _PRIVILEGES,
    errno.ENOENT: "the kernel has no TAP devices: modprobe tun; a container needs "
    "--device /dev/net/tun",
    errno.EOPNOTSUPP: "the kernel has no veth links: modprobe veth",
}
