"""A reference LNS or LAC on a port of this machine, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from harness.errors import HarnessError, UsageError
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address, Network
from harness.peer.server import PeerServer
from harness.peer.udp import UdpNetwork
from harness.spec.model import Role, Specification

FAREWELL: Final = 3.0
"""Seconds that the peers have to acknowledge StopCCN: time for two retransmissions."""

_SIDES: Final = {Role.LAC: "LAC", Role.LNS: "LNS"}


class PeerCrashedError(HarnessError):
    """The reference peer itself has a defect."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            "peer.crashed",
            f"the reference peer crashed: {type(error).__name__}: {error}",
            hint="this is a defect of the harness; `python -m harness.peer.fuzz` looks for such",
        )


async def serve(
    specification: Specification,
    config: PeerConfig,
    address: str,
    port: int,
    log: Callable[[str], None],
    *,
    dial: Address | None = None,
    number: str = "",
    network: Network | None = None,
    farewell: float = FAREWELL,
) -> None:
    """Run a reference peer until the task is cancelled.

    dial: where to open a tunnel at once and place a call, to `number` if that is given. network:
    real UDP unless stated. `log` is told in words what happens; a peer has a part in what it is
    told, so it has to be made safe before a terminal shows it.

    When cancelled it sends StopCCN on every tunnel, waits up to `farewell` seconds until all are
    acknowledged, and gives the port back. Raises UsageError when `dial` is no literal address,
    DeviceError when the port cannot be had, and PeerCrashedError.
    """
    callee = None if dial is None else _as_datagrams_show_it(dial)
    endpoint = Endpoint(specification, config, log=log)
    server = PeerServer(endpoint)
    host, bound = await server.open(network or UdpNetwork(), address, port)
    log(f"{_SIDES[config.role]} {config.host_name} listens on {host} port {bound}")
    try:
        if callee is not None:
            log(f"dialling {callee[0]} port {callee[1]}")
            tunnel = endpoint.open_tunnel(callee, server.now)
            endpoint.call(tunnel, server.now, number)
            server.flush()
        error = await server.until_crash()
        raise PeerCrashedError(error) from error
    finally:
        if server.crash is None:
            await _say_goodbye(server, log, farewell)
        server.close()


def _as_datagrams_show_it(address: Address) -> Address:
    """The form in which answers will name their source: an IPv6 address can be written in many."""
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError) as error:
        hint = "give an IPv4 or IPv6 address, not a name"
        raise UsageError("usage.address", f"{address[0]!r} is no address", hint=hint) from error
    host, port = found[0][4][:2]
    return str(host), int(port)


async def _say_goodbye(server: PeerServer, log: Callable[[str], None], farewell: float) -> None:
    server.endpoint.shut_down(server.now)
    server.flush()
    if not server.endpoint.idle:
        log("shutting down")
    if not await server.until_idle(farewell):
        silent = sum(not tunnel.channel.idle for tunnel in server.endpoint.tunnels.values())
        log(f"{silent} of {len(server.endpoint.tunnels)} tunnels did not acknowledge in time")
