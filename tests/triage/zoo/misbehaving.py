"""The reference LNS with a fault in it: misbehaving.py KIND ADDRESS PORT.

Each fault is that of real daemons, and is brought about by the peer's Host Name, so that a suite
can ask for it: `crash`, `two-1` and `two-2` (which crash together only), `exit`, `hang`, `leak`,
`flood`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.peer.server import PeerServer
from harness.peer.udp import UdpNetwork
from harness.spec.load import load_specification
from harness.spec.model import Role
from harness.wire import parse

ROOT = Path(__file__).parents[3]
HOST_NAME = 7
SANITIZER = """\
=================================================================
==4711==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000018
READ of size 8 at 0x602000000018 thread T0
    #0 0x55d0 in handle_avps avp.c:1733
    #1 0x55d1 in handle_control control.c:1420
SUMMARY: AddressSanitizer: heap-buffer-overflow avp.c:1733 in handle_avps
"""


class Misbehaving(Endpoint):
    """An LNS with a fault."""

    held: list[bytearray]
    seen: set[str]

    def receive(self, data: bytes, source: Address, now: float) -> None:
        name = host_name(data)
        if name == "crash":
            os.write(2, SANITIZER.encode())
            os.kill(os.getpid(), signal.SIGSEGV)
        elif name == "exit":
            print("fatal: no such luck", flush=True)
            os._exit(7)
        elif name == "hang":
            print("waiting for a lock", flush=True)
            while True:
                signal.pause()
        elif name == "leak":
            self.held.append(bytearray(os.urandom(1 << 10) * (4 << 10)))
        elif name == "flood" and name not in self.seen:
            self.seen.add(name)
            for _ in range(1200):
                os.write(1, b"debug: what a lot of words about nothing\n" * 250)
        elif name.startswith("two-"):
            self.seen.add(name)
            if {"two-1", "two-2"} <= self.seen:
                os.kill(os.getpid(), signal.SIGABRT)
        time.sleep(0.25 * len(self.held))  # a daemon that walks a list, and all else waits
        super().receive(data, source, now)


def host_name(data: bytes) -> str:
    """The Host Name that a datagram has, if any."""
    packet = parse(data).packet
    avps = packet.avps if packet else ()
    return next((avp.value.decode("latin-1") for avp in avps if avp.type == HOST_NAME), "")


async def serve(kind: str, address: str, port: int) -> None:
    """Serve until the end."""
    if kind == "never-starts":
        print("reading configuration", flush=True)
        await asyncio.get_running_loop().create_future()
    specification = load_specification(ROOT / "suites" / "spec" / "rfc2661")
    config = PeerConfig(role=Role.LNS, host_name="misbehaving")
    endpoint = Misbehaving(specification, config, log=lambda _: None)
    endpoint.held, endpoint.seen = [], set()
    server = PeerServer(endpoint)
    await server.open(UdpNetwork(), address, port)
    print("serving", flush=True)
    await server.until_crash()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
