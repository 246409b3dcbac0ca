"""Devices on the wire: boxes that somebody else has started, and that all cases share.

The harness only talks to them: L2TP from an address of this machine, and actions by a command, a
command line, an HTTP hook or a person. Nothing is ended here but what was begun here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass, field
from typing import Final

from harness.device.addresses import LoopbackAddresses
from harness.device.description.action import CONFIGURE
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.external.actions import Actor
from harness.device.external.console import CommandLine
from harness.device.external.hosts import WireHosts
from harness.device.external.lease import ExternalLease
from harness.device.external.reach import (
    ADDRESS_KEY,
    is_literal,
    is_own,
    knock,
    resolve,
    route_to,
    same_host,
    why_unreachable,
)
from harness.device.external.wire import Former
from harness.device.lease import RESTART, Lease
from harness.device.needs import check_external, values_of_secrets
from harness.errors import DeviceError
from harness.peer.network import Address
from harness.peer.udp import SocketOptions, UdpNetwork, bound
from harness.spec.model import Role, Specification

_NEXT_KNOCK: Final = 0.5
"""Seconds between two SCCRQs to a device that is not back yet."""


@dataclass(slots=True)
class ExternalRunner:
    """Leases the use of one device on the wire.

    addresses: for the harness's own side where the device is on this machine. time_scale: what the
    waits of peer.yaml are multiplied by. knocks: whether it is first seen to answer.
    """

    device: Device
    launch: ExternalLaunch
    specification: Specification
    addresses: LoopbackAddresses
    time_scale: float = 1.0
    knocks: bool = True
    hosts: WireHosts = field(init=False)
    remote: Address = field(default=("", 0), init=False)
    _actor: Actor | None = field(default=None, init=False)
    _network: UdpNetwork = field(init=False)
    _leases: set[ExternalLease] = field(default_factory=set, init=False)
    _places: asyncio.Semaphore = field(init=False)
    _configuration: str | None = field(default=DEFAULT_CONFIGURATION, init=False)
    _former: Former = field(default_factory=dict, init=False)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition, init=False)

    def __post_init__(self) -> None:
        source = self.launch.source
        options = SocketOptions(source.interface, source.ttl, source.dscp, checksums=True)
        self._network = UdpNetwork(options)
        self.hosts = WireHosts(self.addresses, source.port)
        self._places = asyncio.Semaphore(self.parallel)

    @property
    def parallel(self) -> int:
        """As many as peer.yaml allows, and no more than have an endpoint of their own.

        A device that dials has to find us on the well-known port, and so on an address that no
        other case has; one that is dialled by us tells cases apart by our ports.
        """
        dials = self.device.role is Role.LAC or bool(self.device.ics.get("initiates_tunnel"))
        if not dials and self.launch.source.port is None:
            return self.launch.at_once
        if not self.launch.source.addresses and _is_loopback(address_of(self.device, self.launch)):
            return self.launch.at_once
        return min(self.launch.at_once, max(1, len(self.launch.source.addresses)))

    async def open(self) -> None:
        """Find the device, and an end for the harness; see that it answers. DeviceError if not."""
        check_external(self.device, self.launch)
        address = address_of(self.device, self.launch)
        family = _family_of(self.launch.source.addresses)
        if is_literal(address or ""):
            family = socket.AF_UNSPEC  # that the two do not fit is said below
        self.remote = (await resolve(address or "", family), self.device.ixit.port)
        self.hosts.use(self._sources())
        secrets = values_of_secrets(self.device, self.launch)
        self._actor = Actor(self.device, self.launch, self.remote, secrets, self.time_scale)
        if self.knocks:
            if self.answers_anybody:
                await self.check_reachable()
            await self._check_access(self._actor)

    async def _check_access(self, actor: Actor) -> None:
        """See before the first case that its command line lets us in, and that its probe succeeds.

        Later on a failure of the probe is the death of the device, which it is not when a password
        is wrong.
        """
        if actor.command_line is not None:
            await actor.command_line.log_in()
        try:
            await self.probe()
        except DeviceError as error:
            cause = f"the probe `alive` of {self.device.name} fails before any case: {error.cause}"
            raise DeviceError(error.code, cause, hint=error.hint, place=error.place) from error

    async def check_reachable(self, lease: ExternalLease | None = None) -> None:
        """See that an SCCRQ is answered, by the device itself. DeviceError says why not.

        lease: of the case in which this happens. Where all have to send from one port, it is asked
        from that of the case.
        """
        tunnels: set[int] = set()
        shares = lease is not None and self.hosts.port is not None and lease.host is not None
        host = lease.host if lease is not None and lease.host and shares else self.hosts.take(0)
        try:
            local = (host, self.hosts.port or 0)
            within = self.launch.ready_within * self.time_scale
            came = await knock(
                self.specification,
                self.device.role,
                self._network.options,
                local,
                self.remote,
                within,
                self.device.ixit.secret,
                lease.visitors(tunnels) if lease is not None and shares else None,
                tunnels,
            )
        finally:
            if not shares:
                self.hosts.release(host)
        key = "launch.external.address" if self.launch.address else ADDRESS_KEY
        if error := why_unreachable(came, self.remote, self.device.name, key):
            raise error

    async def lease(
        self,
        case: str,  # noqa: ARG002 -- of every runner
        peer: Address | None,
        configuration: str = DEFAULT_CONFIGURATION,
    ) -> ExternalLease:
        """The use of the device for a case, in the configuration that it wants."""
        if self._actor is None:
            raise DeviceError("device.closed", f"{self.device.name} is not open")
        await self._places.acquire()
        lease = ExternalLease(
            self.device.configured(configuration),
            self.remote,
            self._network,
            self._actor,
            peer,
            self,
            configuration,
            self._former,
        )
        try:
            await self._configure(lease, configuration)
        except BaseException:
            self._places.release()
            raise
        return lease

    async def release(self, lease: Lease) -> None:
        """Another case may use it. Releasing twice is harmless."""
        if isinstance(lease, ExternalLease) and lease in self._leases:
            self._places.release()
            async with self._changed:
                self._leases.discard(lease)
                self._changed.notify_all()

    async def revive(self, instance: str) -> None:
        """Restart the device by its action, and wait until it serves. DeviceError if that fails."""
        if self._actor is None or RESTART not in self.device.actions:
            raise DeviceError(
                "device.no-restart",
                f"{instance} has no action `{RESTART}` in its peer.yaml",
                hint="start it by hand and run again; an action `restart` (cli, http, command or "
                "ask) lets the harness go on by itself",
            )
        try:
            await self._actor.do(RESTART, self.device, {}, [])
        finally:
            self.forget_configuration()
        await self.until_ready()

    async def restarted(self, lease: ExternalLease) -> None:
        """Wait for a device that a case has restarted, and bring it back to where the case was."""
        await self.until_ready(lease)
        if self._configuration is None:
            await self._bring_into(lease)

    def forget_configuration(self) -> None:
        """What was not saved is lost with a restart: whatever is wanted next is configured anew."""
        if CONFIGURE in self.device.actions:
            self._configuration = None

    async def until_ready(self, lease: ExternalLease | None = None) -> None:
        """Wait until it serves after a restart. DeviceError when it does not in time.

        It answers an SCCRQ, if that is what it does, lets us in, and its probe succeeds: a router
        may take calls for a while before it has a command line.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.launch.ready_within * self.time_scale
        while True:
            try:
                if self.answers_anybody:
                    await self.check_reachable(lease)
                if self.command_line is not None:
                    await self.command_line.log_in()
                await self.probe()
            except DeviceError:
                if loop.time() + _NEXT_KNOCK >= deadline:
                    raise
                await _until(loop.time() + _NEXT_KNOCK)
            else:
                return

    async def close(self) -> None:
        """Log out. The device stays as it is."""
        if self._actor is not None:
            self._actor.close()
        self._actor = None
        self._leases.clear()

    @property
    def command_line(self) -> CommandLine | None:
        """Its command line, once it is open, if it has one."""
        return self._actor.command_line if self._actor else None

    async def probe(self) -> None:
        """See whether the device lives, by its probe. DeviceError when it does not."""
        if self._actor is not None:
            await self._actor.probe({}, [])

    @property
    def answers_anybody(self) -> bool:
        """Whether an SCCRQ is what it answers."""
        return self.device.role is Role.LNS or bool(self.device.ics.get("accepts_tunnel"))

    def _sources(self) -> list[str] | None:
        """The addresses of the harness; None: fresh ones of 127.0.0.0/8."""
        remote, options = self.remote[0], self._network.options
        if ipaddress.ip_address(remote.partition("%")[0]).is_link_local and ":" in remote:
            raise DeviceError(
                "device.link-local",
                f"{remote} is an address of one link, which says nothing without an interface",
                hint="give the device and this machine addresses such as fd00::1 and fd00::2",
                place=self.launch.place,
            )
        chosen = list(self.launch.source.addresses)
        if chosen:
            for address in chosen:
                if (":" in address) != (":" in remote):
                    raise DeviceError(
                        "device.family",
                        f"{self.device.name} is at {remote}, which {address} cannot talk to",
                        hint="launch.external.source.address has to be of the same IP version",
                        place=self.launch.place,
                    )
        elif _is_loopback(remote) and ":" not in remote:
            return None
        else:
            own = route_to(remote, options)
            if same_host(own, remote) and ":" not in remote:
                return None  # another address of this machine
            chosen = [own]
        for address in chosen:
            if same_host(address, remote):
                raise DeviceError(
                    "device.same-address",
                    f"{self.device.name} has the address of the harness, {remote}: what comes from "
                    "whom could not be told apart",
                    hint="give the harness another one: --set launch.external.source.address=…",
                )
            if not is_own(address):
                raise DeviceError(
                    "device.source",
                    f"{address} is no address of this machine",
                    hint="`ip address` lists them; launch.external.source.address names them",
                    place=self.launch.place,
                )
            self._check_port(address)
        return chosen

    def _check_port(self, address: str) -> None:
        dials = self.device.role is Role.LAC
        port = self.device.ixit.port if dials else self.launch.source.port
        if port is None:
            bound(address, 0, self._network.options).close()
            return
        try:
            bound(address, port, self._network.options).close()
        except DeviceError as error:
            if error.code != "network.bind":
                raise
            raise DeviceError(
                "device.port-taken",
                f"the harness cannot have UDP {address} port {port}: {error.cause}",
                hint=f"`ss -lunp sport = :{port}` names the program that has it"
                + (", and the device dials no other port" if dials else ""),
            ) from error

    async def _configure(self, lease: ExternalLease, wanted: str) -> None:
        """Bring the device into a configuration, once nobody needs it in another."""
        async with self._changed:
            while self._configuration != wanted and self._leases:
                await self._changed.wait()
            if self._configuration != wanted:
                await self._bring_into(lease)
            self._leases.add(lease)

    async def _bring_into(self, lease: ExternalLease) -> None:
        """Configure it for a case. What fails half-way leaves nobody knows what behind."""
        if self._actor is None:
            return
        self._configuration = None
        values = {"configuration": lease.configuration}
        await self._actor.do(CONFIGURE, lease.device, values, lease.lines)
        self._configuration = lease.configuration


def address_of(device: Device, launch: ExternalLaunch) -> str | None:
    """Where the device is, as its peer.yaml has it."""
    return launch.address or device.ixit.address


def _family_of(addresses: tuple[str, ...]) -> int:
    """That in which a host of several addresses is talked to."""
    if not addresses:
        return socket.AF_UNSPEC
    return socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET


def _is_loopback(address: str | None) -> bool:
    if not is_literal(address or ""):
        return address == "localhost"
    return ipaddress.ip_address(address or "").is_loopback


async def _until(deadline: float) -> None:
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[None] = loop.create_future()
    handle = loop.call_at(deadline, passed.set_result, None)
    try:
        await passed
    finally:
        handle.cancel()
