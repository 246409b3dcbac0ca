"""How a peer reaches the other side: datagram links, real or in memory.

Both kinds live on the running asyncio loop, whose clock is real or virtual (`harness.peer.clock`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Address = tuple[str, int]
"""An IPv4 or IPv6 literal and a UDP port."""

Receiver = Callable[[bytes, Address], None]
"""Called with each datagram that arrives and where it came from."""


class Link(Protocol):
    """One bound UDP endpoint."""

    @property
    def local(self) -> Address:
        """The address and port that the link is bound to."""

    @property
    def checksum(self) -> bool | None:
        """Whether the datagram that is being handed on had a UDP checksum; None: nobody knows."""

    @property
    def arrived(self) -> float | None:
        """When the datagram that is being handed on came, on the loop's clock; None: just now."""

    def leave_out_checksums(self) -> None:
        """Send without UDP checksums from now on, which 8.1 does not let anybody do by default."""

    def send(self, data: bytes, to: Address) -> None:
        """Send one datagram. What the network loses is lost silently, as with UDP."""

    def close(self) -> None:
        """Give the port back; nothing is delivered afterwards. Closing twice is harmless."""


class Network(Protocol):
    """Where links are opened."""

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a link. Port 0 takes any free one. Raises DeviceError when it cannot be bound."""
