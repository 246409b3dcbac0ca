"""The network as one case has it: one host alone is heard, and nothing that is for others.

Cases that have one port in turn hear what comes late for tunnels of an earlier one, such as the
acknowledgement of its StopCCN. A knock may share the ports of a case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.device.external.reach import same_host
from harness.peer.network import Address, Link, Network, Receiver
from harness.wire import parse

ASSIGNED_TUNNEL_ID: Final = 9
OPENING: Final = (1, 2)
"""SCCRQ and SCCRP."""

MOST_FORMER: Final = 1000

Former = dict[Address, deque[int]]
"""The Tunnel IDs that closed links of ours have assigned, the latest of them."""


@dataclass(slots=True)
class Visit:
    """Who sends from a port of the case for a while: what belongs to `tunnels` is theirs alone."""

    receiver: Receiver
    tunnels: set[int] = field(default_factory=set)


class OnlyFrom:
    """A network in which one host alone is heard: on the wire anybody may send us something.

    former: of all cases of the run. late: how many datagrams came for tunnels of earlier ones.
    """

    def __init__(
        self, network: Network, host: str, other: Callable[[Address], None], former: Former
    ) -> None:
        self._network = network
        self._host = host
        self._other = other
        self._former = former
        self._links: dict[Address, _Port] = {}
        self.late = 0

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        """Bind a link."""
        visits: list[Visit] = []
        former: set[int] = set()

        def heard(data: bytes, source: Address) -> None:
            if not same_host(source[0], self._host):
                self._other(source)
                return
            tunnel = _tunnel_of(data) if visits or former else 0
            if tunnel in former:
                self.late += 1
                return
            guest = next((one for one in visits if tunnel in one.tunnels), None)
            (guest.receiver if guest is not None else receiver)(data, source)

        link = await self._network.open(heard, address, port)
        former |= set(self._former.get(link.local, ()))
        made = _Port(link, visits, self._closed, former)
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
            kept = self._former.setdefault(port.local, deque(maxlen=MOST_FORMER))
            kept.extend(port.assigned)


class _Port:
    """A link of the case, and who visits it. assigned: the Tunnel IDs that were sent from it."""

    def __init__(
        self,
        link: Link,
        visits: list[Visit],
        closed: Callable[[_Port], None],
        former: set[int],
    ) -> None:
        self._link = link
        self.visits = visits
        self._closed = closed
        self._former = former
        self.assigned: set[int] = set()

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
        if assigned := _assigned_by(data):
            self.assigned |= assigned
            self._former -= assigned
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
        return _Guest(there, [visit], lambda _: None, set())


def _tunnel_of(data: bytes) -> int:
    packet = parse(data).packet
    return packet.header.tunnel_id if packet is not None else 0


def _assigned_by(data: bytes) -> set[int]:
    """The Tunnel IDs that a message of ours assigns, in clear."""
    packet = parse(data).packet
    if packet is None or packet.message_type not in OPENING:
        return set()
    return {
        int.from_bytes(one.value, "big")
        for one in packet.avps
        if (one.vendor, one.type) == (0, ASSIGNED_TUNNEL_ID) and not one.hidden
    } - {0}


def _ignore(data: bytes, source: Address) -> None:
    """Nobody is there any more."""
