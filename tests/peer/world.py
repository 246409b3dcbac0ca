"""A world in one process: reference peers on links that lose what a test says, in virtual time.

No loop and no I/O: the peers' endpoints are called with the time of the next thing that happens.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.peer.channel import Channel, Outstanding
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.spec.load import load_specification
from harness.spec.model import Role, Specification
from harness.wire import AVP, Packet, build, parse

LAC: Address = ("127.0.0.1", 1701)
LNS: Address = ("127.0.0.2", 1701)
LATENCY = 0.001

Fate = Callable[[bytes, Address, Address], Iterable[float]]
"""What becomes of a datagram: the delay in seconds of each copy that arrives."""


@functools.cache
def specification() -> Specification:
    """The tables of RFC 2661."""
    return load_specification(Path(__file__).parents[2] / "suites" / "spec" / "rfc2661")


def undisturbed(_data: bytes, _source: Address, _to: Address) -> Iterable[float]:
    """The fate of datagrams on a good link."""
    return (LATENCY,)


class RecordingChannel(Channel):
    """A channel that remembers the messages that went out, in the order of their numbers."""

    def __init__(self, config: PeerConfig) -> None:
        super().__init__(config.retransmit, receive_window=config.receive_window)
        self.sent: list[tuple[AVP, ...]] = []

    def transmit(self, sent: Outstanding, now: float) -> Packet:
        if not sent.transmissions:
            self.sent.append(sent.packet.avps)
        return super().transmit(sent, now)


class RecordingTunnel(Tunnel):
    """A tunnel that remembers what went out and what it was given in sequence."""

    def __init__(
        self,
        endpoint: RecordingEndpoint,
        local_id: int,
        address: Address,
        channel: RecordingChannel,
    ) -> None:
        super().__init__(endpoint, local_id, address, channel)
        self.peer = endpoint
        self.sent = channel.sent
        self.delivered: list[tuple[AVP, ...]] = []

    def flush(self, now: float) -> None:
        self.peer.speaking = self
        super().flush(now)
        self.peer.speaking = None

    def handle(self, packet: Packet, now: float) -> None:
        self.delivered.append(packet.avps)
        super().handle(packet, now)


class RecordingEndpoint(Endpoint):
    """A reference peer with recording tunnels, also those that are gone, and its log."""

    def __init__(self, config: PeerConfig, seed: int = 1) -> None:
        self.lines: list[str] = []
        super().__init__(specification(), config, chance=random.Random(seed), log=self.lines.append)
        self.recorded: list[RecordingTunnel] = []
        self.speaking: RecordingTunnel | None = None
        self._speakers: list[RecordingTunnel | None] = []

    def transmit(self, packet: Packet, to: Address) -> None:
        self._speakers.append(self.speaking)
        super().transmit(packet, to)

    def spoken(self) -> list[tuple[bytes, Address, RecordingTunnel | None]]:
        """The datagrams to send, each with the tunnel whose channel it comes from."""
        speakers, self._speakers = self._speakers, []
        return [
            (data, to, speaker)
            for (data, to), speaker in zip(self.outgoing(), speakers, strict=True)
        ]

    def twins(self) -> set[RecordingTunnel]:
        """Tunnels made by an SCCRQ that had made one before."""
        known: set[tuple[int, tuple[Address, int]]] = set()
        twins = set()
        for tunnel in self.recorded:
            if tunnel.request is not None and tunnel.found_by is not None:
                asked = (tunnel.request, tunnel.found_by)
                if asked in known:
                    twins.add(tunnel)
                known.add(asked)
        return twins

    def make_channel(self) -> RecordingChannel:
        return RecordingChannel(self.config)

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        tunnel = RecordingTunnel(self, local_id, address, self.make_channel())
        self.recorded.append(tunnel)
        return tunnel

    @property
    def only(self) -> Tunnel:
        """The one tunnel there is."""
        (tunnel,) = self.tunnels.values()
        return tunnel


class Frame:
    """One datagram as it was sent, with its message's name and the tunnel that sent it."""

    def __init__(
        self,
        at: float,
        data: bytes,
        source: Address,
        to: Address,
        tunnel: RecordingTunnel | None = None,
    ) -> None:
        self.at = at
        self.tunnel = tunnel
        self.data = data
        self.source = source
        self.to = to
        packet = parse(data).packet
        assert packet is not None
        self.packet = packet

    @property
    def name(self) -> str:
        """Its message as the RFC calls it, `ZLB` or `data`."""
        if not self.packet.header.control:
            return "data"
        if self.packet.is_zlb:
            return "ZLB"
        message = specification().message(self.packet.message_type or 0)
        return message.name if message else "unknown"

    def __repr__(self) -> str:
        header = self.packet.header
        return f"{self.at:.3f} {self.name} Ns={header.ns} Nr={header.nr} to {self.to}"


