"""Reading the `namespace` of a peer.yaml."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from harness.device.description.namespace import (
    DEFAULT_ADDRESSES,
    DEFAULT_INTERFACE,
    Interface,
    Namespace,
)
from harness.device.reading.overrides import text_of
from harness.located import Node

FEWEST_HOSTS: Final = 30
"""So many addresses a network has for the harness: cases that run at once share none."""

_KEYS: Final = ("interface", "addresses", "sysctls")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")
_SYSCTL = re.compile(r"net(/[A-Za-z0-9_.-]+)+")


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
