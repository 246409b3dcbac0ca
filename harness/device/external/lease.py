"""The use of a device on the wire for one case."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from harness.device.description.device import Device
from harness.device.external.actions import Actor
from harness.device.external.reach import same_host
from harness.device.lease import Death
from harness.errors import DeviceError
from harness.peer.network import Address, Link, Network, Receiver

LOG_LINES: Final = 200


class ExternalLease:
    """One case's use of the device. lines: what was done to it, and what came back."""

    def __init__(
        self,
        device: Device,
        remote: Address,
        network: Network,
        actor: Actor,
        peer: Address | None,
    ) -> None:
        self.device = device
        self.lines: deque[str] = deque(maxlen=LOG_LINES)
        self._remote = remote
        self._actor = actor
        self._peer = peer
        self._network = _OnlyFrom(network, remote[0], self._strange)
        self._strangers: dict[str, int] = {}
        self._death: Death | None = None

    @property
    def instance(self) -> str:
        """All leases use the one device that there is."""
        return f"{self.device.name} at {self._remote[0]} port {self._remote[1]}"

    @property
    def address(self) -> Address:
        """Where the device is."""
        return self._remote

    @property
    def network(self) -> Network:
        """That of this machine, in which nobody but the device is heard."""
        return self._network

    def death(self) -> Death | None:
        """What its probe found when it was last asked."""
        return self._death

    async def examine(self) -> Death | None:
        """Ask its probe, if peer.yaml has one. What a probe cannot do, a dead device could not."""
        try:
            await self._actor.probe(self._values(), self.lines)
        except DeviceError as error:
            self._death = Death(f"failed its probe: {error.cause}", self.log())
        return self._death

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """Do what peer.yaml says under this name. DeviceError when that fails."""
        await self._actor.do(name, self.device, {**self._values(), **values}, self.lines)

    def log(self) -> tuple[str, ...]:
        """What was done to it, what came back, and who else has sent something."""
        strange = [
            f"{count} datagrams came from {host}, which is not the device ({self._remote[0]}): "
            "they are left out of account"
            for host, count in self._strangers.items()
        ]
        return (*self.lines, *strange)

    def _values(self) -> dict[str, str]:
        if self._peer is None:
            return {}
        return {"peer_address": self._peer[0], "peer_port": str(self._peer[1])}

    def _strange(self, source: Address) -> None:
        if source[0] in self._strangers or len(self._strangers) < LOG_LINES:
            self._strangers[source[0]] = self._strangers.get(source[0], 0) + 1


class _OnlyFrom:
    """A network in which one host alone is heard: on the wire anybody may send us something."""

    def __init__(self, network: Network, host: str, other: Callable[[Address], None]) -> None:
        self._network = network
        self._host = host
        self._other = other

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        def heard(data: bytes, source: Address) -> None:
            if same_host(source[0], self._host):
                receiver(data, source)
            else:
                self._other(source)

        return await self._network.open(heard, address, port)
