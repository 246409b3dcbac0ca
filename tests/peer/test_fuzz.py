"""Hostile datagrams: a small campaign on every run, and proof that a campaign can fail."""

from __future__ import annotations

import random
import re

import pytest
from click.testing import CliRunner

from harness.peer import clock
from harness.peer.channel import RetransmitPolicy
from harness.peer.compose import compose
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.fuzz import campaign
from harness.peer.fuzz.__main__ import main
from harness.peer.fuzz.campaign import FuzzError, run_episode, target_name
from harness.peer.fuzz.mutate import Aim, Mutator
from harness.peer.memory import MemoryNetwork
from harness.peer.network import Address
from harness.peer.scripted import ARRIVAL_LIMIT, ARRIVAL_OCTETS, ScriptedPeer
from harness.peer.server import PeerServer
from harness.peer.udp import UdpNetwork
from harness.spec.model import Role
from harness.wire import AVP, Packet, build, message, parse
from tests.peer.test_links import WITHIN, Inbox, opened
from tests.peer.world import specification

SEED = 7
SMOKE = 3_500
SHORT = 4_000
"""Octets; longer ones would fill a socket before it is read, and the honest ones be lost."""


@pytest.mark.parametrize("episode", range(6), ids=target_name)
def test_thousands_of_hostile_datagrams_do_no_harm(episode: int) -> None:
    run_episode(specification(), SEED, episode, SMOKE)


def thrown(seed: int, count: int) -> list[bytes]:
    datagrams: list[bytes] = []
    run_episode(specification(), seed, 0, count, datagrams.append)
    return datagrams


def test_a_seed_always_gives_the_same_datagrams() -> None:
    assert thrown(1, 300) == thrown(1, 300)
    assert thrown(1, 300) != thrown(2, 300)
    assert thrown(1, 300)[:200] == thrown(1, 200)


def test_datagrams_are_of_every_kind() -> None:
    aim = Aim(("127.0.0.1", 1), 5, [7, 8], 3, 4)
    mutator = Mutator(specification(), b"secret", random.Random(1))
    parsed = [parse(mutator.datagram(aim)) for _ in range(20_000)]
    packets = [one.packet for one in parsed if one.packet is not None]
    types = {packet.message_type for packet in packets}
    assert types >= {spec.type for spec in specification().messages.values()}
    assert any(packet.is_zlb for packet in packets)
    assert any(not packet.header.control for packet in packets)
    assert any(avp.hidden for packet in packets for avp in packet.avps)
    assert any(len(one.raw) > 60_000 for one in parsed)
    defects = {str(defect.kind) for one in parsed for defect in one.defects}
    assert len(defects) >= 16
    regular = sum(not one.defects for one in parsed)
    assert 0.3 < regular / len(parsed) < 0.8


# -- a campaign can fail -------------------------------------------------------------------------


