"""Why a closing xl2tpd now and then acknowledges what was never sent.

A ZLB that names a call which it has just ended counts as a message: `check_control` takes its
number, and `handle_special`, unlike `handle_control`, does not give that back. From then on its Nr
is one too high; it takes the acknowledgement of its StopCCN for a message of the past, and answers
it by a ZLB with that Nr. It takes a peer whose ZLBs have a Session ID, such as another xl2tpd,
and one of them that crosses the StopCCN: tests/devices/test_cross_checks.py has both.
"""

from __future__ import annotations

import asyncio

import pytest

from harness.device import load_device
from harness.peer.compose import compose
from harness.peer.network import Address, Link
from harness.wire import Packet, Value, build, parse, zlb
from tests.device.bench import PEERS, opened, require_program, run
from tests.monitor.talk import specification

SCCRQ, SCCCN, STOPCCN, ICRQ, ICCN = 1, 3, 4, 10, 12
OUR_TUNNEL, OUR_CALL = 77, 5


@pytest.fixture(autouse=True)
def _installed() -> None:
    for name in ("xl2tpd", "slirp-fullbolt"):
        require_program(name)


class Lns:
    """An LNS that says what a test says. `tunnel_id`, `session_id`: those that the LAC assigned."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[tuple[Packet, Address]] = asyncio.Queue()
        self.link: Link | None = None
        self.lac: Address = ("", 0)
        self.tunnel_id = self.session_id = 0
        self.ns = self.nr = 0

    def receive(self, data: bytes, source: Address) -> None:
        packet = parse(data).packet
        assert packet is not None
        self.arrived.put_nowait((packet, source))

    async def until(self, kind: int) -> Packet:
        """The next message of this kind; what comes before it is let pass."""
        while True:
            packet, self.lac = await self.arrived.get()
            if packet.header.ns == self.nr and not packet.is_zlb:
                self.nr += 1
            if packet.message_type == kind:
                return packet

    async def until_zlb(self) -> Packet:
        """The next ZLB."""
        while not (packet := (await self.arrived.get())[0]).is_zlb:
            pass
        return packet

    def send(self, packet: Packet) -> None:
        assert self.link is not None
        self.link.send(build(packet), self.lac)

    def message(self, name: str, values: dict[str, Value], session_id: int = 0) -> None:
        """Send the next message."""
        packet = compose(
            specification(), name, values, tunnel_id=self.tunnel_id, session_id=session_id
        )
        header = packet.header._replace(ns=self.ns, nr=self.nr)
        self.ns += 1
        self.send(packet._replace(header=header))

    def acknowledge(self, session_id: int = 0) -> None:
        """A ZLB, with a Session ID where one is given."""
        bare = zlb(self.tunnel_id, self.ns, self.nr)
        self.send(bare._replace(header=bare.header._replace(session_id=session_id)))


def assigned(packet: Packet, attribute: int) -> int:
    return next(int.from_bytes(one.value, "big") for one in packet.avps if one.type == attribute)


def test_a_zlb_for_a_call_just_ended_counts_as_a_message() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "xl2tpd-lac")) as runner:
            lns = Lns()
            ours = runner.addresses.take()
            lns.link = await runner.network.open(lns.receive, ours, 1701)
            lease = await runner.lease("case", (ours, 1701))
            await lease.action("dial", {})
            lns.tunnel_id = assigned(await lns.until(SCCRQ), 9)
            lns.message("SCCRP", {"assigned_tunnel_id": OUR_TUNNEL})
            await lns.until(SCCCN)
            lns.session_id = assigned(await lns.until(ICRQ), 14)
            lns.message("ICRP", {"assigned_session_id": OUR_CALL}, lns.session_id)
            await lns.until(ICCN)
            await lease.action("close", {})
            closing = await lns.until(STOPCCN)
            assert closing.header.nr == lns.ns
            lns.acknowledge(lns.session_id)
            lns.acknowledge()
            answer = await lns.until_zlb()
            assert (answer.header.ns, answer.header.nr) == (lns.nr, lns.ns + 1)
            lns.link.close()
            await runner.release(lease)

    run(main())
