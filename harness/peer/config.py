"""What a reference peer is told: its side, its secret, its limits and its timers."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.peer.channel import RetransmitPolicy
from harness.spec.model import Role

FULL_RETRANSMISSION_CYCLE = 31.0
"""Seconds; 1 + 2 + 4 + 8 + 16 (RFC 2661 5.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConfig:
    """A reference LAC or LNS.

    role: its side. secret: shared with all peers; None: neither authentication nor hiding.
    challenge: whether it authenticates its peers (5.1.1). hello_interval: seconds of silence
    before a HELLO; None: never. linger: seconds for which a closed tunnel still acknowledges.
    framing, bearer: bit masks, 1 synchronous / digital, 2 asynchronous / analog (4.4.3).
    places_calls: a LAC that can dial out. answers_after: seconds until a called party answers.
    """

    role: Role
    host_name: str = "reference"
    secret: bytes | None = None
    challenge: bool = False
    hello_interval: float | None = 60.0
    retransmit: RetransmitPolicy = field(default_factory=RetransmitPolicy)
    receive_window: int = 4
    linger: float = FULL_RETRANSMISSION_CYCLE
    framing: int = 3
    bearer: int = 3
    vendor_name: str = "l2tp-harness"
    firmware_revision: int = 1
    tie_breaker: bytes | None = None
    max_tunnels: int = 4096
    max_sessions: int = 1024
    places_calls: bool = True
    answers_after: float = 0.01
    rx_connect_speed: int | None = None
    sequencing_required: bool = False
