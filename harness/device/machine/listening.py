"""Whether a process of this machine has bound a UDP port, seen without touching the port."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import TextIO

from harness.device.machine.looking import next_look
from harness.peer.network import Address

_LOOK_EVERY = 0.005


def open_table(address: str) -> TextIO:
    """The table of UDP sockets for addresses of this kind, of the thread's network namespace.

    It stays that namespace's wherever it is read.
    """
    version = ipaddress.ip_address(address).version
    name = "udp" if version == 4 else "udp6"
    return Path("/proc/thread-self/net", name).open(encoding="ascii")


async def listening(address: Address, table: TextIO) -> None:
    """Return once the port is bound, to the address itself or to all addresses.

    It never ends by itself otherwise: the caller bounds it.
    """
    while not is_bound(address, table):
        # The kernel tells nobody of a bound port; whoever awaits this has the deadline
        await next_look(_LOOK_EVERY)


def is_bound(address: Address, table: TextIO) -> bool:
    """Whether a UDP socket in the table is bound to it."""
    ip = ipaddress.ip_address(address[0])
    wanted = {f"{_in_kernel_order(one)}:{address[1]:04X}" for one in (ip, type(ip)(0))}
    table.seek(0)
    lines = table.read().splitlines()[1:]
    return any(line.split()[1] in wanted for line in lines)


def _in_kernel_order(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The address as /proc/net shows it: 32-bit words in the byte order of the machine."""
    octets = ip.packed
    words = [octets[place : place + 4] for place in range(0, len(octets), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
