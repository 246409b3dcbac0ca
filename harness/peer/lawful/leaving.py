"""Lawful variants of how tunnels and calls come to an end: who is given up, what goes together."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar, cast

from harness.peer.channel import RetransmitPolicy
from harness.peer.lawful.base import add, lawful
from harness.peer.lawful.connection import CallByCall, ClosesWithItsCalls, Farewell
from harness.peer.lawful.delivery import AcksLater, AnswersLater, OldestOnly, deliberate
from harness.peer.lawful.patience import HangsUp
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LAC, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet, Value

# -- a peer that acknowledges nothing --------------------------------------------------------------


class CallByCallFarewell(CallByCall, Farewell):
    """Disconnects the calls of a tunnel that is given up, and closes it."""


@lawful("P-18", "a peer that acknowledges nothing is sent a CDN for each call, and a StopCCN")
class DisconnectsWhomItGivesUp(with_tunnel(CallByCallFarewell)):  # type: ignore[misc]
    pass


class CallsOnly(Tunnel):
    """Disconnects the calls of a tunnel that is given up, and says no more."""

    def vanish(self) -> None:
        if self.channel.failed and self.phase is Phase.OPEN:
            self.channel.failed = False
            self.channel.slow_start = False
            for session in self.sessions.values():
                if session.peer_id:
                    session.send_cdn()
            for packet in self.channel.poll(self.last_heard):
                self.endpoint.transmit(packet, self.address)
        super().vanish()


@lawful("P-18", "a peer that acknowledges nothing is sent a CDN for each call, and nothing else")
class DisconnectsTheCallsOfWhomItGivesUp(with_tunnel(CallsOnly)):  # type: ignore[misc]
    pass


# -- a tunnel that goes with its calls -------------------------------------------------------------


class Answering(AnswersLater):
    delay: ClassVar[float] = 0.3


add(
    "closes-with-the-last-call-slowly",
    "P-37 RFC2661-5.8-07",
    "the tunnel is closed with its last session, 300 ms later, and answers come as late",
    kind=deliberate(Answering, ClosesWithItsCalls),
)


class Impatient(HangsUp, ClosesWithItsCalls, CallByCall, Farewell):
    """A call without PPP is hung up, and the tunnel goes with it."""

    patience = 5.0


@lawful("P-37 RFC2661-5.6-01", "a call without PPP for 5 s is hung up, and the tunnel goes with it")
class HangsUpAndCloses(with_tunnel(Impatient)):  # type: ignore[misc]
    pass


class Ponderous(AcksLater, OldestOnly, AnswersLater):
    """Late in all that it does."""

    patience = 0.4
    delay = 0.7


add(
    "late-in-everything",
    "P-8 P-18 RFC2661-5.8-07 RFC2661-5.8-16",
    "acknowledgements, answers and called parties are late, the window is 1, and the oldest message"
    " alone is sent again, after 3 s",
    kind=deliberate(Ponderous, Farewell),
    receive_window=1,
    answers_after=2.0,
    retransmit=RetransmitPolicy(3.0, 12.0, 4),
)

# -- a tunnel that has ended -----------------------------------------------------------------------


class Ended(Tunnel):
    """Each message that comes in it when it has ended is answered (P-20)."""

    def answer(self, _packet: Packet) -> None:
        """Queue the answer to a message that comes too late."""
        self.send_stopccn()

    def handle_last(self, packet: Packet) -> None:
        super().handle_last(packet)
        stopped = self.endpoint.specification.messages["StopCCN"].type
        farewell = self.channel.has_waiting  # it has yet to be told of the end
        if self.peer_id and packet.message_type != stopped and not farewell:
            self.answer(packet)

    def vanish(self) -> None:
        super().vanish()
        self.channel.abandon()
        self.channel.failed = False

    def flush(self, now: float) -> None:
        super().flush(now)
        if self.phase is Phase.GONE:
            for packet in self.channel.poll(now):
                self.endpoint.transmit(packet, self.address)


class EndedForCalls(Ended):
    """A CDN answers what asks for a call in it."""

    def answer(self, packet: Packet) -> None:
        messages = self.endpoint.specification.messages
        if packet.message_type in {messages["ICRQ"].type, messages["OCRQ"].type}:
            theirs = self.examine(packet).integer("assigned_session_id")
            values: dict[str, Value] = {"result_code": {"result": 2, "error": 1}}
            self.send("CDN", {**values, "assigned_session_id": 1}, session_id=theirs or 0)


class AnswersInEndedTunnels(Variant):
    """Remembers tunnels that are gone, to answer in them."""

    tunnel_type = Ended
    remembered: ClassVar[int] = 64

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        self.ended().pop(local_id, None)
        return super().make_tunnel(local_id, address)

    def ended(self) -> OrderedDict[int, Tunnel]:
        """The latest tunnels that are gone."""
        if self._ended is None:
            self._ended = OrderedDict()
        return self._ended

    _ended: OrderedDict[int, Tunnel] | None = None

    def forget_tunnel(self, tunnel: Tunnel) -> None:
        super().forget_tunnel(tunnel)
        if not tunnel.peer_id:
            return  # it has lost a tie: what was never there has not ended
        self.ended()[tunnel.local_id] = tunnel
        if len(self.ended()) > self.remembered:
            self.ended().popitem(last=False)

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        gone = self.ended().get(packet.header.tunnel_id)
        if gone is not None and gone.address == source:
            return gone
        return super().find_tunnel(packet, source)


add(
    "answers-in-ended-tunnels",
    "P-20",
    "each message in a tunnel that has ended is answered by a StopCCN",
    kind=AnswersInEndedTunnels,
)
add(
    "refuses-calls-in-ended-tunnels",
    "P-20",
    "a call that is asked for in a tunnel that has ended is answered by a CDN",
    kind=type("RefusesCalls", (AnswersInEndedTunnels,), {"tunnel_type": EndedForCalls}),
)

# -- a tunnel that is wanted -----------------------------------------------------------------------

_MOST: int = 4


class Wanted(Tunnel):
    """A tunnel that this side has opened, and opens again when it is lost."""

    missed = False

    def linger(self, now: float) -> None:
        super().linger(now)
        self.miss(now)

    def flush(self, now: float) -> None:
        super().flush(now)
        if self.phase is Phase.GONE and self.channel.failed:
            self.miss(now)

    def miss(self, now: float) -> None:
        """It is gone."""
        if self.originator and not self.missed:
            self.missed = True
            cast(OpensAgain, self.endpoint).want(self.address, now)


class OpensAgain(Variant):
    """What it has opened and lost is opened again `after` seconds later, with a call in it."""

    tunnel_type = Wanted
    after: ClassVar[float]
    wanted: tuple[float, Address] | None = None
    opened = 0

    def want(self, address: Address, now: float) -> None:
        """Open a tunnel to there soon."""
        if self.opened < _MOST and self.wanted is None:
            self.opened += 1
            self.wanted = now + self.after, address

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), self.wanted[0] if self.wanted else None]
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        wanted, self.wanted = self.wanted, None
        super().tick(now)
        if wanted is not None and wanted[0] <= now:
            tunnel = self.open_tunnel(wanted[1], now)
            if self.config.role is Role.LAC:
                self.call(tunnel, now, "5551234")
        else:
            self.wanted = self.wanted or wanted


for _milliseconds in (500, 3000):
    add(
        f"opens-again-after-{_milliseconds}-ms",
        "RFC2661-6.1-01 RFC2661-5.2-01",
        f"a tunnel that it has opened and lost is opened again {_milliseconds} ms later",
        roles=LAC,
        kind=type("OpensSoon", (OpensAgain,), {"after": _milliseconds / 1000}),
    )


class FromAnotherPort(Variant):
    """Opens its tunnels from another port than the one at which it is called (8.1)."""

    two_ports = True

    def answers_a_caller(self, to: Address) -> bool:
        return any(one.originator and one.address == to for one in self.tunnels.values())


add(
    "dials-from-another-port",
    "RFC2661-8.1-02",
    "it opens its tunnels from another port than the one at which it is called",
    kind=FromAnotherPort,
)
