"""The data channel of one session: what is put around a PPP frame (RFC 2661 5.3, 5.4).

The rules of sequence numbers:
- with a Sequencing Required AVP at set-up every data message has them;
- otherwise the LNS decides, and the LAC does with each message what the last one of the LNS did;
- switched on again, they go on where they were;
- they are no reason to wait: what comes late is dropped, what is missing is not asked for.

Frames that keep a link alive go out with the P bit (3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.peer.channel import HALF, MODULUS, after
from harness.peer.ppp import is_echo_request
from harness.wire import Header, Packet


@dataclass(slots=True)
class DataChannel:
    """Sequence numbers of one session. `follows`: this is the LAC, which does as the LNS does."""

    required: bool
    follows: bool
    numbered: bool = False
    ns: int = 0
    expected: int = 0

    def wrap(self, payload: bytes, tunnel_id: int, session_id: int) -> Packet:
        """The data message for a PPP frame. Nr of a data message means nothing (3.1)."""
        ns = None
        if self.required or self.numbered:
            ns = self.ns
            self.ns = (self.ns + 1) % MODULUS
        nr = None if ns is None else 0
        header = Header(
            control=False,
            tunnel_id=tunnel_id,
            session_id=session_id,
            length=None,
            ns=ns,
            nr=nr,
            priority=is_echo_request(payload),
        )
        return Packet(header, payload=payload)

    def unwrap(self, packet: Packet) -> bytes | None:
        """The PPP frame in a data message; None for one that comes too late."""
        ns = packet.header.ns
        if self.follows:
            self.numbered = ns is not None
        if ns is not None:
            if after(ns, self.expected) >= HALF:
                return None
            self.expected = (ns + 1) % MODULUS
        return packet.payload
