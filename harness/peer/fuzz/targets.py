"""What datagrams are thrown at: reference peers and the scripted peer, kept in all their states."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Final, Protocol

from harness.peer.call import CallState
from harness.peer.compose import compose
from harness.peer.config import FULL_RETRANSMISSION_CYCLE, PeerConfig
from harness.peer.control_connection import State
from harness.peer.endpoint import Endpoint
from harness.peer.examine import examine
from harness.peer.fuzz.mutate import Aim
from harness.peer.made import Made
from harness.peer.network import Address, Link, Receiver
from harness.peer.scripted import ScriptedPeer
from harness.peer.tunnel import Phase, Tunnel
from harness.spec.model import Role, Specification
from harness.wire import Value, build, challenge_response, parse

SECRET: Final = b"secret"
MAX_TUNNELS: Final = 24
MAX_SESSIONS: Final = 4
MAX_PENDING: Final = 32
WINDOW: Final = 4
LOCAL_TUNNELS: Final = 8
LOCAL_CALLS: Final = 2
QUIET: Final = 400.0
"""Seconds after which nothing is left of tunnels whose peer says nothing any more: set-up 62,
HELLO 60, retransmission 31, linger 31, and once more for what these bring about."""


class BoundError(Exception):
    """A peer keeps more than it may, or sends what it must not."""


class Target(Protocol):
    """A peer that takes datagrams."""

    def aim(self) -> Aim:
        """A tunnel to aim at, or where one might be."""

    def stir(self) -> tuple[bytes, Address] | None:
        """Do something of its own accord, or say which valid datagram would lead on."""

    def take(self, data: bytes, source: Address) -> None:
        """Take a datagram."""

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, doing what is due."""

    async def finish(self) -> None:
        """Come to rest. BoundError when anything is left that should be gone."""


