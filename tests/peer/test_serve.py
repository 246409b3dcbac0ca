"""The reference peer as a server: it serves, dials, and says goodbye when it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from harness.errors import DeviceError, UsageError
from harness.peer import clock
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.memory import MemoryNetwork
from harness.peer.network import Address, Network
from harness.peer.serve import PeerCrashedError, serve
from harness.peer.udp import UdpNetwork
from harness.spec.model import Role
from harness.wire import build, message, parse
from tests.peer.test_links import WITHIN, Inbox, opened
from tests.peer.world import specification


class Served:
    """A peer that serves in a task, and what it says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.task: asyncio.Task[None]
        self._news = asyncio.Event()

    def log(self, text: str) -> None:
        self.lines.append(text)
        self._news.set()

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until it has said something."""
        async with asyncio.timeout(WITHIN):
            while True:
                for line in self.lines:
                    found = re.search(pattern, line)
                    if found is not None:
                        return found
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        if self.task.done():
            return
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def place(self) -> Address:
        found = await self.says(r"listens on (\S+) port (\d+)")
        return found[1], int(found[2])


@contextlib.asynccontextmanager
async def serving(
    config: PeerConfig,
    address: str = "127.0.0.1",
    *,
    dial: Address | None = None,
    network: Network | None = None,
) -> AsyncIterator[Served]:
    served = Served()
    served.task = asyncio.create_task(
        serve(specification(), config, address, 0, served.log, dial=dial, network=network)
    )
    try:
        yield served
    finally:
        await served.stop()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("caller", Role)
def test_one_dials_the_other_over_udp(address: str, caller: Role) -> None:
    async def main() -> None:
        other = Role.LNS if caller is Role.LAC else Role.LAC
        secret = b"secret"
        answering = PeerConfig(role=other, secret=secret, challenge=True)
        calling = PeerConfig(role=caller, secret=secret, challenge=True)
        async with serving(answering, address) as answerer:
            place = await answerer.place()
            async with serving(calling, address, dial=place) as dialler:
                await dialler.says("-> established")
                await answerer.says("-> established")
                last = "ICCN" if caller is Role.LAC else "OCCN"
                await (dialler if caller is Role.LAC else answerer).says(f"{last} queued")
            await answerer.says("receive StopCCN")
            assert not [line for line in dialler.lines if "did not acknowledge" in line]

    clock.run(main())


def test_the_address_to_dial_may_be_written_in_any_form() -> None:
    async def main() -> None:
        async with serving(PeerConfig(role=Role.LNS), "::1") as lns:
            _, port = await lns.place()
            dial = ("0:0:0:0:0:0:0:1", port)
            async with serving(PeerConfig(role=Role.LAC), "::1", dial=dial) as lac:
                await lac.says("ICCN queued")

    clock.run(main())


@pytest.mark.parametrize("name", ["localhost", "", "300.1.1.1", "x" * 300])
def test_what_is_dialled_is_an_address(name: str) -> None:
    async def main() -> None:
        async with serving(PeerConfig(role=Role.LAC), dial=(name, 1701)) as lac:
            with pytest.raises(UsageError, match="no address"):
                await lac.task

    clock.run(main())


def test_all_peers_get_a_stopccn_when_it_is_stopped() -> None:
    async def main() -> None:
        async with serving(PeerConfig(role=Role.LNS)) as lns:
            place = await lns.place()
            async with (
                serving(PeerConfig(role=Role.LAC), dial=place) as one,
                serving(PeerConfig(role=Role.LAC), dial=place) as two,
            ):
                for lac in (one, two):
                    await lac.says("ICCN queued")
                await lns.stop()
                for lac in (one, two):
                    await lac.says("receive StopCCN")
        assert "shutting down" in lns.lines

    clock.run(main())


def test_a_peer_that_never_acknowledges_is_not_waited_for_long() -> None:
    async def main() -> tuple[list[str], list[int | None], float]:
        network = MemoryNetwork()
        dead = Inbox()
        async with opened(network, dead, "127.0.0.9", 1701) as silent:
            config = PeerConfig(role=Role.LAC)
            async with serving(config, dial=silent.local, network=network) as lac:
                await dead.holds(1)
                before = clock.now()
        packets = [parse(data).packet for data, _ in dead.arrived]
        types = [packet.message_type for packet in packets if packet is not None]
        return lac.lines, types, clock.now() - before

    lines, types, seconds = clock.run(main(), virtual=True)
    assert lines[-1] == "1 of 1 tunnels did not acknowledge in time"
    assert seconds == pytest.approx(3.0, abs=0.1)
    assert set(types) == {1}


def test_it_ends_at_once_when_there_is_nobody_to_say_goodbye_to() -> None:
    async def main() -> float:
        async with serving(PeerConfig(role=Role.LNS), network=MemoryNetwork()) as lns:
            await lns.place()
            before = clock.now()
        return clock.now() - before

    assert clock.run(main(), virtual=True) == 0.0


def test_a_port_that_is_taken_is_an_error() -> None:
    async def main() -> None:
        async with opened(UdpNetwork(), Inbox(), "127.0.0.1") as link:
            config = PeerConfig(role=Role.LNS)
            port = link.local[1]
            with pytest.raises(DeviceError):
                await serve(specification(), config, "127.0.0.1", port, lambda text: None)

    clock.run(main())


def test_a_defect_of_the_peer_is_an_error_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise KeyError("nobody expects this")

    monkeypatch.setattr(Endpoint, "receive", broken)

    async def main() -> None:
        network = MemoryNetwork()
        async with (
            opened(network, Inbox(), "127.0.0.9") as link,
            serving(PeerConfig(role=Role.LNS), network=network) as lns,
        ):
            link.send(b"anything", await lns.place())
            with pytest.raises(PeerCrashedError, match="nobody expects this"):
                await lns.task

    clock.run(main(), virtual=True)


def test_what_it_says_names_who_calls() -> None:
    async def main() -> None:
        network = MemoryNetwork()
        async with (
            opened(network, Inbox(), "127.0.0.9", 40000) as link,
            serving(PeerConfig(role=Role.LNS), network=network) as lns,
        ):
            place = await lns.place()
            link.send(b"", place)
            link.send(build(message(1)), place)
            await lns.says("SCCRQ from 127.0.0.9 port 40000")
            await lns.says("discarded: 0 octets hold no L2TP header")

    clock.run(main(), virtual=True)
