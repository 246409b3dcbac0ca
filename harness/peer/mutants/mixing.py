"""Mutants that take one call, tunnel or peer for another (3.1, 7.3, 8.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.peer.call import CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import State
from harness.peer.examine import Examined
from harness.peer.message_types import SCCRQ
from harness.peer.mutants.base import mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls, with_session, with_tunnel
from harness.wire import Packet, Value


class FirstWaits(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        found = super().find(tunnel, packet, examined)
        named = examined.message is not None and examined.message.name in {"ICCN", "OCRP"}
        if found is None or not named:
            return found
        waiting = [one for one in tunnel.sessions.values() if one.state is found.state]
        return waiting[0] if found.state is not CallState.ESTABLISHED else found


@mutant("RFC2661-7.3-01", "an ICCN or OCRP is about the call that waits for longest", roles=LNS)
class LongestWaitingServed(Variant):
    calls_type = FirstWaits


class OneAtATime(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        for session in list(tunnel.sessions.values()):
            tunnel.forget_session(session)
        super().request(tunnel, name, examined, now)


@mutant("RFC2661-7.3-01", "a call that a LAC is asked to place ends the others", roles=LAC)
class PlacedCallEndsOthers(Variant):
    calls_type = OneAtATime


@mutant("RFC2661-3.1-15", "what comes from a peer with an unknown Tunnel ID is about its tunnel")
class TunnelBySource(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        if found is not None or packet.message_type == SCCRQ:
            return found
        return next((one for one in self.tunnels.values() if one.address == source), None)


class Resentful(Tunnel):
    def send_stopccn(self) -> None:
        if self.state is State.IDLE and not self.originator:
            refused: set[Address] = self.endpoint.__dict__.setdefault("refused", set())
            refused.add(self.address)
        super().send_stopccn()


@mutant("RFC2661-7.1-03", "a peer whose SCCRQ was refused gets no tunnel any more")
class RefusedForEver(Variant):
    tunnel_type = Resentful

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if source not in self.__dict__.get("refused", ()):
            super().accept(packet, source, now)


@mutant("RFC2661-5.8-06", "a copy of the SCCRQ that comes late opens another tunnel", roles=LAC)
class LateSccrqOpensAnother(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        up = found is not None and found.state is State.ESTABLISHED
        again = packet.message_type == SCCRQ and packet.header.tunnel_id == 0
        return None if up and again else found


# -- the ids of the other side ---------------------------------------------------------------


class EitherCall(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        found = super().find(tunnel, packet, examined)
        session_id = packet.header.session_id
        return found if found or not session_id else self.by_peer_id(tunnel, session_id)


@mutant("RFC2661-3.1-18", "a Session ID of the peer's own in a header stands for its call")
class EitherSessionId(with_calls(EitherCall)):  # type: ignore[misc]
    pass


class EitherStream(Tunnel):
    def take_data(self, packet: Packet, now: float) -> None:
        session_id = packet.header.session_id
        if session_id not in self.sessions:
            for one in self.sessions.values():
                if one.peer_id == session_id:
                    header = packet.header._replace(session_id=one.local_id)
                    packet = packet._replace(header=header)
        super().take_data(packet, now)


@mutant("RFC2661-3.1-18", "data with a Session ID of the peer's own is taken")
class EitherSessionIdOfData(with_tunnel(EitherStream)):  # type: ignore[misc]
    pass


class OfThePeer(Variant):
    """A peer that knows its tunnels also by the ids that the other side has given them."""

    def renamed(self, packet: Packet, source: Address) -> Packet:
        """The packet with the id of this side in place of that of its sender."""
        if packet.header.tunnel_id in self.tunnels:
            return packet
        for one in self.tunnels.values():
            if one.peer_id and one.peer_id == packet.header.tunnel_id and one.address == source:
                return packet._replace(header=packet.header._replace(tunnel_id=one.local_id))
        return packet


@mutant("RFC2661-3.1-15", "a Tunnel ID of the peer's own in a header stands for its tunnel")
class EitherTunnelId(OfThePeer):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        return super().find_tunnel(self.renamed(packet, source), source)


@mutant("RFC2661-3.1-15", "data with a Tunnel ID of the peer's own is taken")
class EitherTunnelIdOfData(OfThePeer):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        super().take_data(self.renamed(packet, source), source, now)


class ToTheFirst(Tunnel):
    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        if name == "SLI":
            session_id = next(iter(self.sessions.values())).peer_id
        return super().send(name, values, session_id=session_id, hide=hide)


@mutant("RFC2661-6.14-01", "every SLI goes to the first call of its tunnel", roles=LNS)
class SliToTheFirstCall(with_tunnel(ToTheFirst)):  # type: ignore[misc]
    pass


def with_id(session: Session, peer_id: int) -> list[Session]:
    """The other calls to which the peer has assigned this id."""
    others = [one for one in tunnel_of(session).sessions.values() if one is not session]
    return [one for one in others if one.peer_id == peer_id != 0]


class TakesTheIdOver(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        super().handle(event, now, examined)
        for other in with_id(self, self.peer_id):
            self.tunnel.forget_session(other)


@mutant("RFC2661-7.3-01", "an id that the peer assigns again belongs to the last call", roles=LAC)
class IdOfTheLastCall(with_session(TakesTheIdOver)):  # type: ignore[misc]
    pass


class FallsOverTheId(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        peer_id = examined.integer("assigned_session_id")
        if peer_id and self.by_peer_id(tunnel, peer_id) is not None:
            self.fall(tunnel, now)
        else:
            super().request(tunnel, name, examined, now)

    def fall(self, tunnel: Tunnel, now: float) -> None:
        raise IndexError("session id")


@mutant("RFC2661-7.1-05", "a request with a Session ID that is in use is the end of the peer")
class IdInUseCrashes(with_calls(FallsOverTheId)):  # type: ignore[misc]
    pass


class EndsForTheId(FallsOverTheId):
    def fall(self, tunnel: Tunnel, now: float) -> None:
        tunnel.close(None, now)


@mutant("RFC2661-7.1-05", "a request with a Session ID that is in use ends the tunnel")
class IdInUseEndsTunnel(with_calls(EndsForTheId)):  # type: ignore[misc]
    pass


class MindsTheId(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        peer_id = examined.integer("assigned_session_id") if examined is not None else None
        if with_id(self, peer_id or 0):
            tunnel_of(self).close(None, now)
        else:
            super().handle(event, now, examined)


@mutant("RFC2661-7.3-01", "an id that the peer assigns again ends the tunnel", roles=LAC)
class IdAgainEndsTunnel(with_session(MindsTheId)):  # type: ignore[misc]
    pass