class EndpointTarget:
    """A reference LAC or LNS without I/O."""

    def __init__(
        self, specification: Specification, role: Role, hosts: tuple[str, ...], chance: Random
    ) -> None:
        self.specification = specification
        self.chance = chance
        self.hosts = hosts
        self.acknowledges = chance.random() < 0.7
        self.loyal = chance.choice((0.0, 0.5, 0.99))
        self._last: Tunnel | None = None
        self.now = 0.0
        self.endpoint = Endpoint(
            specification,
            PeerConfig(
                role=role,
                secret=SECRET,
                challenge=chance.random() < 0.5,
                max_tunnels=MAX_TUNNELS,
                max_sessions=MAX_SESSIONS,
                max_pending=MAX_PENDING,
                receive_window=WINDOW,
                tie_breaker=chance.choice((None, bytes(8), b"\x7f" * 8)),
                answers_after=0.5,
                linger=chance.choice((1.0, FULL_RETRANSMISSION_CYCLE)),
            ),
            chance=chance,
        )

    def _tunnel(self) -> Tunnel | None:
        """Any tunnel, most often one that works; in some episodes the same one for a while."""
        last = self._last
        if last is not None and last.phase is Phase.OPEN and self.chance.random() < self.loyal:
            return last
        tunnels = list(self.endpoint.tunnels.values())
        if self.chance.random() < 0.9:
            tunnels = [one for one in tunnels if one.phase is Phase.OPEN] or tunnels
        self._last = self.chance.choice(tunnels) if tunnels else None
        return self._last

    def _stranger(self) -> Address:
        return self.chance.choice(self.hosts), self.chance.randint(1, 40)

    def aim(self) -> Aim:
        tunnel = self._tunnel()
        if tunnel is None or self.chance.random() < 0.1:
            return Aim(self._stranger(), 0, (), 0, 0)
        source = tunnel.address if self.chance.random() < 0.97 else self._stranger()
        channel = tunnel.channel
        nr = channel.ns if self.acknowledges else channel.oldest_unacknowledged
        return Aim(source, tunnel.local_id, list(tunnel.sessions), channel.nr, nr)

    def stir(self) -> tuple[bytes, Address] | None:
        tunnel = self._tunnel()
        if tunnel is None or self.chance.random() < 0.15:
            if self.chance.random() < 0.5 and len(self.endpoint.tunnels) < LOCAL_TUNNELS:
                self.endpoint.open_tunnel(self._stranger(), self.now)
                return None
            values: dict[str, Value] = {
                "assigned_tunnel_id": self.chance.randint(1, 60),
                "bearer_capabilities": 3,
            }
            return self._message("SCCRQ", values, 0, 0, 0, 0), self._stranger()
        if tunnel.phase is not Phase.OPEN or tunnel.channel.failed:
            return None
        if self.chance.random() < 0.3:
            self._local_call(tunnel)
            return None
        if tunnel.state is not State.ESTABLISHED:
            return self._lead_on(tunnel)
        return self._lead_calls_on(tunnel)

    def _local_call(self, tunnel: Tunnel) -> None:
        sessions = list(tunnel.sessions.values())
        if sessions and self.chance.random() < 0.3:
            self.endpoint.hang_up(self.chance.choice(sessions), self.now)
        elif len(sessions) < LOCAL_CALLS:
            self.endpoint.call(tunnel, self.now, "5551234")

    def _message(
        self, name: str, values: Mapping[str, Value], tunnel: int, session: int, ns: int, nr: int
    ) -> bytes:
        packet = compose(self.specification, name, values, tunnel_id=tunnel, session_id=session)
        return build(packet._replace(header=packet.header._replace(ns=ns, nr=nr)))

    def _next(
        self, tunnel: Tunnel, name: str, values: Mapping[str, Value], session: int = 0
    ) -> tuple[bytes, Address]:
        channel = tunnel.channel
        data = self._message(name, values, tunnel.local_id, session, channel.nr, channel.ns)
        return data, tunnel.address

    def _lead_on(self, tunnel: Tunnel) -> tuple[bytes, Address]:
        name = "SCCRP" if tunnel.state is State.WAIT_CTL_REPLY else "SCCCN"
        values: dict[str, Value] = {}
        if tunnel.challenge is not None:
            number = self.specification.messages[name].type
            values["challenge_response"] = challenge_response(number, SECRET, tunnel.challenge)
        if name == "SCCRP":
            values["assigned_tunnel_id"] = self.chance.randint(1, 60)
            values["bearer_capabilities"] = 3
        return self._next(tunnel, name, values)

    def _lead_calls_on(self, tunnel: Tunnel) -> tuple[bytes, Address]:
        lns = self.endpoint.config.role is Role.LNS
        identified: dict[str, Value] = {"assigned_session_id": self.chance.randint(1, 60)}
        for session in tunnel.sessions.values():
            if session.state is CallState.WAIT_REPLY:
                name = "OCRP" if lns else "ICRP"
                return self._next(tunnel, name, identified, session.local_id)
            if session.state is CallState.WAIT_CONNECT:
                name = "ICCN" if not session.number or session.peer_id == 0 else "OCCN"
                return self._next(tunnel, name, {"framing_type": 1}, session.local_id)
        return self._next(tunnel, "ICRQ" if lns else "OCRQ", identified)

    def take(self, data: bytes, source: Address) -> None:
        self.endpoint.receive(data, source, self.now)
        for sent, _ in self.endpoint.outgoing():
            self._judge(sent)

    def _judge(self, data: bytes) -> None:
        """What a reference peer sends must be right, whatever it was sent."""
        parsed = parse(data)
        if parsed.packet is None or parsed.defects:
            raise BoundError(f"sent a malformed datagram {data.hex()}: {parsed.defects}")
        if parsed.packet.is_zlb:
            return
        examined = examine(self.specification, parsed.packet, SECRET)
        if examined.message is None or examined.fault is not None or examined.ignored:
            raise BoundError(f"sent a wrong message {data.hex()}: {examined.fault}")

    async def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.endpoint.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.endpoint.tick(self.now)
            for sent, _ in self.endpoint.outgoing():
                self._judge(sent)
        self.now = until
        load = self.endpoint.load()
        tunnels = MAX_TUNNELS + LOCAL_TUNNELS
        if (
            load.tunnels > tunnels
            or load.addressed > load.tunnels
            or load.waiting > load.sessions
            or load.appointments > 64 * tunnels
        ):
            raise BoundError(f"keeps too much: {load}")
        for tunnel in self.endpoint.tunnels.values():
            if len(tunnel.sessions) > MAX_SESSIONS + LOCAL_CALLS:
                raise BoundError(f"a tunnel has {len(tunnel.sessions)} sessions")
            if tunnel.channel.pending > MAX_PENDING + WINDOW:
                raise BoundError(f"{tunnel.channel.pending} messages of a tunnel are pending")

    async def finish(self) -> None:
        await self.pass_time(QUIET)
        left = self.endpoint.load()
        if any(left) or self.endpoint.next_deadline() is not None:
            raise BoundError(f"after {QUIET:.0f} s of silence there are left: {left}")
        self._serve()

    def _serve(self) -> None:
        """It still serves: a new tunnel comes up."""
        source = (self.hosts[0], 1701)
        sccrq = self._message("SCCRQ", {"assigned_tunnel_id": 99}, 0, 0, 0, 0)
        self.take(sccrq, source)
        (tunnel,) = self.endpoint.tunnels.values()
        data, _ = self._lead_on(tunnel)
        self.take(data, source)
        if tunnel.state is not State.ESTABLISHED:
            raise BoundError(f"no tunnel comes up any more, only to {tunnel.state}")


