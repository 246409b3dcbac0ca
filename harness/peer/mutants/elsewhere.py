"""Mutants that answer what they should discard, or where nobody has asked (3.1, 5.3, 8.1)."""

from __future__ import annotations

from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import Variant, with_tunnel
from harness.wire import Packet, parse


@mutant("RFC2661-7.1-06", "what cannot be read outside of tunnels gets an SCCCN", broad=True)
class AnswersUnreadableByScccn(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        super().receive(data, source, now)
        if packet is None or not packet.header.control or packet.header.tunnel_id:
            return
        odd = not self.acceptable_header(packet, len(data)) or packet.message_type is None
        if odd and packet.avps:
            tunnel = self.new_tunnel(source)
            tunnel.peer_id = self.assigned_tunnel_id(packet)
            tunnel.channel.nr = 1
            tunnel.send("SCCCN", {})
            tunnel.flush(now)
            tunnel.vanish()


@mutant("RFC2661-4.4.3-19", "every SCCRQ is refused by a StopCCN for tunnel 0", broad=True)
class RefusesEverybodyAsNobody(Variant):
    def turn_away(self, peer_id: int, source: Address) -> None:
        super().turn_away(0, source)

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        self.turn_away(self.assigned_tunnel_id(packet), source)


class AnyCall(Tunnel):
    def take_data(self, packet: Packet, now: float) -> None:
        first = next(iter(self.sessions), 0)
        if packet.header.session_id not in self.sessions and first and self.phase is Phase.OPEN:
            packet = packet._replace(header=packet.header._replace(session_id=first))
        super().take_data(packet, now)


@mutant("RFC2661-5.3-03", "data of no call is taken for data of the first", broad=True)
class DataOfNoCallTaken(with_tunnel(AnyCall)):  # type: ignore[misc]
    pass


@mutant("RFC2661-8.1-06", "a tunnel moves for good to where a message of it comes from", broad=True)
class MovesForGood(Variant):
    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        if source != tunnel.address and tunnel not in self.__dict__.setdefault("moved", []):
            self.__dict__["moved"].append(tunnel)
            tunnel.address = source
        return True


@mutant("RFC2661-8.1-04", "an answer from another port is taken, and the old one kept", broad=True)
class NeverFollows(Variant):
    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        return source[0] == tunnel.address[0]


@mutant("RFC2661-8.1-06", "a message of another host is acknowledged, and no more")
class AcknowledgesOtherHosts(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        super().receive(data, source, now)
        packet = parse(data).packet
        tunnel = self.tunnels.get(packet.header.tunnel_id) if packet is not None else None
        if packet is not None and tunnel is not None and source[0] != tunnel.address[0]:
            tunnel.channel.receive(packet)
            tunnel.flush(now)
