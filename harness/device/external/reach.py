"""Whether a device on the wire can be reached: names, routes, and an SCCRQ that it answers."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.errors import DeviceError
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address, Link, Network, Receiver
from harness.peer.server import PeerServer
from harness.peer.udp import NO_IPV6, SocketOptions, UdpNetwork, bound
from harness.spec.model import Role, Specification
from harness.wire import parse
from harness.wire.text import Names, printable, summary

GOODBYE: Final = 1.0
"""Seconds that a device has to acknowledge the end of the tunnel that was only to see it answer."""

RESOLVED_WITHIN: Final = 10.0
_ANY_PORT: Final = 9
"""For a look at the route: nothing is sent to it."""

ADDRESS_KEY: Final = "ixit.address"
_MEANING: Final = {
    errno.ECONNREFUSED: "the host is there, but nothing listens on that port",
    errno.EHOSTUNREACH: "a router or the local link says that there is no such host",
    errno.ENETUNREACH: "there is no route to it",
    errno.EACCES: "a firewall on the way forbids it",
    errno.EPERM: "a firewall on this machine forbids it",
    errno.EMSGSIZE: "the datagram is too long for the path",
}


async def resolve(name: str, family: int = socket.AF_UNSPEC) -> str:
    """The first IP address of a host, in the form in which datagrams show it.

    Raises DeviceError `device.unresolved` when it has none, or none of the family.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVED_WITHIN):
            found = await loop.getaddrinfo(name, None, family=family, type=socket.SOCK_DGRAM)
    except TimeoutError:
        raise _unresolved(name, f"no name server answered within {RESOLVED_WITHIN:g} s") from None
    except (OSError, UnicodeError) as error:
        if family and getattr(error, "errno", 0) == socket.EAI_ADDRFAMILY:
            reason = f"it has none of {'IPv6' if family == socket.AF_INET6 else 'IPv4'}"
            raise _unresolved(name, reason) from error
        reason = getattr(error, "strerror", None) or str(error)
        raise _unresolved(name, reason) from error
    host, port = found[0][4][:2]
    shown, _ = socket.getnameinfo(
        (host, port, *found[0][4][2:]), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    )
    return shown


def _unresolved(name: str, reason: str) -> DeviceError:
    return DeviceError(
        "device.unresolved",
        f"the host name {name} has no address: {reason}",
        hint="give its IPv4 or IPv6 address instead",
    )


def route_to(remote: str, options: SocketOptions) -> str:
    """The address of this machine that the route to another begins with. Nothing is sent.

    Raises DeviceError `device.no-route`.
    """
    any_address = "::" if ":" in remote else "0.0.0.0"  # noqa: S104 -- the socket is only asked
    with bound(any_address, 0, options) as probe:
        try:
            place = socket.getaddrinfo(
                remote, _ANY_PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
            )[0][4]
            probe.connect(place)
        except OSError as error:
            raise DeviceError(
                "device.no-route",
                f"there is no route to {remote}: {error.strerror or error}",
                hint="`ip route get ADDRESS` says why; is the interface up, and the address right?"
                + (f" {NO_IPV6}" if ":" in remote else ""),
            ) from error
        return str(probe.getsockname()[0])


def is_literal(text: str) -> bool:
    """Whether a text is an IP address, and no host name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_own(address: str) -> bool:
    """Whether an address is one of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(
                socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[
                    0
                ][4]
            )
        except OSError:
            return False
    return True


def same_host(one: str, other: str) -> bool:
    """Whether two literals are the same address. The zone of a link-local one does not count."""
    first, second = (text.partition("%")[0] for text in (one, other))
    return ipaddress.ip_address(first) == ipaddress.ip_address(second)


@dataclass(slots=True)
class Knock:
    """What came of an SCCRQ. source: whence the first answer came, None: none came."""

    seconds: float = 0.0
    source: Address | None = None
    said: str = ""
    errors: list[OSError] = field(default_factory=list)
    elsewhere: list[Address] = field(default_factory=list)


