"""A reference LAC or LNS without I/O: datagrams and the time go in, datagrams come out.

It finds the tunnel of each message, opens tunnels for SCCRQs, resolves collisions (4.4.3), and
keeps its memory bounded whatever arrives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from harness.peer.agenda import Agenda
from harness.peer.call import CallEvent
from harness.peer.calls import CallControl
from harness.peer.channel import Channel
from harness.peer.config import MAXIMUM_ID, PeerConfig
from harness.peer.control_connection import Event, State
from harness.peer.examine import GENERAL_ERROR, NO_RESOURCES, VENDOR_ERROR, Fault, examine
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import SHUTTING_DOWN, Phase, Tunnel
from harness.spec.model import Role, Specification
from harness.wire import Packet, Value, build, parse

VERSION_2 = 2


def _quiet(_text: str) -> None:
    """Nobody listens."""


class Load(NamedTuple):
    """What an endpoint keeps at a moment, in numbers of things.

    addressed: tunnels that can be found by their peer's id. pending: messages in all channels.
    appointments: deadlines noted down, those that have been overtaken included.
    """

    tunnels: int
    addressed: int
    sessions: int
    waiting: int
    pending: int
    outgoing: int
    appointments: int


class Endpoint:
    """One L2TP endpoint with any number of tunnels.

    After every call that takes the time, `outgoing` has the datagrams to send, and
    `next_deadline` says when `tick` has to be called at the latest.
    """

    def __init__(
        self,
        specification: Specification,
        config: PeerConfig,
        *,
        chance: random.Random | None = None,
        log: Callable[[str], None] = _quiet,
    ) -> None:
        self.specification = specification
        self.config = config
        self.random = chance or random.SystemRandom()
        self.log = log
        self.tunnels: dict[int, Tunnel] = {}
        self.calls = self.make_calls()
        self.data_messages = 0
        self._by_peer: dict[tuple[Address, int], Tunnel] = {}
        self._outgoing: list[tuple[bytes, Address]] = []
        self._agenda = Agenda()
        self._serial = self.random.randrange(1, 1 << 16)

    # -- for those who want it to behave otherwise --------------------------------------------

    def make_calls(self) -> CallControl:
        """What handles call messages."""
        return CallControl(self)

    def make_channel(self) -> Channel:
        """The reliable channel of a new tunnel."""
        return Channel(self.config.retransmit, receive_window=self.config.receive_window)

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        """A new tunnel."""
        return Tunnel(self, local_id, address, self.make_channel())

    two_ports: ClassVar[bool] = False
    """Whether it answers from another port than the one at which it is called (8.1)."""

    def answers_a_caller(self, to: Address) -> bool:
        """Whether what goes there answers somebody who has called, where that matters."""
        del to
        return False

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        """A new session."""
        return Session(tunnel, kind, local_id)

    # -- output ------------------------------------------------------------------------------

    def outgoing(self) -> list[tuple[bytes, Address]]:
        """The datagrams to send, in order; each is handed over once."""
        out, self._outgoing = self._outgoing, []
        return out

    def transmit(self, packet: Packet, to: Address) -> None:
        """Put a packet on its way."""
        self._outgoing.append((build(packet), to))

    def next_deadline(self) -> float | None:
        """When `tick` has to be called; None when nothing is waited for."""
        return self._agenda.next()

    @property
    def idle(self) -> bool:
        """Whether all that was sent has been acknowledged."""
        return all(tunnel.channel.idle for tunnel in self.tunnels.values())

    def load(self) -> Load:
        """How much it keeps now; none of it grows without bound, whatever the peers send."""
        tunnels = self.tunnels.values()
        return Load(
            tunnels=len(tunnels),
            addressed=len(self._by_peer),
            sessions=sum(len(tunnel.sessions) for tunnel in tunnels),
            waiting=sum(len(tunnel.waiting) + len(tunnel.ringing) for tunnel in tunnels),
            pending=sum(tunnel.channel.pending for tunnel in tunnels),
            outgoing=len(self._outgoing),
            appointments=len(self._agenda),
        )

    def schedule(self, tunnel: Tunnel) -> None:
        """Look at a tunnel when its next deadline comes."""
        self._agenda.note(tunnel)

    def tick(self, now: float) -> None:
        """Do all that is due."""
        tunnels: list[Tunnel] = []
        while (due := self.next_deadline()) is not None and due <= now:
            tunnels.append(self._agenda.take())
        for tunnel in tunnels:
            tunnel.tick(now)
            if tunnel.phase is not Phase.GONE:
                self.schedule(tunnel)

    # -- input -------------------------------------------------------------------------------

    def refused(self, by: Address, now: float) -> None:
        """Take the news that nobody is at an address, as an ICMP error tells it.

        It is no proof of anything: retransmission finds out in its own time (5.8).
        """

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Take a datagram. One with a malformed header is discarded (3.1, 7.1)."""
        parsed = parse(data)
        packet = parsed.packet
        if packet is None or not self.acceptable_header(packet, len(data)):
            self.log(f"discarded: {'; '.join(defect.text for defect in parsed.defects)}")
            return
        if not packet.header.control:
            self.take_data(packet, source, now)
            return
        tunnel = self.find_tunnel(packet, source)
        if tunnel is not None:
            tunnel.receive(packet, now)
        elif packet.header.tunnel_id == 0 and packet.message_type == self._type("SCCRQ"):
            self.accept(packet, source, now)
        else:
            self.log(f"discarded: no tunnel {packet.header.tunnel_id}")

    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        """Take a data message; the peer that sent it lives, so no HELLO is needed (5.5)."""
        self.data_messages += 1
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        if tunnel is not None and source == tunnel.address:
            tunnel.last_heard = now
            tunnel.take_data(packet, now)

    def acceptable_header(self, packet: Packet, size: int) -> bool:
        """Whether the header is one that this document describes; reserved bits are ignored."""
        header = packet.header
        if header.version != VERSION_2:
            return False
        if header.length is not None and not header.size <= header.length <= size:
            return False
        if not header.control:
            return True
        return (
            header.length is not None
            and header.ns is not None
            and header.offset_size is None
            and not header.priority
        )

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        """The tunnel of a control message, or None.

        Tunnel ID 0: the Assigned Tunnel ID AVP says which (4.4.3), as in a repeated SCCRQ.
        """
        tunnel_id = packet.header.tunnel_id
        if tunnel_id:
            tunnel = self.tunnels.get(tunnel_id)
            if tunnel is None or not self.from_its_peer(tunnel, source):
                return None
            return tunnel
        if packet.message_type not in (self._type("SCCRQ"), self._type("StopCCN")):
            return None
        tunnel = self._by_peer.get((source, self.assigned_tunnel_id(packet)))
        if tunnel is None or packet.message_type != self._type("SCCRQ"):
            return tunnel
        return None if self.reused(tunnel, packet) else tunnel

    def reused(self, tunnel: Tunnel, packet: Packet) -> bool:
        """Whether an SCCRQ is a new one that has the id of a tunnel which is closed already.

        It is the old one sent again only if nothing came after that and its AVPs are the same.
        """
        if tunnel.phase is Phase.OPEN or tunnel.request is None:
            return False
        return tunnel.channel.nr != 1 or hash(packet.avps) != tunnel.request

    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        """Whether a message comes from where the tunnel's peer is (8.1).

        The responder may answer from another port; from then on that one counts.
        """
        if source == tunnel.address:
            return True
        if tunnel.state is State.WAIT_CTL_REPLY and source[0] == tunnel.address[0]:
            tunnel.address = source
            return True
        return False

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        """An SCCRQ that belongs to no tunnel yet."""
        if packet.header.ns != 0:
            self.log("discarded: an SCCRQ that is not the first message")
            return
        peer_id = self.assigned_tunnel_id(packet)
        goes_on, orphans = self.resolve_collision(packet, source, now)
        if not goes_on:
            self.log("SCCRQ discarded: it lost the collision")
            return
        if len(self.tunnels) >= self.config.max_tunnels:
            self.turn_away(peer_id, source)
            return
        tunnel = self.new_tunnel(source)
        tunnel.log(f"SCCRQ from {source[0]} port {source[1]}")
        tunnel.opened_at = now
        tunnel.request = hash(packet.avps)
        tunnel.peer_id = peer_id
        tunnel.found_by = (source, peer_id)
        self._by_peer[tunnel.found_by] = tunnel
        for session in orphans:
            tunnel.adopt(session)
        tunnel.receive(packet, now)

    def turn_away(self, peer_id: int, source: Address) -> None:
        """Refuse a tunnel without keeping anything of it: no resources (4.4.2)."""
        tunnel = self.make_tunnel(self._free_id(self.tunnels), source)
        tunnel.peer_id = peer_id
        tunnel.channel.nr = 1
        tunnel.refusal = Fault(NO_RESOURCES, "no tunnel left", result=GENERAL_ERROR)
        tunnel.send_stopccn()
        for answer in tunnel.channel.poll(0.0):
            self.transmit(answer, source)

    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        """Whether an SCCRQ goes on although this side has sent one to the same host (4.4.3).

        Gives the sessions too that waited for a tunnel of this side that is discarded for it. The
        lower tie-breaker wins, one side's only one wins, equal ones both lose, and where neither
        side has one there will be two tunnels.
        """
        ours = [
            tunnel
            for tunnel in self.tunnels.values()
            if tunnel.state is State.WAIT_CTL_REPLY and tunnel.address[0] == source[0]
        ]
        mine = self.config.tie_breaker
        theirs = examine(self.specification, packet, self.config.secret).octets.get("tie_breaker")
        if not ours or (mine is None and theirs is None):
            return True, []
        orphans: list[Session] = []
        if theirs is not None and (mine is None or theirs <= mine):
            for tunnel in ours:
                orphans += tunnel.waiting
                tunnel.event(Event.SCCRQ_TIE_LOST, now)
                tunnel.vanish()
        return mine is None or (theirs is not None and theirs < mine), orphans

    # -- ids ---------------------------------------------------------------------------------

    def new_tunnel(self, address: Address) -> Tunnel:
        """A tunnel with an unpredictable id (9.1)."""
        tunnel = self.make_tunnel(self._free_id(self.tunnels), address)
        self.tunnels[tunnel.local_id] = tunnel
        return tunnel

    def new_session(self, tunnel: Tunnel, kind: CallKind) -> Session:
        """A session with an unpredictable id (9.1)."""
        session = self.make_session(tunnel, kind, self.free_session_id(tunnel))
        tunnel.sessions[session.local_id] = session
        return session

    def next_serial(self) -> int:
        """A Call Serial Number for a request that is sent now: a call may have waited (4.4.4)."""
        self._serial += 1
        return self._serial

    def free_session_id(self, tunnel: Tunnel) -> int:
        """A session id that the tunnel does not use."""
        return self._free_id(tunnel.sessions)

    def _free_id(self, used: dict[int, Tunnel] | dict[int, Session]) -> int:
        while True:
            candidate = self.random.randint(1, MAXIMUM_ID)
            if candidate not in used:
                return candidate

    def forget_tunnel(self, tunnel: Tunnel) -> None:
        """Drop a tunnel that is gone."""
        self.tunnels.pop(tunnel.local_id, None)
        key = tunnel.found_by
        if key is not None and self._by_peer.get(key) is tunnel:
            del self._by_peer[key]

    # -- local requests ----------------------------------------------------------------------

    def open_tunnel(self, address: Address, now: float) -> Tunnel:
        """Open a control connection."""
        tunnel = self.new_tunnel(address)
        tunnel.originator = True
        tunnel.opened_at = tunnel.last_heard = now
        tunnel.event(Event.LOCAL_OPEN, now)
        tunnel.flush(now)
        return tunnel

    def call(self, tunnel: Tunnel, now: float, number: str = "") -> Session:
        """Place a call once the tunnel is open: incoming from a LAC, outgoing from an LNS."""
        if self.config.role is Role.LAC:
            session = self.new_session(tunnel, CallKind.LAC_INCOMING)
            opening = CallEvent.BEARER_RING
        else:
            session = self.new_session(tunnel, CallKind.LNS_OUTGOING)
            opening = CallEvent.LOCAL_OPEN
        session.number = number
        session.handle(opening, now)
        if tunnel.state is State.ESTABLISHED:
            tunnel.event(Event.LOCAL_OPEN, now)
        tunnel.flush(now)
        return session

    def hang_up(self, session: Session, now: float, fault: Fault | None = None) -> None:
        """Disconnect a call."""
        if fault is None and self.config.vendor_error:
            fault = Fault(VENDOR_ERROR, "line card 3 has lost its clock")
        if fault is not None:
            session.refuse(fault)
        session.handle(CallEvent.LOCAL_CLOSE, now)
        session.tunnel.flush(now)

    def shut_down(self, now: float) -> None:
        """Close all tunnels."""
        for tunnel in list(self.tunnels.values()):
            if tunnel.phase is Phase.OPEN and tunnel.state is not State.IDLE:
                tunnel.close(Fault(0, "shutting down", result=SHUTTING_DOWN), now)

    # -- reading ahead -----------------------------------------------------------------------

    def _type(self, name: str) -> int:
        return self.specification.messages[name].type

    def assigned_tunnel_id(self, packet: Packet) -> int:
        """The Assigned Tunnel ID of a message; 0 if it has none that can be read."""
        values: Value = examine(self.specification, packet, self.config.secret).values.get(
            "assigned_tunnel_id"
        )
        return values if isinstance(values, int) else 0
