"""The scripted peer before a reference LNS: what goes on in the background of every case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from harness.peer import clock
from harness.peer.channel import Arrival
from harness.peer.compose import compose
from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.endpoint import Endpoint
from harness.peer.impair import Impairment
from harness.peer.made import Made
from harness.peer.memory import MemoryNetwork
from harness.peer.network import Address, Link
from harness.peer.scripted import ScriptedPeer
from harness.peer.server import PeerServer
from harness.peer.tunnel import Tunnel
from harness.spec.model import Role
from harness.wire import AVP, Packet, Value, build, message, parse
from tests.peer.world import specification

IUT: Address = ("127.0.0.2", 1701)
HELLO = 6
ICRQ = 10


class Case:
    """A scripted peer, a tunnel of it, and the reference LNS that it drives."""

    def __init__(self, peer: ScriptedPeer, link: Link, lns: Endpoint, server: PeerServer) -> None:
        self.peer = peer
        self.link = link
        self.lns = lns
        self.server = server
        self.tunnel = peer.open_tunnel("one", link, IUT, secret=None)

    def message(self, name: str, values: dict[str, Value], session_id: int = 0) -> Packet:
        tunnel_id = self.tunnel.peer_id
        return compose(specification(), name, values, tunnel_id=tunnel_id, session_id=session_id)

    def send(self, name: str, values: dict[str, Value] | None = None, session_id: int = 0) -> None:
        given = dict(values or {})
        if name in {"SCCRQ", "SCCRP", "StopCCN"}:
            given.setdefault("assigned_tunnel_id", self.tunnel.local_id)
        if name == "SCCRQ":
            self.tunnel.bound = True
        self.tunnel.send(name, self.message(name, given, session_id))

    async def pause(self, seconds: float = 0.05) -> None:
        """Let time pass, whatever arrives."""
        until = self.peer.now + seconds
        while self.peer.now < until:
            await self.peer.news(until)

    async def establish(self) -> None:
        self.send("SCCRQ")
        await self.pause()
        self.send("SCCCN")
        await self.pause()
        assert self.lns_tunnel.state is State.ESTABLISHED
        self.tunnel.inbox.clear()

    @property
    def lns_tunnel(self) -> Tunnel:
        (tunnel,) = self.lns.tunnels.values()
        return tunnel

    def names(self) -> list[str]:
        return [one.name for one in self.tunnel.arrivals]


def play(script: Callable[[Case], Awaitable[None]], **settings: object) -> list[bytes]:
    """Run a script on the virtual clock; gives the datagrams that the scripted peer sent."""
    sent: list[bytes] = []

    def on_frame(data: bytes, _source: Address, _to: Address, made: Made) -> int:
        if made is not Made.FOREIGN:
            sent.append(data)
        return len(sent)

    async def main() -> None:
        network = MemoryNetwork()
        lns = Endpoint(specification(), PeerConfig(role=Role.LNS, **settings))  # type: ignore[arg-type]
        server = PeerServer(lns)
        await server.open(network, *IUT)
        peer = ScriptedPeer(specification(), network, on_frame)
        link = await peer.open_link("peer", "127.0.0.1", 1701)
        try:
            await script(Case(peer, link, lns, server))
            assert server.crash is None
        finally:
            peer.close()
            server.close()

    clock.run(main(), virtual=True)
    return sent


def test_it_learns_the_ids_the_window_and_the_challenge() -> None:
    async def script(case: Case) -> None:
        case.send("SCCRQ")
        await case.pause()
        (tunnel,) = case.lns.tunnels.values()
        assert case.tunnel.peer_id == tunnel.local_id
        assert case.tunnel.channel.peer_window == 9
        assert case.tunnel.peer_challenge == tunnel.challenge
        session = case.tunnel.session("call")
        case.send("SCCCN")
        case.send("ICRQ", {"assigned_session_id": session.local_id})
        await case.pause()
        assert session.peer_id == 0  # refused: no answer to the challenge was given

    play(script, receive_window=9, secret=b"secret", challenge=True)


def test_it_learns_the_session_id() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        session = case.tunnel.session("call")
        case.send("ICRQ", {"assigned_session_id": session.local_id})
        await case.pause()
        (theirs,) = case.lns.tunnels[case.tunnel.peer_id].sessions.values()
        assert (theirs.local_id, theirs.peer_id) == (session.peer_id, session.local_id)
        assert case.peer.ids("one", "call") == {
            "iut_tunnel_id": case.tunnel.peer_id,
            "peer_tunnel_id": case.tunnel.local_id,
            "iut_session_id": session.peer_id,
            "peer_session_id": session.local_id,
        }

    play(script)


def test_it_acknowledges_hello_in_the_background() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        await case.pause(200.0)
        assert case.names().count("HELLO") == 3
        assert case.lns_tunnel.state is State.ESTABLISHED

    play(script, hello_interval=60.0)


def test_it_retransmits_what_is_lost_on_the_way() -> None:
    async def script(case: Case) -> None:
        case.peer.impairments.add(Impairment("drop", "sent", 2, "SCCCN"))
        case.send("SCCRQ")
        await case.pause()
        case.send("SCCCN")
        await case.pause(2.9)
        assert case.lns_tunnel.state is State.WAIT_CTL_CONN
        await case.pause(0.2)
        assert case.lns_tunnel.state.value == "established"

    play(script)


def test_a_message_was_sent_when_its_channel_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its making took: what a retransmission brings about is a second behind it."""
    late = [0.0]
    monkeypatch.setattr(
        ScriptedPeer, "now", property(lambda _: asyncio.get_running_loop().time() + late[0])
    )

    def slow(packet: Packet) -> bytes:
        late[0] += 0.02
        return build(packet)

    async def script(case: Case) -> None:
        await case.establish()
        case.tunnel.send("HELLO", case.message("HELLO", {}), slow)
        deadline = case.tunnel.channel.next_deadline()
        assert deadline is not None
        assert deadline - case.tunnel.sent_at >= 1.0

    play(script)


