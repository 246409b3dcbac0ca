"""One session of a reference peer: a call's state machine and its messages (RFC 2661 7.4, 7.5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from harness.peer import lac_incoming, lac_outgoing, lns_incoming, lns_outgoing
from harness.peer.call import CallAction, CallEvent, CallState, CallTable
from harness.peer.channel import Channel
from harness.peer.config import PeerConfig
from harness.peer.data import DataChannel
from harness.peer.examine import INVALID_SESSION, Examined, Fault
from harness.peer.line import Line
from harness.peer.network import Address
from harness.peer.ppp import PppEnd
from harness.peer.proxy import AVPS, SECRETS, Begun, begun, is_complete, proxy_values
from harness.peer.site import Site
from harness.spec.model import Role
from harness.wire import Packet, Value

ADMINISTRATIVE = 3
"""CDN result code: disconnected for administrative reasons (4.4.2)."""
NO_FACILITIES_TEMPORARY = 4
NO_FACILITIES_PERMANENT = 5
INVALID_DESTINATION = 6
LOSS_OF_CARRIER = 1
NOT_ESTABLISHED_IN_TIME = 10

EVERY_CHARACTER = 0xFFFFFFFF
"""The ACCM by default: all control characters are escaped (4.4.6)."""


class CallKind(Enum):
    """Which of the four call state tables a session follows."""

    LAC_INCOMING = "LAC incoming call"
    LNS_INCOMING = "LNS incoming call"
    LAC_OUTGOING = "LAC outgoing call"
    LNS_OUTGOING = "LNS outgoing call"


TABLES: Final[Mapping[CallKind, CallTable]] = {
    CallKind.LAC_INCOMING: lac_incoming.TABLE,
    CallKind.LNS_INCOMING: lns_incoming.TABLE,
    CallKind.LAC_OUTGOING: lac_outgoing.TABLE,
    CallKind.LNS_OUTGOING: lns_outgoing.TABLE,
}

_HAS_A_MEANING: Final = frozenset({"sequencing_required", *AVPS})
"""Optional AVPs that bind their sender to something, and those that have to fit together."""

_SENT: Final[Mapping[CallAction, str]] = {
    CallAction.SEND_ICRQ: "ICRQ",
    CallAction.SEND_ICRP: "ICRP",
    CallAction.SEND_ICCN: "ICCN",
    CallAction.SEND_OCRQ: "OCRQ",
    CallAction.SEND_OCRP: "OCRP",
    CallAction.SEND_OCCN: "OCCN",
}


class Carrier(Protocol):
    """A tunnel as its sessions see it.

    ringing: calls that are being placed, and when that comes to an end. erring: calls with errors
    on their lines that the peer has not been told of.
    """

    @property
    def endpoint(self) -> Site:
        """Where the tunnel is at home."""

    @property
    def config(self) -> PeerConfig:
        """How this side behaves."""

    @property
    def channel(self) -> Channel:
        """The reliable channel of its messages."""

    address: Address
    peer_id: int
    peer_framing: int
    peer_bearer: int | None
    ringing: dict[Session, float]
    erring: dict[Session, None]

    def log(self, text: str) -> None:
        """Tell a person what happens."""

    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        """Queue a message."""

    def send_cdn(self, values: Mapping[str, Value], local_id: int, peer_id: int) -> None:
        """Queue a CDN; the peer's id of the call may become known before it is sent."""

    def when_open(self, session: Session) -> None:
        """Hand the session a tunnel-open event as soon as the tunnel is open."""

    def forget_session(self, session: Session) -> None:
        """Drop a session that has ended."""

    def flush(self, now: float) -> None:
        """Hand over all datagrams that are due."""


