"""When a datagram came: what the kernel tells counts, and not when somebody got round to it."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

import pytest

from harness.peer import clock
from harness.peer.impair import Impairment
from harness.peer.made import Made
from harness.peer.network import Address, Link, Receiver
from harness.peer.scripted import ScriptedPeer
from harness.peer.stamps import age_of
from harness.peer.udp import UdpNetwork
from tests.peer.world import specification

IUT: Address = ("127.0.0.2", 1701)
STRAY = bytes.fromhex("c802000c0063000000000000")
BUSY = 0.3
CLOCKS = 0.01
"""Seconds by which two looks at two clocks may differ."""
STAMP = (socket.SOL_SOCKET, 35)


def spin(seconds: float) -> None:
    """Let nobody else on this loop have a turn."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_link_that_is_read_late_tells_when_a_datagram_came(address: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        network = UdpNetwork()
        read: asyncio.Future[tuple[float, float | None]] = loop.create_future()
        to = await network.open(
            lambda _data, _source: read.set_result((loop.time(), to.arrived)), address
        )
        link = await network.open(lambda _data, _source: None, address)
        before = loop.time()
        link.send(b"ping", to.local)
        after = loop.time()
        spin(BUSY)
        now, arrived = await asyncio.wait_for(read, 60.0)
        assert arrived is not None
        assert before - CLOCKS <= arrived <= after + CLOCKS
        assert now - arrived >= BUSY - CLOCKS
        link.close()
        to.close()

    asyncio.run(main())


def stamp(ago: float) -> bytes:
    seconds, nanoseconds = divmod(time.time_ns() - round(ago * 1e9), 1_000_000_000)
    return struct.pack("@ll", seconds, nanoseconds)


def test_the_age_of_a_datagram() -> None:
    assert 2.0 <= age_of([(*STAMP, stamp(2.0))]) < 60.0
    assert 1.0 <= age_of([(socket.IPPROTO_IP, 35, stamp(50.0)), (*STAMP, stamp(1.0))]) < 50.0


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([], id="none"),
        pytest.param([(*STAMP, stamp(2.0)[:-1])], id="cut"),
        pytest.param([(*STAMP, stamp(-86_400.0))], id="the-clock-was-set-back"),
        pytest.param([(*STAMP, stamp(3600.0))], id="the-clock-was-set-forth"),
    ],
)
def test_what_tells_no_age(told: list[tuple[int, int, bytes]]) -> None:
    assert age_of(told) == 0.0


class Wire:
    """A network of one link, which says of datagrams when they came."""

    def __init__(self) -> None:
        self.receiver: Receiver = lambda _data, _source: None
        self.local: Address = ("127.0.0.1", 1701)
        self.checksum: bool | None = None
        self.arrived: float | None = None

    async def open(self, receiver: Receiver, _address: str, _port: int = 0) -> Link:
        self.receiver = receiver
        return self

    def send(self, data: bytes, to: Address) -> None:
        """It leads nowhere."""

    def leave_out_checksums(self) -> None:
        """It leads nowhere."""

    def close(self) -> None:
        """It leads nowhere."""


def heard(script: Callable[[ScriptedPeer, Wire, Link], None]) -> tuple[list[float], list[float]]:
    """When the frames came that a script hands on at 100 s, and when what was read of them."""
    frames: list[float] = []
    observed: list[float] = []

    async def main() -> None:
        wire = Wire()

        def on_frame(_data: bytes, _source: Address, _to: Address, made: Made) -> int:
            if made is Made.FOREIGN:
                frames.append(round(peer.heard_at - began, 6))
            return len(frames)

        peer = ScriptedPeer(specification(), wire, on_frame)
        link = await peer.open_link("peer", *wire.local)
        loop = asyncio.get_running_loop()
        began = loop.time()
        until = began + 100
        while peer.now < until:
            await peer.news(until)
        script(peer, wire, link)
        until += 10
        while peer.now < until:
            await peer.news(until)
        observed.extend(round(one.at - began, 6) for one in peer.strays)
        peer.close()

    clock.run(main(), virtual=True)
    return frames, observed


def came(wire: Wire, at: float | None) -> None:
    wire.arrived = at
    wire.receiver(STRAY, IUT)


def test_what_is_read_late_was_heard_when_it_came() -> None:
    def script(peer: ScriptedPeer, wire: Wire, _link: Link) -> None:
        for ago in (8, 5, 6, 2):
            came(wire, peer.now - ago)
        came(wire, None)

    # nothing comes before what was read before it
    assert heard(script) == ([92, 95, 95, 98, 100], [92, 95, 95, 98, 100])


def test_what_is_read_after_something_was_sent_was_not_heard_before() -> None:
    def script(peer: ScriptedPeer, wire: Wire, link: Link) -> None:
        came(wire, peer.now - 8)
        peer.transmit(link, STRAY, IUT)
        came(wire, peer.now - 5)

    assert heard(script) == ([92, 100], [92, 100])


def test_what_an_impairment_holds_back_is_heard_when_it_is_let_go() -> None:
    def script(peer: ScriptedPeer, wire: Wire, _link: Link) -> None:
        peer.impairments.add(Impairment("delay", "received", 1, seconds=3.0))
        came(wire, peer.now - 8)

    assert heard(script) == ([92], [103])