def test_a_message_that_comes_twice_or_too_early_is_consumed_once_and_in_order() -> None:
    async def script(case: Case) -> None:
        case.send("SCCRQ")
        await case.pause()
        numbers = [1, 3, 3, 2, 2, 1]
        for ns in numbers:
            hello = message(HELLO, tunnel_id=case.tunnel.local_id, ns=ns, nr=1)
            case.server.endpoint.transmit(hello, case.link.local)
        case.server.flush()
        await case.pause()
        assert [one.header.ns for one in case.tunnel.inbox] == [0, 1, 2, 3]
        kinds = [one.arrival for one in case.tunnel.arrivals[-6:]]
        assert kinds == [
            Arrival.IN_ORDER,
            Arrival.AHEAD,
            Arrival.AHEAD,
            Arrival.IN_ORDER,
            Arrival.DUPLICATE,
            Arrival.DUPLICATE,
        ]
        assert case.tunnel.channel.nr == 4

    play(script)


def test_held_acknowledgements_make_the_other_side_repeat_itself() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        case.tunnel.channel.hold_acks()
        case.lns.shut_down(case.peer.now)
        case.server.flush()
        await case.pause(3.5)
        assert case.names().count("StopCCN") == 3
        assert [one.name for one in case.tunnel.inbox] == ["StopCCN"]
        case.tunnel.channel.resume_acks()
        case.tunnel.flush()
        await case.pause(10.0)
        assert case.names().count("StopCCN") == 3

    play(script)


def test_what_is_sent_outside_the_channel_uses_its_number_up_only_when_it_is_acknowledged() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        tunnel = case.tunnel
        ns, nr = tunnel.channel.ns, tunnel.channel.nr

        def probe(version: int) -> None:
            packet = message(HELLO, tunnel_id=tunnel.peer_id, ns=ns, nr=nr)
            packet = packet._replace(header=packet.header._replace(version=version))
            tunnel.send_once("HELLO", packet, build(packet))

        probe(version=3)
        await case.pause()
        assert tunnel.channel.ns == ns
        probe(version=2)
        await case.pause()
        assert tunnel.channel.ns == ns + 1
        case.send("HELLO")
        await case.pause()
        assert tunnel.channel.idle

    play(script)