def break_iccn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the kind that is looked for: one message in one state ends in an exception."""
    honest = Endpoint.transmit

    def transmit(self: Endpoint, packet: Packet, to: Address) -> None:
        if packet.message_type == 12:
            raise KeyError("tx_connect_speed")
        honest(self, packet, to)

    monkeypatch.setattr(Endpoint, "transmit", transmit)


def test_a_failure_names_the_datagram_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    break_iccn(monkeypatch)
    with pytest.raises(FuzzError) as raised:
        run_episode(specification(), SEED, 1)
    failure = raised.value.failure
    assert failure.target == "reference LAC, IPv4"
    assert "KeyError" in failure.error
    assert "in transmit" in failure.origin
    assert campaign.EPISODE <= failure.number < 2 * campaign.EPISODE
    with pytest.raises(FuzzError) as again:
        campaign.replay(failure.number, SEED, lambda data: None)
    assert again.value.failure[:4] == failure[:4]
    campaign.replay(failure.number - 1, SEED, lambda data: None)


def test_a_failure_in_a_timer_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RetransmitPolicy.interval

    def interval(self: RetransmitPolicy, transmissions: int) -> float:
        if transmissions == 4:
            raise KeyError("the fourth transmission")
        return honest(self, transmissions)

    monkeypatch.setattr(RetransmitPolicy, "interval", interval)
    for episode in range(3):
        with pytest.raises(FuzzError) as raised:
            run_episode(specification(), SEED, episode, SMOKE)
        assert "the fourth transmission" in raised.value.failure.error


def test_the_command_shows_a_failure_and_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_iccn(monkeypatch)
    arguments = ["--count", str(2 * campaign.EPISODE), "--seed", str(SEED), "--jobs", "1"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    found = re.search(r"--seed (\d+) --replay (\d+)", result.output)
    assert found is not None
    again = CliRunner().invoke(main, ["--seed", found[1], "--replay", found[2]])
    assert again.exit_code == 1
    assert "KeyError" in again.output
    assert f"\n{found[2]}: " in again.output


def test_the_command_says_that_nothing_was_found() -> None:
    result = CliRunner().invoke(main, ["--count", "500", "--jobs", "1"])
    assert result.exit_code == 0
    assert re.search(r"500 datagrams, seed 2661, .* 0 failures", result.output)
    again = CliRunner().invoke(main, ["--replay", "17"])
    assert again.exit_code == 0
    assert "datagram 17 does no harm" in again.output


def test_a_tunnel_that_is_kept_for_ever_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.peer.tunnel.Tunnel.linger", lambda self, now: None)
    with pytest.raises(FuzzError) as raised:
        run_episode(specification(), SEED, 0, 1000)
    assert "BoundError" in raised.value.failure.error


# -- over real sockets ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("role", Role)
def test_a_reference_peer_on_a_socket_goes_on_serving(host: str, role: Role) -> None:
    async def main() -> None:
        network = UdpNetwork()
        server = PeerServer(Endpoint(specification(), PeerConfig(role=role)))
        place = await server.open(network, host, 0)
        answers = Inbox()
        mutator = Mutator(specification(), b"secret", random.Random(SEED))
        try:
            async with (
                opened(network, Inbox(), host) as hostile,
                opened(network, answers, host) as honest,
            ):
                for number in range(1, 61):
                    for _ in range(25):
                        tunnel_id = mutator.chance.choice([0, *server.endpoint.tunnels])
                        aim = Aim(place, tunnel_id, (), 0, 0)
                        hostile.send(mutator.datagram(aim)[:SHORT], place)
                    sccrq = {"assigned_tunnel_id": number}
                    honest.send(build(compose(specification(), "SCCRQ", sccrq)), place)
                    await answers.holds(number)
            types = [parse(data).packet for data, _ in answers.arrived]
            assert {packet.message_type for packet in types if packet is not None} == {2}
            assert server.crash is None
        finally:
            server.close()

    clock.run(main())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_scripted_peer_on_a_socket_goes_on(host: str) -> None:
    async def main() -> None:
        network = UdpNetwork()
        peer = ScriptedPeer(specification(), network, lambda data, source, to, made: 1)
        link = await peer.open_link("peer", host)
        mutator = Mutator(specification(), b"secret", random.Random(SEED))
        try:
            async with opened(network, Inbox(), host) as device:
                tunnel = peer.open_tunnel("one", link, device.local, secret=b"secret")
                tunnel.bound = True
                for number in range(40):
                    aim = Aim(link.local, tunnel.local_id, (), tunnel.channel.nr, 0)
                    for _ in range(25):
                        device.send(mutator.datagram(aim)[:SHORT], link.local)
                    stray = build(message(6, tunnel_id=65000, ns=number))
                    device.send(stray, link.local)
                    deadline = peer.now + WITHIN
                    while not any(one.parsed.raw == stray for one in peer.strays):
                        assert await peer.news(deadline)
        finally:
            peer.close()

    clock.run(main())


# -- floods --------------------------------------------------------------------------------------


async def flooded(datagrams: int, octets: int) -> ScriptedPeer:
    """A scripted peer that has got so many HELLOs with so many octets behind them."""
    network = MemoryNetwork()
    peer = ScriptedPeer(specification(), network, lambda data, source, to, made: 1)
    link = await peer.open_link("peer", "127.0.0.1")
    device = await network.open(Inbox(), "127.0.0.2")
    tunnel = peer.open_tunnel("one", link, device.local, secret=None)
    tunnel.bound = True
    hello = message(6, AVP(9999, b"", mandatory=False), tunnel_id=tunnel.local_id)
    for number in range(datagrams):
        header = hello.header._replace(ns=number % 65536)
        device.send(build(hello._replace(header=header, trailing=bytes(octets))), link.local)
    deadline = clock.now() + 1.0
    while await peer.news(deadline):
        pass
    peer.close()
    return peer


def test_a_flood_is_taken_up_to_a_number_of_datagrams() -> None:
    peer = clock.run(flooded(ARRIVAL_LIMIT + 500, 0), virtual=True)
    assert peer.flooded
    assert len(peer.tunnels["one"].arrivals) == ARRIVAL_LIMIT


def test_a_flood_is_taken_up_to_a_number_of_octets() -> None:
    size = 60_000
    peer = clock.run(flooded(ARRIVAL_OCTETS // size + 10, size), virtual=True)
    assert peer.flooded
    kept = sum(len(one.parsed.raw) for one in peer.tunnels["one"].arrivals)
    assert 0.9 * ARRIVAL_OCTETS < kept <= ARRIVAL_OCTETS
