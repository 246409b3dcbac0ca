"""A network namespace of a device of its own, as peer.yaml asks for it. `netlink` makes it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

DEFAULT_INTERFACE: Final = "eth0"
DEFAULT_ADDRESSES: Final[tuple[Interface, ...]] = (ipaddress.IPv4Interface("198.18.0.1/16"),)
"""In the range for tests of network devices (RFC 2544); no packet leaves the namespaces."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """One end of a veth pair for the device; the other is the harness's, in a namespace as well.

    interface: the name of the device's end. addresses: the device's, with the length of their
    prefixes, at most one for each network; all others of these networks are the harness's. sysctls:
    values by path below /proc/sys, all of them in `net`, set before the device starts.
    """

    interface: str = DEFAULT_INTERFACE
    addresses: tuple[Interface, ...] = DEFAULT_ADDRESSES
    sysctls: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the device listens unless its IXIT names another of its addresses."""
        return str(self.addresses[0].ip)

    def host(self, address: str) -> Interface | None:
        """An address with the network of the device's that it is in; None when it is in none."""
        ip = ipaddress.ip_address(address)
        for one in self.addresses:
            if ip in one.network:
                return ipaddress.ip_interface((ip, one.network.prefixlen))
        return None
