"""The use of a device on the wire for one case."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol

from harness.device.description.device import Device
from harness.device.external.actions import Actor
from harness.device.external.wire import Former, OnlyFrom
from harness.device.lease import RESTART, Death
from harness.errors import DeviceError
from harness.peer.network import Address, Network

LOG_LINES: Final = 200


class Owner(Protocol):
    """Who leases the device."""

    def forget_configuration(self) -> None:
        """It may have lost the configuration that it was brought into."""

    async def restarted(self, lease: ExternalLease) -> None:
        """Wait until it serves again. DeviceError when it does not in time."""


class ExternalLease:
    """One case's use of the device. lines: what was done to it, and what came back.

    peer: our own end. owner: who leases it, and knows what a restart means.
    """

    def __init__(
        self,
        device: Device,
        remote: Address,
        network: Network,
        actor: Actor,
        peer: Address | None,
        owner: Owner,
        configuration: str,
        former: Former,
    ) -> None:
        self.device = device
        self.lines: deque[str] = deque(maxlen=LOG_LINES)
        self._remote = remote
        self._actor = actor
        self._peer = peer
        self._owner = owner
        self.configuration = configuration
        self._network = OnlyFrom(network, remote[0], self._strange, former)
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

    @property
    def host(self) -> str | None:
        """The address of ours that the case has, if it has told one."""
        return self._peer[0] if self._peer is not None else None

    def visitors(self, tunnels: set[int]) -> Network:
        """Its network for somebody who may share the ports that the case has (`OnlyFrom`)."""
        return self._network.shared(tunnels)

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
        """Do what peer.yaml says under this name. DeviceError when that fails.

        A restart is over when the device serves again, in the configuration of the case.
        """
        try:
            await self._actor.do(name, self.device, {**self._values(), **values}, self.lines)
        finally:
            if name == RESTART:
                self._owner.forget_configuration()
        if name == RESTART:
            await self._owner.restarted(self)

    def log(self) -> tuple[str, ...]:
        """What was done to it, what came back, and who else has sent something."""
        strange = [
            f"{count} datagrams came from {host}, which is not the device ({self._remote[0]}): "
            "they are left out of account"
            for host, count in self._strangers.items()
        ]
        if self._network.late:
            strange.append(
                f"{self._network.late} datagrams came late, for tunnels that an earlier case had "
                "on the same port: they are left out of account"
            )
        return (*self.lines, *strange)

    def _values(self) -> dict[str, str]:
        if self._peer is None:
            return {}
        return {"peer_address": self._peer[0], "peer_port": str(self._peer[1])}

    def _strange(self, source: Address) -> None:
        if source[0] in self._strangers or len(self._strangers) < LOG_LINES:
            self._strangers[source[0]] = self._strangers.get(source[0], 0) + 1
