"""Real UDP links, IPv4 and IPv6, on the running asyncio loop."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

from harness.errors import DeviceError
from harness.peer.network import Address, Link, Receiver

_HINTS = {
    errno.EADDRINUSE: "another program has the port: end it, or choose another port",
    errno.EADDRNOTAVAIL: "the address is not assigned to this machine",
    errno.EACCES: "ports below 1024 need root",
}


class UdpNetwork:
    """The UDP sockets of this machine (or of the network namespace that the thread is in)."""

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a socket. DeviceError `network.bind` says why when that fails."""
        loop = asyncio.get_running_loop()
        try:
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: _Protocol(receiver), local_addr=(address, port)
            )
        except OSError as error:
            raise DeviceError(
                "network.bind",
                f"cannot bind UDP {address} port {port}: {error.strerror or error}",
                hint=_HINTS.get(error.errno or 0, ""),
            ) from error
        return _UdpLink(transport, protocol)


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.unreachable = 0

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receiver(data, (addr[0], addr[1]))

    def error_received(self, _exc: Exception) -> None:
        # ICMP says that nobody listens there (any more). UDP promises nothing, so a peer must
        # live with it: the reliable channel finds out in its own time.
        self.unreachable += 1


class _UdpLink:
    def __init__(self, transport: asyncio.DatagramTransport, protocol: _Protocol) -> None:
        self._transport = transport
        self._protocol = protocol
        name = transport.get_extra_info("sockname")
        self._local: Address = (name[0], name[1])

    @property
    def local(self) -> Address:
        return self._local

    @property
    def unreachable(self) -> int:
        """How many ICMP errors came back."""
        return self._protocol.unreachable

    def send(self, data: bytes, to: Address) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, to)

    def close(self) -> None:
        self._transport.close()