async def knock(
    specification: Specification,
    role: Role,
    options: SocketOptions,
    local: Address,
    remote: Address,
    within: float,
    secret: str | None = None,
    network: Network | None = None,
    tunnels: set[int] | None = None,
) -> Knock:
    """Ask a device for a tunnel, and end that at once. role: the device's.

    tunnels: is told our Tunnel ID before anything is sent. It is retransmitted as usual. Raises
    DeviceError when the local end cannot be had.
    """
    loop = asyncio.get_running_loop()
    came = Knock()
    answered = asyncio.Event()
    hopeless = asyncio.Event()

    def failed(error: OSError) -> None:
        came.errors.append(error)
        hopeless.set()

    def heard(data: bytes, source: Address) -> None:
        if not same_host(source[0], remote[0]):
            came.elsewhere.append(source)
        if came.source is None:
            came.source, came.said = source, summary(parse(data), _names(specification))
            answered.set()

    other = SocketOptions(options.interface, options.ttl, options.dscp, failed)
    config = PeerConfig(
        role=Role.LAC if role is Role.LNS else Role.LNS,
        secret=secret.encode() if secret else None,
        host_name="l2tp-harness",
    )
    server = PeerServer(Endpoint(specification, config))
    began = loop.time()
    try:
        await server.open(_Overheard(network or UdpNetwork(other), heard), *local)
        tunnel = server.endpoint.open_tunnel(remote, server.now)
        if tunnels is not None:
            tunnels.add(tunnel.local_id)
        server.flush()
        waits = [asyncio.ensure_future(one.wait()) for one in (answered, hopeless)]
        try:
            await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        came.seconds = loop.time() - began
        if came.source is not None and not came.elsewhere:
            server.endpoint.shut_down(server.now)
            server.flush()
            await server.until_idle(GOODBYE)
    finally:
        server.close()
    return came


def why_unreachable(
    came: Knock, remote: Address, name: str, key: str = ADDRESS_KEY
) -> DeviceError | None:
    """What is wrong, in words; None when the device has answered as it should.

    key: of the value of peer.yaml that says where it is.
    """
    where = f"{remote[0]} port {remote[1]}"
    if came.elsewhere:
        source = came.elsewhere[0]
        return DeviceError(
            "device.other-address",
            f"{name} is at {where}, but the answer to an SCCRQ came from {source[0]} "
            f"port {source[1]}: {printable(came.said)}",
            hint="the device has several addresses: test the one it answers from "
            f"(--set {key}={source[0]}), or bind its L2TP to the one that it is asked at",
        )
    if came.source is not None:
        return None
    if came.errors:
        error = came.errors[-1]
        meaning = _MEANING.get(error.errno or 0, "")
        told = f"{error.strerror or error}{': ' if meaning else ''}{meaning}"
        return DeviceError(
            "device.unreachable",
            f"{name} cannot be reached at {where}: {told}",
            hint="are the address and the port right, and is L2TP switched on there?",
        )
    return DeviceError(
        "device.unreachable",
        f"{name} does not answer an SCCRQ at {where} within {came.seconds:.3g} s, and no router "
        "reports a fault",
        hint="is the address right, is a firewall on the way, does the device know this peer? "
        "`tcpdump -ni any udp port 1701` shows what goes out and comes back",
    )


class _Overheard:
    """A network of which somebody hears all that arrives."""

    def __init__(self, network: Network, heard: Receiver) -> None:
        self._network = network
        self._heard = heard

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        def both(data: bytes, source: Address) -> None:
            self._heard(data, source)
            receiver(data, source)

        return await self._network.open(both, address, port)


def _names(specification: Specification) -> Names:
    plain: Callable[[object], str | None] = lambda _avp: None  # noqa: E731
    return Names(
        messages={number: one.name for number, one in specification.message_types.items()},
        avps={key: one.name for key, one in specification.avp_numbers.items()},
        value=plain,
    )
