"""Mutants that mistake what belongs to another tunnel, call or message for their own."""

from __future__ import annotations

from harness.peer.calls import CallControl
from harness.peer.channel import Channel, Outstanding
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LNS, Variant, with_calls, with_channel, with_tunnel
from harness.wire import AVP, Packet, Value

RANDOM_VECTOR = 36


class FirstQuestion(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        if self.peer_challenge is not None:
            kept = self.endpoint.__dict__.setdefault("peer_challenge", self.peer_challenge)
            self.peer_challenge = kept


@mutant("RFC2661-5.1.1-02", "in every tunnel the first Challenge of all is answered")
class FirstChallengeAnswered(with_tunnel(FirstQuestion)):  # type: ignore[misc]
    pass


class LastQuestion(Tunnel):
    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        if self.challenge is not None:
            self.endpoint.__dict__["own_challenge"] = self.challenge
        return values

    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        if self.challenge is not None:
            self.challenge = self.endpoint.__dict__["own_challenge"]
        return super().authenticate(name, examined)


@mutant("RFC2661-5.1.1-03", "responses are held against the Challenge that was sent last")
class LastChallengeCounts(with_tunnel(LastQuestion)):  # type: ignore[misc]
    pass


def is_vector(avp: AVP) -> bool:
    """Whether it is a Random Vector."""
    return avp.vendor == 0 and avp.type == RANDOM_VECTOR


class LongMemory(Tunnel):
    vector: AVP | None = None

    def examine(self, packet: Packet) -> Examined:
        vectors = [avp for avp in packet.avps if is_vector(avp)]
        if vectors:
            self.vector = vectors[-1]
        elif self.vector is not None and any(avp.hidden for avp in packet.avps):
            first, *others = packet.avps
            packet = packet._replace(avps=(first, self.vector, *others))
        return super().examine(packet)


@mutant("RFC2661-4.3-15", "a Random Vector serves the messages behind its own as well")
class VectorKept(with_tunnel(LongMemory)):  # type: ignore[misc]
    pass


class HidesAgain(Channel):
    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        if sent.transmissions < 2:
            return packet
        avps = [hidden_again(avp) if avp.hidden else avp for avp in packet.avps]
        return packet._replace(avps=tuple(avps))


def hidden_again(avp: AVP) -> AVP:
    """A value that is hidden twice, as if by the same octets."""
    return avp._replace(value=bytes(octet ^ 0x5A for octet in avp.value))


@mutant("RFC2661-5.8-18", "what is sent again has its hidden values hidden twice", roles=LNS)
class HiddenTwice(with_channel(HidesAgain)):  # type: ignore[misc]
    pass


class Unplugs(Tunnel):
    def forget_session(self, session: Session) -> None:
        super().forget_session(session)
        for other in self.sessions.values():
            other.ppp = None


@mutant("RFC2661-7.3-01", "with a call that ends the PPP of the others is gone")
class PppGoesWithOtherCall(with_tunnel(Unplugs)):  # type: ignore[misc]
    pass


class UnplugsAll(Tunnel):
    def linger(self, now: float) -> None:
        super().linger(now)
        assert isinstance(self.endpoint, Endpoint)
        for tunnel in self.endpoint.tunnels.values():
            for other in tunnel.sessions.values():
                other.ppp = None


@mutant("RFC2661-6.4-01", "with a tunnel the PPP of other tunnels is gone", roles=LNS)
class PppGoesWithOtherTunnel(with_tunnel(UnplugsAll)):  # type: ignore[misc]
    pass


@mutant("RFC2661-8.1-06", "a tunnel moves to where its last data message came from")
class DataMovesTunnel(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        if tunnel is not None:
            tunnel.address = source
        super().take_data(packet, source, now)


class OneOfASocket(Variant):
    """Of the tunnels with the same port of the peer one alone has data: `which` of them."""

    which = 0

    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        alike = [number for number, one in self.tunnels.items() if one.address == source]
        if not alike or packet.header.tunnel_id == alike[self.which]:
            super().take_data(packet, source, now)


@mutant("RFC2661-5.0-04", "data of a tunnel is lost once a later one has the same ports", roles=LNS)
class DataOfTheLatest(OneOfASocket):
    which = -1


@mutant(
    "RFC2661-5.0-04", "data of a tunnel is lost while an earlier one has the same ports", roles=LNS
)
class DataOfTheFirst(OneOfASocket):
    pass


@mutant("RFC2661-5.7-04", "the id of a tunnel that was closed is given to the next one")
class IdPassedOn(Variant):
    def new_tunnel(self, address: Address) -> Tunnel:
        for closed in self.tunnels.values():
            if closed.phase is Phase.CLOSING and closed.channel.idle:
                closed.vanish()
                tunnel = self.make_tunnel(closed.local_id, address)
                self.tunnels[closed.local_id] = tunnel
                return tunnel
        return super().new_tunnel(address)


class Everywhere(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        assert isinstance(self.endpoint, Endpoint)
        number = packet.header.session_id
        for one in (tunnel, *self.endpoint.tunnels.values()):
            if number in one.sessions:
                return one.sessions[number]
        return super().find(tunnel, packet, examined)


@mutant("RFC2661-3.1-18", "a Session ID in the header is looked for in all tunnels")
class SessionsOfAllTunnels(with_calls(Everywhere)):  # type: ignore[misc]
    pass
