"""Addresses for the harness's own side of each case."""

from __future__ import annotations

import itertools
from typing import Final, Protocol

from harness.device.addresses import LoopbackAddresses


class Hosts(Protocol):
    """Hands out addresses, each to one case at a time."""

    def take(self, port: int) -> str:
        """An address on which this port is free (0: any)."""

    def release(self, address: str) -> None:
        """Give one back."""


class LoopbackHosts:
    """Real addresses of this machine, for devices that are processes."""

    def __init__(self, addresses: LoopbackAddresses) -> None:
        self._addresses = addresses

    def take(self, port: int) -> str:
        return self._addresses.take(port) if port else self._addresses.take()

    def release(self, address: str) -> None:
        self._addresses.release(address)


DOCUMENTATION: Final = "198.51.100."


class MemoryHosts:
    """Addresses of the documentation range: an embedded case has a network to itself."""

    def __init__(self) -> None:
        self._numbers = itertools.cycle(range(1, 255))

    def take(self, _port: int) -> str:
        return f"{DOCUMENTATION}{next(self._numbers)}"

    def release(self, address: str) -> None:
        """Nothing is held."""
