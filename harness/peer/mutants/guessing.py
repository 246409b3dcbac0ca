"""Mutants that read what cannot be read: they guess, look elsewhere, or know another secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant, with_tunnel
from harness.wire import AUTO, AVP, Packet, build, parse
from harness.wire.hiding import reveal, unhide
from harness.wire.model import RANDOM_VECTOR

MESSAGE_TYPE: Final = 0
ASSIGNED_TUNNEL_ID: Final = 9
LENGTH_OCTETS: Final = 2
BLOCK: Final = 16


def remade(packet: Packet, avps: Sequence[AVP]) -> bytes:
    """A message with other AVPs, and the Length that goes with them."""
    header = packet.header._replace(length=AUTO)
    return build(packet._replace(header=header, avps=tuple(avps)))


class Reading(Variant):
    """A peer that reads control messages in its own way before it does anything else."""

    def read(self, packet: Packet) -> Sequence[AVP]:
        """The AVPs as it takes them."""
        raise NotImplementedError

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and packet.header.control and packet.avps:
            avps = tuple(self.read(packet))
            if avps != packet.avps:
                data = remade(packet, avps)
        super().receive(data, source, now)


@mutant("RFC2661-7.1-02", "the Message Type is looked for among all AVPs", broad=True)
class TypeAnywhere(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        return sorted(packet.avps, key=lambda one: (one.type, one.vendor) != (MESSAGE_TYPE, 0))


@mutant("RFC2661-7.1-09", "a Message Type may have any length")
class TypeOfAnyLength(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        first, *others = packet.avps
        if first.type or first.vendor or len(first.value) == 2 or first.length is not None:
            return packet.avps
        value = (first.value or b"\1").rjust(2, b"\0")[:2]
        return (first._replace(value=value), *others)


OTHERS: Final = (b"another", b"a-wrong-secret")
"""The secrets of other peers."""


@mutant("RFC2661-4.3-02", "a value is deciphered with any secret that it knows")
class AnySecretWillDo(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        for secret in OTHERS:
            clear, problems = reveal(packet.avps, secret)
            if not problems and any(one.hidden for one in packet.avps):
                return clear
        return packet.avps


@mutant("RFC2661-4.3-14", "what lies behind the first block is not deciphered")
class FirstBlockRead(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        clear, _ = reveal(packet.avps, self.config.secret)
        out = []
        for came, one in zip(packet.avps, clear, strict=True):
            behind = came.value[BLOCK:] if came.hidden and not one.hidden else b""
            first = BLOCK - LENGTH_OCTETS
            value = one.value[:first] + behind[: len(one.value) - first] if behind else one.value
            out.append(one._replace(value=value))
        return out


SLACK: Final = 4
"""So many octets the length in a hidden value may say that are not there."""


@mutant("RFC2661-7.1-09", "a hidden length that is a little too large is taken", roles=LNS)
class LengthNearlyRight(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        clear, problems = reveal(packet.avps, self.config.secret)
        unreadable = {index for index, _ in problems}
        vector, out = b"", []
        for index, (came, one) in enumerate(zip(packet.avps, clear, strict=True)):
            if one.type == RANDOM_VECTOR and not one.vendor:
                vector = one.value
            out.append(self._near(came, vector) if index in unreadable else came)
        return out

    def _near(self, came: AVP, vector: bytes) -> AVP:
        secret = self.config.secret
        if secret is None or came.length is not None:
            return came
        value = unhide(came.type, came.value + bytes(SLACK), secret, vector)
        if value is None or len(came.value) < LENGTH_OCTETS:
            return came
        return came._replace(value=value[: len(came.value) - LENGTH_OCTETS], hidden=False)


@mutant("RFC2661-4.3-01", "who has been given no secret takes one of his own")
class SecretByDefault(Reading):
    def read(self, packet: Packet) -> Sequence[AVP]:
        if self.config.secret is not None:
            return packet.avps
        return reveal(packet.avps, b"secret")[0]


@mutant("RFC2661-7.1-09", "a value hidden without a Random Vector gets an SCCCN", roles=LNS)
class AnswersBlindlyByScccn(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        secret, told = self.config.secret, None
        for one in packet.avps:
            if one.hidden and one.type == ASSIGNED_TUNNEL_ID and secret is not None:
                told = unhide(one.type, one.value, secret, b"")
        if told is None or len(told) != 2:
            super().accept(packet, source, now)
            return
        tunnel = self.new_tunnel(source)
        tunnel.peer_id = int.from_bytes(told, "big")
        tunnel.channel.nr = 1
        tunnel.send("SCCCN", {})
        tunnel.flush(now)
        tunnel.vanish()


class Unasked(Tunnel):
    """Has no secret to answer a Challenge with, and goes on as if there were none."""

    def judge(self, name: str, examined: Examined) -> Fault | None:
        if self.config.secret is None:
            self.peer_challenge = None
        return super().judge(name, examined)


@mutant("RFC2661-5.1.1-02", "a Challenge that cannot be answered is not answered")
class ChallengeOverheard(with_tunnel(Unasked)):  # type: ignore[misc]
    pass
