"""The reference LNS or LAC as a device, in this process: one fresh peer for each lease.

It lives on an in-memory network of its own, so cases neither see nor disturb each other; run on
the virtual clock, waiting costs nothing.
"""

from __future__ import annotations

import random
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from harness.device.description.device import LIMITED, Device
from harness.device.description.launch import EmbeddedLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.lease import RESTART, Death, Lease
from harness.errors import DataError, DeviceError, HarnessError
from harness.located import suggest
from harness.peer.channel import RetransmitPolicy
from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.endpoint import Endpoint
from harness.peer.memory import MemoryNetwork
from harness.peer.network import Address
from harness.peer.server import PeerServer
from harness.peer.tunnel import Phase
from harness.spec.model import Specification

ADDRESS: Final = "192.0.2.1"
"""Of the IUT, in the documentation range: no packet of an embedded run leaves the process."""

LOG_LINES: Final = 200

Factory = Callable[[Specification, PeerConfig, random.Random, Callable[[str], None]], Endpoint]
"""Makes the endpoint of a lease."""


def reference_endpoint(
    specification: Specification,
    config: PeerConfig,
    chance: random.Random,
    log: Callable[[str], None],
) -> Endpoint:
    """The reference peer as it is."""
    return Endpoint(specification, config, chance=chance, log=log)


class EmbeddedRunner:
    """Leases reference peers; any number at a time.

    Raises DataError for a parameter that the reference peer does not have.
    """

    parallel: int | None = None

    def __init__(
        self,
        device: Device,
        specification: Specification,
        *,
        seed: int = 0,
        factory: Factory = reference_endpoint,
    ) -> None:
        if not isinstance(device.launch, EmbeddedLaunch):
            raise TypeError(f"{device.name} is not an embedded device")
        self._device = device
        self._launch = device.launch
        self._specification = specification
        self._seed = seed
        self._factory = factory
        for name in self._launch.parameters:
            if name not in _PARAMETERS:
                raise DataError(
                    "device.parameter",
                    f"the reference peer has no parameter {name!r}",
                    hint=suggest(name, _PARAMETERS),
                    place=self._launch.places.get(name, self._launch.place),
                )

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is left."""

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> Lease:
        """A fresh reference peer."""
        device = self._device.configured(configuration)
        chance = random.Random(f"{self._seed}:{case}:iut")
        config = replace(config_of(device), **self._launch.parameters)  # type: ignore[arg-type]

        def endpoint() -> Endpoint:
            return self._factory(self._specification, config, chance, lease.lines.append)

        lease = EmbeddedLease(device, peer, endpoint)
        await lease.start()
        return lease

    async def release(self, lease: Lease) -> None:
        """Stop the peer of a lease."""
        if isinstance(lease, EmbeddedLease) and lease.server is not None:
            lease.server.close()


TIE_BREAKER_OCTETS: Final = 8

_PARAMETERS: Final = frozenset(PeerConfig.__dataclass_fields__) - {
    "role",
    "secret",
    "retransmit",
    "host_name",
    "hello_interval",
    *LIMITED.values(),
}


def config_of(device: Device) -> PeerConfig:
    """The reference peer as a device's ixit has it."""
    ixit = device.ixit
    policy = RetransmitPolicy()
    if ixit.retransmit is not None:
        schedule = ixit.retransmit
        cap = schedule.cap if schedule.cap is not None else policy.cap
        policy = RetransmitPolicy(schedule.first, cap, schedule.max - 1)
    given: dict[str, object] = {
        name: value for name, value in ixit.extra.items() if name in _PARAMETERS
    }
    given |= {
        name: limit for name in LIMITED.values() if (limit := getattr(ixit, name)) is not None
    }
    if isinstance(tie_breaker := given.get("tie_breaker"), int):
        given["tie_breaker"] = tie_breaker.to_bytes(TIE_BREAKER_OCTETS, "big")
    return PeerConfig(
        role=device.role,
        host_name=ixit.host_name or "reference",
        secret=ixit.secret.encode() if ixit.secret else None,
        hello_interval=ixit.hello_interval,
        retransmit=policy,
        **given,  # type: ignore[arg-type]
    )


