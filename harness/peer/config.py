"""What a reference peer is told: its side, its secret, its limits and its timers."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.peer.channel import RetransmitPolicy
from harness.peer.proxy import KINDS
from harness.spec.model import MAX_VALUE_OCTETS, Role

FULL_RETRANSMISSION_CYCLE = 31.0
"""Seconds; 1 + 2 + 4 + 8 + 16 (RFC 2661 5.7)."""

MAXIMUM_ID = 65535
"""Ids of tunnels and sessions are 1..65535 (4.4.3, 4.4.4)."""

FASTEST = 0xFFFFFFFF
"""Bits per second, the most that a speed AVP can tell (4.4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerConfig:
    """A reference LAC or LNS.

    role: its side. secret: shared with all peers; None: neither authentication nor hiding.
    challenge: whether it authenticates its peers (5.1.1). hello_interval: seconds of silence
    before a HELLO; None: never. linger: seconds for which a closed tunnel still acknowledges.
    set_up_within: seconds that a peer has to establish a tunnel. framing, bearer: bit masks,
    1 synchronous / digital, 2 asynchronous / analog (4.4.3). max_tunnels, max_sessions (of a
    tunnel): 0..65534, of the 65535 ids one stays free to turn the next one away with.
    max_pending: messages of a tunnel that wait to be sent or acknowledged; a peer that asks for
    more without acknowledging any has its tunnel cleared.
    places_calls: a LAC that can dial out. answers_after: seconds until a called party answers.
    line_speed: of its lines, in bits per second. details: whether it says all that it may about a
    call, with the examples of the table, and something of its own. hides: whether it hides all
    that it may (4.3). vendor_error: a LAC whose calls end by an error that only its vendor
    understands.
    rings_for: seconds after which a LAC gives up a call that nobody answers.
    ppp: whether there is a PPP at the end of each call. proxy: what a LAC passes on of it, one of
    `harness.peer.proxy.KINDS`; None: nothing. authenticates_ppp: an LNS that authenticates clients
    by itself, whatever the LAC passes on (9.5). takes_over: an LNS that else goes on with what
    the LAC passes on, and knows the client. ppp_echoes: whether PPP asks if its other end is
    there. udp_checksums: whether what it sends has one (8.1). serves: whether it takes tunnels from
    its peers; else it refuses each as unauthorized.

    Raises ValueError where a limit is outside its range, the host name does not fit (4.4.3), or
    the kind of proxy is unknown.
    """

    role: Role
    host_name: str = "reference"
    secret: bytes | None = None
    challenge: bool = False
    hello_interval: float | None = 60.0
    retransmit: RetransmitPolicy = field(default_factory=RetransmitPolicy)
    receive_window: int = 4
    linger: float = FULL_RETRANSMISSION_CYCLE
    set_up_within: float = 2 * FULL_RETRANSMISSION_CYCLE
    framing: int = 3
    bearer: int = 3
    vendor_name: str = "l2tp-harness"
    firmware_revision: int = 1
    tie_breaker: bytes | None = None
    max_tunnels: int = 4096
    max_sessions: int = 1024
    max_pending: int = 4096
    places_calls: bool = True
    answers_after: float = 0.01
    rings_for: float = 60.0
    line_speed: int = 10_000_000
    rx_connect_speed: int | None = None
    sequencing_required: bool = False
    details: bool = False
    hides: bool = False
    ppp: bool = False
    proxy: str | None = None
    authenticates_ppp: bool = False
    takes_over: bool = False
    ppp_echoes: bool = False
    vendor_error: bool = False
    udp_checksums: bool = True
    serves: bool = True

    def __post_init__(self) -> None:
        for name, limit in (("max_tunnels", self.max_tunnels), ("max_sessions", self.max_sessions)):
            if not 0 <= limit < MAXIMUM_ID:
                raise ValueError(f"{name} is {limit}, it must be 0..{MAXIMUM_ID - 1}")
        if self.proxy is not None and self.proxy not in KINDS:
            raise ValueError(f"proxy is {self.proxy!r}, it must be one of {', '.join(KINDS)}")
        if not 0 <= self.line_speed <= FASTEST:
            raise ValueError(f"line_speed is {self.line_speed}, it must be 0..{FASTEST}")
        octets = len(self.host_name.encode())
        if not 1 <= octets <= MAX_VALUE_OCTETS:
            raise ValueError(f"the host name has {octets} octets, it must be 1..{MAX_VALUE_OCTETS}")
