"""The reliable channel of RFC 2661 5.8 with the slow start of Appendix A; no I/O, no clock.

Rules of this file
- Time goes in as a number of seconds; packets to transmit come out of `poll`.
- A message is built again for each transmission, because Nr must be fresh while Ns stays.
- A ZLB takes no sequence number, is never acknowledged and never retransmitted.
- Whatever a hostile peer sends as Ns and Nr, no buffer grows beyond the receive window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from harness.wire import Packet, zlb

MODULUS = 65536
HALF = 32768
DEFAULT_WINDOW = 4
"""The window of a peer that sent no Receive Window Size AVP (4.4.3)."""


def after(number: int, reference: int) -> int:
    """How far `number` lies ahead of `reference`, modulo 65536: 0..65535."""
    return (number - reference) % MODULUS


@dataclass(frozen=True, slots=True)
class RetransmitPolicy:
    """When to send again, in seconds: 1, 2, 4, 8, 8 by default (5.8).

    first: wait before the first retransmission. cap: longest wait, not below 8.
    limit: retransmissions before the peer counts as unreachable.
    """

    first: float = 1.0
    cap: float = 8.0
    limit: int = 5

    def interval(self, transmissions: int) -> float:
        """How long to wait for an acknowledgement after so many transmissions (1 or more)."""
        return float(min(self.cap, self.first * 2 ** (min(transmissions, 32) - 1)))


class Arrival(Enum):
    """What a received control message is to the reliable channel."""

    ZLB = "zlb"
    IN_ORDER = "in order"
    DUPLICATE = "duplicate"
    AHEAD = "ahead"


@dataclass(slots=True)
class Outstanding:
    """A message that was sent and is not acknowledged. deadline: when it is sent again."""

    packet: Packet
    ns: int
    transmissions: int = 0
    deadline: float = 0.0
    held_back: bool = False


@dataclass(slots=True)
class Channel:
    """Sequence numbers, window and retransmission of one control connection, one side.

    ns: number of the next message to send. nr: number of the message expected next.
    receive_window: how far ahead of `nr` messages are kept for later.
    peer_window: how many messages the peer lets us have outstanding. waiting: what was never sent.
    outstanding: what is not acknowledged. early: by Ns, what came before its turn.
    """

    policy: RetransmitPolicy = field(default_factory=RetransmitPolicy)
    receive_window: int = DEFAULT_WINDOW
    peer_window: int = DEFAULT_WINDOW
    slow_start: bool = True
    ns: int = 0
    nr: int = 0
    tunnel_id: int = 0
    failed: bool = False
    ack_due: bool = False
    acks_held: bool = False
    silent: bool = False
    _held_nr: int = 0
    waiting: deque[Packet] = field(default_factory=deque)
    outstanding: deque[Outstanding] = field(default_factory=deque)
    early: dict[int, Packet] = field(default_factory=dict)
    _congestion_window: int = 1
    _threshold: int = DEFAULT_WINDOW
    _acks_until_wider: int = 0

    # -- sending -----------------------------------------------------------------------------

    def send(self, packet: Packet) -> None:
        """Queue a message; its ids stay as given, Ns and Nr are filled in on transmission."""
        self.waiting.append(packet)

    @property
    def idle(self) -> bool:
        """Whether everything that was sent has been acknowledged."""
        return not self.outstanding and not self.waiting

    @property
    def has_waiting(self) -> bool:
        """Whether something is queued that was never sent."""
        return bool(self.waiting)

    def keeps(self, packet: Packet | None) -> bool:
        """Whether this very message, as it was queued, was never sent."""
        return any(waiting is packet for waiting in self.waiting)

    @property
    def pending(self) -> int:
        """How many messages are queued, unacknowledged or kept for later."""
        return len(self.waiting) + len(self.outstanding) + len(self.early)

    @property
    def oldest_unacknowledged(self) -> int:
        """The Ns from which on nothing has been acknowledged."""
        return self.outstanding[0].ns if self.outstanding else self.ns

    @property
    def acknowledged_nr(self) -> int:
        """The Nr to put into a message: frozen while acknowledgements are held back."""
        return self._held_nr if self.acks_held else self.nr

    def set_peer_window(self, window: int) -> None:
        """Take the peer's Receive Window Size. 0 is invalid (5.8) and counts as 1."""
        self.peer_window = max(1, window)
        self._threshold = self.peer_window

    def hold_acks(self) -> None:
        """Freeze Nr and send no acknowledgement until `resume_acks`."""
        self._held_nr = self.acknowledged_nr
        self.acks_held = True

    def resume_acks(self) -> None:
        """Acknowledge everything received so far on the next `poll`, if there is anything."""
        self.acks_held = False

    def take_slot(self) -> int:
        """Use up one sequence number for a message sent outside of the channel; gives its Ns."""
        ns = self.ns
        self.ns = (self.ns + 1) % MODULUS
        return ns

    def amend(self, change: Callable[[Packet], Packet]) -> None:
        """Change what is queued and was never sent."""
        self.waiting = deque(change(packet) for packet in self.waiting)

    def give_up(self) -> None:
        """Count the peer as unreachable: nothing is sent any more."""
        self.failed = True
        self.abandon()

    def withdraw(self, unwanted: Callable[[Packet], bool] = lambda _: True) -> None:
        """Forget what is queued and was never sent, all of it or what is unwanted by now."""
        self.waiting = deque(packet for packet in self.waiting if not unwanted(packet))

    def abandon(self) -> None:
        """Forget what is queued or unacknowledged, as if it had never been important."""
        self.waiting.clear()
        self.outstanding.clear()

    @property
    def _allowed(self) -> int:
        if not self.slow_start:
            return self.peer_window
        return min(self.peer_window, self._congestion_window)

    def poll(self, now: float) -> list[Packet]:
        """What has to be transmitted now: retransmissions, new messages, then a bare ZLB if due."""
        if self.failed:
            return []
        out: list[Packet] = []
        allowed = self._allowed
        for index, sent in enumerate(self.outstanding):
            if index >= allowed:
                break
            if sent.deadline > now:
                continue
            if sent.transmissions > self.policy.limit:
                self.give_up()
                return out
            if index == 0 and not sent.held_back:
                self.meet_congestion()
                allowed = self._allowed
            out.append(self.transmit(sent, now))
        while self.waiting and len(self.outstanding) < allowed:
            sent = Outstanding(self.waiting.popleft(), self.take_slot())
            self.outstanding.append(sent)
            out.append(self.transmit(sent, now))
        if self.ack_due and not self.acks_held:
            if not out:
                out.append(zlb(self.tunnel_id, self.ns, self.nr))
            self.ack_due = False
        return [] if self.silent else out

    def meet_congestion(self) -> None:
        """Take a message that was not acknowledged in time for a sign of congestion (A)."""
        self._threshold = max(1, self._congestion_window // 2)
        self._congestion_window = self._acks_until_wider = 1
        # What the narrow window keeps from being sent again in time is no further congestion.
        for sent in self.outstanding:
            sent.held_back = True

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        """The packet as it goes out this time, with the Nr of now."""
        sent.transmissions += 1
        sent.held_back = False
        sent.deadline = now + self.policy.interval(sent.transmissions)
        header = sent.packet.header._replace(ns=sent.ns, nr=self.acknowledged_nr)
        return sent.packet._replace(header=header)

    def next_deadline(self) -> float | None:
        """When `poll` has to be called again at the latest; None when nothing is outstanding."""
        if self.failed:
            return None
        allowed = self._allowed
        due = [sent.deadline for index, sent in enumerate(self.outstanding) if index < allowed]
        return min(due, default=None)

    # -- receiving ---------------------------------------------------------------------------

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        """Take a control message with Ns and Nr; gives its kind and what is now in order."""
        ns, nr = packet.header.ns or 0, packet.header.nr or 0
        self.take_acknowledgement(nr)
        if packet.is_zlb:
            return Arrival.ZLB, []
        self.ack_due = True
        ahead = after(ns, self.nr)
        if ahead >= HALF:
            return Arrival.DUPLICATE, []
        if ahead > 0:
            if ahead < self.receive_window:
                self.early.setdefault(ns, packet)
            return Arrival.AHEAD, []
        ready = [packet]
        self.nr = (self.nr + 1) % MODULUS
        while (early := self.early.pop(self.nr, None)) is not None:
            ready.append(early)
            self.nr = (self.nr + 1) % MODULUS
        return Arrival.IN_ORDER, ready

    def early_packets(self) -> frozenset[int]:
        """The `id()` of each packet that is kept for later because one before it is missing."""
        return frozenset(id(packet) for packet in self.early.values())

    def take_acknowledgement(self, nr: int) -> None:
        """Forget what an Nr acknowledges."""
        in_flight = after(self.ns, self.oldest_unacknowledged)
        if after(nr, self.oldest_unacknowledged) > in_flight:
            return  # beyond what was sent, or older than what is known: says nothing
        progress = False
        while self.outstanding and self.outstanding[0].ns != nr:
            self.outstanding.popleft()
            progress = True
        if progress:
            self.widen()

    def widen(self) -> None:
        """Widen the window: by slow start at every acknowledgement, later at every window (A)."""
        if self._congestion_window >= self._threshold:
            self._acks_until_wider -= 1
            if self._acks_until_wider > 0:
                return
        self._congestion_window = min(self._congestion_window + 1, self.peer_window)
        self._acks_until_wider = self._congestion_window
