"""A peer driven by hand: it sends what a test says and keeps nothing but the numbers."""

from __future__ import annotations

from harness.peer.call import CallState
from harness.peer.compose import compose
from harness.peer.config import PeerConfig
from harness.peer.network import Address
from harness.spec.model import Role
from harness.wire import AVP, Packet, Value, decode_value, zlb
from tests.peer.world import LAC, LNS, Frame, World, specification

HAND: Address = ("127.0.0.9", 40000)


class Hand:
    """One tunnel of a bare address. `peer_id`: the id that the reference peer assigned."""

    def __init__(
        self, world: World, to: Address, *, at: Address = HAND, tunnel_id: int = 77
    ) -> None:
        self.world = world
        self.to = to
        self.at = at
        self.tunnel_id = tunnel_id
        self.peer_id = 0
        self.ns = 0
        self.nr = 0

    def send(
        self,
        name: str,
        values: dict[str, Value] | None = None,
        *,
        session_id: int = 0,
        add: tuple[AVP, ...] = (),
        omit: str = "",
        ns: int | None = None,
        tunnel_id: int | None = None,
    ) -> list[Frame]:
        """Send a message of the table, edited; gives the answers. A stated `ns` uses none up."""
        given = dict(values or {})
        message = specification().messages[name]
        for assigned in ("assigned_tunnel_id",):
            if assigned in message.mandatory:
                given.setdefault(assigned, self.tunnel_id)
        packet = compose(specification(), name, given, session_id=session_id)
        avps = tuple(avp for avp in packet.avps if omit == "" or avp.type != self._type(omit))
        return self.send_packet(packet._replace(avps=avps + add), ns=ns, tunnel_id=tunnel_id)

    def send_packet(
        self, packet: Packet, *, ns: int | None = None, tunnel_id: int | None = None
    ) -> list[Frame]:
        """Send a packet with the tunnel's id and numbers; gives the answers."""
        header = packet.header._replace(
            tunnel_id=self.peer_id if tunnel_id is None else tunnel_id,
            ns=self.ns if ns is None else ns,
            nr=self.nr,
        )
        if ns is None:
            self.ns = (self.ns + 1) % 65536
        return self.exchange(packet._replace(header=header))

    def exchange(self, packet: Packet, seconds: float = 0.1) -> list[Frame]:
        """Send a packet as it is and take what comes back, acknowledging it."""
        self.world.send(packet, self.at, self.to)
        return self.wait(seconds)

    def wait(self, seconds: float) -> list[Frame]:
        """Let time pass and take what comes."""
        self.world.run(seconds)
        frames = self.world.received.pop(self.at, [])
        for frame in frames:
            header = frame.packet.header
            if not frame.packet.is_zlb and header.ns == self.nr:
                self.nr = (self.nr + 1) % 65536
                self._learn(frame)
        return frames

    def acknowledge(self) -> None:
        """Acknowledge all that has come so far."""
        self.exchange(zlb(self.peer_id, self.ns, self.nr))

    def _learn(self, frame: Frame) -> None:
        if frame.name in {"SCCRQ", "SCCRP"}:
            self.peer_id = integer(frame, "assigned_tunnel_id")

    @staticmethod
    def _type(name: str) -> int:
        return specification().avps[name].type

    def establish(self, values: dict[str, Value] | None = None) -> None:
        """Bring the tunnel up, without authentication."""
        assert names(self.send("SCCRQ", values)) == ["SCCRP"]
        assert names(self.send("SCCCN")) == ["ZLB"]

    def call(self, session_id: int = 5) -> int:
        """Bring an incoming call up on an LNS; gives the id that it assigned."""
        (icrp,) = self.send("ICRQ", {"assigned_session_id": session_id})
        peer_id = integer(icrp, "assigned_session_id")
        assert names(self.send("ICCN", session_id=peer_id)) == ["ZLB"]
        return peer_id


def lns_alone(world: World, **settings: object) -> Hand:
    """A hand-driven LAC before a reference LNS."""
    world.add(LNS, PeerConfig(role=Role.LNS, **settings))  # type: ignore[arg-type]
    return Hand(world, LNS)


def before_lns(world: World, **settings: object) -> Hand:
    """A hand-driven LAC with a tunnel to a reference LNS."""
    world.add(LNS, PeerConfig(role=Role.LNS, **settings))  # type: ignore[arg-type]
    hand = Hand(world, LNS)
    hand.establish({"bearer_capabilities": 3})
    return hand


def before_lac(world: World, **settings: object) -> Hand:
    """A hand-driven LNS with a tunnel to a reference LAC."""
    world.add(LAC, PeerConfig(role=Role.LAC, **settings))  # type: ignore[arg-type]
    hand = Hand(world, LAC)
    hand.establish()
    return hand


def states(world: World, at: tuple[str, int]) -> list[CallState]:
    """Of the calls of its only tunnel."""
    return [session.state for session in world.peers[at].only.sessions.values()]


def names(frames: list[Frame]) -> list[str]:
    """The messages, as the RFC calls them."""
    return [frame.name for frame in frames]


def value(frame: Frame, name: str) -> Value:
    """The value of the AVP of that name; KeyError when it is not there."""
    spec = specification().avps[name]
    for avp in frame.packet.avps:
        if (avp.vendor, avp.type) == (spec.vendor, spec.type):
            return decode_value(spec.fields, avp.value)
    raise KeyError(name)


def integer(frame: Frame, name: str) -> int:
    """The value of an AVP that is an integer."""
    number = value(frame, name)
    assert isinstance(number, int)
    return number


def result(frame: Frame) -> tuple[int, int]:
    """Result and error code of a StopCCN or CDN; -1 for an error code that is not there."""
    code = value(frame, "result_code")
    assert isinstance(code, dict)
    return int(code["result"]), int(code.get("error", -1))
