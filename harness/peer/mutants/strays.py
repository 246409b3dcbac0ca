"""Mutants that make something of a message for no tunnel or session of theirs (3.1, 7.2.1)."""

from __future__ import annotations

from typing import Final

from harness.peer import ppp
from harness.peer.call import CallEvent
from harness.peer.control_connection import State
from harness.peer.message_types import ICRQ, SCCCN, SCCRQ
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant, with_session, with_tunnel
from harness.wire import Header, Packet

HIGH: Final = 60000


def opening(message_type: int, state: State) -> type[Variant]:
    """A peer that takes such a message for tunnel 0 as one of a new tunnel in that state."""

    class Peer(Variant):
        def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
            found = super().find_tunnel(packet, source)
            stray = found is None and packet.header.tunnel_id == 0 and packet.header.ns == 0
            if not stray or packet.message_type != message_type:
                return found
            tunnel = self.new_tunnel(source)
            tunnel.state = state
            return tunnel

    return Peer


add(
    "stray-icrq-answered",
    opening(ICRQ, State.ESTABLISHED),
    "RFC2661-5.0-01",
    "an ICRQ for tunnel 0 begins a call",
    roles=LNS,
)
add(
    "stray-scccn-opens",
    opening(SCCCN, State.WAIT_CTL_CONN),
    "RFC2661-7.2.1-S05",
    "an SCCCN for tunnel 0 opens a tunnel",
)


@mutant("RFC2661-5.8-36", "an SCCRQ for a tunnel that nobody has takes a place")
class StraySccrqTakesPlace(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        stray = found is None and packet.header.tunnel_id and packet.message_type == SCCRQ
        if stray and len(self.tunnels) < self.config.max_tunnels:
            self.new_tunnel(source)
        return found


class Mindful(Variant):
    """A peer that remembers the Session ID of an ICRQ for tunnel 0."""

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        if found is None and packet.header.tunnel_id == 0 and packet.message_type == ICRQ:
            self.__dict__["remembered"] = 4711
        return found


class Heir(Tunnel):
    """A tunnel to which a call falls that was asked for outside of it."""

    def event(self, event: object, now: float) -> None:
        super().event(event, now)  # type: ignore[arg-type]
        if self.state is State.ESTABLISHED:
            wanted = self.endpoint.__dict__.pop("remembered", None)
            if wanted is not None:
                self.inherit(wanted)

    def inherit(self, wanted: int) -> None:
        """Take that call, of which only this id is known."""


def leaving_to(heir: type[Tunnel]) -> type[Variant]:
    """A peer with such tunnels."""

    class Peer(Mindful):
        tunnel_type = heir

    return Peer


class AsksItsPpp(Heir):
    def inherit(self, wanted: int) -> None:
        frame = ppp.frame(ppp.LCP, ppp.Code.ECHO_REQUEST, 1, bytes(4))
        header = Header(
            control=False, tunnel_id=self.peer_id, session_id=wanted, length=None, priority=True
        )
        self.endpoint.transmit(Packet(header, payload=frame), self.address)


class AnswersItsRequest(Heir):
    def inherit(self, wanted: int) -> None:
        self.send("ICRP", {"assigned_session_id": 1}, session_id=wanted)


class IsLostWithIt(Heir):
    lost: bool = False

    def inherit(self, wanted: int) -> None:
        self.lost = True

    def receive(self, packet: Packet, now: float) -> None:
        if not self.lost:
            super().receive(packet, now)


for _heir, _name, _told in (
    (AsksItsPpp, "echoes", "gets an Echo-Request for that call"),
    (AnswersItsRequest, "accepts", "gets the ICRP for that call"),
    (IsLostWithIt, "hangs", "hears nothing any more"),
):
    add(
        f"stray-icrq-{_name}-in-the-next-tunnel",
        leaving_to(_heir),
        "RFC2661-3.1-15",
        f"behind an ICRQ for tunnel 0 the tunnel that is opened next {_told}",
        roles=LNS,
    )


class DeafToHighIds(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        session_id = packet.header.session_id
        if session_id < HIGH or session_id in self.sessions:
            super().receive(packet, now)


@mutant("RFC2661-5.8-10", "what is about a session from 60000 on that nobody has is not heard")
class HighSessionIdUnheard(with_tunnel(DeafToHighIds)):  # type: ignore[misc]
    pass


class OneHalfOpen(Variant):
    """A peer for which a port has one tunnel that is not open yet."""

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        halves = [one for one in self.tunnels.values() if one.address == source]
        halves = [one for one in halves if one.state is State.WAIT_CTL_CONN]
        if halves:
            self.meet(halves[0], packet, now)
        else:
            super().accept(packet, source, now)

    def meet(self, half: Tunnel, packet: Packet, now: float) -> None:
        """Do something about an SCCRQ with another id."""


@mutant("RFC2661-5.0-04", "beside a tunnel that is not open yet an SCCRQ is not answered")
class HalfOpenBlocksPort(OneHalfOpen):
    pass


@mutant("RFC2661-5.0-04", "beside a tunnel that is not open yet an SCCRQ is refused")
class HalfOpenRefusesPort(OneHalfOpen):
    def meet(self, half: Tunnel, packet: Packet, now: float) -> None:
        self.turn_away(self.assigned_tunnel_id(packet), half.address)


@mutant("RFC2661-3.1-17", "beside a tunnel that is not open yet an SCCRQ is given the same id")
class HalfOpenIsGivenAgain(OneHalfOpen):
    def meet(self, half: Tunnel, packet: Packet, now: float) -> None:
        self.forget_tunnel(half)
        again = self.make_tunnel(half.local_id, half.address)
        self.tunnels[half.local_id] = again
        again.peer_id = self.assigned_tunnel_id(packet)
        again.receive(packet, now)


class Resentful(Session):
    """A session that answers a frame of PAP by a CDN also when it has ended."""

    def handle(self, event: CallEvent, now: float, examined: object = None) -> None:
        super().handle(event, now, examined)  # type: ignore[arg-type]
        if event is CallEvent.CDN:
            ended: dict[int, Session] = self.tunnel.endpoint.__dict__.setdefault("ended", {})
            ended[self.local_id] = self


@mutant("RFC2661-6.12-03", "PAP in a call that has ended is answered by a CDN", roles=LNS)
class PapAfterCdnAnswered(with_session(Resentful)):  # type: ignore[misc]
    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        frame = packet.payload.removeprefix(ppp.ADDRESS_AND_CONTROL)
        ended = self.__dict__.get("ended", {}).get(packet.header.session_id)
        if ended is None or not frame.startswith(ppp.PAP.to_bytes(2, "big")):
            super().take_data(packet, source, now)
            return
        ended.send_cdn()
        ended.tunnel.flush(now)
