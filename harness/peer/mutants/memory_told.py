"""Mutants that answer a data message with what is in their memory, beside what was sent (5.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.peer import ppp
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.variant import Variant
from harness.wire import Packet, parse

_LENGTH: Final = slice(6, 8)
"""Where the Length of a frame of LCP stands, behind FF03 and the protocol."""
_IN_FRONT: Final = 4
_MEMORY: Final = b"what another peer has sent "


def spilling(limit: int) -> type[Variant]:
    """A peer whose Configure-Rejects have more than was asked for, if they are this long.

    What comes ahead of them is nothing to who waits for the answer to this request: the answer to
    another one, and a request that has the same identifier.
    """

    class Peer(Variant):
        def alter_data(self, packet: Packet) -> Iterable[Packet]:
            frame = packet.payload
            if frame[4:5] != bytes((ppp.Code.REJECT,)) or len(frame) < limit:
                return (packet,)
            frame += _MEMORY
            length = (len(frame) - _IN_FRONT).to_bytes(2, "big")
            frame = frame[: _LENGTH.start] + length + frame[_LENGTH.stop :]
            ahead = (
                ppp.frame(ppp.LCP, ppp.Code.ACK, frame[5] ^ 0x80),
                ppp.frame(ppp.LCP, ppp.Code.REQUEST, frame[5]),
            )
            return [packet._replace(payload=one) for one in (*ahead, frame)]

    return Peer


for _limit, _word in ((1000, "long"), (2000, "very-long")):
    add(
        f"{_word}-reject-tells-of-others",
        spilling(_limit),
        "RFC2661-5.3-02",
        f"a Configure-Reject of more than {_limit} octets has some behind it that nobody sent",
    )


@mutant("RFC2661-5.3-02", "a Configure-Reject of more than 2000 octets is cut off")
class VeryLongRejectCut(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        frame = packet.payload
        if frame[4:5] == bytes((ppp.Code.REJECT,)) and len(frame) > 2000:
            packet = packet._replace(payload=frame[:-7])
        return (packet,)


class Filled(Variant):
    """A peer that takes the octets which a data message lacks from what came before it."""

    def filled(self, data: bytes, missing: int) -> bytes:
        """What a datagram is taken for that lacks so many octets."""
        return data + (_MEMORY * (missing // len(_MEMORY) + 1))[:missing]

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and not packet.header.control and packet.header.length is not None:
            missing = packet.header.length - len(data)
            if missing > 0:
                data = self.filled(data, missing)
        super().receive(data, source, now)


@mutant("RFC2661-3.1-14", "what a data message lacks of its Length is read from the memory")
class DataFilledFromMemory(Filled):
    pass


@mutant("RFC2661-3.1-14", "the Length of a data message is not looked at")
class DataLengthUnread(Filled):
    def filled(self, data: bytes, missing: int) -> bytes:
        length = int.from_bytes(data[2:4], "big") - missing
        return data[:2] + length.to_bytes(2, "big") + data[4:]
