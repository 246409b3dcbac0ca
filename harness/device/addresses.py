"""Loopback addresses for devices and scripted peers, no two alike on one machine.

All of 127.0.0.0/8 is local, so hundreds of instances can have port 1701 at once. A run takes
whole /24 networks, and holds an abstract Unix socket for each, which only one process can bind:
two runs at the same time never share a network. The lock lives and dies with the run, and it is
per network namespace, as loopback addresses are.
"""

from __future__ import annotations

import errno
import random
import socket
from dataclasses import dataclass, field

from harness.errors import DeviceError

_LOCK = "\0l2tp-harness/127.{}.{}"
_NETWORKS_TRIED = 64
_TAKEN_IN_A_ROW = 8


@dataclass(slots=True)
class _Network:
    """One /24 network: `prefix` is 127.x.y; `unused` counts down the hosts not yet handed out."""

    prefix: str
    lock: socket.socket
    unused: int = 254
    out: set[str] = field(default_factory=set)


class LoopbackAddresses:
    """Hands out addresses of 127.0.0.0/8 that no other run has and on which ports are free.

    An address is not handed out twice, so that a late datagram never meets another case.
    """

    def __init__(self) -> None:
        self._networks: list[_Network] = []
        self._random = random.SystemRandom()

    def take(self, *ports: int) -> str:
        """An address with these UDP ports free. Raises DeviceError `device.port-taken`."""
        for _ in range(_TAKEN_IN_A_ROW):
            address = self._next()
            taken = [port for port in ports if not is_free(address, port)]
            if not taken:
                return address
            self.release(address)
        raise DeviceError(
            "device.port-taken",
            f"UDP port {taken[0]} is taken on every loopback address that was tried",
            hint=f"a program has it on all addresses: `ss -lunp sport = :{taken[0]}` names it; "
            "end it, or choose another port",
        )

    def release(self, address: str) -> None:
        """Give an address back. A network is given up when all its addresses are back."""
        for network in self._networks:
            network.out.discard(address)
        for network in [one for one in self._networks if not one.unused and not one.out]:
            self._networks.remove(network)
            network.lock.close()

    def close(self) -> None:
        """Give all networks back."""
        for network in self._networks:
            network.lock.close()
        self._networks.clear()

    def _next(self) -> str:
        if not self._networks or not self._networks[-1].unused:
            self._networks.append(self._new_network())
        network = self._networks[-1]
        address = f"{network.prefix}.{255 - network.unused}"
        network.unused -= 1
        network.out.add(address)
        return address

    def _new_network(self) -> _Network:
        for _ in range(_NETWORKS_TRIED):
            # 127.0.x.y is where systems have addresses of their own
            second, third = self._random.randint(1, 254), self._random.randint(0, 255)
            lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lock.bind(_LOCK.format(second, third))
            except OSError as error:
                lock.close()
                if error.errno != errno.EADDRINUSE:
                    raise DeviceError(
                        "device.addresses", f"cannot reserve addresses: {error.strerror}"
                    ) from error
                continue
            return _Network(f"127.{second}.{third}", lock)
        raise DeviceError("device.addresses", "no loopback network is free")


def is_free(address: str, port: int) -> bool:
    """Whether a UDP port can be bound now. DeviceError when the address is not of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise DeviceError(
                "device.address",
                f"cannot bind UDP {address} port {port}: {error.strerror}",
                hint="ports below 1024 need root"
                if error.errno == errno.EACCES
                else "a device that is started here needs an address of this machine",
            ) from error
    return True
