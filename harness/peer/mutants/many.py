"""Mutants that show where there are many peers, tunnels or calls, or where a peer has gone."""

from __future__ import annotations

import random
from typing import Any

from harness.peer.call import CallState
from harness.peer.calls import CallControl
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls
from harness.spec.model import Specification
from harness.wire import Packet, parse

NO_RESOURCES = 4
"""Result 4 of a CDN, for now; error 4 as well (4.4.2)."""


class Leaking(CallControl):
    """Some calls that end go on to be counted."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.leaked = 0

    def leaks(self, session: Session, packet: Packet, examined: Examined) -> bool:
        """Whether a CDN about this call, which is still there, does not free it."""
        raise NotImplementedError

    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        session = self.find(tunnel, packet, examined)
        ends = examined.message is not None and examined.message.name == "CDN"
        if session is not None and ends and self.leaks(session, packet, examined):
            self.leaked += 1
        super().handle(tunnel, packet, examined, now)

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        if len(tunnel.sessions) + self.leaked >= self.endpoint.config.max_sessions:
            return Fault(NO_RESOURCES, "no session left", result=NO_RESOURCES)
        return super().judge_request(tunnel, name, kind, examined)


class LeaksUnconnected(Leaking):
    def leaks(self, session: Session, packet: Packet, examined: Examined) -> bool:
        return session.state is CallState.WAIT_CONNECT


@mutant("RFC2661-6.12-02", "a CDN between ICRP and ICCN leaves a place taken", roles=LNS)
class LeaksBeforeConnected(with_calls(LeaksUnconnected)):  # type: ignore[misc]
    pass


class LeaksConnected(Leaking):
    def leaks(self, session: Session, packet: Packet, examined: Examined) -> bool:
        return session.state is CallState.ESTABLISHED


@mutant("RFC2661-6.12-02", "a CDN leaves the place of an established call taken")
class LeaksWhenConnected(with_calls(LeaksConnected)):  # type: ignore[misc]
    pass


class LeaksUnnamed(Leaking):
    def leaks(self, session: Session, packet: Packet, examined: Examined) -> bool:
        return not packet.header.session_id


@mutant("RFC2661-4.4.4-08", "a CDN with Session ID 0 leaves the place of its call taken")
class LeaksBySessionIdZero(with_calls(LeaksUnnamed)):  # type: ignore[misc]
    pass


class LeaksRefused(Leaking):
    def leaks(self, session: Session, packet: Packet, examined: Examined) -> bool:
        return False

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        fault = super().judge_request(tunnel, name, kind, examined)
        if fault is not None:
            self.leaked += 1
        return fault


@mutant("RFC2661-7.4.2-S02", "a call that is refused takes a place for ever", roles=LNS)
class LeaksRefusedCalls(with_calls(LeaksRefused)):  # type: ignore[misc]
    pass


class Evicting(CallControl):
    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        fault = super().judge_request(tunnel, name, kind, examined)
        if fault is not None and fault.result == NO_RESOURCES:
            tunnel.forget_session(next(iter(tunnel.sessions.values())))
        return fault


@mutant("RFC2661-6.12-01", "a call too many costs another one its place")
class CallTooManyEvicts(with_calls(Evicting)):  # type: ignore[misc]
    pass


class AcrossTunnels(CallControl):
    def by_peer_id(self, tunnel: Tunnel, peer_id: int) -> Session | None:
        assert isinstance(self.endpoint, Endpoint)
        for one in self.endpoint.tunnels.values():
            found = super().by_peer_id(one, peer_id)
            if found is not None:
                return found
        return None


@mutant("RFC2661-3.1-18", "a Session ID of the peer is taken for one of all its tunnels")
class SessionIdsAcrossTunnels(with_calls(AcrossTunnels)):  # type: ignore[misc]
    pass


class NamedAcrossTunnels(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        assert isinstance(self.endpoint, Endpoint)
        for one in self.endpoint.tunnels.values():
            found = super().find(one, packet, examined)
            if found is not None and not packet.header.session_id:
                return found
        return super().find(tunnel, packet, examined)


@mutant("RFC2661-3.1-18", "a CDN with Session ID 0 ends a call of that id in any tunnel")
class CdnByAvpAcrossTunnels(with_calls(NamedAcrossTunnels)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.7-03", "a tunnel that is closed takes a place for ever")
class TunnelsNeverFreed(Variant):
    gone = 0

    def forget_tunnel(self, tunnel: Tunnel) -> None:
        self.gone += tunnel.local_id in self.tunnels
        super().forget_tunnel(tunnel)

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if len(self.tunnels) + self.gone >= self.config.max_tunnels:
            self.turn_away(self.assigned_tunnel_id(packet), source)
        else:
            super().accept(packet, source, now)


@mutant("RFC2661-5.8-36", "a tunnel too many costs the first one its place")
class TunnelTooManyEvicts(Variant):
    def turn_away(self, peer_id: int, source: Address) -> None:
        super().turn_away(peer_id, source)
        self.forget_tunnel(next(iter(self.tunnels.values())))


class FullOfTunnels(CallControl):
    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        assert isinstance(self.endpoint, Endpoint)
        if len(self.endpoint.tunnels) >= self.endpoint.config.max_tunnels:
            return Fault(NO_RESOURCES, "no tunnel left", result=NO_RESOURCES)
        return super().judge_request(tunnel, name, kind, examined)


@mutant("RFC2661-5.8-36", "with as many tunnels as there can be, no calls are taken")
class NoCallsWithoutTunnels(with_calls(FullOfTunnels)):  # type: ignore[misc]
    pass


class FullForGood(CallControl):
    full = False

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        fault = super().judge_request(tunnel, name, kind, examined)
        if fault is None and self.full:
            fault = Fault(NO_RESOURCES, "no session left", result=NO_RESOURCES)
        self.full = fault is not None and fault.result == NO_RESOURCES
        return fault


@mutant("RFC2661-6.12-02", "who was once without a place for a call has none any more")
class NeverAnyMoreCalls(with_calls(FullForGood)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-35", "who waits for one peer's acknowledgement hears no other peer", roles=LNS)
class HeldBackByOthers(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        number = packet.header.tunnel_id if packet is not None else 0
        for tunnel in self.tunnels.values():
            waits = tunnel.phase is Phase.OPEN and not tunnel.channel.idle
            if number and waits and tunnel.local_id != number:
                return
        super().receive(data, source, now)


@mutant("RFC2661-5.8-26", "an ICMP error in reply to what it sends ends the peer", broad=True)
class DiesOfUnreachable(Variant):
    def refused(self, by: Address, now: float) -> None:
        raise ConnectionRefusedError("Connection refused")


@mutant("RFC2661-5.8-26", "a send that an ICMP error answered is tried for ever", broad=True)
class LoopsOnUnreachable(Variant):
    loops = False

    def refused(self, by: Address, now: float) -> None:
        self.loops = True

    def receive(self, data: bytes, source: Address, now: float) -> None:
        if not self.loops:  # else it does nothing any more but send
            super().receive(data, source, now)

    def next_deadline(self) -> float | None:
        return None if self.loops else super().next_deadline()


@mutant("RFC2661-8.1-06", "whoever sends a message of a tunnel is its peer from then on", roles=LNS)
class FollowsAnySource(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        known = self.tunnels.get(packet.header.tunnel_id)
        if known is not None:
            known.address = source
        return super().find_tunnel(packet, source)


@mutant("RFC2661-9.1-05", "ids are chosen by a generator that begins alike in each life")
class UnseededIds(Variant):
    def __init__(self, specification: Specification, config: PeerConfig, **rest: Any) -> None:
        super().__init__(specification, config, **{**rest, "chance": random.Random(1)})


@mutant("RFC2661-9.1-06", "ids of calls come from a generator that begins alike in each life")
class UnseededSessionIds(Variant):
    def __init__(self, specification: Specification, config: PeerConfig, **rest: Any) -> None:
        super().__init__(specification, config, **rest)
        self.draws = random.Random(1)

    def free_session_id(self, tunnel: Tunnel) -> int:
        kept, self.random = self.random, self.draws
        number = super().free_session_id(tunnel)
        self.random = kept
        return number


@mutant(
    "RFC2661-9.1-05", "the tunnels that it dials have ids that are alike in each life", roles=LAC
)
class UnseededDialledIds(Variant):
    def open_tunnel(self, address: Address, now: float) -> Tunnel:
        kept, self.random = self.random, random.Random(1)
        tunnel = super().open_tunnel(address, now)
        self.random = kept
        return tunnel
