"""Mutants that take one call, tunnel or peer for another (3.1, 7.3, 8.1)."""

from __future__ import annotations

from harness.peer.call import CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import State
from harness.peer.examine import Examined
from harness.peer.message_types import SCCRQ
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant
from harness.wire import Packet


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
