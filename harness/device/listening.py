"""Whether a process of this machine has bound a UDP port, seen without touching the port."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from pathlib import Path

from harness.peer.network import Address

_LOOK_EVERY = 0.005


async def listening(address: Address) -> None:
    """Return once the port is bound, to the address itself or to all addresses.

    It never ends by itself otherwise: the caller bounds it.
    """
    loop = asyncio.get_running_loop()
    while not is_bound(address):
        # The kernel tells nobody of a bound port; whoever awaits this has the deadline
        looked: asyncio.Future[None] = loop.create_future()
        handle = loop.call_later(_LOOK_EVERY, looked.set_result, None)
        try:
            await looked
        finally:
            handle.cancel()


def is_bound(address: Address) -> bool:
    """Whether a UDP socket of this network namespace is bound to it."""
    ip = ipaddress.ip_address(address[0])
    table = Path("/proc/net/udp" if ip.version == 4 else "/proc/net/udp6")
    wanted = {f"{_in_kernel_order(one)}:{address[1]:04X}" for one in (ip, type(ip)(0))}
    lines = table.read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1] in wanted for line in lines)


def _in_kernel_order(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The address as /proc/net shows it: 32-bit words in the byte order of the machine."""
    octets = ip.packed
    words = [octets[place : place + 4] for place in range(0, len(octets), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