@dataclass(slots=True, eq=False)
class EmbeddedLease:
    """One reference peer and the network that it shares with the scripted peer."""

    device: Device
    peer: Address | None
    endpoint: Callable[[], Endpoint]
    network: MemoryNetwork
    lines: deque[str]
    server: PeerServer | None
    address: Address

    def __init__(
        self, device: Device, peer: Address | None, endpoint: Callable[[], Endpoint]
    ) -> None:
        self.device = device
        self.peer = peer
        self.endpoint = endpoint
        self.network = MemoryNetwork()
        self.network.unreachable = self._unreachable
        self.lines = deque(maxlen=LOG_LINES)
        self.server = None
        self.address = (ADDRESS, device.ixit.port)

    async def start(self) -> None:
        """Begin with a peer that knows of nothing; what one before it knew is gone."""
        if self.server is not None:
            self.server.close()
        self.server = PeerServer(self.endpoint())
        self.address = await self.server.open(self.network, *self.address)

    def _unreachable(self, source: Address, to: Address) -> None:
        if self.server is not None and source == self.address:
            self.server.refused(to)

    def death(self) -> Death | None:
        """An exception in the peer is its death, as a crash would be that of a process."""
        crash = self.server.crash if self.server else None
        if crash is None:
            return None
        frame = traceback.extract_tb(crash.__traceback__)[-1]
        reason = f"{type(crash).__name__}: {crash} ({frame.name}, line {frame.lineno})"
        return Death(reason, self.log(), crashed=True)

    async def examine(self) -> Death | None:
        """As `death`: a peer in this process cannot die unseen."""
        return self.death()

    def log(self) -> tuple[str, ...]:
        """What the peer logged."""
        return tuple(self.lines)

    async def action(self, name: str, values: Mapping[str, str]) -> None:
        """One of `ACTIONS`. DeviceError `device.no-action` for others."""
        if name == RESTART:
            await self.start()
            return
        action = _ACTIONS.get(name)
        if action is None:
            raise DeviceError(
                "device.no-action",
                f"the reference peer cannot {name!r}",
                hint=suggest(name, ACTIONS),
            )
        server = self.server
        assert server is not None
        if death := self.death():
            raise DeviceError("device.dead", f"{name}: the device has crashed: {death.reason}")
        try:
            action(self, server, values)
            server.flush()
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 -- it ends the peer, as it would end a process
            server.crash = error
            server.close()

    def dial(self, server: PeerServer, values: Mapping[str, str]) -> None:
        """Open a tunnel to the scripted peer, with a call in it."""
        if self.peer is None:
            raise DeviceError("device.no-peer", "there is nobody to dial")
        tunnel = server.endpoint.open_tunnel(self.peer, server.now)
        if values.get("call") != "no":
            server.endpoint.call(tunnel, server.now, values.get("number", "5551234"))

    def place_call(self, server: PeerServer, values: Mapping[str, str]) -> None:
        """Ask for a call, a LAC for one that comes in and an LNS for one that goes out, in the
        tunnel with the id `tunnel_id`, or in the only one that is up.
        """
        endpoint = server.endpoint
        wanted = values.get("tunnel_id", "0")
        for tunnel in endpoint.tunnels.values():
            up = tunnel.phase is Phase.OPEN and tunnel.state is State.ESTABLISHED
            if up and wanted in ("0", str(tunnel.local_id)):
                endpoint.call(tunnel, server.now, values.get("number", "5551234"))
                return
        raise DeviceError("device.no-tunnel", "there is no tunnel to call in")

    def hang_up(self, server: PeerServer, values: Mapping[str, str]) -> None:
        """End the call with the id `session_id`, or all calls."""
        wanted = values.get("session_id", "0")
        for tunnel in list(server.endpoint.tunnels.values()):
            for session in list(tunnel.sessions.values()):
                if wanted in ("0", str(session.local_id)):
                    server.endpoint.hang_up(session, server.now)

    def line_errors(self, server: PeerServer, values: Mapping[str, str]) -> None:
        """Let `errors` happen on the line of every call of a LAC."""
        for tunnel in list(server.endpoint.tunnels.values()):
            for session in list(tunnel.sessions.values()):
                session.err(int(values.get("errors", "1")), server.now)
            tunnel.flush(server.now)

    def close_tunnel(self, server: PeerServer, values: Mapping[str, str]) -> None:
        """Close the tunnel with the id `tunnel_id`, or all tunnels."""
        wanted = values.get("tunnel_id", "0")
        for tunnel in list(server.endpoint.tunnels.values()):
            if tunnel.phase is Phase.OPEN and wanted in ("0", str(tunnel.local_id)):
                tunnel.close(None, server.now)

    def shut_down(self, server: PeerServer, _values: Mapping[str, str]) -> None:
        """Close all tunnels."""
        server.endpoint.shut_down(server.now)


_ACTIONS: Final[Mapping[str, Callable[[EmbeddedLease, PeerServer, Mapping[str, str]], None]]] = {
    "dial": EmbeddedLease.dial,
    "hangup": EmbeddedLease.hang_up,
    "call-in": EmbeddedLease.place_call,
    "call-out": EmbeddedLease.place_call,
    "line-errors": EmbeddedLease.line_errors,
    "close": EmbeddedLease.close_tunnel,
    "shutdown": EmbeddedLease.shut_down,
}

ACTIONS: Final = (*_ACTIONS, RESTART)
"""What a reference peer can be told to do."""
