"""Mutants: reference peers that break exactly one rule each, to prove that the suites notice.

A mutant is a class derived from `Variant` with the one thing changed, and a registration that
names the requirement row it breaks. Nothing else in the harness knows that they exist.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from harness.peer.calls import CallControl
from harness.peer.channel import Channel
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
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


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken rule. row: the requirement that it breaks. roles: as what it can be run.

    equivalent: why no peer on the wire can tell it from the reference; None for all others.
    broad: it may show in cases of any section, such as one that hangs.
    """

    name: str
    row: str
    text: str
    roles: frozenset[Role]
    kind: type[Variant]
    equivalent: str | None = None
    broad: bool = False

    def endpoint(
        self,
        specification: Specification,
        config: PeerConfig,
        chance: random.Random,
        log: Callable[[str], None],
    ) -> Endpoint:
        """A fresh peer of this kind; fits `EmbeddedRunner`'s factory."""
        return self.kind(specification, config, chance=chance, log=log)


MUTANTS: Final[dict[str, Mutant]] = {}

Kind = TypeVar("Kind", bound=type[Variant])


def mutant(
    row: str,
    text: str,
    *,
    roles: frozenset[Role] = BOTH,
    equivalent: str | None = None,
    broad: bool = False,
) -> Callable[[Kind], Kind]:
    """Register the class below; its name in words is the mutant's name."""

    def registered(kind: Kind) -> Kind:
        add(kind.__name__, kind, row, text, roles=roles, equivalent=equivalent, broad=broad)
        return kind

    return registered


def add(
    name: str,
    kind: type[Variant],
    row: str,
    text: str,
    *,
    roles: frozenset[Role] = BOTH,
    equivalent: str | None = None,
    broad: bool = False,
) -> None:
    """Register a mutant. ValueError for a name that stands twice."""
    key = name_in_words(name)
    if key in MUTANTS:
        raise ValueError(f"there are two mutants {key!r}")
    MUTANTS[key] = Mutant(key, row, text, roles, kind, equivalent, broad)


def name_in_words(name: str) -> str:
    """The name of a class in small letters, with hyphens."""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("-").replace("_", "-")
