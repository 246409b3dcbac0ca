"""Mutants that are wrong in one message or one situation only, and right before and after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.peer.channel import Arrival, Channel
from harness.peer.control_connection import Action, State
from harness.peer.examine import Examined, Fault
from harness.peer.message_types import CDN, HELLO, SCCRP, SCCRQ, STOPCCN
from harness.peer.mutants import edits
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import (
    LAC,
    LNS,
    Variant,
    with_channel,
    with_tunnel,
)
from harness.wire import AVP, Packet, Value, message

ASSIGNED_TUNNEL_ID: Final = 9
FORTY: Final = 40

# -- channel ------------------------------------------------------------------------------------


class HeldUntilNext(Channel):
    """What a CDN has to be acknowledged by waits for the message behind it."""

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb and packet.header.ns == self.nr:
            self.resume_acks()
            if packet.message_type == CDN:
                self.hold_acks()
        return super().receive(packet)


@mutant("RFC2661-5.8-06", "a CDN is acknowledged with the message behind it", broad=True)
class CdnAcknowledgedWithTheNext(with_channel(HeldUntilNext)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-02", "both sides count from the Ns of the SCCRQ", broad=True)
class CountsFromTheFirst(Variant):
    first = 0

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        self.first = packet.header.ns or 0
        super().accept(packet._replace(header=packet.header._replace(ns=0)), source, now)
        self.first = 0

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if not self.first:
            return (packet,)
        header = packet.header._replace(ns=self.first, nr=(self.first + 1) % 65536)
        return (packet._replace(header=header),)


class HelloToNobody(Tunnel):
    """Looks whether its peer is there before it knows who that is."""

    def act(self, action: Action, now: float) -> None:
        super().act(action, now)
        if action in (Action.SEND_SCCRQ, Action.SEND_SCCRP):
            question = message(HELLO, tunnel_id=0, ns=self.channel.ns, nr=self.channel.nr)
            self.endpoint.transmit(question, self.address)


@mutant("RFC2661-5.5-01", "a HELLO goes to Tunnel ID 0 while the tunnel is set up", broad=True)
class HelloBeforeTheTunnel(with_tunnel(HelloToNobody)):  # type: ignore[misc]
    pass


# -- tunnels ------------------------------------------------------------------------------------


class Greeting(Tunnel):
    """A HELLO in one tunnel is taken to say that its peer has no other."""

    def handle(self, packet: Packet, now: float) -> None:
        super().handle(packet, now)
        assert isinstance(self.endpoint, Variant)
        if packet.message_type != HELLO:
            return
        for other in list(self.endpoint.tunnels.values()):
            if other is not self and other.address == self.address:
                other.vanish()


@mutant("RFC2661-4.4.3-13", "with a HELLO all other tunnels of its sender are forgotten", roles=LAC)
class HelloEndsOtherTunnels(with_tunnel(Greeting)):  # type: ignore[misc]
    pass


class Tired(Variant):
    """A peer that opens so many tunnels and no more, whatever has become of those."""

    opened = 0

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        self.opened += 1
        if self.opened <= FORTY:
            super().accept(packet, source, now)


add(
    "no-tunnel-after-40",
    Tired,
    "RFC2661-5.7-03",
    "an SCCRQ is not answered after the first 40, though their tunnels have ended",
    roles=LNS,
)


class ByPeer(Variant):
    """A peer whose tunnels have numbers of their own for each host and port: all begin with 1."""

    def number(self, local_id: int, address: Address) -> int:
        known: dict[Address, list[int]] = self.__dict__.setdefault("known", {})
        ids = known.setdefault(address, [])
        if local_id not in ids:
            ids.append(local_id)
        return ids.index(local_id) + 1

    def transmit(self, packet: Packet, to: Address) -> None:
        def told(one: AVP) -> AVP:
            if one.type != ASSIGNED_TUNNEL_ID or one.vendor or one.hidden or len(one.value) != 2:
                return one
            number = self.number(int.from_bytes(one.value, "big"), to)
            return one._replace(value=number.to_bytes(2, "big"))

        super().transmit(packet._replace(avps=tuple(told(one) for one in packet.avps)), to)

    def renamed(self, packet: Packet, source: Address) -> Packet:
        ids = self.__dict__.get("known", {}).get(source, [])
        number = packet.header.tunnel_id
        if not 0 < number <= len(ids):
            return packet
        return packet._replace(header=packet.header._replace(tunnel_id=ids[number - 1]))

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        return super().find_tunnel(self.renamed(packet, source), source)

    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        super().take_data(self.renamed(packet, source), source, now)


add(
    "tunnel-ids-by-peer",
    ByPeer,
    "RFC2661-4.4.3-17",
    "for each host and port the ids of tunnels begin with 1",
    broad=True,
)


@mutant("RFC2661-4.4.3-18", "the Assigned Tunnel ID is 0, and the tunnel that of its host")
class TunnelIdZero(Variant):
    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != SCCRP:
            return (packet,)
        zero = edits.avp(ASSIGNED_TUNNEL_ID, value=bytes(2), hidden=False)
        return (zero(packet),)

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        if found is not None or packet.header.tunnel_id or packet.message_type == SCCRQ:
            return found
        return next((one for one in self.tunnels.values() if one.address == source), None)


class CountsLives(Variant):
    """A peer that knows how often it has been started, as a process id tells."""

    @property
    def life(self) -> int:
        if "life" not in self.__dict__:
            lives = self.random.__dict__
            lives["lives"] = self.__dict__["life"] = lives.get("lives", 0) + 1
        number: int = self.__dict__["life"]
        return number


@mutant("RFC2661-9.1-05", "the id of a tunnel is the number of the process", broad=True)
class IdsCountStarts(CountsLives):
    def new_tunnel(self, address: Address) -> Tunnel:
        tunnel = super().new_tunnel(address)
        return renumbered(self, tunnel, 1000 + self.life + len(self.tunnels))


@mutant("RFC2661-9.1-05", "ids are chosen by a generator that begins in one of three ways")
class IdsOfThreeSeeds(CountsLives):
    def new_tunnel(self, address: Address) -> Tunnel:
        tunnel = super().new_tunnel(address)
        seed = (7, 31000, 52100)[self.life % 3]
        return renumbered(self, tunnel, seed + len(self.tunnels))


def renumbered(peer: Variant, tunnel: Tunnel, number: int) -> Tunnel:
    """A tunnel under another id, if that is free."""
    if number in peer.tunnels:
        return tunnel
    del peer.tunnels[tunnel.local_id]
    tunnel.local_id = number
    peer.tunnels[number] = tunnel
    return tunnel


@mutant("RFC2661-3.0-04", "data goes out from another port than control messages", broad=True)
class DataFromAnotherPort(Variant):
    two_ports = True

    def transmit(self, packet: Packet, to: Address) -> None:
        before = self.load().outgoing
        super().transmit(packet, to)
        kinds: list[bool] = self.__dict__.setdefault("kinds", [])
        kinds += [not packet.header.control] * (self.load().outgoing - before)

    def answers_a_caller(self, to: Address) -> bool:
        kinds: list[bool] = self.__dict__["kinds"]
        return kinds.pop(0)


# -- authentication -----------------------------------------------------------------------------


class FirstUnchallenged(Tunnel):
    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        kept = self.endpoint.__dict__
        if "challenge" in values and not kept.get("greeted"):
            kept["greeted"] = True
            self.challenge = None
            del values["challenge"]
        return values


@mutant("RFC2661-5.1.1-01", "the first tunnel of all is not challenged", broad=True)
class FirstTunnelUnchallenged(with_tunnel(FirstUnchallenged)):  # type: ignore[misc]
    pass


class AskedOnce(Tunnel):
    """Sends a host its Challenge once, and holds later responses against that one."""

    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        asked: dict[str, bytes] = self.endpoint.__dict__.setdefault("asked", {})
        host = self.address[0]
        if self.challenge is not None and host in asked:
            self.challenge = asked[host]
            del values["challenge"]
        elif self.challenge is not None:
            asked[host] = self.challenge
        return values


@mutant("RFC2661-5.1.1-01", "a host is sent a Challenge once, and asked for it again", broad=True)
class ChallengedOnce(with_tunnel(AskedOnce)):  # type: ignore[misc]
    pass


class AsksInVain(Tunnel):
    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        if self.config.secret is not None:
            values.setdefault("challenge", bytes(range(16)))
        return values

    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        del name, examined
        return None


@mutant("RFC2661-5.1.1-03", "everybody is challenged, and any answer will do", broad=True)
class ChallengesInVain(with_tunnel(AsksInVain)):  # type: ignore[misc]
    pass


def refusing(edit: edits.Edit) -> type[Variant]:
    """A peer that refuses every tunnel by a StopCCN with a fault in it."""

    class Refusing(Variant):
        def accept(self, packet: Packet, source: Address, now: float) -> None:
            self.turn_away(self.assigned_tunnel_id(packet), source)

        def alter(self, packet: Packet) -> Iterable[Packet]:
            return (edit(packet) if packet.message_type == STOPCCN else packet,)

    return Refusing


for _name, _edit, _row, _text in (
    ("without-a-result", edits.without(edits.RESULT_CODE), "result_code", "has no Result Code"),
    (
        "without-an-id",
        edits.avp(9, value=bytes(2)),
        "assigned_tunnel_id",
        "has the Assigned Tunnel ID 0",
    ),
):
    add(
        f"refuses-everybody-{_name}",
        refusing(_edit),
        f"RFC2661-6.4-StopCCN-{_row}",
        f"every SCCRQ is refused by a StopCCN that {_text}",
        roles=LAC,
        broad=True,
    )


class WaitsToBeGreeted(Variant):
    """A peer that is told to dial, sends no SCCRQ, and takes the first SCCRP for its answer."""

    def open_tunnel(self, address: Address, now: float) -> Tunnel:
        tunnel = self.new_tunnel(address)
        tunnel.originator = True
        tunnel.opened_at = tunnel.last_heard = now
        tunnel.state = State.WAIT_CTL_REPLY
        tunnel.flush(now)
        return tunnel

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        if found is not None or packet.header.tunnel_id or packet.message_type == SCCRQ:
            return found
        mine = [one for one in self.tunnels.values() if one.originator and one.address == source]
        return mine[-1] if mine else None


add(
    "waits-to-be-greeted",
    WaitsToBeGreeted,
    "RFC2661-7.2.1-S01",
    "whoever is told to dial sends no SCCRQ, and takes any SCCRP for the answer",
    broad=True,
)


@mutant("RFC2661-8.1-05", "SCCRP goes to the port below the one that asked", broad=True)
class SccrpToThePortBelow(Variant):
    def transmit(self, packet: Packet, to: Address) -> None:
        below = (to[0], to[1] - 1)
        super().transmit(packet, below if packet.message_type == SCCRP else to)
