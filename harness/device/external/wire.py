"""The network as one case has it: one host alone is heard, and a knock may share its ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.device.external.reach import same_host
from harness.peer.network import Address, Link, Network, Receiver
from harness.wire import parse


@dataclass(slots=True)
class Visit:
    """Who sends from a port of the case for a while: what belongs to `tunnels` is theirs alone."""

    receiver: Receiver
    tunnels: set[int] = field(default_factory=set)


class OnlyFrom:
    """A network in which one host alone is heard: on the wire anybody may send us something."""

    def __init__(self, network: Network, host: str, other: Callable[[Address], None]) -> None:
        self._network = network
        self._host = host
        self._other = other
        self._links: dict[Address, _Port] = {}

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a link."""
        visits: list[Visit] = []

        def heard(data: bytes, source: Address) -> None:
            if not same_host(source[0], self._host):
                self._other(source)
                return
            guest = _guest_of(data, visits) if visits else None
            (guest.receiver if guest is not None else receiver)(data, source)

        link = await self._network.open(heard, address, port)
        made = _Port(link, visits, self._closed)
        self._links[link.local] = made
        return made

    def shared(self, tunnels: set[int]) -> Network:
        """The same for somebody else, who may send from ports that the case has.

        tunnels: the IDs of their own, known before they send.
        """
        return _Visitors(self, self._links, tunnels)

    def _closed(self, port: _Port) -> None:
        if self._links.get(port.local) is port:
            del self._links[port.local]


class _Port:
    """A link of the case, and who visits it."""

    def __init__(self, link: Link, visits: list[Visit], closed: Callable[[_Port], None]) -> None:
        self._link = link
        self.visits = visits
        self._closed = closed

    @property
    def local(self) -> Address:
        return self._link.local

    @property
    def checksum(self) -> bool | None:
        return self._link.checksum

    @property
    def arrived(self) -> float | None:
        return self._link.arrived

    def leave_out_checksums(self) -> None:
        self._link.leave_out_checksums()

    def send(self, data: bytes, to: Address) -> None:
        self._link.send(data, to)

    def close(self) -> None:
        self._closed(self)
        self._link.close()


class _Guest(_Port):
    """The use of a port of the case. Closing it leaves the case its port.

    What still comes for tunnels of a guest that has left is nobody's: the case knows of none.
    """

    def close(self) -> None:
        for one in self.visits:
            one.receiver = _ignore


class _Visitors:
    def __init__(self, network: OnlyFrom, links: dict[Address, _Port], tunnels: set[int]) -> None:
        self._network = network
        self._links = links
        self._tunnels = tunnels

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        there = self._links.get((address, port))
        if there is None:
            return await self._network.open(receiver, address, port)
        visit = Visit(receiver, self._tunnels)
        there.visits.append(visit)
        return _Guest(there, [visit], lambda _: None)


def _guest_of(data: bytes, visits: list[Visit]) -> Visit | None:
    packet = parse(data).packet
    if packet is None or not packet.header.tunnel_id:
        return None
    return next((one for one in visits if packet.header.tunnel_id in one.tunnels), None)


def _ignore(data: bytes, source: Address) -> None:
    """Nobody is there any more."""