class World:
    """Peers by address, datagrams on their way, and the time."""

    def __init__(self, fate: Fate = undisturbed) -> None:
        self.now = 0.0
        self.fate = fate
        self.peers: dict[Address, RecordingEndpoint] = {}
        self.frames: list[Frame] = []
        self.received: dict[Address, list[Frame]] = {}
        self._order = itertools.count()
        self._flying: list[tuple[float, int, Frame]] = []

    def add(self, address: Address, config: PeerConfig, seed: int = 1) -> RecordingEndpoint:
        """Put a reference peer somewhere."""
        peer = RecordingEndpoint(config, seed)
        self.peers[address] = peer
        return peer

    def send(
        self,
        data: bytes | Packet,
        source: Address,
        to: Address,
        tunnel: RecordingTunnel | None = None,
    ) -> None:
        """Send a datagram, also from where no peer is: answers land in `received`."""
        octets = build(data) if isinstance(data, Packet) else data
        frame = Frame(self.now, octets, source, to, tunnel)
        self.frames.append(frame)
        for delay in self.fate(octets, source, to):
            heapq.heappush(self._flying, (self.now + delay, next(self._order), frame))

    def collect(self) -> None:
        """Put on their way what the peers have to send."""
        for address, peer in self.peers.items():
            for data, to, tunnel in peer.spoken():
                self.send(data, address, to, tunnel)

    def step(self, until: float) -> bool:
        """Let the next thing happen; False when nothing is left until then."""
        self.collect()
        due = [
            (when, address)
            for address, peer in self.peers.items()
            if (when := peer.next_deadline()) is not None
        ]
        when = min((at for at, _ in due), default=None)
        if self._flying and (when is None or self._flying[0][0] <= when):
            if self._flying[0][0] > until:
                return False
            at, _, frame = heapq.heappop(self._flying)
            self.now = max(self.now, at)
            self._arrive(frame)
        elif when is not None and when <= until:
            self.now = max(self.now, when)
            for at, address in due:
                if at <= self.now:
                    self.peers[address].tick(self.now)
        else:
            return False
        self.collect()
        return True

    def _arrive(self, frame: Frame) -> None:
        peer = self.peers.get(frame.to)
        if peer is not None:
            peer.receive(frame.data, frame.source, self.now)
        else:
            self.received.setdefault(frame.to, []).append(frame)

    def run(self, seconds: float = 1.0, limit: int = 100_000) -> None:
        """Let time pass. AssertionError when the peers never come to rest."""
        until = self.now + seconds
        for _ in range(limit):
            if not self.step(until):
                self.now = until
                return
        raise AssertionError(f"more than {limit} steps: {self.frames[-6:]}")

    def names(self, source: Address | None = None) -> list[str]:
        """The messages sent so far, of one peer or of all."""
        return [frame.name for frame in self.frames if source in (None, frame.source)]


def pair(
    world: World, *, lac: PeerConfig | None = None, lns: PeerConfig | None = None
) -> tuple[RecordingEndpoint, RecordingEndpoint]:
    """A reference LAC at `LAC` and a reference LNS at `LNS`."""
    return (
        world.add(LAC, lac or PeerConfig(role=Role.LAC), seed=1),
        world.add(LNS, lns or PeerConfig(role=Role.LNS), seed=2),
    )
