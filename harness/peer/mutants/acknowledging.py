"""Mutants in what an Nr does, in gaps, and in what is sent again (5.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from harness.peer.channel import HALF, MODULUS, Arrival, Channel, Outstanding, after
from harness.peer.control_connection import State
from harness.peer.message_types import (
    HELLO,
    ICCN,
    ICRP,
    ICRQ,
    OCCN,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SCCRQ,
    SLI,
    STOPCCN,
    WEN,
)
from harness.peer.mutants.base import add
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_channel
from harness.spec.model import Role
from harness.wire import Packet


class AnyZlbAcknowledgesAll(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if packet.is_zlb:
            self.outstanding.clear()
        return super().receive(packet)


class OldNrAcknowledgesAll(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        if after(nr, self.oldest_unacknowledged) >= HALF:
            self.outstanding.clear()
        super().take_acknowledgement(nr)


class OldNrEndsTheTunnel(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        if after(nr, self.oldest_unacknowledged) >= HALF:
            self.give_up()
        super().take_acknowledgement(nr)


class NrBeyondEndsTheTunnel(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        if 0 < after(nr, self.ns) < HALF:
            self.give_up()
        super().take_acknowledgement(nr)


class NrBeyondMovesNs(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        if 0 < after(nr, self.ns) < HALF:
            self.outstanding.clear()
            self.ns = nr
        super().take_acknowledgement(nr)


class FirstAcknowledgedIsAll(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        one = bool(self.outstanding) and after(nr, self.oldest_unacknowledged) == 1
        super().take_acknowledgement(nr)
        if one:
            self.outstanding.clear()


class OneAcknowledgedAtATime(Channel):
    def take_acknowledgement(self, nr: int) -> None:
        oldest = self.oldest_unacknowledged
        if self.outstanding and 0 < after(nr, oldest) <= after(self.ns, oldest):
            self.outstanding.popleft()
            self.widen()


class NrOfMessagesUnread(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb:
            header = packet.header._replace(nr=self.oldest_unacknowledged)
            packet = packet._replace(header=header)
        return super().receive(packet)


class GapOfOneSkipped(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if not packet.is_zlb and after(packet.header.ns or 0, self.nr) == 1:
            self.nr = (self.nr + 1) % MODULUS
        return super().receive(packet)


TIE_BREAKER: Final = 5


CHANNELS: Final[Sequence[tuple[str, str, type[Channel]]]] = (
    ("5.8-15", "a ZLB acknowledges everything, whatever its Nr", AnyZlbAcknowledgesAll),
    ("5.8-15", "an Nr from long ago acknowledges everything", OldNrAcknowledgesAll),
    ("5.8-15", "an Nr from long ago ends the tunnel", OldNrEndsTheTunnel),
    ("5.8-15", "an Nr of what was never sent ends the tunnel", NrBeyondEndsTheTunnel),
    ("5.8-03", "an Nr of what was never sent becomes the next Ns", NrBeyondMovesNs),
    ("5.8-15", "an Nr that covers one message acknowledges all", FirstAcknowledgedIsAll),
    ("5.8-15", "only ZLBs acknowledge", NrOfMessagesUnread),
    ("5.8-10", "a message that is missing is acknowledged with the next", GapOfOneSkipped),
)


class _Forgetful(Channel):
    """Does not mind that a message of one type is never acknowledged."""

    minor = 0

    def give_up(self) -> None:
        if self.outstanding and self.outstanding[0].packet.message_type == self.minor:
            self.outstanding.popleft()
        else:
            super().give_up()


class HelloNeverMinded(_Forgetful):
    minor = HELLO


def sent_once(message: int) -> type[Channel]:
    """A channel that never sends a message of one type again."""

    class Once(Channel):
        def transmit(self, sent: Outstanding, now: float) -> Packet:
            packet = super().transmit(sent, now)
            if packet.message_type == message:
                sent.deadline = now + NEVER
            return packet

    return Once


NEVER: Final = 1e7
"""Seconds."""

SENT_ONCE: Final[Sequence[tuple[str, int, frozenset[Role]]]] = (
    ("SCCRQ", SCCRQ, BOTH),
    ("SCCRP", SCCRP, BOTH),
    ("SCCCN", SCCCN, BOTH),
    ("StopCCN", STOPCCN, BOTH),
    ("HELLO", HELLO, BOTH),
    ("ICRQ", ICRQ, LAC),
    ("ICRP", ICRP, LNS),
    ("ICCN", ICCN, LAC),
    ("OCRQ", OCRQ, LNS),
    ("OCRP", OCRP, LAC),
    ("OCCN", OCCN, LAC),
    ("WEN", WEN, LAC),
    ("SLI", SLI, LNS),
)
"""What each side sends and has to send again."""

FORGETFUL: Final[Sequence[tuple[str, type[Channel]]]] = (
    ("a HELLO that is never acknowledged is forgotten", HelloNeverMinded),
)


class _Again(Variant):
    """Alters what it sends for the second time."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.is_zlb:
            return (packet,)
        known: dict[tuple[int, int | None], Packet] = self.__dict__.setdefault("known", {})
        key = packet.header.tunnel_id, packet.header.ns
        first = known.setdefault(key, packet)
        return (packet if first is packet else self.again(packet),)

    def again(self, packet: Packet) -> Packet:
        """The packet as it goes out when it is sent again."""
        return packet


