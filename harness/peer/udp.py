"""Real UDP links, IPv4 and IPv6, on the running asyncio loop.

Sockets rather than asyncio's datagram transports: those send no empty datagram before Python 3.12,
free a port only some time after they are closed, and queue without bound what cannot be sent.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.errors import DeviceError
from harness.peer.checksums import ChecksumWatch, leave_out_checksums, watch_checksums
from harness.peer.network import Address, Link, Receiver
from harness.peer.stamps import ROOM, age_of, ask_for_stamps

NO_IPV6 = "Is IPv6 switched on here (sysctl net.ipv6.conf.all.disable_ipv6)?"
_HINTS = {
    errno.EADDRINUSE: "another program has the port: end it, or choose another port",
    errno.EADDRNOTAVAIL: "the address is not assigned to this machine",
    errno.EACCES: "ports below 1024 need root",
    socket.EAI_NONAME: "give an IPv4 or IPv6 address, not a name",
}

LARGEST_DATAGRAM = 65535
READ_AT_ONCE = 64
"""Datagrams taken before others on the loop get their turn."""

_REPORT_OCTETS: Final = 512
_REPORT_ERRORS: Final = {
    # IP_RECVERR and IPV6_RECVERR of Linux, which Python has no names for
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """What can be asked of a socket besides its address.

    interface: the link that all goes out of and comes in by. ttl: of what is sent, the hop limit
    with IPv6. dscp: the upper six bits of the traffic class. on_error: told what routers and hosts
    report by ICMP; without it that goes unseen. checksums: whether the links are to say which
    datagrams came without a UDP checksum, as far as that is permitted.
    """

    interface: str | None = None
    ttl: int | None = None
    dscp: int | None = None
    on_error: Callable[[OSError], None] | None = None
    checksums: bool = False


class UdpNetwork:
    """The UDP sockets of this machine (or of the network namespace that the thread is in)."""

    def __init__(self, options: SocketOptions | None = None) -> None:
        self.options = options or SocketOptions()

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a socket. DeviceError `network.bind` says why when that fails."""
        if not self.options.checksums:
            return link_on(bound(address, port, self.options), receiver, self.options.on_error)
        made, watch = bound_with_watch(address, port, self.options)
        return link_on(made, receiver, self.options.on_error, watch)


def bound(address: str, port: int, options: SocketOptions | None = None) -> socket.socket:
    """A UDP socket bound in the network namespace of this thread, where it then stays.

    Raises DeviceError `network.bind` or `network.option`, whose cause is the OSError.
    """
    try:
        return _bound(address, port, options or SocketOptions())
    except OSError as error:
        raise _not_bound(address, port, error) from error
    except UnicodeError as error:  # what cannot even be looked up, such as a label too long
        cause = f"cannot bind UDP {address!r}: that is no address"
        raise DeviceError("network.bind", cause, hint=_HINTS[socket.EAI_NONAME]) from error


def _no_ipv6(address: str, error: OSError) -> str:
    """What else an IPv6 address may suffer from."""
    lacking = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return NO_IPV6 if ":" in address and lacking else ""


def _not_bound(address: str, port: int, error: OSError) -> DeviceError:
    hints = (_HINTS.get(error.errno or 0, ""), _no_ipv6(address, error))
    return DeviceError(
        "network.bind",
        f"cannot bind UDP {address} port {port}: {error.strerror or error}",
        hint=". ".join(filter(None, hints)),
    )


def bound_with_watch(
    address: str, port: int, options: SocketOptions | None = None
) -> tuple[socket.socket, ChecksumWatch | None]:
    """As `bound`, with a watch over the checksums of what comes. None: not permitted, or IPv6.

    The watch is there first, so that no datagram passes by it; of a port that is still to be
    chosen nobody knows.
    """
    watch = None
    try:
        if port and ":" not in address:
            watch = watch_checksums(address, port)
        made = bound(address, port, options)
        if not port and made.family == socket.AF_INET:
            watch = watch_checksums(*made.getsockname())
    except (OSError, DeviceError) as error:
        if watch is not None:
            watch.close()
        if isinstance(error, DeviceError):
            raise
        raise _not_bound(address, port, error) from error
    return made, watch


