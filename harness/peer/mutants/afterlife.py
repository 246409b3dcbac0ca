"""Mutants that go on after the end: of a tunnel, of a call, of a collision, of their patience.

A tunnel that is closed only acknowledges (5.7), a call that is over has no answer to what still
comes (7.4), and one who lost a collision is silent (4.4.3).
"""

from __future__ import annotations

from typing import Final

from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.control_connection import Event, State
from harness.peer.examine import INVALID_SESSION, Examined, Fault
from harness.peer.message_types import ICRP, ICRQ, OCRQ, SCCRP, SCCRQ, STOPCCN
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import ADMINISTRATIVE, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_calls, with_tunnel
from harness.wire import Packet, parse, zlb


class StillServing(Tunnel):
    """Answers requests in a tunnel that is closed as if it were open."""

    def handle_last(self, packet: Packet) -> None:
        super().handle_last(packet)
        examined = self.examine(packet)
        peer_id = examined.integer("assigned_session_id") or 0
        own = {"assigned_session_id": self.endpoint.free_session_id(self)}
        if packet.message_type == ICRQ:
            self.send("ICRP", {**own}, session_id=peer_id)
        elif packet.message_type == OCRQ:
            self.send("OCRP", {**own}, session_id=peer_id)
        elif packet.message_type == SCCRP:
            self.send("SCCCN", {})


@mutant("RFC2661-7.2.1-S11", "a tunnel that was closed answers requests", broad=True)
class ServesAfterTheEnd(with_tunnel(StillServing)):  # type: ignore[misc]
    pass


class LateConnect(CallControl):
    def stray(
        self, tunnel: Tunnel, packet: Packet, name: str, examined: Examined, now: float
    ) -> None:
        if packet.message_type != ICRP:
            super().stray(tunnel, packet, name, examined, now)
            return
        peer_id = examined.integer("assigned_session_id") or 0
        tunnel.send("ICCN", {"tx_connect_speed": 64000, "framing_type": 1}, session_id=peer_id)


@mutant("RFC2661-7.4.1-S02", "an ICRP for a call that is over is answered by an ICCN", roles=LAC)
class ConnectsWhatIsOver(with_calls(LateConnect)):  # type: ignore[misc]
    pass