def test_a_message_can_be_sent_again_with_its_number() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        assert case.tunnel.resend("SCCCN")
        before = len(case.tunnel.arrivals)
        await case.pause()
        (answer,) = case.tunnel.arrivals[before:]
        assert answer.is_zlb
        assert answer.header.nr == 2
        assert not case.tunnel.resend("ICRQ")

    play(script)


def test_what_belongs_to_no_tunnel_is_kept_apart() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        stray = message(HELLO, tunnel_id=case.tunnel.local_id + 1)
        case.lns.transmit(stray, case.link.local)
        case.server.flush()
        await case.pause()
        assert [one.name for one in case.peer.strays] == ["HELLO"]

    play(script)


def test_a_tunnel_of_the_other_side_is_taken_by_the_one_that_stands_ready() -> None:
    async def script(case: Case) -> None:
        case.lns.open_tunnel(case.link.local, case.peer.now)
        case.server.flush()
        await case.pause()
        (sccrq,) = case.tunnel.inbox
        assert sccrq.name == "SCCRQ"
        case.send("SCCRP")
        await case.pause()
        assert case.lns_tunnel.state is State.ESTABLISHED

    play(script)


def test_two_tunnels_of_one_endpoint_are_kept_apart() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        second = case.peer.open_tunnel("two", case.link, IUT, secret=None)
        second.bound = True
        values: dict[str, Value] = {"assigned_tunnel_id": second.local_id}
        second.send("SCCRQ", compose(specification(), "SCCRQ", values))
        await case.pause()
        assert [one.name for one in second.inbox] == ["SCCRP"]
        assert second.peer_id != case.tunnel.peer_id
        assert not case.tunnel.inbox

    play(script)


def test_a_wait_ends_with_news_or_with_the_deadline() -> None:
    async def script(case: Case) -> None:
        start = case.peer.now
        assert not await case.peer.news(start + 5.0)
        assert case.peer.now == start + 5.0
        case.send("SCCRQ")
        assert await case.peer.news(start + 10.0)
        assert case.peer.now < start + 6.0
        assert not await case.peer.news(start)

    play(script)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("drop", ["SCCRP"]),
        ("duplicate", ["SCCRP", "ZLB", "ZLB"]),
        ("delay", ["SCCRP", "ZLB"]),
    ],
)
def test_impairments_of_what_is_sent(kind: str, expected: list[str]) -> None:
    async def script(case: Case) -> None:
        case.peer.impairments.add(
            Impairment(kind, "sent", 1, "SCCCN", 0.3)  # type: ignore[arg-type]
        )
        case.send("SCCRQ")
        await case.pause()
        case.send("SCCCN")
        await case.pause(0.2)
        assert (case.names() == ["SCCRP"]) == (kind in {"drop", "delay"})
        await case.pause(0.5)
        assert case.names() == expected

    play(script)


def test_swapped_datagrams_arrive_the_other_way_round() -> None:
    async def swapped(case: Case) -> None:
        await case.establish()
        case.peer.impairments.add(Impairment("reorder", "sent", 1, "ICRQ"))
        case.send("ICRQ", {"assigned_session_id": 5})
        case.send("HELLO")
        await case.pause()
        assert [one.name for one in case.tunnel.inbox] == ["ICRP"]
        assert case.tunnel.channel.idle

    packets = [parse(data).packet for data in play(swapped)]
    types = [packet.message_type for packet in packets if packet is not None]
    assert [number for number in types if number is not None] == [1, 3, HELLO, ICRQ]


def test_hostile_ids_and_numbers_do_not_confuse_it() -> None:
    async def script(case: Case) -> None:
        await case.establish()
        bad: list[Packet] = [
            message(HELLO, AVP(9, b"\0\0"), tunnel_id=case.tunnel.local_id, ns=40000, nr=40000),
            message(2, AVP(9, b"\xff\xff"), tunnel_id=case.tunnel.local_id, ns=1, nr=9),
            message(2, tunnel_id=0, ns=0, nr=0),
            message(999, tunnel_id=case.tunnel.local_id, ns=2, nr=2),
        ]
        known = case.tunnel.peer_id
        for packet in bad:
            case.lns.transmit(packet, case.link.local)
        case.server.flush()
        await case.pause()
        assert case.tunnel.peer_id == known
        assert case.tunnel.channel.nr == 3

    play(script)