def link_on(
    given: socket.socket,
    receiver: Receiver,
    on_error: Callable[[OSError], None] | None = None,
    watch: ChecksumWatch | None = None,
) -> Link:
    """A link on a bound socket, read by the running loop. It closes the socket in the end."""
    return _UdpLink(given, receiver, on_error, watch)


def _bound(address: str, port: int, options: SocketOptions) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        _set(made, options)
        made.bind(place)
    except (OSError, DeviceError):
        made.close()
        raise
    return made


def _set(made: socket.socket, options: SocketOptions) -> None:
    is_six = made.family == socket.AF_INET6
    level = socket.IPPROTO_IPV6 if is_six else socket.IPPROTO_IP
    if options.interface is not None:
        try:
            name = options.interface.encode()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        except OSError as error:
            raise _no_interface(options.interface, error) from error
    if options.ttl is not None:
        made.setsockopt(level, socket.IPV6_UNICAST_HOPS if is_six else socket.IP_TTL, options.ttl)
    if options.dscp is not None:
        # the lower two bits are for congestion notification
        made.setsockopt(level, socket.IPV6_TCLASS if is_six else socket.IP_TOS, options.dscp << 2)
    if options.on_error is not None:
        made.setsockopt(*_REPORT_ERRORS[made.family], 1)


def _no_interface(name: str, error: OSError) -> DeviceError:
    hint = "binding to an interface needs root (CAP_NET_RAW)"
    if error.errno != errno.EPERM:
        hint = f"there are {', '.join(one for _, one in socket.if_nameindex())}"
    return DeviceError(
        "network.interface",
        f"cannot bind to the interface {name}: {error.strerror or error}",
        hint=hint,
    )


class _UdpLink:
    """`lost`: datagrams that the system would not send, and errors that it reported."""

    def __init__(
        self,
        given: socket.socket,
        receiver: Receiver,
        on_error: Callable[[OSError], None] | None,
        watch: ChecksumWatch | None,
    ) -> None:
        self._socket = given
        self._receiver = receiver
        self._on_error = on_error
        self._watch = watch
        # with IPv6 the system itself drops what has no checksum (RFC 8200 8.1)
        self.checksum: bool | None = True if given.family == socket.AF_INET6 else None
        self.arrived: float | None = None
        ask_for_stamps(given)
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
        except OSError as error:
            # UDP promises nothing: what cannot be sent (no route, too long, no room, ICMP errors
            # of earlier ones) is lost, and the reliable channel finds out in its own time.
            self._failed(error)

    def _read(self) -> None:
        if self._on_error is not None:
            self._take_errors()
        for _ in range(READ_AT_ONCE):
            if not self._open:
                return
            try:
                data, told, _, source = self._socket.recvmsg(LARGEST_DATAGRAM, ROOM)
            except BlockingIOError:
                return
            except OSError as error:
                self._failed(error)
                return
            self.arrived = self._loop.time() - age_of(told)
            if self._watch is not None:
                self.checksum = self._watch.has_checksum(data, source)
            self._receiver(data, (source[0], source[1]))

    def leave_out_checksums(self) -> None:
        leave_out_checksums(self._socket)

    def _failed(self, error: OSError) -> None:
        self.lost += 1
        if self._on_error is not None:
            self._on_error(error)

    def _take_errors(self) -> None:
        """Empty the queue of errors, or the socket would be ready to read for ever."""
        for _ in range(READ_AT_ONCE):
            try:
                _, reports, _, _ = self._socket.recvmsg(0, _REPORT_OCTETS, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for level, kind, data in reports:
                if (level, kind) == _REPORT_ERRORS[self._socket.family]:
                    # struct sock_extended_err begins with the number of the error
                    number = int.from_bytes(data[:4], sys.byteorder)
                    self._failed(OSError(number, os.strerror(number)))

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()
            if self._watch is not None:
                self._watch.close()
