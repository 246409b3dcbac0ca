"""Real UDP links, IPv4 and IPv6, on the running asyncio loop.

Sockets rather than asyncio's datagram transports: those send no empty datagram before Python 3.12,
free a port only some time after they are closed, and queue without bound what cannot be sent.
"""

from __future__ import annotations

import asyncio
import errno
import socket

from harness.errors import DeviceError
from harness.peer.network import Address, Link, Receiver

_HINTS = {
    errno.EADDRINUSE: "another program has the port: end it, or choose another port",
    errno.EADDRNOTAVAIL: "the address is not assigned to this machine",
    errno.EACCES: "ports below 1024 need root",
    socket.EAI_NONAME: "give an IPv4 or IPv6 address, not a name",
}

LARGEST_DATAGRAM = 65535
READ_AT_ONCE = 64
"""Datagrams taken before others on the loop get their turn."""


class UdpNetwork:
    """The UDP sockets of this machine (or of the network namespace that the thread is in)."""

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a socket. DeviceError `network.bind` says why when that fails."""
        return link_on(bound(address, port), receiver)


def bound(address: str, port: int) -> socket.socket:
    """A UDP socket bound in the network namespace of this thread, where it then stays.

    Raises DeviceError `network.bind`, whose cause is the OSError.
    """
    try:
        return _bound(address, port)
    except OSError as error:
        raise DeviceError(
            "network.bind",
            f"cannot bind UDP {address} port {port}: {error.strerror or error}",
            hint=_HINTS.get(error.errno or 0, ""),
        ) from error
    except UnicodeError as error:  # what cannot even be looked up, such as a label too long
        cause = f"cannot bind UDP {address!r}: that is no address"
        raise DeviceError("network.bind", cause, hint=_HINTS[socket.EAI_NONAME]) from error


def link_on(given: socket.socket, receiver: Receiver) -> Link:
    """A link on a bound socket, read by the running loop. It closes the socket in the end."""
    return _UdpLink(given, receiver)


def _bound(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        made.bind(place)
    except OSError:
        made.close()
        raise
    return made


class _UdpLink:
    """`lost`: datagrams that the system would not send, and errors that it reported."""

    def __init__(self, given: socket.socket, receiver: Receiver) -> None:
        self._socket = given
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self._open = True
        self.lost = 0
        name = given.getsockname()
        self._local: Address = (name[0], name[1])
        self._loop.add_reader(given, self._read)

    @property
    def local(self) -> Address:
        return self._local

    def send(self, data: bytes, to: Address) -> None:
        if not self._open:
            return
        try:
            self._socket.sendto(data, to)
        except OSError:
            # UDP promises nothing: what cannot be sent (no route, too long, no room, ICMP errors
            # of earlier ones) is lost, and the reliable channel finds out in its own time.
            self.lost += 1

    def _read(self) -> None:
        for _ in range(READ_AT_ONCE):
            if not self._open:
                return
            try:
                data, source = self._socket.recvfrom(LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                self.lost += 1
                return
            self._receiver(data, (source[0], source[1]))

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()
