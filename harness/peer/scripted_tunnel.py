"""One tunnel of the scripted peer: what a script sends on it, and what arrives on it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from harness.peer.channel import Arrival, Channel, after
from harness.peer.examine import Examined, examine
from harness.peer.network import Address, Link
from harness.peer.observed import Observed
from harness.wire import Packet, Parsed, build

if TYPE_CHECKING:
    from harness.peer.scripted import ScriptedPeer

SCCRQ: Final = 1
HELLO: Final = 6


@dataclass(slots=True, eq=False)
class ScriptedSession:
    """A session of the script: our id, and the other side's once it has assigned one."""

    name: str
    local_id: int
    peer_id: int = 0


@dataclass(slots=True, eq=False)
class ScriptedTunnel:
    """A tunnel of the script. `inbox`: messages in order that no step has consumed yet."""

    peer: ScriptedPeer
    name: str
    local_id: int
    remote: Address
    link: Link
    channel: Channel
    peer_id: int = 0
    secret: bytes | None = None
    challenge: bytes | None = None
    peer_challenge: bytes | None = None
    sessions: dict[str, ScriptedSession] = field(default_factory=dict)
    arrivals: list[Observed] = field(default_factory=list)
    inbox: deque[Observed] = field(default_factory=deque)
    last_sent: dict[str, Packet] = field(default_factory=dict)
    sent_at: float = 0.0
    sent_ns: int = 0
    arrivals_before_send: int = 0
    bound: bool = False
    closed: bool = False
    hello_ignored: bool = False
    _early: dict[int, Observed] = field(default_factory=dict)
    _probe: int | None = None
    _timer: asyncio.TimerHandle | None = None

    def session(self, name: str) -> ScriptedSession:
        """The session of that name; it gets an id of ours on first use."""
        if name not in self.sessions:
            self.sessions[name] = ScriptedSession(name, self.peer.next_session_id())
        return self.sessions[name]

    # -- sending -----------------------------------------------------------------------------

    def send(self, name: str, packet: Packet) -> None:
        """Send reliably: in sequence, with retransmission until it is acknowledged."""
        self.channel.tunnel_id = self.peer_id
        self._mark(name, packet._replace(header=packet.header._replace(ns=self.channel.ns)))
        self.channel.send(packet)
        self.flush()

    def send_once(self, name: str, packet: Packet, data: bytes, link: Link | None = None) -> None:
        """Send this datagram as it is, once.

        When it carries the next Ns, that number counts as used as soon as it is acknowledged.
        """
        self._mark(name, packet)
        if packet.header.ns == self.channel.ns and not packet.is_zlb:
            self._probe = self.channel.ns
        self.peer.transmit(link or self.link, data, self.remote)

    def resend(self, name: str) -> bool:
        """Send the last message of that name again, with the same Ns and a fresh Nr."""
        packet = self.last_sent.get(name)
        if packet is None:
            return False
        header = packet.header._replace(nr=self.channel.acknowledged_nr, tunnel_id=self.peer_id)
        again = packet._replace(header=header)
        self._mark(name, again)
        self.peer.transmit(self.link, build(again), self.remote)
        return True

    def _mark(self, name: str, packet: Packet) -> None:
        self.last_sent[name] = packet
        self.sent_at = self.peer.now
        self.sent_ns = packet.header.ns or 0
        self.arrivals_before_send = len(self.arrivals)

    def flush(self) -> None:
        """Transmit what the channel has due, and set its timer."""
        if self.closed:
            return
        self.channel.tunnel_id = self.peer_id
        for packet in self.channel.poll(self.peer.now):
            header = packet.header
            if not header.tunnel_id and packet.message_type != SCCRQ:
                header = header._replace(tunnel_id=self.peer_id)
            self.peer.transmit(self.link, build(packet._replace(header=header)), self.remote)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.channel.next_deadline()
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self.flush)

    def acknowledges(self, observed: Observed) -> bool:
        """Whether a datagram's Nr covers what was sent last."""
        nr = observed.header.nr
        return nr is not None and 0 < after(nr, self.sent_ns) < 32768

    # -- receiving ---------------------------------------------------------------------------

    def receive(self, number: int, source: Address, parsed: Parsed) -> None:
        """Take a control message for this tunnel."""
        packet = parsed.packet
        assert packet is not None
        examined = None if packet.is_zlb else examine(self.peer.specification, packet, self.secret)
        if packet.header.ns is None:
            self.arrivals.append(self._observed(number, source, parsed, examined, None))
            return
        if self._probe is not None and packet.header.nr == (self._probe + 1) % 65536:
            if self._probe == self.channel.ns:
                self.channel.take_slot()
            self._probe = None
        if self.hello_ignored and examined is not None and examined.number == HELLO:
            # Nr is cumulative: from here on nothing can be acknowledged without this HELLO
            self.channel.hold_acks()
        arrival, ready = self.channel.receive(packet)
        observed = self._observed(number, source, parsed, examined, arrival)
        self.arrivals.append(observed)
        if arrival is Arrival.AHEAD:
            self._early[id(packet)] = observed
            kept = self.channel.early_packets()
            self._early = {key: one for key, one in self._early.items() if key in kept}
        for one in ready:
            delivered = observed if one is packet else self._early.pop(id(one), None)
            if delivered is not None:
                self._deliver(delivered)
        self.flush()

    def _observed(
        self,
        number: int,
        source: Address,
        parsed: Parsed,
        examined: Examined | None,
        arrival: Arrival | None,
    ) -> Observed:
        return Observed(number, self.peer.now, source, self.link.local, parsed, examined, arrival)

    def _deliver(self, observed: Observed) -> None:
        examined = observed.examined
        if examined is not None and examined.message is not None:
            self._learn(observed, examined)
        self.inbox.append(observed)

    def _learn(self, observed: Observed, examined: Examined) -> None:
        """Take the ids, the window and the challenge that the other side names."""
        tunnel_id = examined.integer("assigned_tunnel_id")
        name = observed.name
        if tunnel_id and not self.peer_id:
            self.peer_id = tunnel_id
        if name in {"SCCRQ", "SCCRP"}:
            window = examined.integer("receive_window_size")
            if window is not None:
                self.channel.set_peer_window(window)
            self.peer_challenge = examined.octets.get("challenge")
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
