"""Which tunnel a datagram belongs to, and how many are remembered.

A tunnel is found by the Tunnel ID of the header, which its receiver has assigned; while that is 0,
by the Assigned Tunnel ID AVP, or else by the addresses (RFC 2661 4.4.3, 8.1).
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from harness.spec.monitor.judge import Endpoint, Frame
from harness.spec.monitor.tunnel import Side, Tunnel

TUNNELS: Final = 4096
"""As many are remembered; the one that was silent longest makes room."""

SAME_ID: Final = 8
"""Tunnels between two hosts with one id that are remembered."""

Found = tuple[Tunnel, int]
"""A tunnel and the index of the side that sent the datagram."""

_IdKey = tuple[str, str, int]


class Registry:
    """All tunnels. `forgot`: some have been dropped to make room."""

    def __init__(self, most: int = TUNNELS) -> None:
        self.most = most
        self.forgot = False
        self.tunnels: OrderedDict[int, Tunnel] = OrderedDict()
        self._keys = itertools.count()
        self._by_id: dict[_IdKey, list[Found]] = {}
        self._requests: dict[tuple[Endpoint, str, int], Tunnel] = {}
        self._from: dict[tuple[Endpoint, str], dict[int, Tunnel]] = {}

    # -- making and forgetting ----------------------------------------------------------------

    def request(self, source: Endpoint, destination: Endpoint) -> Tunnel:
        """A tunnel that an SCCRQ asks for."""
        initiator, responder = Side(source[0]), Side(destination[0], asked=destination)
        initiator.addresses.append(source)
        initiator.numbering.started = responder.numbering.started = True
        tunnel = self._add(initiator, responder, whole=True)
        self._from.setdefault((source, destination[0]), {})[tunnel.key] = tunnel
        return tunnel

    def answered(self, source: Endpoint, destination: Endpoint, tunnel_id: int) -> Tunnel:
        """A tunnel whose SCCRQ was not seen, from its SCCRP on."""
        tunnel = self.request(destination, source)
        initiator = tunnel.sides[0]
        initiator.numbering.next = initiator.numbering.contiguous = 1
        initiator.ids.append(tunnel_id)
        self._index(tunnel, 0, tunnel_id)
        return tunnel

    def half(self, source: Endpoint, destination: Endpoint, tunnel_id: int) -> Tunnel:
        """One direction of a tunnel of which nothing else is known."""
        speaker, owner = Side(source[0]), Side(destination[0])
        speaker.use(source)
        owner.use(destination)
        owner.ids.append(tunnel_id)
        tunnel = self._add(speaker, owner, whole=False)
        self._index(tunnel, 1, tunnel_id)
        return tunnel

    def announce(self, tunnel: Tunnel, owner: int, tunnel_id: int, frame: Frame) -> None:
        """A side has assigned itself an id."""
        side = tunnel.sides[owner]
        if not tunnel_id or tunnel_id in side.ids:
            return
        side.announce(tunnel_id, frame)
        if tunnel_id in side.ids:
            self._index(tunnel, owner, tunnel_id)

    def crowd(self) -> Tunnel | None:
        """The tunnel to be forgotten because there are too many, if so."""
        if len(self.tunnels) <= self.most:
            return None
        self.forgot = True
        tunnel = next(iter(self.tunnels.values()))
        self.forget(tunnel)
        return tunnel

    def forget(self, tunnel: Tunnel) -> None:
        """Drop a tunnel from every index."""
        self.tunnels.pop(tunnel.key, None)
        for index, side in enumerate(tunnel.sides):
            other = tunnel.sides[1 - index].host
            for number in side.ids:
                self._unlist((side.host, other, number), tunnel)
        address, host = tunnel.sides[0].addresses[0], tunnel.sides[1].host
        listed = self._from.get((address, host), {})
        listed.pop(tunnel.key, None)
        if not listed:
            self._from.pop((address, host), None)
        for number in (0, *tunnel.sides[0].ids):
            if self._requests.get((address, host, number)) is tunnel:
                del self._requests[address, host, number]

    def _add(self, first: Side, second: Side, *, whole: bool) -> Tunnel:
        tunnel = Tunnel(next(self._keys), (first, second), whole)
        self.tunnels[tunnel.key] = tunnel
        return tunnel

    def _index(self, tunnel: Tunnel, owner: int, tunnel_id: int) -> None:
        sides = tunnel.sides
        key = (sides[owner].host, sides[1 - owner].host, tunnel_id)
        listed = self._by_id.setdefault(key, [])
        listed.insert(0, (tunnel, 1 - owner))
        del listed[SAME_ID:]
        if owner == 0 and tunnel.whole:
            self._requests[sides[0].addresses[0], sides[1].host, tunnel_id] = tunnel

    def _unlist(self, key: _IdKey, tunnel: Tunnel) -> None:
        listed = [found for found in self._by_id.get(key, ()) if found[0] is not tunnel]
        if listed:
            self._by_id[key] = listed
        else:
            self._by_id.pop(key, None)

    # -- finding ------------------------------------------------------------------------------

    def touch(self, tunnel: Tunnel, at: float) -> None:
        """It was heard of."""
        tunnel.last = at
        if tunnel.key in self.tunnels:
            self.tunnels.move_to_end(tunnel.key)

    def addressed(
        self, source: Endpoint, destination: Endpoint, tunnel_id: int, *, strict: bool
    ) -> Found | None:
        """The tunnel whose id, assigned by the receiver, stands in the header.

        `strict`: the address of the receiver has to fit. Behind one address there may be several
        hosts, which have chosen the same id.
        """
        best: Found | None = None
        merit = 0
        for found in self._by_id.get((destination[0], source[0], tunnel_id), ()):
            tunnel, index = found
            sender, owner = tunnel.sides[index], tunnel.sides[1 - index]
            known = owner.addresses or ([owner.asked] if owner.asked else [])
            # A responder may send its first answer from any port.
            fits = source in sender.addresses or (index == 1 and not sender.addresses)
            points = 2 * (destination in known) + fits
            # Both addresses differ: it is another tunnel, whose id happens to be the same.
            if points > merit and (points == 3 or (tunnel.whole and points > strict)):
                best, merit = found, points
        return best

    def asked(self, source: Endpoint, host: str, tunnel_id: int) -> Tunnel | None:
        """The tunnel that this initiator has asked for with this Assigned Tunnel ID, 0: none."""
        return self._requests.get((source, host, tunnel_id))

    def asking(self, source: Endpoint, host: str, tunnel: Tunnel) -> None:
        """Remember a request without a readable Assigned Tunnel ID."""
        self._requests[source, host, 0] = tunnel

    def unaddressed(
        self, source: Endpoint, destination: Endpoint, assigned: int | None
    ) -> tuple[Found, bool] | None:
        """The tunnel of a message with Tunnel ID 0, and whether it can be no other.

        `assigned`: its Assigned Tunnel ID, which is that of its sender.
        """
        if assigned:
            tunnel = self._requests.get((source, destination[0], assigned))
            if tunnel is not None:
                return (tunnel, 0), True
            for tunnel, index in self._by_id.get((source[0], destination[0], assigned), ()):
                if not tunnel.closed or tunnel.sides[1 - index].stopped is not None:
                    return (tunnel, 1 - index), True
        latest: list[Found] = []
        number = 0
        for index, initiator, host in ((1, destination, source[0]), (0, source, destination[0])):
            listed = self._from.get((initiator, host), {})
            number += len(listed)
            latest += [(tunnel, index) for tunnel in itertools.islice(reversed(listed.values()), 1)]
        if not latest:
            return None
        # each side may have asked the other for one: from that port it is more likely this
        likely = (found for found in latest if source in found[0].sides[found[1]].addresses)
        return next(likely, latest[0]), number == 1

    def fitting(self, source: Endpoint, destination: Endpoint, ns: int, nr: int) -> Found | None:
        """The only tunnel between these endpoints, if these are its next numbers."""
        found = list(itertools.islice(self.between(source, destination), 2))
        if len(found) != 1:
            return None
        ((tunnel, index),) = found
        me, peer = tunnel.sides[index], tunnel.sides[1 - index]
        ends = source in me.addresses and destination in peer.addresses
        begun = bool(me.numbering.sent and peer.numbering.sent)
        numbers = (me.numbering.next % 65536, peer.numbering.next % 65536)
        return found[0] if ends and begun and numbers == (ns, nr) else None

    def between(self, source: Endpoint, destination: Endpoint) -> Iterator[Found]:
        """The tunnels of two endpoints, one of which has asked for them."""
        for index, key in ((0, (source, destination[0])), (1, (destination, source[0]))):
            for tunnel in self._from.get(key, {}).values():
                yield tunnel, index

    def owned(self, host: str, tunnel_id: int) -> Iterator[Found]:
        """Every tunnel in which this host has this id, whoever the other side is."""
        for tunnel in self.tunnels.values():
            for index, side in enumerate(tunnel.sides):
                if side.host == host and tunnel_id in side.ids:
                    yield tunnel, 1 - index

    def twins(self, tunnel: Tunnel, owner: int, tunnel_id: int) -> list[Found]:
        """Other open tunnels between the same hosts in which this side has this id."""
        sides = tunnel.sides
        key = (sides[owner].host, sides[1 - owner].host, tunnel_id)
        return [
            (one, index)
            for one, index in self._by_id.get(key, ())
            if one is not tunnel and not one.closed and one.whole
        ]
