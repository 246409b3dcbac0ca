"""Mutants that overlook a message at first, and what acknowledges wrongly once (5.8).

What is lost for good shows in all that follows. What comes through when it is sent again shows only
where somebody waits for its acknowledgement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from harness.peer.channel import Arrival, Channel, Outstanding
from harness.peer.message_types import CDN, HELLO, ICCN, OCRP, SCCCN, WEN
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_channel
from harness.spec.model import Role
from harness.wire import AVP, Packet, parse

CALL_ERRORS: Final = 34


class Overlooking(Variant):
    """A peer that loses the first copies of some messages that are in sequence."""

    copies = 2

    def is_overlooked(self, tunnel: Tunnel, packet: Packet) -> bool:
        """Whether it is one of those messages."""
        raise NotImplementedError

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is None or not self.loses(packet):
            super().receive(data, source, now)

    def loses(self, packet: Packet) -> bool:
        header = packet.header
        tunnel = self.tunnels.get(header.tunnel_id)
        if not header.control or packet.is_zlb or tunnel is None or header.ns is None:
            return False
        if tunnel.phase is not Phase.OPEN or header.ns != tunnel.channel.nr:
            return False
        seen: dict[tuple[int, int], int] = self.__dict__.setdefault("overlooked", {})
        key = (header.tunnel_id, header.ns)
        if key not in seen and not self.is_overlooked(tunnel, packet):
            return False
        seen[key] = seen.get(key, 0) + 1
        return seen[key] <= self.copies


def overlooking(number: int, which: Callable[[Variant, int], bool], times: int) -> type[Variant]:
    """A peer that overlooks messages of one type, by how many there have been in the tunnel."""

    class Peer(Overlooking):
        copies = times

        def is_overlooked(self, tunnel: Tunnel, packet: Packet) -> bool:
            if packet.message_type != number:
                return False
            counts: dict[int, int] = self.__dict__.setdefault("counts", {})
            counts[tunnel.local_id] = counts.get(tunnel.local_id, 0) + 1
            return which(self, counts[tunnel.local_id])

    return Peer


def _first(_peer: Variant, count: int) -> bool:
    return count == 1


def _each(_peer: Variant, _count: int) -> bool:
    return True


def _beside_others(peer: Variant, _count: int) -> bool:
    return len(peer.tunnels) > 1


SEEN_LATE: Final[
    Sequence[tuple[str, int, str, frozenset[Role], Callable[[Variant, int], bool], int, str]]
] = (
    ("first-hello", HELLO, "5.8-06", BOTH, _first, 2, "the first HELLO of a tunnel"),
    ("cdn", CDN, "6.12-02", BOTH, _each, 2, "a CDN"),
    ("ocrp", OCRP, "6.10-01", LNS, _each, 2, "an OCRP"),
    ("iccn", ICCN, "6.8-02", LNS, _each, 1, "an ICCN"),
    (
        "scccn-beside-another-tunnel",
        SCCCN,
        "5.0-04",
        LNS,
        _beside_others,
        2,
        "the SCCCN of every tunnel but the first",
    ),
)
"""A message, a row, who receives it, which of them, how many copies are lost, and in words."""

_COMES: Final = {1: "again", 2: "for the third time"}

for _name, _number, _row, _roles, _which, _copies, _words in SEEN_LATE:
    add(
        f"{_name}-seen-late",
        overlooking(_number, _which, _copies),
        f"RFC2661-{_row}",
        f"{_words} is acknowledged only when it comes {_COMES[_copies]}",
        roles=_roles,
        broad=True,
    )


class FirstTooHigh(Channel):
    """The first HELLO is acknowledged by an Nr that is one too high."""

    hellos: int = 0

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        self.hellos += packet.message_type == HELLO
        return super().receive(packet)

    def poll(self, now: float) -> list[Packet]:
        due = self.ack_due and self.hellos == 1
        out = super().poll(now)
        if not due:
            return out
        self.hellos += 1
        return [_one_high(one) if one.is_zlb else one for one in out]


def _one_high(packet: Packet) -> Packet:
    header = packet.header
    return packet._replace(header=header._replace(nr=((header.nr or 0) + 1) % 65536))


@mutant("RFC2661-5.8-10", "the first HELLO of a tunnel is acknowledged as if it were two")
class FirstHelloCountedTwice(with_channel(FirstTooHigh)):  # type: ignore[misc]
    pass


class CopiesTooHigh(Channel):
    """What acknowledges a copy has an Nr that is one too high."""

    copied: bool = False

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        arrival, ready = super().receive(packet)
        self.copied = arrival is Arrival.DUPLICATE
        return arrival, ready

    def poll(self, now: float) -> list[Packet]:
        out = super().poll(now)
        if not self.copied:
            return out
        self.copied = False
        return [_one_high(one) if one.is_zlb else one for one in out]


@mutant("RFC2661-5.8-06", "a duplicate is acknowledged as if it were a new message")
class DuplicateCounted(with_channel(CopiesTooHigh)):  # type: ignore[misc]
    pass


class CountsOn(Channel):
    """A WEN that is sent again has counted on meanwhile."""

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        packet = super().transmit(sent, now)
        if packet.message_type != WEN or sent.transmissions < 2:
            return packet
        avps = tuple(_counted_on(one) if one.type == CALL_ERRORS else one for one in packet.avps)
        return packet._replace(avps=avps)


def _counted_on(errors: AVP) -> AVP:
    return errors._replace(value=errors.value[:2] + b"\x7f" + errors.value[3:])


@mutant("RFC2661-5.8-18", "a WEN that is sent again has other counters", roles=LAC)
class SentAgainWithOtherErrors(with_channel(CountsOn)):  # type: ignore[misc]
    pass


class DeafAfterCopy(Channel):
    """Hears nothing any more when it has acknowledged a message for the second time."""

    deaf: bool = False

    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        if self.deaf:
            return Arrival.ZLB, []
        arrival, ready = super().receive(packet)
        self.deaf = arrival is Arrival.DUPLICATE
        return arrival, ready


@mutant("RFC2661-5.8-06", "a duplicate is acknowledged, and nothing behind it", broad=True)
class HangsAfterDuplicate(with_channel(DeafAfterCopy)):  # type: ignore[misc]
    pass
