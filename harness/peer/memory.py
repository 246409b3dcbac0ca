"""An in-memory datagram network for peers that live in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from harness.errors import DeviceError
from harness.peer.network import Address, Link, Receiver

EPHEMERAL_PORTS = range(49152, 65536)


class MemoryNetwork:
    """Delivers every datagram once, in order, after `latency` seconds.

    What is sent to an address where nobody listens is lost, as UDP would lose it. `unreachable`:
    told of that as ICMP tells the sender, with the addresses of the datagram.
    """

    def __init__(self, latency: float = 0.0005) -> None:
        self.latency = latency
        self._links: dict[Address, _MemoryLink] = {}
        self._in_flight: deque[tuple[bytes, Address, Address, bool]] = deque()
        self._next_port = EPHEMERAL_PORTS.start
        self.unreachable: Callable[[Address, Address], None] | None = None

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a link; DeviceError `network.in-use` when the port is taken."""
        if port == 0:
            port = self._free_port(address)
        local = (address, port)
        if port == 0 or local in self._links:
            raise DeviceError("network.in-use", f"{address} port {port} is in use")
        link = _MemoryLink(self, local, receiver)
        self._links[local] = link
        return link

    def deliver(self, data: bytes, source: Address, to: Address, checksum: bool) -> None:
        """Put a datagram on its way. checksum: whether it has one, which nobody computes here."""
        # A loop runs timers of the same instant in any order, but all of them wait equally long:
        # whichever runs brings the datagram that was sent first.
        self._in_flight.append((data, source, to, checksum))
        asyncio.get_running_loop().call_later(self.latency, self._arrive)

    def _arrive(self) -> None:
        data, source, to, checksum = self._in_flight.popleft()
        link = self._links.get(to)
        if link is not None:
            link.checksum = checksum
            link.receiver(data, source)
        elif self.unreachable is not None:
            self.unreachable(source, to)

    def _free_port(self, address: str) -> int:
        """A port that was not given out lately: late datagrams must not reach a new owner."""
        for _ in EPHEMERAL_PORTS:
            port = self._next_port
            self._next_port = port + 1 if port + 1 in EPHEMERAL_PORTS else EPHEMERAL_PORTS.start
            if (address, port) not in self._links:
                return port
        return 0

    def forget(self, local: Address) -> None:
        """Free a port; closing a link calls this."""
        self._links.pop(local, None)


class _MemoryLink:
    def __init__(self, network: MemoryNetwork, local: Address, receiver: Receiver) -> None:
        self._network = network
        self._local = local
        self.receiver = receiver
        self.checksum: bool | None = None
        self.arrived: float | None = None
        self._checksums_sent = True
        self._open = True

    @property
    def local(self) -> Address:
        return self._local

    def send(self, data: bytes, to: Address) -> None:
        if self._open:
            self._network.deliver(data, self._local, to, self._checksums_sent)

    def leave_out_checksums(self) -> None:
        self._checksums_sent = False

    def close(self) -> None:
        if self._open:
            self._open = False
            self._network.forget(self._local)