def _with_value(number: int, octets: bytes) -> Callable[[Packet], Packet]:
    def changed(packet: Packet) -> Packet:
        avps = tuple(
            one._replace(value=octets) if one.type == number and not one.vendor else one
            for one in packet.avps
        )
        return packet._replace(avps=avps)

    return changed


def _to_session_zero(packet: Packet) -> Packet:
    return packet._replace(header=packet.header._replace(session_id=0))


def _again(change: Callable[[Packet], Packet]) -> type[Variant]:
    class Changed(_Again):
        def again(self, packet: Packet) -> Packet:
            return change(packet)

    return Changed


AGAIN: Final[Sequence[tuple[str, str, Callable[[Packet], Packet], frozenset[Role]]]] = (
    ("SentAgainToSessionZero", "goes to Session ID 0", _to_session_zero, LNS),
    (
        "SentAgainWithAnotherSerial",
        "has another Call Serial Number",
        _with_value(15, bytes(4)),
        LAC,
    ),
    ("SentAgainWithAnotherChallenge", "has another Challenge", _with_value(11, bytes(16)), BOTH),
    ("SentAgainWithAnotherTunnelId", "assigns another tunnel id", _with_value(9, b"\7\7"), BOTH),
    ("SentAgainWithAnotherSessionId", "assigns another session id", _with_value(14, b"\7\7"), BOTH),
)


class Wanderer(Variant):
    """Sends to where the last message came from."""

    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        tunnel.address = source
        return True


class TieWithoutCollision(Variant):
    """Discards an SCCRQ with a Tie Breaker as soon as it has any tunnel with its sender."""

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        known = any(
            one.state is State.ESTABLISHED and one.address[0] == source[0]
            for one in self.tunnels.values()
        )
        if not (known and any(one.type == TIE_BREAKER for one in packet.avps)):
            super().accept(packet, source, now)


def _register() -> None:
    text = "an SCCRQ with a Tie Breaker is discarded although there is no collision"
    add("TieWithoutCollision", TieWithoutCollision, "RFC2661-4.4.3-13", text)
    text = "an Nr that covers several messages acknowledges one"
    one = with_channel(OneAcknowledgedAtATime)
    add("OneAcknowledgedAtATime", one, "RFC2661-5.8-15", text)
    for row, text, kind in CHANNELS:
        add(kind.__name__, with_channel(kind), f"RFC2661-{row}", text)
    for message, number, roles in SENT_ONCE:
        text = f"a {message} is never sent again"
        once = with_channel(sent_once(number))
        add(f"{message.lower()}-not-sent-again", once, "RFC2661-5.8-16", text, roles=roles)
    for text, channel in FORGETFUL:
        add(channel.__name__, with_channel(channel), "RFC2661-5.8-26", text)
    for name, text, change, roles in AGAIN:
        add(name, _again(change), "RFC2661-5.8-18", f"what is sent again {text}", roles=roles)
    add(
        "Wanderer", Wanderer, "RFC2661-8.1-06", "a tunnel moves to where its last message came from"
    )


_register()