class _Wire:
    """A network of one link that leads nowhere; what would arrive is handed to `receiver`."""

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        self.local: Address = ("127.0.0.1", 1701)
        self.checksum: bool | None = None
        self.arrived: float | None = None

    async def open(self, receiver: Receiver, address: str, port: int = 0) -> Link:
        self.receiver = receiver
        self.local = (address, port)
        return self

    def send(self, data: bytes, to: Address) -> None:
        parsed = parse(data)
        if parsed.packet is None or parsed.defects:
            raise BoundError(f"sent a malformed datagram to {to}: {data.hex()}")

    def leave_out_checksums(self) -> None:
        """What leads nowhere has none to leave out."""

    def close(self) -> None:
        self.receiver = None


class ScriptedTarget:
    """The scripted peer before a device that has gone mad. Needs a running loop, best virtual."""

    def __init__(
        self, specification: Specification, hosts: tuple[str, ...], chance: Random
    ) -> None:
        self.specification = specification
        self.chance = chance
        self.iut: Address = (hosts[-1], 1701)
        self.wire = _Wire()
        self.frames = 0
        self.peer = ScriptedPeer(specification, self.wire, self._count)
        self.link: Link = self.wire
        self.defect: Exception | None = None

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What went wrong in a timer; asyncio would only log it."""
        found = context.get("exception")
        self.defect = found if isinstance(found, Exception) else BoundError(str(context))

    def _raise_defect(self) -> None:
        if self.defect is not None:
            raise self.defect

    def _count(self, _data: bytes, _source: Address, _to: Address, _made: Made) -> int:
        self.frames += 1
        return self.frames

    async def open(self) -> None:
        """Bind, and open the tunnels of the script."""
        asyncio.get_running_loop().set_exception_handler(self._note)
        self.link = await self.peer.open_link("peer", self.iut[0], 1701)
        for _ in range(4):
            self._open_tunnel()

    def _open_tunnel(self) -> None:
        name = f"tunnel-{len(self.peer.tunnels)}"
        tunnel = self.peer.open_tunnel(name, self.link, self.iut, secret=SECRET)
        if self.chance.random() < 0.8:
            tunnel.bound = True
            tunnel.send("SCCRQ", compose(self.specification, "SCCRQ", {}))

    def aim(self) -> Aim:
        tunnel = self.chance.choice(list(self.peer.tunnels.values()))
        if not tunnel.bound and self.chance.random() < 0.5:
            return Aim(self.iut, 0, (), 0, 0)
        sessions = [session.local_id for session in tunnel.sessions.values()]
        return Aim(self.iut, tunnel.local_id, sessions, tunnel.channel.nr, tunnel.channel.ns)

    def stir(self) -> tuple[bytes, Address] | None:
        tunnel = self.chance.choice(list(self.peer.tunnels.values()))
        draw = self.chance.randrange(6)
        if tunnel.channel.failed:
            if len(self.peer.tunnels) < MAX_TUNNELS:
                self._open_tunnel()
        elif draw == 0 and tunnel.channel.pending < MAX_PENDING:
            name = self.chance.choice(list(self.specification.messages))
            tunnel.send(name, compose(self.specification, name, {}, tunnel_id=tunnel.peer_id))
        elif draw == 1:
            tunnel.session(f"session-{self.chance.randrange(MAX_SESSIONS)}")
        elif draw == 2:
            tunnel.channel.hold_acks()
        elif draw == 3:
            tunnel.channel.resume_acks()
        elif draw == 4:
            tunnel.resend(self.chance.choice(list(self.specification.messages)))
        else:
            values: dict[str, Value] = {"assigned_tunnel_id": self.chance.randint(1, 60)}
            packet = compose(self.specification, "SCCRP", values, tunnel_id=tunnel.local_id)
            header = packet.header._replace(ns=tunnel.channel.nr, nr=tunnel.channel.ns)
            return build(packet._replace(header=header)), self.iut
        return None

    def take(self, data: bytes, source: Address) -> None:
        if self.wire.receiver is not None:
            self.wire.receiver(data, source)

    async def pass_time(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            await self.peer.news(until)
            self._raise_defect()

    async def finish(self) -> None:
        await self.pass_time(QUIET)
        kept = sum(len(one.arrivals) + len(one.inbox) for one in self.peer.tunnels.values())
        if kept + len(self.peer.strays) > 2 * self.frames:
            raise BoundError(f"{kept} arrivals are kept of {self.frames} frames")
        for tunnel in self.peer.tunnels.values():
            channel = tunnel.channel
            if not channel.idle and not channel.failed:
                raise BoundError(f"{tunnel.name}: {channel.pending} messages wait for ever")
        self.peer.close()
