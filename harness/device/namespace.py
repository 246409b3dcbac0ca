"""A network namespace of a device's own, as peer.yaml asks for it. Making it is in `netlink`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.device.overrides import text_of
from harness.located import Node

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

DEFAULT_INTERFACE: Final = "eth0"
DEFAULT_ADDRESSES: Final[tuple[Interface, ...]] = (ipaddress.IPv4Interface("198.18.0.1/16"),)
"""In the range for tests of network devices (RFC 2544); no packet leaves the namespaces."""

FEWEST_HOSTS: Final = 30
"""So many addresses a network has for the harness: cases that run at once share none."""

_KEYS: Final = ("interface", "addresses", "sysctls")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")
_SYSCTL = re.compile(r"net(/[A-Za-z0-9_.-]+)+")


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


def read_namespace(node: Node) -> Namespace:
    """The `namespace` of a process launch. Raises DataError at the place of a mistake."""
    keys = node.mapping(_KEYS, what="namespace key")
    addresses = DEFAULT_ADDRESSES
    if "addresses" in keys:
        addresses = tuple(_address(item) for item in keys["addresses"].items_or_one())
        if not addresses:
            raise keys["addresses"].fail("device.address", "the device needs an address")
        if len({interface.network for interface in addresses}) < len(addresses):
            raise keys["addresses"].fail(
                "device.address", "a device has one address in each network"
            )
    interface = text_of(keys["interface"]) if "interface" in keys else DEFAULT_INTERFACE
    if not _INTERFACE.fullmatch(interface):
        raise keys["interface"].fail(
            "device.interface", f"{interface!r} is no name of an interface", hint="write eth0"
        )
    sysctls = _sysctls(keys["sysctls"]) if "sysctls" in keys else {}
    return Namespace(interface, addresses, sysctls)


def _address(node: Node) -> Interface:
    text = text_of(node)
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError as error:
        raise node.fail(
            "device.address",
            f"{text!r} is no IP address with the length of its prefix",
            hint="write 198.18.0.1/16",
        ) from error
    network = interface.network
    if network.num_addresses - 3 < FEWEST_HOSTS:
        raise node.fail(
            "device.address",
            f"the network {network} is too small",
            hint=f"it has to hold {FEWEST_HOSTS} addresses of the harness besides the device's",
        )
    if interface.ip in (network.network_address, network.broadcast_address):
        raise node.fail("device.address", f"{interface.ip} is not the address of a host")
    return interface


def _sysctls(node: Node) -> dict[str, str]:
    """`net.ipv4.ip_forward` and `net/ipv4/ip_forward` are the same."""
    sysctls = {}
    for name, value in node.mapping().items():
        path = name if "/" in name else name.replace(".", "/")
        if not _SYSCTL.fullmatch(path) or ".." in path.split("/"):
            raise value.fail(
                "device.sysctl",
                f"{name!r} is no setting of a network namespace",
                hint="only those in net have a value for each: net.ipv4.ip_forward",
            )
        content = value.content
        if isinstance(content, bool) or not isinstance(content, (int, str)):
            raise value.fail("device.sysctl", "expected a number or text")
        sysctls[path] = str(content)
    return sysctls