@dataclass(slots=True, eq=False)
class Session:
    """A call of a tunnel. `peer_id` is 0 until the peer has assigned its Session ID.

    framing, fastest: the Framing Type and the Maximum BPS of the OCRQ that asked for it, if any.
    proxied: whether the LAC has told how its LCP came out. begun: the authentication that it has
    passed on. last_word: the message by which this side has set it up, as it was queued.
    data, ppp: once it is established.
    """

    tunnel: Carrier
    kind: CallKind
    local_id: int
    peer_id: int = 0
    state: CallState = CallState.IDLE
    refusal: Fault | None = None
    number: str = ""
    framing: int = 0
    fastest: int | None = None
    sequencing: bool = False
    call_errors: Value = None
    accm: Value = None
    proxied: bool = False
    begun: Begun | None = None
    last_word: Packet | None = None
    line: Line = field(default_factory=Line)
    data: DataChannel | None = None
    ppp: PppEnd | None = None

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        """Take one row of the state table; an event that the table does not name is ignored."""
        if examined is not None:
            self._learn(examined)
        transition = TABLES[self.kind].get((self.state, event))
        if transition is None:
            self.tunnel.log(f"session {self.local_id}: {event} in {self.state} ignored")
            return
        self.state = transition.state
        for action in transition.actions:
            self.act(action, now)
        if self.state is CallState.ESTABLISHED and self.data is None:
            self.begin_data()
            if self.taken_over is not None and not self.taken_over.holds:
                self.turn_away(now)

    def _learn(self, examined: Examined) -> None:
        peer_id = examined.integer("assigned_session_id")
        if peer_id and not self.peer_id:
            self.peer_id = peer_id
        if "sequencing_required" in examined.values:
            self.sequencing = True
        self.proxied = self.proxied or is_complete(examined.octets)
        self.begun = self.begun or begun(examined.octets)

    def act(self, action: CallAction, now: float) -> None:
        """Do what the table says."""
        if action is CallAction.SEND_OCRQ and self.tunnel.peer_bearer is None:
            self.tunnel.log("no OCRQ to a LAC that sent no Bearer Capabilities (6.9)")
            self.state = CallState.IDLE
            self.tunnel.forget_session(self)
        elif action in _SENT:
            name = _SENT[action]
            values = self.message_values(name)
            self.sequencing = self.sequencing or "sequencing_required" in values
            self.last_word = self.tunnel.send(name, values, session_id=self.peer_id, hide=SECRETS)
        elif action is CallAction.SEND_CDN:
            self.send_cdn()
        elif action is CallAction.OPEN_TUNNEL:
            self.tunnel.when_open(self)
        elif action is CallAction.OPEN_BEARER:
            config = self.tunnel.config
            self.tunnel.ringing[self] = now + min(config.answers_after, config.rings_for)
        elif action is CallAction.CLEAN_UP:
            self.tunnel.forget_session(self)

    def send_cdn(self) -> None:
        """Disconnect the call, for the reason that was found or else an administrative one."""
        fault = self.refusal
        result = {"result": ADMINISTRATIVE} if fault is None else fault.result_code()
        values: dict[str, Value] = {"result_code": result, "assigned_session_id": self.local_id}
        values = {**self.details("CDN"), **values}
        self.tunnel.send_cdn(values, self.local_id, self.peer_id)

    def message_values(self, name: str) -> dict[str, Value]:
        """The AVPs of a call message that this side sends."""
        config = self.tunnel.config
        values: dict[str, Value] = {}
        if name in {"ICRQ", "ICRP", "OCRQ", "OCRP"}:
            values["assigned_session_id"] = self.local_id
        if name in {"ICRQ", "OCRQ"}:
            values["call_serial_number"] = self.tunnel.endpoint.next_serial()
        if name == "ICRQ":
            values["bearer_type"] = 1
            if self.number:
                values["called_number"] = self.number
        if name == "OCRQ":
            values["called_number"] = self.number or "5551234"
            values["bearer_type"] = self.tunnel.peer_bearer or 0
            values["framing_type"] = self.tunnel.peer_framing & 1 or self.tunnel.peer_framing
        if name in {"ICCN", "OCCN"}:
            framing = self.framing or self.tunnel.peer_framing
            values["framing_type"] = framing & 1 or framing
            values["tx_connect_speed"] = config.line_speed
            if self.fastest is not None:
                values["tx_connect_speed"] = min(config.line_speed, self.fastest)
            if config.rx_connect_speed is not None:
                values["rx_connect_speed"] = config.rx_connect_speed
            if config.sequencing_required:
                values["sequencing_required"] = None
        if name == "ICCN" and config.proxy is not None:
            values.update(proxy_values(config.proxy, self.tunnel.endpoint.random))
        return {**self.details(name), **values}

    def details(self, name: str) -> dict[str, Value]:
        """The optional AVPs of a message with the examples of the table, where they are wanted."""
        config = self.tunnel.config
        # the cause of 4.4.4 comes from the line, which an LNS does not have
        if not config.details or (name == "CDN" and config.role is Role.LNS):
            return {}
        specification = self.tunnel.endpoint.specification
        optional = specification.messages[name].optional
        return {
            avp: specification.avps[avp].example for avp in optional if avp not in _HAS_A_MEANING
        }

    # -- the line and what goes over it --------------------------------------------------------

    def end_ringing(self, now: float) -> None:
        """The called party has answered, or has been called for long enough (7.5.1)."""
        config = self.tunnel.config
        if config.answers_after <= config.rings_for:
            self.handle(CallEvent.BEARER_ANSWER, now)
        else:
            self.refuse(Fault(0, "nobody answers", result=NOT_ESTABLISHED_IN_TIME))
            self.handle(CallEvent.BEARER_FAILURE, now)

    def err(self, number: int, now: float) -> None:
        """So many errors happen on the line; the LNS is told if it has not been just now (6.13)."""
        if self.state is not CallState.ESTABLISHED:
            return
        self.line.errors(number)
        self.tunnel.erring[self] = None
        self.tell_errors(now)

    def tell_errors(self, now: float) -> None:
        """Send a WEN, if one is due."""
        due = self.line.due()
        if due is not None and now >= due:
            del self.tunnel.erring[self]
            counters: Value = {**self.line.tell(now)}
            self.tunnel.send("WEN", {"call_errors": counters}, session_id=self.peer_id)

    def begin_data(self) -> None:
        """The call is up: PPP may begin. That of a LAC waits until the LNS has begun."""
        config = self.tunnel.config
        is_lac = config.role is Role.LAC
        self.data = DataChannel(required=self.sequencing, follows=is_lac)
        if not config.ppp:
            return
        chance = self.tunnel.endpoint.random
        challenge = chance.randbytes(16) if config.authenticates_ppp and not is_lac else b""
        self.ppp = PppEnd(chance.randbytes(4), challenge, echoes=config.ppp_echoes)
        if not is_lac and (challenge or not self.proxied):
            self.send_data(self.ppp.request())
        if self.taken_over is not None:
            self.send_data(self.taken_over.reply())

    @property
    def taken_over(self) -> Begun | None:
        """The authentication with which an LNS goes on where the LAC has got to (4.4.5)."""
        config = self.tunnel.config
        anew = config.authenticates_ppp or not self.proxied
        return self.begun if config.takes_over and config.ppp and not anew else None

    def send_data(self, frame: bytes) -> None:
        """Send a PPP frame to the peer."""
        assert self.data is not None
        packet = self.data.wrap(frame, self.tunnel.peer_id, self.peer_id)
        self.tunnel.endpoint.transmit(packet, self.tunnel.address)

    def take_data(self, packet: Packet) -> None:
        """Hand a PPP frame from the peer to the end of the call, and its answers back."""
        if self.data is None or self.tunnel.channel.keeps(self.last_word):
            return  # the message that connects the call has not gone out yet (5.0)
        frame = self.data.unwrap(packet)
        if frame is None or self.ppp is None:
            return
        mask = self.ppp.accm
        for answer in self.ppp.take(frame):
            self.send_data(answer)
        if self.ppp.accm not in (mask, None) and self.tunnel.config.role is Role.LNS:
            accm: Value = {"send": self.ppp.accm, "receive": EVERY_CHARACTER}
            self.tunnel.send("SLI", {"accm": accm}, session_id=self.peer_id)

    def turn_away(self, now: float) -> None:
        """End the call of a client that has not proved who it is (RFC 1994 4.2)."""
        self.refusal = Fault(0, "the client is not let in", result=ADMINISTRATIVE)
        self.handle(CallEvent.LOCAL_CLOSE, now)

    def refuse(self, fault: Fault) -> None:
        """Remember why the next CDN is sent; the first reason counts."""
        if self.refusal is None:
            self.refusal = fault

    def out_of_sequence(self, name: str) -> Fault:
        """The reason of a CDN for a message that the state does not expect."""
        return Fault(INVALID_SESSION, f"{name} in state {self.state}")
