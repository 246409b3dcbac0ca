"""Links in memory and over real UDP: what is sent arrives, what is closed is free again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from harness.errors import DeviceError
from harness.peer import clock
from harness.peer.checksums import is_permitted
from harness.peer.memory import EPHEMERAL_PORTS, MemoryNetwork
from harness.peer.network import Address, Link, Network
from harness.peer.udp import SocketOptions, UdpNetwork

WITHIN = 60.0
"""Seconds after which a test that waits has failed."""


class Inbox:
    """Collects what arrives and wakes who waits for it."""

    def __init__(self) -> None:
        self.arrived: list[tuple[bytes, Address]] = []
        self._news = asyncio.Event()

    def __call__(self, data: bytes, source: Address) -> None:
        self.arrived.append((data, source))
        self._news.set()

    async def holds(self, count: int) -> None:
        """Wait for so many datagrams."""
        async with asyncio.timeout(WITHIN):
            while len(self.arrived) < count:
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def opened(
    network: Network, inbox: Callable[[bytes, Address], None], address: str, port: int = 0
) -> AsyncIterator[Link]:
    link = await network.open(inbox, address, port)
    try:
        yield link
    finally:
        link.close()


KINDS = pytest.mark.parametrize(
    ("make", "address", "virtual"),
    [
        (MemoryNetwork, "127.0.0.1", True),
        (MemoryNetwork, "::1", True),
        (UdpNetwork, "127.0.0.1", False),
        (UdpNetwork, "127.9.8.7", False),
        (UdpNetwork, "::1", False),
    ],
)


@KINDS
def test_datagrams_go_both_ways(make: type[Network], address: str, virtual: bool) -> None:
    async def main() -> None:
        network = make()
        one, other = Inbox(), Inbox()
        async with opened(network, one, address) as left, opened(network, other, address) as right:
            assert left.local[0] == address
            assert left.local[1] != right.local[1]
            for data in (b"ping", b"", b"\0" * 60_000):
                left.send(data, right.local)
            await other.holds(3)
            assert [data for data, _ in other.arrived] == [b"ping", b"", b"\0" * 60_000]
            assert {source for _, source in other.arrived} == {left.local}
            right.send(b"pong", left.local)
            await one.holds(1)
            assert one.arrived == [(b"pong", right.local)]

    clock.run(main(), virtual=virtual)


@KINDS
def test_many_datagrams_of_one_instant_keep_their_order(
    make: type[Network], address: str, virtual: bool
) -> None:
    async def main() -> None:
        network = make()
        inbox = Inbox()
        async with opened(network, inbox, address) as link, opened(network, inbox, address) as to:
            for number in range(100):
                link.send(bytes([number]), to.local)
            await inbox.holds(100)
            assert [data[0] for data, _ in inbox.arrived] == list(range(100))

    clock.run(main(), virtual=virtual)


@KINDS
def test_a_port_that_is_taken_is_an_error_and_free_again_when_closed(
    make: type[Network], address: str, virtual: bool
) -> None:
    async def main() -> None:
        network = make()
        inbox = Inbox()
        async with opened(network, inbox, address) as link:
            port = link.local[1]
            with pytest.raises(DeviceError, match=str(port)):
                await network.open(inbox, address, port)
        async with opened(network, inbox, address, port) as again:
            assert again.local == (address, port)

    clock.run(main(), virtual=virtual)


@KINDS
def test_a_closed_link_sends_and_gets_nothing(
    make: type[Network], address: str, virtual: bool
) -> None:
    async def main() -> None:
        network = make()
        closed, inbox = Inbox(), Inbox()
        async with opened(network, inbox, address) as link, opened(network, inbox, address) as to:
            gone = await network.open(closed, address)
            place = gone.local
            link.send(b"too late", place)
            gone.close()
            gone.close()
            gone.send(b"from beyond", to.local)
            link.send(b"last", to.local)
            await inbox.holds(1)
            assert [data for data, _ in inbox.arrived] == [b"last"]
            assert not closed.arrived

    clock.run(main(), virtual=virtual)


def test_what_udp_cannot_send_is_lost_without_an_error() -> None:
    async def main() -> None:
        network = UdpNetwork()
        inbox = Inbox()
        async with (
            opened(network, inbox, "127.0.0.1") as link,
            opened(network, inbox, "127.0.0.1") as to,
        ):
            link.send(b"x" * 65_600, to.local)
            link.send(b"nobody there", ("127.0.0.1", 9))
            link.send(b"port 0", ("127.0.0.1", 0))
            link.send(b"good", to.local)
            await inbox.holds(1)
            assert [data for data, _ in inbox.arrived] == [b"good"]

    clock.run(main())


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("203.0.113.1", "not assigned"),
        ("2001:db8:9:9::1", "Is IPv6 switched on here"),
        ("localhost", "not a name"),
        ("x" * 300, "not a name"),
    ],
)
def test_an_address_of_somebody_else_is_an_error_with_a_hint(address: str, hint: str) -> None:
    async def main() -> None:
        with pytest.raises(DeviceError) as raised:
            await UdpNetwork().open(Inbox(), address, 0)
        assert raised.value.code == "network.bind"
        assert hint in raised.value.hint

    clock.run(main())


def test_a_port_in_memory_is_not_given_out_again_at_once() -> None:
    async def main() -> None:
        network = MemoryNetwork()
        ports = []
        for _ in range(5):
            link = await network.open(Inbox(), "127.0.0.1")
            ports.append(link.local[1])
            link.close()
        assert len(set(ports)) == 5

    clock.run(main(), virtual=True)


def test_ports_in_memory_run_out_with_an_error() -> None:
    async def main() -> None:
        network = MemoryNetwork()
        links = [await network.open(Inbox(), "127.0.0.1") for _ in EPHEMERAL_PORTS]
        with pytest.raises(DeviceError):
            await network.open(Inbox(), "127.0.0.1")
        links[100].close()
        again = await network.open(Inbox(), "127.0.0.1")
        assert again.local == links[100].local

    clock.run(main(), virtual=True)


class Checked(Inbox):
    """Notes of each datagram whether it had a UDP checksum."""

    def __init__(self) -> None:
        super().__init__()
        self.link: Link | None = None
        self.had: list[bool | None] = []

    def __call__(self, data: bytes, source: Address) -> None:
        assert self.link is not None
        self.had.append(self.link.checksum)
        super().__call__(data, source)


def watched() -> UdpNetwork:
    return UdpNetwork(SocketOptions(checksums=True))


@pytest.mark.parametrize(
    ("make", "virtual", "port"),
    [(MemoryNetwork, True, 0), (watched, False, 0), (watched, False, 1709)],
)
def test_a_link_tells_which_datagrams_have_no_checksum(
    make: Callable[[], Network], virtual: bool, port: int
) -> None:
    seen = virtual or is_permitted()

    async def main() -> None:
        network = make()
        inbox = Checked()
        async with (
            opened(network, inbox, "127.9.8.6", port) as link,
            opened(network, Inbox(), "127.9.8.7") as right,
            opened(network, Inbox(), "127.9.8.7") as wrong,
        ):
            inbox.link = link
            wrong.leave_out_checksums()
            for sender in (right, wrong, right, wrong, wrong):
                for data in (b"the same", b"", bytes(20_000)):
                    sender.send(data, link.local)
            await inbox.holds(15)
            # in whichever order two sockets are served: each datagram is told for itself
            had = {right.local: True, wrong.local: False}
            expected = [had[source] if seen else None for _, source in inbox.arrived]
            assert inbox.had == expected

    clock.run(main(), virtual=virtual)


def test_what_arrives_by_ipv6_has_a_checksum() -> None:
    async def main() -> None:
        inbox = Checked()
        async with (
            opened(watched(), inbox, "::1") as link,
            opened(watched(), Inbox(), "::1") as one,
        ):
            inbox.link = link
            one.send(b"x", link.local)
            await inbox.holds(1)
            assert inbox.had == [True]

    clock.run(main(), virtual=False)


def test_who_looks_at_no_checksums_says_nothing_of_them() -> None:
    async def main() -> None:
        inbox, network = Checked(), UdpNetwork()
        async with (
            opened(network, inbox, "127.0.0.1") as link,
            opened(network, Inbox(), "127.0.0.1") as one,
        ):
            inbox.link = link
            one.leave_out_checksums()
            one.send(b"x", link.local)
            await inbox.holds(1)
            assert inbox.had == [None]

    clock.run(main(), virtual=False)
