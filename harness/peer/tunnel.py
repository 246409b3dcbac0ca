"""One tunnel of a reference peer: its reliable channel, its state machine, its sessions.

No I/O and no clock: `Endpoint` gives it messages and the time and takes its datagrams.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from harness.peer import control_connection as connection
from harness.peer.call import CallEvent
from harness.peer.call_queue import CallQueue
from harness.peer.channel import Arrival
from harness.peer.compose import OWN_AVP, compose
from harness.peer.concealing import conceal
from harness.peer.control_connection import Action, Event, State
from harness.peer.establishment import (
    VERSION_NOT_SUPPORTED,
    Establishment,
)
from harness.peer.examine import (
    UNKNOWN_MANDATORY_AVP,
    Examined,
    Fault,
    examine,
)
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.site import Site
from harness.wire import Packet, Value

GENERAL_REQUEST = 1
"""StopCCN result codes (4.4.2)."""
SHUTTING_DOWN = 6
STATE_MACHINE_ERROR = 7


class Phase(Enum):
    """Whether a tunnel works, only still acknowledges (5.7), or is gone."""

    OPEN = "open"
    CLOSING = "closing"
    GONE = "gone"


class CallHandler(Protocol):
    """What takes the messages about sessions."""

    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        """Take a message that is about a session of this tunnel."""


class TunnelSite(Site, Protocol):
    """An endpoint as a tunnel sees it."""

    @property
    def calls(self) -> CallHandler:
        """Where messages about sessions go."""

    def schedule(self, tunnel: Tunnel) -> None:
        """Look at the tunnel when its next deadline comes."""

    def forget_tunnel(self, tunnel: Tunnel) -> None:
        """Drop a tunnel that is gone."""

    def free_session_id(self, tunnel: Tunnel) -> int:
        """A session id that the tunnel does not use."""


@dataclass(slots=True, eq=False)
class Tunnel(Establishment):
    """A control connection with its sessions.

    `request`: a hash of the SCCRQ that opened it, None where this side did. `found_by`: the address
    and the peer's id in that SCCRQ, by which a copy of it is known. `ringing`: calls that are being
    placed, and when that comes to an end. `erring`: calls with errors on their lines that the peer
    has not been told of. `about_calls`: what is queued about calls. `on_agenda`: when the endpoint
    looks at it next.
    """

    endpoint: TunnelSite
    state: State = State.IDLE
    phase: Phase = Phase.OPEN
    sessions: dict[int, Session] = field(default_factory=dict)
    waiting: list[Session] = field(default_factory=list)
    ringing: dict[Session, float] = field(default_factory=dict)
    erring: dict[Session, None] = field(default_factory=dict)
    refusal: Fault | None = None
    last_heard: float = 0.0
    last_hello: float = 0.0
    opened_at: float = 0.0
    request: int | None = None
    found_by: tuple[Address, int] | None = None
    gone_at: float | None = None
    on_agenda: float | None = None
    originator: bool = False
    about_calls: CallQueue = field(init=False)

    def __post_init__(self) -> None:
        self.about_calls = CallQueue(self.channel)

    # -- sending -----------------------------------------------------------------------------

    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        """Queue a message of the spec table on the reliable channel; gives it as it is queued.

        hide: AVPs that are hidden if there is a secret to do it with (4.3).
        """
        endpoint = self.endpoint
        secret = self.config.secret
        self.channel.tunnel_id = self.peer_id
        packet = self.adapt(
            compose(
                endpoint.specification,
                name,
                values,
                tunnel_id=self.peer_id,
                session_id=session_id,
            )
        )
        if self.config.details and name in ("SCCRQ", "SCCRP"):
            packet = packet._replace(avps=(*packet.avps, OWN_AVP))
        if secret is not None and (hide or self.config.hides):
            packet = self.conceal(packet, secret, None if self.config.hides else hide)
        self.channel.send(packet)
        self.log(f"{name} queued")
        if self.channel.pending > self.config.max_pending:
            self.log("too many messages wait for the peer")
            self.channel.give_up()
        return packet

    def send_cdn(self, values: Mapping[str, Value], local_id: int, peer_id: int) -> None:
        """Queue a CDN; the peer's id of the call may become known before it is sent (4.4.4)."""
        self.about_calls.begin()
        packet = self.send("CDN", values, session_id=peer_id)
        if not peer_id:
            self.about_calls.await_id(local_id, packet)

    def adapt(self, packet: Packet) -> Packet:
        """The last look at a message before it is queued."""
        return packet

    def conceal(self, packet: Packet, secret: bytes, only: Collection[str] | None) -> Packet:
        """The packet with these AVPs hidden, or with all that may be."""
        return conceal(self.endpoint.specification, packet, secret, self.endpoint.random, only)

    def flush(self, now: float) -> None:
        """Hand over all datagrams that are due."""
        if self.phase is Phase.GONE:
            return
        for packet in self.channel.poll(now):
            self.endpoint.transmit(packet, self.address)
        if self.channel.failed:
            self.log("the peer does not acknowledge: tunnel cleared")
            self.vanish()
        else:
            self.endpoint.schedule(self)

    def next_deadline(self) -> float | None:
        """When `tick` has something to do at the latest."""
        times = [self.channel.next_deadline(), self.gone_at]
        if self.phase is Phase.OPEN:
            times += [self.hello_due(), self._overdue(), *self.ringing.values()]
            times += [session.line.due() for session in self.erring]
        return min((when for when in times if when is not None), default=None)

    def hello_due(self) -> float | None:
        """When a HELLO has to be sent; None: not while things are as they are (5.5)."""
        interval = self.config.hello_interval
        if interval is None or self.state is not State.ESTABLISHED or not self.channel.idle:
            return None
        return max(self.last_heard, self.last_hello) + interval

    def _overdue(self) -> float | None:
        # A peer that acknowledges but never goes on would otherwise keep its place for ever.
        if self.state is State.ESTABLISHED:
            return None
        return self.opened_at + self.config.set_up_within

    def tick(self, now: float) -> None:
        """Do what is due: HELLO, answers of called parties, the end of set-up or linger."""
        if self.gone_at is not None and now >= self.gone_at:
            self.vanish()
            return
        overdue = self._overdue() if self.phase is Phase.OPEN else None
        if overdue is not None and now >= overdue:
            self.close(Fault(0, "not established in time", result=GENERAL_REQUEST), now)
            return
        if self.phase is Phase.OPEN:
            for session, over_at in list(self.ringing.items()):
                if now >= over_at:
                    del self.ringing[session]
                    session.end_ringing(now)
            for session in list(self.erring):
                session.tell_errors(now)
            due = self.hello_due()
            if due is not None and now >= due:
                self.last_hello = now
                self.send("HELLO", {})
        self.flush(now)

    # -- receiving ---------------------------------------------------------------------------

    def receive(self, packet: Packet, now: float) -> None:
        """Take a control message that belongs to this tunnel."""
        self.last_heard = now
        arrival, ready = self.channel.receive(packet)
        if arrival is Arrival.DUPLICATE:
            self.log("duplicate acknowledged")
        for one in ready:
            if self.phase is Phase.OPEN:
                self.handle(one, now)
            else:
                self.handle_last(one)
        self.flush(now)

    def take_data(self, packet: Packet, now: float) -> None:
        """Take a data message, which is of no use outside of a session."""
        session = self.sessions.get(packet.header.session_id)
        if session is not None and self.phase is Phase.OPEN:
            session.take_data(packet)
            self.flush(now)

    def handle(self, packet: Packet, now: float) -> None:
        """Take the next message in sequence."""
        examined = self.examine(packet)
        for text in examined.ignored:
            self.log(f"ignored: {text}")
        if examined.message is None:
            self.unknown_message(examined, now)
        elif examined.message.name == "StopCCN":
            self.take_id(examined)
            self.event(Event.STOPCCN, now)
        elif examined.message.scope == "session":
            self.endpoint.calls.handle(self, packet, examined, now)
        elif examined.message.name == "HELLO":
            if examined.fault is not None:
                self.close(examined.fault, now)
        else:
            self.set_up(examined, now)

    def handle_last(self, packet: Packet) -> None:
        """Take a message in sequence when the tunnel is about to end already.

        Its sender's ids may be news. A StopCCN makes the one that is queued here superfluous (6.4).
        """
        examined = examine(self.endpoint.specification, packet, self.config.secret)
        if not self.peer_id:
            self.take_id(examined)
        name = examined.message.name if examined.message is not None else ""
        session_id = examined.integer("assigned_session_id")
        if name == "CDN":
            self.about_calls.drop(packet.header.session_id, session_id or 0)
        elif session_id:
            self.about_calls.take_id(packet.header.session_id, session_id)
        if name == "StopCCN":
            self.channel.withdraw()

    def unknown_message(self, examined: Examined, now: float) -> None:
        """A Message Type that nobody knows ends the tunnel when it is mandatory (4.4.1)."""
        if examined.fault is not None:
            self.close(examined.fault, now)
        elif examined.mandatory:
            text = f"unknown mandatory message type {examined.number}"
            self.close(Fault(UNKNOWN_MANDATORY_AVP, text), now)
        else:
            self.log(f"ignored: unknown message type {examined.number}")

    def set_up(self, examined: Examined, now: float) -> None:
        """SCCRQ, SCCRP or SCCCN: judge it and take the row of the table."""
        assert examined.message is not None
        name = examined.message.name
        accepted, refused = _SET_UP_EVENTS[name]
        expected = (self.state, accepted) in _PROPER
        if expected:
            if name != "SCCCN":
                self.learn(examined)
            self.refusal = self.judge(name, examined)
        else:
            text = f"{name} in state {self.state}"
            self.refusal = examined.fault or Fault(0, text, result=STATE_MACHINE_ERROR)
        self.event(refused if self.refusal else accepted, now)

    def event(self, event: Event, now: float) -> None:
        """Take one row of the state table."""
        transition = connection.TABLE.get((self.state, event))
        if transition is None:
            self.log(f"{event} in {self.state} ignored")
            return
        self.log(f"{self.state} -> {transition.state}: {event}")
        self.state = transition.state
        for action in transition.actions:
            self.act(action, now)
        if event is Event.STOPCCN:
            self.channel.abandon()
            self.linger(now)

    def act(self, action: Action, now: float) -> None:
        """Do what the table says."""
        if action is Action.SEND_SCCRQ:
            self.send("SCCRQ", self.introduction("SCCRQ"))
        elif action is Action.SEND_SCCRP:
            self.send("SCCRP", self.introduction("SCCRP"))
        elif action is Action.SEND_SCCCN:
            self.send("SCCCN", self.response("SCCCN"))
        elif action is Action.SEND_STOPCCN:
            self.send_stopccn()
            self.linger(now)
        elif action is Action.TUNNEL_OPEN:
            waiting, self.waiting = self.waiting, []
            for session in waiting:
                session.handle(CallEvent.TUNNEL_OPEN, now)
        elif action is Action.CLEAN_UP:
            self.sessions.clear()
            self.ringing.clear()
            self.erring.clear()

    # -- the end -----------------------------------------------------------------------------

    def close(self, fault: Fault | None, now: float) -> None:
        """End the tunnel from this side, telling the peer why."""
        self.refusal = fault
        # Idle and yet there is a tunnel: its SCCRQ has just come and cannot even be read.
        idle = self.state is State.IDLE
        self.event(Event.SCCRQ_REFUSED if idle else Event.ADMIN_CLOSE, now)
        self.flush(now)

    def send_stopccn(self) -> None:
        """Tell the peer that the tunnel ends, with the id that it got first (4.4.3)."""
        result: Value = {"result": GENERAL_REQUEST}
        if self.refusal is not None:
            result = self.refusal.result_code(VERSION_NOT_SUPPORTED)
        self.send("StopCCN", {"result_code": result, "assigned_tunnel_id": self.local_id})

    def linger(self, now: float) -> None:
        """Only acknowledge from now on, for a full retransmission cycle (5.7)."""
        self.phase = Phase.CLOSING
        self.gone_at = now + self.config.linger
        self.waiting.clear()

    def vanish(self) -> None:
        """Forget the tunnel without a word."""
        self.phase = Phase.GONE
        self.sessions.clear()
        self.waiting.clear()
        self.endpoint.forget_tunnel(self)

    # -- sessions ----------------------------------------------------------------------------

    def when_open(self, session: Session) -> None:
        """Hand the session a tunnel-open event as soon as the tunnel is open."""
        self.waiting.append(session)

    def adopt(self, session: Session) -> None:
        """Take over a session that waited for a tunnel which lost a collision."""
        session.tunnel = self
        if session.local_id in self.sessions:
            session.local_id = self.endpoint.free_session_id(self)
        self.sessions[session.local_id] = session
        self.waiting.append(session)

    def forget_session(self, session: Session) -> None:
        """Drop a session that has ended."""
        if self.sessions.get(session.local_id) is session:
            del self.sessions[session.local_id]
        if session in self.waiting:
            self.waiting.remove(session)
        self.ringing.pop(session, None)
        self.erring.pop(session, None)


_SET_UP_EVENTS = {
    "SCCRQ": (Event.SCCRQ, Event.SCCRQ_REFUSED),
    "SCCRP": (Event.SCCRP, Event.SCCRP_REFUSED),
    "SCCCN": (Event.SCCCN, Event.SCCCN_REFUSED),
}
_PROPER = frozenset(
    {
        (State.IDLE, Event.SCCRQ),
        (State.WAIT_CTL_REPLY, Event.SCCRP),
        (State.WAIT_CTL_CONN, Event.SCCCN),
    }
)
