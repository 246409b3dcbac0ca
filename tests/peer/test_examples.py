"""The exchanges that RFC 2661 prints, step by step, between the reference LAC and LNS."""

from __future__ import annotations

from collections.abc import Iterable

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.spec.model import Role
from harness.wire import parse
from tests.peer.world import LAC, LATENCY, LNS, Frame, World, pair

ICRQ = 10
ICRP = 11


def steps(frames: Iterable[Frame]) -> list[tuple[str, str, int | None, int | None]]:
    """Sender, message, Nr and Ns: the columns of Appendix B."""
    sender = {LAC: "LAC", LNS: "LNS"}
    return [
        (sender[frame.source], frame.name, frame.packet.header.nr, frame.packet.header.ns)
        for frame in frames
    ]


def test_lock_step_tunnel_establishment() -> None:
    # B.1
    world = World()
    lac, lns = pair(world)
    lac.open_tunnel(LNS, world.now)
    world.run(0.5)
    assert steps(world.frames) == [
        ("LAC", "SCCRQ", 0, 0),
        ("LNS", "SCCRP", 1, 0),
        ("LAC", "SCCCN", 1, 1),
        ("LNS", "ZLB", 2, 1),
    ]
    assert lac.only.state is lns.only.state is State.ESTABLISHED


def test_a_lost_packet_with_retransmission() -> None:
    # B.2: the ICRP is lost; the ICRQ is sent again, found to be a duplicate and acknowledged;
    # then the ICRP is sent again
    seen: set[int | None] = set()

    def lose_first_icrp(data: bytes, _source: object, _to: object) -> list[float]:
        packet = parse(data).packet
        assert packet is not None
        first = packet.message_type not in seen
        seen.add(packet.message_type)
        if first and packet.message_type == ICRP:
            return []
        # The first ICRQ takes longer than the second, so that the LAC's timer counts as first.
        return [10 * LATENCY if first and packet.message_type == ICRQ else LATENCY]

    world = World(lose_first_icrp)
    lac, _ = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(0.5)
    del world.frames[:]
    lac.call(tunnel, world.now)
    world.run(5.0)
    assert steps(world.frames) == [
        ("LAC", "ICRQ", 1, 2),
        ("LNS", "ICRP", 3, 1),
        ("LAC", "ICRQ", 1, 2),
        ("LNS", "ZLB", 3, 2),
        ("LNS", "ICRP", 3, 1),
        ("LAC", "ICCN", 2, 3),
        ("LNS", "ZLB", 4, 2),
    ]


def test_an_incoming_call() -> None:
    # 5.2.1
    world = World()
    lac, _ = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(0.5)
    del world.frames[:]
    lac.call(tunnel, world.now, "5551234")
    world.run(1.0)
    assert world.names() == ["ICRQ", "ICRP", "ICCN", "ZLB"]


def test_an_outgoing_call() -> None:
    # 5.2.2: the LAC performs the call between OCRP and OCCN
    world = World()
    _, lns = pair(world, lac=PeerConfig(role=Role.LAC, answers_after=2.0))
    tunnel = lns.open_tunnel(LAC, world.now)
    world.run(0.5)
    del world.frames[:]
    lns.call(tunnel, world.now, "5551234")
    world.run(5.0)
    assert world.names() == ["OCRQ", "OCRP", "ZLB", "OCCN", "ZLB"]
    assert world.frames[3].at - world.frames[1].at == 2.0


def test_session_teardown() -> None:
    # 5.6
    world = World()
    lac, lns = pair(world)
    session = lac.call(lac.open_tunnel(LNS, world.now), world.now)
    world.run(1.0)
    assert len(lns.only.sessions) == 1
    lac.hang_up(session, world.now)
    world.run(1.0)
    assert world.names()[-2:] == ["CDN", "ZLB"]
    assert not lac.only.sessions
    assert not lns.only.sessions


def test_control_connection_teardown() -> None:
    # 5.7
    world = World()
    lac, lns = pair(world)
    tunnel = lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    tunnel.close(None, world.now)
    world.run(1.0)
    assert world.names()[-2:] == ["StopCCN", "ZLB"]
    world.run(40.0)
    assert not lac.tunnels
    assert not lns.tunnels
