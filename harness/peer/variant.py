"""Variants of the reference peer: what the mutants and the lawful variants are made of.

A variant is a class derived from `Variant` with the one thing changed, and a registration. Nothing
of the reference peer knows that they exist.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from harness.peer.calls import CallControl
from harness.peer.channel import Channel
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Phase, Tunnel
from harness.spec.model import Role, Specification
from harness.wire import Packet

BOTH: Final = frozenset(Role)
LNS: Final = frozenset({Role.LNS})
LAC: Final = frozenset({Role.LAC})


class Variant(Endpoint):
    """A reference peer whose parts can be replaced, and whose datagrams can be altered."""

    channel_type: ClassVar[type[Channel]] = Channel
    tunnel_type: ClassVar[type[Tunnel]] = Tunnel
    session_type: ClassVar[type[Session]] = Session
    calls_type: ClassVar[type[CallControl]] = CallControl

    def make_calls(self) -> CallControl:
        return self.calls_type(self)

    def make_channel(self) -> Channel:
        return self.channel_type(
            self.config.retransmit,
            receive_window=self.config.receive_window,
        )

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        return self.tunnel_type(self, local_id, address, self.make_channel())

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        return self.session_type(tunnel, kind, local_id)

    def transmit(self, packet: Packet, to: Address) -> None:
        for altered in self.alter(packet) if packet.header.control else self.alter_data(packet):
            super().transmit(altered, to)

    def alter(self, packet: Packet) -> Iterable[Packet]:
        """The packets that go out in place of this control message."""
        return (packet,)

    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        """The packets that go out in place of this data message."""
        return (packet,)


class OneTunnel(Variant):
    """A LAC that has one tunnel to a peer for all its calls."""

    def open_tunnel(self, address: Address, now: float) -> Tunnel:
        for tunnel in self.tunnels.values():
            if tunnel.originator and tunnel.address == address and tunnel.phase is Phase.OPEN:
                return tunnel
        return super().open_tunnel(address, now)


def with_channel(kind: type[Channel]) -> type[Variant]:
    """A reference peer with another reliable channel."""

    class Delivering(Variant):
        channel_type = kind

    return Delivering


def with_tunnel(kind: type[Tunnel]) -> type[Variant]:
    """A reference peer with another tunnel."""

    class Tunnelling(Variant):
        tunnel_type = kind

    return Tunnelling


def with_session(kind: type[Session]) -> type[Variant]:
    """A reference peer with another session."""

    class Calling(Variant):
        session_type = kind

    return Calling


def with_calls(kind: type[CallControl]) -> type[Variant]:
    """A reference peer with another handling of call messages."""

    class Controlled(Variant):
        calls_type = kind

    return Controlled


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A variant under its name. text: what it does, in words. roles: as what it can be run."""

    name: str
    text: str
    roles: frozenset[Role] = BOTH
    kind: type[Variant] = Variant

    def endpoint(
        self,
        specification: Specification,
        config: PeerConfig,
        chance: random.Random,
        log: Callable[[str], None],
    ) -> Endpoint:
        """A fresh peer of this kind; fits `EmbeddedRunner`'s factory."""
        return self.kind(specification, config, chance=chance, log=log)


def name_in_words(name: str) -> str:
    """The name of a class in small letters, with hyphens."""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("-").replace("_", "-")
