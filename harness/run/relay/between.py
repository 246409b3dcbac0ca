"""Two links and what goes on between them: each side sees the address of the relay alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.peer.impair import Direction, Impairments, UnderWay
from harness.peer.network import Address, Link
from harness.run.relay.conversation import OTHER, Conversation, Who
from harness.wire import parse

ToldFrame = Callable[[Who, bytes, Address, Address, bool], str]
"""Told of each datagram on a side: whose side, octets, source, destination, whether it came from
the device; gives it back in words."""

_DIRECTION: dict[Who, Direction] = {"lac": "sent", "lns": "received"}
_ARRIVAL_LIMIT = 20_000


@dataclass(slots=True)
class End:
    """The relay's end on one side. remote: where the device of that side sends from, or listens."""

    host: str
    remote: Address
    link: Link | None = None


@dataclass(slots=True)
class Between:
    """Forwards between a LAC and an LNS. strangers: datagrams from anybody else, left aside."""

    ends: dict[Who, End]
    conversation: Conversation
    told: ToldFrame
    impairments: Impairments = field(default_factory=Impairments)
    strangers: int = 0
    flooded: bool = False
    _received: int = 0
    _under_way: UnderWay = field(default_factory=UnderWay)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def receiver(self, who: Who) -> Callable[[bytes, Address], None]:
        """What takes datagrams on the side of one device."""

        def arrived(data: bytes, source: Address) -> None:
            self._arrived(who, data, source)

        return arrived

    def _arrived(self, who: Who, data: bytes, source: Address) -> None:
        end = self.ends[who]
        if source[0] != end.remote[0]:
            self.strangers += 1
            return
        self._received += 1
        if self._received > _ARRIVAL_LIMIT:
            self.flooded = True
            self._news.set()
            return
        # it may choose the port that it sends from, and is answered there (8.1)
        end.remote = source
        assert end.link is not None
        said = self.told(who, data, source, end.link.local, True)
        self.conversation.feed(who, data, said)
        packet = parse(data).packet
        name = self.conversation.name_of(packet) if packet is not None else ""

        def go() -> None:
            self._forward(OTHER[who], data)

        for delay, passage in self.impairments.apply(_DIRECTION[who], name, go):
            self._under_way.let_pass(delay, passage)
        self._news.set()

    def _forward(self, to: Who, data: bytes) -> None:
        end = self.ends[to]
        if end.link is None or not end.remote[1]:
            return  # nobody is there yet
        self.told(to, data, end.link.local, end.remote, False)
        end.link.send(data, end.remote)

    async def until(self, holds: Callable[[], bool], within: float) -> bool:
        """Wait until something holds; False when it does not within so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not holds() and not self.flooded and loop.time() < deadline:
            self._news.clear()
            timer = loop.call_at(deadline, self._news.set)
            try:
                await self._news.wait()
            finally:
                timer.cancel()
        return holds()

    def close(self) -> None:
        """Give the ports back; what is still delayed is lost."""
        self._under_way.close()
        for end in self.ends.values():
            if end.link is not None:
                end.link.close()
