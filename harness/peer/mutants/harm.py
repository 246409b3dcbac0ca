"""Mutants that crash, hang, answer slowly, or are at their limits; many are real ones' defects."""

from __future__ import annotations

from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.channel import Arrival, Channel, after
from harness.peer.control_connection import Action
from harness.peer.examine import Examined
from harness.peer.message_types import CDN, HELLO, ICRP, SCCRP, SCCRQ, STOPCCN
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls, with_channel, with_tunnel
from harness.wire import Packet, parse


@mutant("RFC2661-7.1-05", "octets that cannot be parsed crash the peer", broad=True)
class CrashesOnUnreadable(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if parse(data).defects:
            raise IndexError("octet out of range")
        super().receive(data, source, now)


@mutant("RFC2661-7.1-05", "octets that cannot be parsed make the peer hang", broad=True)
class HangsOnUnreadable(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if getattr(self, "hanging", False):
            return
        super().receive(data, source, now)
        self.hanging = bool(parse(data).defects)


class FaultCrash(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.fault is not None:
            raise ValueError(examined.fault.text)
        return examined


@mutant("RFC2661-7.1-09", "a faulty AVP crashes the peer", broad=True)
class CrashesOnFault(with_tunnel(FaultCrash)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.1-05", "a message that was refused or dropped makes the peer hang", broad=True)
class HangsOnRefusal(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if getattr(self, "hanging", False):
            return
        packet = parse(data).packet
        if packet is None or not self.acceptable_header(packet, len(data)):
            self.hanging = True
        super().receive(data, source, now)

    def transmit(self, packet: Packet, to: Address) -> None:
        super().transmit(packet, to)
        if packet.message_type in (STOPCCN, CDN):
            self.hanging = True


@mutant("RFC2661-4.1-06", "an AVP that is ignored makes the peer hang afterwards", broad=True)
class HangsAfterIgnored(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if not getattr(self, "hanging", False):
            super().receive(data, source, now)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        quiet = self.log

        def listening(text: str) -> None:
            self.hanging = getattr(self, "hanging", False) or ": ignored" in text
            quiet(text)

        self.log = listening


@mutant("RFC2661-5.0-04", "after one tunnel no other is ever opened", roles=LNS, broad=True)
class ServesOneTunnel(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if not getattr(self, "served", False):
            super().accept(packet, source, now)
        self.served = True


@mutant(
    "RFC2661-7.1-03", "after one tunnel a LAC opens and accepts no other", roles=LAC, broad=True
)
class LacServesOneTunnel(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        self.served = getattr(self, "served", False) or found is not None
        return found

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if not getattr(self, "served", False):
            super().accept(packet, source, now)
        self.served = True


class NrCrash(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        ahead = after(packet.header.nr or 0, self.ns)
        if 0 < ahead < 32768:
            raise IndexError("acknowledgement of what was never sent")
        return super().receive(packet)


@mutant("RFC2661-5.8-11", "an Nr beyond all that was sent crashes the peer", broad=True)
class CrashesOnNrBeyond(with_channel(NrCrash)):  # type: ignore[misc]
    pass


class Stuck(Channel):
    stuck = False

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if self.stuck:
            return Arrival.AHEAD, []
        arrival, ready = super().receive(packet)
        self.stuck = arrival is Arrival.AHEAD
        return arrival, ready


@mutant("RFC2661-5.8-13", "one message out of order blocks the tunnel for ever")
class GapBlocksForEver(with_channel(Stuck)):  # type: ignore[misc]
    pass


class CallsCrash(Tunnel):
    def handle(self, packet: Packet, now: float) -> None:
        if packet.message_type == STOPCCN and self.sessions:
            raise RuntimeError("session used after it was freed")
        super().handle(packet, now)


@mutant("RFC2661-6.4-01", "a StopCCN while calls are open crashes the peer", roles=LNS)
class CrashesOnStopccnWithCalls(with_tunnel(CallsCrash)):  # type: ignore[misc]
    pass


class NoSecretCrash(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        if self.peer_challenge is not None and self.config.secret is None:
            raise TypeError("no secret")


@mutant("RFC2661-5.1.1-02", "a Challenge to a peer without a secret crashes it")
class CrashesOnChallenge(with_tunnel(NoSecretCrash)):  # type: ignore[misc]
    pass


class Late(Variant):
    """Some messages go out late. seconds: how much; messages: which."""

    messages: tuple[int, ...] = ()
    seconds = 4.0

    def transmit(self, packet: Packet, to: Address) -> None:
        if packet.message_type not in self.messages:
            super().transmit(packet, to)
            return
        import asyncio  # the delay is the defect; only such a mutant needs a clock

        asyncio.get_running_loop().call_later(self.seconds, super().transmit, packet, to)


@mutant("RFC2661-7.2.1-S02", "SCCRP takes 4 seconds", roles=LNS)
class SlowSccrp(Late):
    messages = (SCCRP,)


@mutant("RFC2661-7.4.2-S01", "ICRP takes 4 seconds", roles=LNS)
class SlowIcrp(Late):
    messages = (ICRP,)


@mutant("RFC2661-7.2.1-S15", "StopCCN takes 4 seconds")
class SlowStopccn(Late):
    messages = (STOPCCN,)


class FullSilent(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if len(tunnel.sessions) < self.endpoint.config.max_sessions:
            super().request(tunnel, name, examined, now)


@mutant("RFC2661-5.8-36", "a call beyond the limit of sessions is not answered", roles=LNS)
class SessionLimitSilent(with_calls(FullSilent)):  # type: ignore[misc]
    pass


class FullKills(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if len(tunnel.sessions) < self.endpoint.config.max_sessions:
            super().request(tunnel, name, examined, now)
        else:
            tunnel.close(None, now)


@mutant("RFC2661-5.8-36", "a call beyond the limit of sessions ends the tunnel")
class SessionLimitEndsTunnel(with_calls(FullKills)):  # type: ignore[misc]
    pass


class FullForgets(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if len(tunnel.sessions) >= self.endpoint.config.max_sessions:
            oldest = next(iter(tunnel.sessions.values()))
            oldest.handle(CallEvent.LOCAL_CLOSE, now)
        super().request(tunnel, name, examined, now)


@mutant("RFC2661-5.8-36", "a call beyond the limit of sessions ends the oldest one")
class SessionLimitEndsOldest(with_calls(FullForgets)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.2.1-S03", "a tunnel beyond the limit of tunnels is not answered", roles=LNS)
class TunnelLimitSilent(Variant):
    def turn_away(self, peer_id: int, source: Address) -> None:
        self.log("no tunnel left")


@mutant("RFC2661-5.3-01", "a data message ends the tunnel", roles=LNS)
class DataEndsTunnel(Variant):
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        if tunnel is not None and tunnel.phase is Phase.OPEN:
            tunnel.close(None, now)


@mutant("RFC2661-8.1-04", "an answer from another port is dropped")
class OtherPortIgnored(Variant):
    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        return source == tunnel.address


class NeverHello(Tunnel):
    def hello_due(self) -> float | None:
        return None


@mutant(
    "RFC2661-5.5-01",
    "no HELLO is ever sent",
    equivalent="whether a HELLO is sent is its own choice (6.5, P-38): it is worth a note only",
)
class NeverSendsHello(with_tunnel(NeverHello)):  # type: ignore[misc]
    pass


class WantsHello(Tunnel):
    """Has heard no HELLO for a minute."""

    heard_at: float | None = None

    def handle(self, packet: Packet, now: float) -> None:
        if packet.message_type == HELLO:
            self.heard_at = now
        super().handle(packet, now)

    def tick(self, now: float) -> None:
        if self.phase is Phase.OPEN and now - (self.heard_at or self.opened_at) > 59.0:
            self.lose(now)
        super().tick(now)

    def lose(self, now: float) -> None:
        self.close(None, now)


@mutant("RFC2661-6.5-02", "a peer that sends no HELLO loses its tunnel")
class ExpectsHello(with_tunnel(WantsHello)):  # type: ignore[misc]
    pass


class ForgetsWithoutHello(WantsHello):
    def lose(self, now: float) -> None:
        self.vanish()


@mutant("RFC2661-6.5-02", "a peer that sends no HELLO is forgotten without a word")
class ForgetsWhoSendsNoHello(with_tunnel(ForgetsWithoutHello)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.8-15", "every SCCRQ is answered anew", roles=LNS)
class AnswersEverySccrq(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and packet.message_type == SCCRQ:
            found = self.find_tunnel(packet, source)
            if found is not None and found.phase is Phase.OPEN:
                found.vanish()
        super().receive(data, source, now)


@mutant("RFC2661-9.1-06", "session ids follow each other")
class SequentialSessionIds(Variant):
    def free_session_id(self, tunnel: Tunnel) -> int:
        self.last = getattr(self, "last", 100) + 1
        return self.last


class WaitsForEver(Tunnel):
    def act(self, action: Action, now: float) -> None:
        if action is Action.TUNNEL_OPEN:
            self.waiting.clear()
        super().act(action, now)


@mutant("RFC2661-7.5.2-S03", "a call that waits for its tunnel is forgotten", roles=LNS)
class WaitingCallForgotten(with_tunnel(WaitsForEver)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.4.1-S04", "a call that waits for its tunnel is forgotten by a LAC", roles=LAC)
class LacWaitingCallForgotten(with_tunnel(WaitsForEver)):  # type: ignore[misc]
    pass


class WrapsToOne(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        before = self.nr
        arrival, ready = super().receive(packet)
        if self.nr < before:
            self.nr = 1
        return arrival, ready


@mutant("RFC2661-5.8-03", "1 follows 65535")
class OneFollowsTheLast(with_channel(WrapsToOne)):  # type: ignore[misc]
    pass


class NoSecondTime(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        if arrival is Arrival.DUPLICATE:
            raise KeyError("message freed when it was processed")
        return arrival, ready


@mutant("RFC2661-5.8-06", "a duplicate crashes the peer", broad=True)
class CrashesOnDuplicate(with_channel(NoSecondTime)):  # type: ignore[misc]
    pass
