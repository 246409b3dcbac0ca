"""Addresses for the harness's own side of each case."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final, Protocol

from harness.device.addresses import LoopbackAddresses
from harness.device.description.namespace import Namespace
from harness.errors import DeviceError


class Hosts(Protocol):
    """Hands out addresses, each to one case at a time."""

    port: int | None
    """The port that cases have to send from; None: any."""

    def take(self, port: int, besides: Collection[str] = ()) -> str:
        """An address on which this port is free (0: any), and none of `besides`."""

    def release(self, address: str) -> None:
        """Give one back."""


class LoopbackHosts:
    """Real addresses of this machine, for devices that are processes."""

    port: int | None = None

    def __init__(self, addresses: LoopbackAddresses) -> None:
        self._addresses = addresses

    def take(self, port: int, besides: Collection[str] = ()) -> str:  # noqa: ARG002 -- all differ
        return self._addresses.take(port) if port else self._addresses.take()

    def release(self, address: str) -> None:
        self._addresses.release(address)


BENCHMARKING: Final = ipaddress.IPv4Network("198.18.0.0/15")
"""For networks that do not exist (RFC 2544)."""


class NetworkHosts:
    """Addresses of a network that every case has to itself, one by one from its beginning.

    Nobody else is in it, but the addresses of a case must differ: none is taken twice at a time.
    """

    port: int | None = None

    def __init__(
        self, network: ipaddress.IPv4Network | ipaddress.IPv6Network, *reserved: str
    ) -> None:
        self._network = network
        self._held = {ipaddress.ip_address(one) for one in reserved}
        self._last = 0

    def take(self, port: int, besides: Collection[str] = ()) -> str:  # noqa: ARG002 -- all differ
        """An address. Raises DeviceError `device.addresses` when all are taken."""
        size = self._network.num_addresses - 2
        for _ in range(len(self._held) + 1):
            self._last = self._last % size + 1
            address = self._network[self._last]
            if address not in self._held:
                self._held.add(address)
                return str(address)
        raise DeviceError(
            "device.addresses",
            f"all addresses of {self._network} are taken",
            hint="give the device's network more room, or run fewer cases at a time: --jobs",
        )

    def release(self, address: str) -> None:
        self._held.discard(ipaddress.ip_address(address))


class MemoryHosts(NetworkHosts):
    """For embedded devices: an embedded case has a network to itself."""

    def __init__(self) -> None:
        super().__init__(BENCHMARKING)


class NamespaceHosts(NetworkHosts):
    """For devices in a network namespace of their own, in the network in which they listen."""

    def __init__(self, namespace: Namespace, listening: str | None) -> None:
        host = namespace.host(listening or namespace.address)
        if host is None:
            raise ValueError(f"{listening} is not in the namespace")
        super().__init__(host.network, *[str(interface.ip) for interface in namespace.addresses])


class GuestHosts(NetworkHosts):
    """For devices in guests: they are many in one network, and have its upper half."""

    def __init__(self, namespace: Namespace, listening: str | None) -> None:
        host = namespace.host(listening or namespace.address)
        if host is None:
            raise ValueError(f"{listening} is not in the namespace")
        lower, _upper = host.network.subnets()
        super().__init__(lower, *[str(interface.ip) for interface in namespace.addresses])
