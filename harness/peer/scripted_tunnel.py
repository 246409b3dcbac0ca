"""One tunnel of the scripted peer: what a script sends on it, and what arrives on it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.peer.channel import HALF, MODULUS, Arrival, Channel, after
from harness.peer.examine import Examined, examine
from harness.peer.made import Made
from harness.peer.made_octets import names_tunnel, with_nr
from harness.peer.message_types import HELLO
from harness.peer.network import Address, Link
from harness.peer.observed import VERSION, Observed
from harness.peer.site import ScriptSite
from harness.wire import Packet, Parsed, build, parse, zlb

Octets = Callable[[Packet], bytes]
"""Makes the octets of a message, once its Ns and Nr are known."""

_NAMING: Final = frozenset({"SCCRQ", "SCCRP", "StopCCN"})
"""Messages that carry the id by which their sender knows the tunnel (6.1, 6.2, 6.4)."""

_NEWS: Final = frozenset({"SLI", "WEN"})
"""News about a call, which may come at any time and answer nothing (6.13, 6.14)."""


@dataclass(slots=True, eq=False)
class ScriptedSession:
    """A session of the script: our id, and the other side's once it has assigned one.

    counted: it is one of many that were asked for at once, and nothing has been done with it since.
    """

    name: str
    local_id: int
    peer_id: int = 0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it went out last. numbered: whether a copy of it gets a fresh Nr."""

    data: bytes
    link: Link
    numbered: bool = True
    made: Made = Made.REGULAR


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A message on the reliable channel, and how it is sent each time."""

    name: str
    octets: Octets
    link: Link
    made: Made


@dataclass(slots=True, eq=False)
class ScriptedTunnel:
    """A tunnel of the script.

    inbox: messages in order that no step has consumed yet. ended: the StopCCN of the other side.
    sent_at, sent_ns, sent_frame: when the script's last message went out first, the Ns that an
    acknowledgement of it covers, and its frame, if it really went out. arrivals_before_send,
    strays_before_send: how many there were when it did. forgotten: the IUT was started anew since.
    """

    peer: ScriptSite
    name: str
    local_id: int
    remote: Address
    link: Link
    channel: Channel
    peer_id: int = 0
    secret: bytes | None = None
    hidden_with: bytes | None = None
    challenge: bytes | None = None
    peer_challenge: bytes | None = None
    peer_framing: int | None = None
    peer_bearer: int | None = None
    sessions: dict[str, ScriptedSession] = field(default_factory=dict)
    arrivals: list[Observed] = field(default_factory=list)
    inbox: list[Observed] = field(default_factory=list)
    ended: Observed | None = None
    last_sent: dict[str, Sent] = field(default_factory=dict)
    latest: bytes = b""
    sent_at: float = 0.0
    sent_ns: int = 0
    sent_frame: int | None = None
    arrivals_before_send: int = 0
    strays_before_send: int = 0
    bound: bool = False
    closed: bool = False
    forgotten: bool = False
    hello_ignored: bool = False
    acks_held: bool = False
    _early: dict[int, Observed] = field(default_factory=dict)
    _ahead: list[Observed] = field(default_factory=list)
    _misnumbered: list[Observed] = field(default_factory=list)
    _by_ns: dict[int, Observed] = field(default_factory=dict)
    _queued: deque[_Outgoing] = field(default_factory=deque)
    _numbered: dict[int, _Outgoing] = field(default_factory=dict)
    _sendings: int = 0
    _probe: int | None = None
    _probe_counts: bool = True
    _timer: asyncio.TimerHandle | None = None

    def session(self, name: str) -> ScriptedSession:
        """The session of that name; it gets an id of ours on first use."""
        if name not in self.sessions:
            self.sessions[name] = ScriptedSession(name, self.peer.next_session_id())
        return self.sessions[name]

    # -- sending -----------------------------------------------------------------------------

    def send(
        self,
        name: str,
        packet: Packet,
        octets: Octets = build,
        link: Link | None = None,
        made: Made = Made.REGULAR,
    ) -> None:
        """Send reliably: in sequence, with retransmission until it is acknowledged.

        octets: makes the datagram, each time anew, from the packet with the Ns and Nr of then.
        """
        self._mark()
        self._queued.append(_Outgoing(name, octets, link or self.link, made))
        self.channel.send(packet)
        self.flush()

    def send_once(
        self,
        name: str,
        packet: Packet,
        data: bytes,
        link: Link | None = None,
        made: Made = Made.ODD,
    ) -> None:
        """Send this datagram as it is, once.

        When it carries the next Ns, that number counts as used as soon as it is acknowledged.
        """
        sent = parse(data).packet
        is_control = sent is not None and sent.header.control
        ns = sent.header.ns if sent is not None and is_control else None
        if ns == self.channel.ns and not packet.is_zlb:
            self._probe = ns
            self._probe_counts = sent is not None and sent.header.version == VERSION
        if is_control or name != "data":
            # without an Ns of its own it stands where the next message would; without the L bit
            # what stands in the place of Ns may be anything
            unsure = ns is None or sent is None or sent.header.length is None
            self.sent_ns = self.channel.ns if unsure or ns is None else ns
        self._transmit(name, Sent(data, link or self.link, name != "raw", made))

    def resend(self, name: str) -> bool:
        """Send the last message of that name again, octet for octet but for a fresh Nr (5.8)."""
        if (sent := self.last_sent.get(name)) is None:
            return False
        fresh = sent.numbered and name != "SCCRQ"  # nothing comes before that can be acknowledged
        data = with_nr(sent.data, self.channel.acknowledged_nr) if fresh else sent.data
        packet = parse(data).packet
        if packet is not None and packet.header.control and packet.header.ns is not None:
            self.sent_ns = packet.header.ns
        self._transmit(name, Sent(data, sent.link, sent.numbered, sent.made.repeated))
        return True

    def _mark(self, at: float | None = None) -> None:
        """What came until now has nothing to do with what is sent now; `at`: by the channel."""
        self.sent_at = self.peer.now if at is None else at
        self.sent_frame = None
        self.arrivals_before_send = len(self.arrivals)
        self.strays_before_send = len(self.peer.strays)
        self._sendings += 1

    def _transmit(self, name: str, sent: Sent, at: float | None = None) -> None:
        self._mark(at)
        self.last_sent[name] = sent
        self.latest = sent.data
        this = self._sendings

        def went_out(number: int) -> None:
            if this == self._sendings and self.sent_frame is None:
                self.sent_frame = number

        self.peer.transmit(sent.link, sent.data, self.remote, went_out, sent.made)

    def flush(self) -> None:
        """Transmit what the channel has due, and set its timer."""
        if self.closed:
            return
        self.channel.tunnel_id = self.peer_id
        first, now = self.channel.ns, self.peer.now
        due = self.channel.poll(now)
        given = after(self.channel.ns, first)
        for packet in due:
            ns = packet.header.ns or 0
            if after(ns, first) < given:
                self._numbered[ns] = message = self._queued.popleft()
                self.sent_ns = ns
                sent = Sent(message.octets(packet), message.link, made=message.made)
                self._transmit(message.name, sent, now)
            elif ns in self._numbered:
                self._retransmit(ns, packet)
            else:
                self._acknowledge(packet.header.nr or 0)
        if self.channel.failed:
            self._queued.clear()
            self._numbered.clear()
            self._acknowledge_alone()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.channel.next_deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(deadline, self.peer.guard, self.flush)

    def _retransmit(self, ns: int, packet: Packet) -> None:
        message = self._numbered[ns]
        data = message.octets(packet)
        this = self._sendings

        def went_out(number: int) -> None:
            if this == self._sendings and self.sent_ns == ns and self.sent_frame is None:
                self.sent_frame = number  # the first transmission never went out

        self.peer.transmit(message.link, data, self.remote, went_out, message.made)

    def _acknowledge_alone(self) -> None:
        """What comes is acknowledged also after a message of ours was given up."""
        channel = self.channel
        if channel.ack_due and not channel.acks_held:
            channel.ack_due = False
            self._acknowledge(channel.nr)

    def _acknowledge(self, nr: int) -> None:
        # The Ns of what was sent once is in use, whether or not it will count in the end
        used = self._probe == self.channel.ns and self._probe_counts
        ns = (self.channel.ns + used) % MODULUS
        self.peer.transmit(self.link, build(zlb(self.peer_id, ns, nr)), self.remote)

    @property
    def is_named(self) -> bool:
        """Whether the script has told the other side its id of the tunnel."""
        return any(
            names_tunnel(sent.data, self.local_id)
            for name, sent in self.last_sent.items()
            if name in _NAMING
        )

    @property
    def is_named_plainly(self) -> bool:
        """Whether it has done so in a way that needs no deciphering."""
        return any(
            names_tunnel(sent.data, self.local_id, plainly=True)
            for name, sent in self.last_sent.items()
            if name in _NAMING
        )

    @property
    def asked_nobody(self) -> bool:
        """Whether what was sent last is for tunnel 0, although both sides have named theirs."""
        packet = parse(self.latest).packet if self.latest else None
        return bool(
            packet and packet.header.control and not packet.header.tunnel_id and self.peer_id
        )

    def came_before_send(self, observed: Observed) -> bool:
        """Whether a message had come when the script's last message went out."""
        before = self.arrivals[: self.arrivals_before_send]
        return bool(before) and observed.number <= before[-1].number

    def is_by_the_way(self, observed: Observed) -> bool:
        """Whether it answers nothing, or is news of a call, and shows no trace of what was sent."""
        news = observed.name in _NEWS and observed.header.session_id
        if not (observed.is_aside or news) or observed.arrival is not Arrival.IN_ORDER:
            return False
        before = [one.header.nr for one in self.arrivals[: self.arrivals_before_send]]
        return observed.header.nr == (before[-1] if before else 0)

    def resume_acks(self) -> None:
        """Acknowledge what has come while acknowledgements were held, if anything has."""
        due = self.channel.ack_due
        self.channel.resume_acks()
        self.channel.ack_due = due
        self.flush()

    @property
    def is_ending(self) -> bool:
        """Whether the script has sent what may well end the tunnel: a StopCCN, or a CDN."""
        return "StopCCN" in self.last_sent or "CDN" in self.last_sent

    def acknowledges(self, observed: Observed) -> bool:
        """Whether Nr covers what was sent last: the one before Nr, or 32767 before that (5.8)."""
        if self._queued or observed.parsed.packet is None:
            return False  # the window has kept it from being sent at all
        nr = observed.header.nr
        return nr is not None and 0 < after(nr, self.sent_ns) <= HALF

    # -- receiving ---------------------------------------------------------------------------

    def receive(self, number: int, source: Address, to: Address, parsed: Parsed) -> None:
        """Take a control message for this tunnel. to: which endpoint of ours it came to."""
        packet = parsed.packet
        assert packet is not None
        examined = None
        if not packet.is_zlb:
            examined = examine(self.peer.specification, packet, self.hidden_with)
        if packet.header.ns is None:
            self.arrivals.append(self._observed(number, source, to, parsed, examined, None))
            self._misnumbered.append(self.arrivals[-1])
            return
        if self._probe is not None and packet.header.nr == (self._probe + 1) % 65536:
            if self._probe == self.channel.ns:
                self.channel.take_slot()
            self._probe = None
        if self.hello_ignored and examined is not None and examined.number == HELLO:
            # Nr is cumulative: from here on nothing can be acknowledged without this HELLO
            self.channel.hold_acks()
        first = self.channel.nr
        arrival, ready = self.channel.receive(packet)
        observed = self._observed(number, source, to, parsed, examined, arrival)
        # what answers nothing is no part of what is held back: before all of it it would hold it up
        is_apart = (
            self.acks_held
            and not self.hello_ignored
            and observed.is_aside
            and packet.header.ns == first == self.channel.acknowledged_nr
        )
        self.arrivals.append(observed)
        if observed.name == "StopCCN" and self.ended is None:
            self.ended = observed
        if arrival is Arrival.AHEAD:
            self._ahead.append(observed)
            self._early[id(packet)] = observed
            kept = self.channel.early_packets()
            self._early = {key: one for key, one in self._early.items() if key in kept}
        elif arrival is Arrival.DUPLICATE:
            original = self._by_ns.get(packet.header.ns)
            if original is None or not observed.repeats(original):
                self._misnumbered.append(observed)
        for one in ready:
            delivered = observed if one is packet else self._early.pop(id(one), None)
            if delivered is not None:
                self._by_ns[delivered.header.ns or 0] = delivered
                self._deliver(delivered)
        for ns in [one for one in self._numbered if self._is_acknowledged(one)]:
            del self._numbered[ns]
        if is_apart:
            self.channel.resume_acks()
            self.flush()
            self.channel.hold_acks()
        self.flush()

    def _is_acknowledged(self, ns: int) -> bool:
        return after(ns, self.channel.oldest_unacknowledged) >= HALF

    def out_of_sequence(self) -> list[Observed]:
        """Messages that came but cannot be delivered, in the order in which they came.

        They have no Ns, that of another message, or one before which others are missing.
        """
        missing = [one for one in self._ahead if after(one.header.ns or 0, self.channel.nr) < HALF]
        return sorted([*self._misnumbered, *missing], key=lambda one: one.number)

    def _observed(
        self,
        number: int,
        source: Address,
        to: Address,
        parsed: Parsed,
        examined: Examined | None,
        arrival: Arrival | None,
    ) -> Observed:
        return Observed(number, self.peer.heard_at, source, to, parsed, examined, arrival)

    def _deliver(self, observed: Observed) -> None:
        examined = observed.examined
        if examined is not None and examined.message is not None:
            self._learn(observed, examined)
        self.inbox.append(observed)

    def _learn(self, observed: Observed, examined: Examined) -> None:
        """Take the ids, the window and the challenge that the other side names."""
        tunnel_id = examined.integer("assigned_tunnel_id")
        name = observed.name
        if name == "StopCCN" and not self.peer_id:
            self.remote = observed.source  # what it refuses by may come from another port (8.1)
        if tunnel_id and not self.peer_id:
            self.peer_id = tunnel_id
        if name in {"SCCRQ", "SCCRP"}:
            window = examined.integer("receive_window_size")
            if window is not None:
                self.channel.set_peer_window(window)
            self.peer_challenge = examined.octets.get("challenge")
            self.peer_framing = examined.integer("framing_capabilities")
            self.peer_bearer = examined.integer("bearer_capabilities")
            if observed.source != self.remote:
                self.remote = observed.source
        session_id = examined.integer("assigned_session_id")
        if session_id and observed.header.session_id:
            for session in self.sessions.values():
                if session.local_id == observed.header.session_id and not session.peer_id:
                    session.peer_id = session_id

    def close(self) -> None:
        """Stop the timer; nothing is sent any more."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
