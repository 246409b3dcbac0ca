"""Tiny IUTs that misbehave on purpose: tables of what an LNS or LAC says to what it hears."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.peer.compose import compose
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.spec.model import Specification
from harness.wire import AVP, Header, Packet, Value, build, parse

Edit = Callable[[Packet], Packet]


@dataclass(frozen=True, kw_only=True)
class Say:
    """One datagram of a fake.

    name: a message, `ZLB`, `data` or `raw`. after: seconds until it is sent; its numbers are those
    of then. ns, nr: added to the right numbers. again: with the Ns of the message before. tunnel,
    session: another id in the header than the right one.
    """

    name: str = "ZLB"
    values: Mapping[str, Value] = field(default_factory=dict)
    after: float = 0.0
    ns: int = 0
    nr: int = 0
    again: bool = False
    tunnel: int | None = None
    session: int | None = None
    raw: bytes = b""
    port: int | None = None
    edit: Edit = lambda packet: packet


def say(name: str = "ZLB", **rest: object) -> Say:
    """A datagram of a fake."""
    return replace(Say(name=name), **rest)  # type: ignore[arg-type]


Rules = Mapping[str, Sequence[Say] | Sequence[Sequence[Say]]]
"""What to say to each message, or to the first, the second and every later one of that name.

`data`, `ZLB` and numbers of unknown messages are names as well; `again` is for what has been heard
before, `dial` for the action.
"""

DEAF: Rules = {"HELLO": [], "again": []}
"""A HELLO is not answered, nor what is sent again."""

LNS: Rules = {
    "SCCRQ": [say("SCCRP")],
    "SCCCN": [say()],
    "ICRQ": [say("ICRP")],
    "ICCN": [say()],
    "HELLO": [say()],
    "CDN": [say()],
    "StopCCN": [say()],
    "again": [say()],
}
"""What an LNS has to say."""


@dataclass(eq=False)
class Conversation:
    """One tunnel of a fake. ns: of its next message. nr: of the next that it waits for."""

    address: Address
    local_id: int
    peer_id: int = 0
    peer_session: int = 0
    ns: int = 0
    nr: int = 0
    heard: dict[str, int] = field(default_factory=dict)


class Puppet(Endpoint):
    """An endpoint that says what its rules say, and keeps its numbers right unless told not to."""

    def __init__(
        self,
        specification: Specification,
        config: PeerConfig,
        rules: Rules,
        log: Callable[[str], None] = print,
    ) -> None:
        super().__init__(specification, config, chance=random.Random(1), log=log)
        self.rules = {**LNS, **rules}
        self.conversations: dict[int, Conversation] = {}
        self._later: list[tuple[float, int, Conversation, Say]] = []
        self._count = itertools.count()

    # -- what a server asks of an endpoint -----------------------------------------------------

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is None:
            return
        name = self.name_of(packet)
        conversation = self._conversation(packet, source, name)
        if conversation is None:
            return
        if packet.header.control and not packet.is_zlb:
            if packet.header.ns is not None and packet.header.ns != conversation.nr:
                behind = (packet.header.ns - conversation.nr) % 65536 >= 32768
                if behind:
                    self.speak(conversation, "again", now)
                return
            conversation.nr = (conversation.nr + 1) % 65536
        self.learn(conversation, packet)
        self.speak(conversation, name, now)

    def next_deadline(self) -> float | None:
        return self._later[0][0] if self._later else None

    def tick(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            _, _, conversation, words = heapq.heappop(self._later)
            self.send(conversation, words)

    # -- its own -------------------------------------------------------------------------------

    def name_of(self, packet: Packet) -> str:
        if not packet.header.control:
            return "data"
        if packet.is_zlb:
            return "ZLB"
        message = self.specification.message(packet.message_type or 0)
        return message.name if message else str(packet.message_type)

    def _conversation(self, packet: Packet, source: Address, name: str) -> Conversation | None:
        if packet.header.tunnel_id:
            return self.conversations.get(packet.header.tunnel_id)
        if name != "SCCRQ":
            return None
        for known in self.conversations.values():
            if known.address == source and known.peer_id == integer(packet, 9):
                return known
        return self.converse(source)

    def converse(self, address: Address) -> Conversation:
        """A new tunnel."""
        made = Conversation(address, 501 + len(self.conversations))
        self.conversations[made.local_id] = made
        return made

    def learn(self, conversation: Conversation, packet: Packet) -> None:
        """Take the ids that the other side assigns."""
        if packet.message_type in (1, 2):
            conversation.peer_id = integer(packet, 9) or 0
        if packet.message_type in (7, 8, 10, 11):
            conversation.peer_session = integer(packet, 14) or 0

    def speak(self, conversation: Conversation, name: str, now: float) -> None:
        """Say what the rules have for a message."""
        times = conversation.heard[name] = conversation.heard.get(name, 0) + 1
        chosen = self.rules.get(name, ())
        if chosen and not isinstance(chosen[0], Say):
            rows = [row for row in chosen if not isinstance(row, Say)]
            chosen = rows[min(times, len(rows)) - 1]
        for words in chosen:
            assert isinstance(words, Say)
            if words.after:
                entry = (now + words.after, next(self._count), conversation, words)
                heapq.heappush(self._later, entry)
            else:
                self.send(conversation, words)

    def send(self, conversation: Conversation, words: Say) -> None:
        """Put one datagram on its way."""
        if words.name == "raw":
            self._outgoing.append((words.raw, conversation.address))
            return
        packet = self.packet(conversation, words)
        self._outgoing.append((build(words.edit(packet)), conversation.address))
        if packet.header.control and not packet.is_zlb and not words.again:
            conversation.ns = (conversation.ns + 1) % 65536

    def packet(self, conversation: Conversation, words: Say) -> Packet:
        """The packet that some words stand for."""
        natural = conversation.ns - 1 if words.again else conversation.ns
        ns, nr = (natural + words.ns) % 65536, (conversation.nr + words.nr) % 65536
        tunnel = conversation.peer_id if words.tunnel is None else words.tunnel
        if words.name == "ZLB":
            return Packet(Header(tunnel_id=tunnel, session_id=words.session or 0, ns=ns, nr=nr))
        session = conversation.peer_session if words.session is None else words.session
        if words.name == "data":
            header = Header(control=False, tunnel_id=tunnel, session_id=session, length=None)
            return Packet(header, payload=b"\xff\x03\xc0\x21")
        if words.name.isdigit():
            number = AVP(0, int(words.name).to_bytes(2, "big"))
            return Packet(Header(tunnel_id=tunnel, ns=ns, nr=nr), (number,))
        message = self.specification.messages[words.name]
        given = dict(words.values)
        if words.name in {"SCCRQ", "SCCRP", "StopCCN"}:
            given.setdefault("assigned_tunnel_id", conversation.local_id)
        if words.name in {"ICRQ", "ICRP", "OCRQ", "OCRP", "CDN"}:
            given.setdefault("assigned_session_id", 700)
        packet = compose(self.specification, words.name, given, tunnel_id=tunnel)
        header = packet.header._replace(ns=ns, nr=nr)
        if message.scope == "session":
            header = header._replace(session_id=session)
        return packet._replace(header=header)


class Tiring(Puppet):
    """It serves its first tunnel and hangs for everybody else."""

    def _conversation(self, packet: Packet, source: Address, name: str) -> Conversation | None:
        found = super()._conversation(packet, source, name)
        return found if found is None or found.local_id == 501 else None


class Mute(Endpoint):
    """It hears everything and says nothing."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Nothing comes of it."""


class Crashing(Endpoint):
    """It dies of a message of one type. None: of the first datagram."""

    dies_of: int | None = None

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if self.dies_of is None or (packet is not None and packet.message_type == self.dies_of):
            raise ZeroDivisionError("the IUT divides by zero")
        super().receive(data, source, now)


def integer(packet: Packet, attribute: int) -> int | None:
    """The value of an AVP that is a number."""
    for avp in packet.avps:
        if (avp.vendor, avp.type) == (0, attribute):
            return int.from_bytes(avp.value, "big")
    return None
