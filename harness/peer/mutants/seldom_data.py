"""Mutants that treat data wrongly in one situation only (3.1, 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harness.peer.channel import HALF
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.forgetting import Clocked, Timed
from harness.peer.mutants.ppp_answers import CHANGES
from harness.peer.network import Address
from harness.peer.ppp import PppEnd
from harness.peer.session import Session
from harness.peer.variant import LNS, Variant, with_session
from harness.wire import Packet, parse

VERSION: Final = 2
CCP: Final = b"\xff\x03\x80\xfd"
TERMINATE: Final = (5, 6)


@mutant("RFC2661-3.1-13", "data of another version is answered by a CDN, and the call goes on")
class CdnForOtherVersions(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        super().receive(data, source, now)
        packet = parse(data).packet
        if packet is None or packet.header.control or packet.header.version == VERSION:
            return
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        session = tunnel.sessions.get(packet.header.session_id) if tunnel is not None else None
        if tunnel is not None and session is not None:
            session.send_cdn()
            tunnel.flush(now)


class Sleepy(Timed):
    """A call whose PPP begins when everybody has stopped to wait for it."""

    patience = 10.5
    sleeping: PppEnd | None = None

    def begin_data(self) -> None:
        super().begin_data()
        self.sleeping, self.ppp = self.ppp, None

    def late(self, now: float) -> None:
        del now
        self.ppp = self.sleeping


@mutant("RFC2661-5.3-02", "the PPP of a call begins after more than ten seconds", broad=True)
class PppBeginsLate(Variant):
    tunnel_type = Clocked
    session_type = Sleepy


class Confused(Session):
    """Takes the end of a compression for that of PPP, and goes on with the call."""

    def take_data(self, packet: Packet) -> None:
        payload = packet.payload
        super().take_data(packet)
        if payload.startswith(CCP) and len(payload) > len(CCP) and payload[4] in TERMINATE:
            self.ppp = None


@mutant("RFC2661-5.3-02", "with the end of a compression there is no PPP any more", broad=True)
class PppEndsWithCompression(with_session(Confused)):  # type: ignore[misc]
    pass


class Queueing(Session):
    """PPP is served in the call that came first, until it has been asked twice."""

    def take_data(self, packet: Packet) -> None:
        served: dict[int, int] = self.tunnel.endpoint.__dict__.setdefault("served", {})
        first = next(iter(served), self.local_id)
        if first == self.local_id:
            served[first] = served.get(first, 0) + 1
        elif served[first] < 2:
            return
        super().take_data(packet)


@mutant("RFC2661-5.2-02", "a call waits with its PPP for that of the call before it", roles=LNS)
class PppOneByOne(with_session(Queueing)):  # type: ignore[misc]
    pass


def behind_half(change: Callable[[bytes], bytes | None]) -> type[Variant]:
    """A peer that takes numbers from 32768 on for negative ones, and answers otherwise there."""

    class Odd(Session):
        high: bool = False

        def take_data(self, packet: Packet) -> None:
            self.high = (packet.header.ns or 0) >= HALF
            super().take_data(packet)

        def send_data(self, frame: bytes) -> None:
            super().send_data(change(frame) or b"" if self.high else frame)

    return with_session(Odd)


for _name, _told, _change in CHANGES[:2]:
    add(
        f"answer-to-a-high-number-{_name}",
        behind_half(_change),
        "RFC2661-5.4-02",
        f"the answer of PPP to data with an Ns from 32768 on {_told}",
        equivalent="what is delivered behind so many lost messages is worth a note only",
    )
