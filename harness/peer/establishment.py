"""What the two ends of a tunnel tell each other while it is set up, and whether that will do.

SCCRQ, SCCRP and SCCCN: who each of them is, what it can do, and that it knows the secret (5.1.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.peer.channel import Channel
from harness.peer.config import PeerConfig
from harness.peer.examine import Examined, Fault, examine
from harness.peer.network import Address
from harness.peer.site import Site
from harness.wire import Packet, Value, challenge_response

NOT_AUTHORIZED = 4
"""StopCCN result codes (4.4.2)."""
VERSION_NOT_SUPPORTED = 5

VERSION = 1
VERSION_AND_REVISION = 0x0100
"""The highest version supported, as the error code of result 5 gives it."""


@dataclass(slots=True, eq=False)
class Establishment:
    """How far the ends of a tunnel know each other. `peer_id` is 0 until the peer has assigned it.

    `challenge`: what this side asks for a response to, `peer_challenge`: what the peer does.
    """

    endpoint: Site
    local_id: int
    address: Address
    channel: Channel
    peer_id: int = 0
    peer_framing: int = 3
    peer_bearer: int | None = None
    peer_host_name: Value = None
    challenge: bytes | None = None
    peer_challenge: bytes | None = None

    @property
    def config(self) -> PeerConfig:
        return self.endpoint.config

    def log(self, text: str) -> None:
        """Tell a person what happens."""
        self.endpoint.log(f"tunnel {self.local_id}: {text}")

    def examine(self, packet: Packet) -> Examined:
        """Read a message against the spec table."""
        return examine(self.endpoint.specification, packet, self.config.secret)

    def introduction(self, name: str) -> dict[str, Value]:
        """The AVPs of the SCCRQ or SCCRP that this side sends."""
        config = self.config
        values: dict[str, Value] = {
            "protocol_version": {"version": VERSION, "revision": 0},
            "host_name": config.host_name,
            "framing_capabilities": config.framing,
            "assigned_tunnel_id": self.local_id,
            "bearer_capabilities": config.bearer,
            "receive_window_size": config.receive_window,
            "firmware_revision": config.firmware_revision,
            "vendor_name": config.vendor_name,
        }
        if config.challenge and config.secret is not None:
            self.challenge = self.endpoint.random.randbytes(16)
            values["challenge"] = self.challenge
        if name == "SCCRQ" and config.tie_breaker is not None:
            values["tie_breaker"] = config.tie_breaker
        if name == "SCCRP":
            values.update(self.response(name))
        return values

    def response(self, name: str) -> dict[str, Value]:
        """The Challenge Response that a message owes the peer (5.1.1)."""
        if self.peer_challenge is None or self.config.secret is None:
            return {}
        number = self.endpoint.specification.messages[name].type
        response = challenge_response(number, self.config.secret, self.peer_challenge)
        return {"challenge_response": response}

    def take_id(self, examined: Examined) -> None:
        """Take the id that the peer assigns first, be it in a StopCCN (4.4.3)."""
        self.peer_id = self.peer_id or examined.integer("assigned_tunnel_id") or 0
        self.channel.tunnel_id = self.peer_id
        self.channel.amend(self._addressed)

    def _addressed(self, packet: Packet) -> Packet:
        if packet.header.tunnel_id:
            return packet
        return packet._replace(header=packet.header._replace(tunnel_id=self.peer_id))

    def learn(self, examined: Examined) -> None:
        """Take what the peer says about itself in its SCCRQ or SCCRP."""
        peer_id = examined.integer("assigned_tunnel_id")
        if peer_id:
            self.peer_id = peer_id
        framing = examined.integer("framing_capabilities")
        if framing is not None:
            self.peer_framing = framing
        self.peer_bearer = examined.integer("bearer_capabilities")
        self.peer_host_name = examined.values.get("host_name")
        self.peer_challenge = examined.octets.get("challenge")
        window = examined.integer("receive_window_size")
        if window is not None:
            self.channel.set_peer_window(window)

    def judge(self, name: str, examined: Examined) -> Fault | None:
        """Why a message that the state expects is not acceptable, or None."""
        if examined.fault is not None:
            return examined.fault
        if name == "SCCRQ" and not self.config.serves:
            return Fault(0, "not served here", result=NOT_AUTHORIZED)
        version = examined.values.get("protocol_version")
        if isinstance(version, Mapping) and version["version"] != VERSION:
            text = f"protocol version {version['version']!r} is not supported"
            return Fault(VERSION_AND_REVISION, text, result=VERSION_NOT_SUPPORTED)
        if name != "SCCCN" and self.peer_challenge is not None and self.config.secret is None:
            return Fault(0, "no secret to answer the challenge with", result=NOT_AUTHORIZED)
        if name != "SCCRQ":
            return self.authenticate(name, examined)
        return None

    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        """Check the peer's answer to the challenge (5.1.1)."""
        if self.challenge is None or self.config.secret is None:
            return None
        number = self.endpoint.specification.messages[name].type
        expected = challenge_response(number, self.config.secret, self.challenge)
        if examined.octets.get("challenge_response") != expected:
            return Fault(0, "tunnel authentication failed", result=NOT_AUTHORIZED)
        return None
