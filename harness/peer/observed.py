"""A datagram that the scripted peer received, as scripts and judges see it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.peer.channel import Arrival
from harness.peer.examine import Examined
from harness.peer.network import Address
from harness.spec.model import Specification
from harness.wire import Header, Packet, Parsed

VERSION = 2
"""Of L2TP in its header; data of another one is none of ours (3.1)."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A datagram that arrived.

    number: of the frame in the run. at: seconds on the loop's clock. destination: which endpoint
    of ours it came to.
    """

    number: int
    at: float
    source: Address
    destination: Address
    parsed: Parsed
    examined: Examined | None
    arrival: Arrival | None

    @property
    def packet(self) -> Packet:
        """The packet; only for datagrams with a readable header."""
        assert self.parsed.packet is not None
        return self.parsed.packet

    @property
    def header(self) -> Header:
        return self.packet.header

    @property
    def is_zlb(self) -> bool:
        return self.parsed.packet is not None and self.parsed.packet.is_zlb

    @property
    def name(self) -> str:
        """The message's name, `ZLB`, `data`, or its number as text when it is unknown."""
        if self.parsed.packet is None:
            return "unreadable"
        if not self.header.control:
            return "data" if self.header.version == VERSION else "unreadable"
        if self.is_zlb:
            return "ZLB"
        if self.examined is None or self.examined.number is None:
            return "unreadable"
        message = self.examined.message
        return message.name if message else str(self.examined.number)

    @property
    def is_ignorable(self) -> bool:
        """Whether it is a message of a later document that says it may be ignored (4.4.1)."""
        examined = self.examined
        if examined is None or examined.number is None or examined.fault is not None:
            return False
        return examined.message is None and not examined.mandatory

    @property
    def is_aside(self) -> bool:
        """Whether it answers nothing: it keeps the tunnel alive, or may be ignored."""
        return self.name == "HELLO" or self.is_ignorable

    def repeats(self, original: Observed) -> bool:
        """Whether it is an earlier message sent again: the same one about the same thing.

        Whether a copy is the same in every octet is for the `retransmissions` step to judge.
        """
        if self.name != original.name or self.header.session_id != original.header.session_id:
            return False
        if self.examined is None or original.examined is None:
            return self.examined is original.examined
        return all(
            self.examined.integer(one) == original.examined.integer(one)
            for one in ("assigned_tunnel_id", "assigned_session_id")
        )


def name_of(specification: Specification, packet: Packet) -> str:
    """The name of a message, `ZLB`, `data`, or its number as text when it is unknown."""
    if not packet.header.control:
        return "data"
    if packet.is_zlb:
        return "ZLB"
    message = specification.message(packet.message_type or 0)
    return message.name if message else str(packet.message_type)