@mutant("RFC2661-4.4.3-10", "a tunnel that lost a collision still acknowledges")
class LoserAcknowledges(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        before = dict(self.tunnels)
        result = super().resolve_collision(packet, source, now)
        self.__dict__.setdefault("losers", {}).update(
            {number: one for number, one in before.items() if number not in self.tunnels}
        )
        return result

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        loser = self.__dict__.get("losers", {}).get(packet.header.tunnel_id)
        if loser is not None and not packet.is_zlb and packet.header.ns is not None:
            peer_id = loser.peer_id or self.assigned_tunnel_id(packet)
            self.transmit(zlb(peer_id, 1, (packet.header.ns + 1) % 65536), source)
        return super().find_tunnel(packet, source)


@mutant("RFC2661-3.1-13", "what is discarded outside of tunnels is answered by a ZLB", broad=True)
class AnswersDiscardedByZlb(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is None or not self.acceptable_header(packet, len(data)):
            self.transmit(zlb(0, 0, 1), source)
        super().receive(data, source, now)


@mutant("RFC2661-8.1-05", "everybody is answered where the first one called from", broad=True)
class AnswersTheFirstCaller(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        self.__dict__.setdefault("first_caller", source)
        super().accept(packet, source, now)

    def transmit(self, packet: Packet, to: Address) -> None:
        super().transmit(packet, self.__dict__.get("first_caller", to))


@mutant("RFC2661-7.2.1-S04", "a message of no tunnel is answered by an SCCRP", broad=True)
class AnswersMessagesOfNoTunnel(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        super().receive(data, source, now)
        if packet is None or packet.message_type not in (SCCRP, STOPCCN):
            return
        if packet.header.tunnel_id == 0 and self.find_tunnel(packet, source) is None:
            tunnel = self.new_tunnel(source)
            tunnel.peer_id = self.assigned_tunnel_id(packet)
            tunnel.channel.nr = 1
            tunnel.state = State.WAIT_CTL_CONN
            tunnel.opened_at = now
            tunnel.send("SCCRP", tunnel.introduction("SCCRP"))
            tunnel.flush(now)


@mutant("RFC2661-4.4.3-20", "an SCCRQ whose Assigned Tunnel ID cannot be read is accepted")
class AcceptsWithoutKnowingWhom(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if packet.message_type != SCCRQ or self.assigned_tunnel_id(packet):
            super().accept(packet, source, now)
            return
        tunnel = self.new_tunnel(source)
        tunnel.opened_at = now
        tunnel.channel.nr = 1
        tunnel.event(Event.SCCRQ, now)
        tunnel.flush(now)


# -- calls that are ended for nothing -----------------------------------------------------------


def disconnecting(message: str, *, goes_on: bool) -> type[Variant]:
    """A peer that answers a message about a call by a CDN. goes_on: and takes it all the same."""

    class Unwilling(CallControl):
        def call_event(self, session: Session, name: str, examined: Examined, now: float) -> None:
            if name != message:
                super().call_event(session, name, examined, now)
            elif goes_on:
                super().call_event(session, name, examined, now)
                session.refuse(Fault(INVALID_SESSION, f"no {name}, please"))
                session.send_cdn()
                session.refusal = None
            else:
                session.refuse(Fault(INVALID_SESSION, f"no {name}, please"))
                session.handle(CallEvent.LOCAL_CLOSE, now)

    return with_calls(Unwilling)


CONNECTING: Final = (
    ("ICCN", "6.8-02", LNS),
    ("OCCN", "6.11-01", LNS),
    ("OCRP", "6.10-01", LNS),
    ("ICRP", "7.4.1-S05", LAC),
)
"""A message that goes on with a call, a row about it, and who receives it."""

for _message, _row, _roles in CONNECTING:
    add(
        f"{_message.lower()}-answered-by-a-cdn",
        disconnecting(_message, goes_on=False),
        f"RFC2661-{_row}",
        f"{_message} is answered by a CDN",
        roles=_roles,
        broad=True,
    )
add(
    "iccn-answered-by-an-idle-cdn",
    disconnecting("ICCN", goes_on=True),
    "RFC2661-6.8-02",
    "ICCN is answered by a CDN, and the call goes on",
    roles=LNS,
    broad=True,
)


def tiring(after: int, result: int) -> type[Variant]:
    """A peer that refuses all calls after so many, whatever has become of those."""

    class Tired(CallControl):
        requests = 0

        def judge_request(
            self, tunnel: Tunnel, name: str, kind: object, examined: Examined
        ) -> Fault | None:
            self.requests += 1
            if self.requests > after:
                return Fault(0, "that is enough for today", result=result)
            return super().judge_request(tunnel, name, kind, examined)  # type: ignore[arg-type]

    return with_calls(Tired)


for _after, _roles in ((1, BOTH), (8, LAC), (9, LNS), (11, LNS), (40, LNS), (41, LNS), (48, LNS)):
    add(
        f"no-call-after-{_after}",
        tiring(_after, ADMINISTRATIVE),
        "RFC2661-6.12-02",
        f"calls are refused after the first {_after}, though these have ended",
        roles=_roles,
        broad=True,
    )


class Erring(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if examined.message is not None and examined.message.name == "CDN":
            tunnel.close(Fault(INVALID_SESSION, "which call is that?"), now)
        else:
            super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-6.12-01", "a CDN ends the whole tunnel for a general error", broad=True)
class CdnIsAnErrorOfTheTunnel(with_calls(Erring)):  # type: ignore[misc]
    pass


class ErringLater(Erring):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        tunnel.flush(now)
        super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-6.12-01", "a CDN is acknowledged, and ends the whole tunnel for an error")
class CdnIsAnErrorLater(with_calls(ErringLater)):  # type: ignore[misc]
    pass
