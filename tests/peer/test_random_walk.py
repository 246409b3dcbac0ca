"""A reference LAC and a reference LNS on a bad link, doing what comes to anybody's mind.

Whatever the link loses, repeats or swaps: each message is taken once and in sequence, nobody
waits for ever, when the link is good again both ends come to agree, and the judge of the monitors
finds nothing in all that they have sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.spec.model import Role
from harness.spec.monitor import LIVE, RuleId
from tests.monitor.test_reference import judge
from tests.peer.world import LAC, LATENCY, LNS, RecordingTunnel, World, pair

SIDES = st.sampled_from([LAC, LNS])
LOW = bytes(7) + b"\1"
HIGH = bytes(7) + b"\2"


class BadLink:
    """Loses, repeats and delays at random while it is bad."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.loss = 0.0
        self.copies = 0.0
        self.jitter = 0.0

    def __call__(self, _data: bytes, _source: Address, _to: Address) -> Iterable[float]:
        if self.chance.random() < self.loss:
            return []
        count = 2 if self.chance.random() < self.copies else 1
        return [LATENCY + self.chance.random() * self.jitter for _ in range(count)]


class Walk(RuleBasedStateMachine):
    """Actions of both sides and of the link, in any order."""

    @initialize(
        seed=st.integers(0, 2**32),
        ties=st.sampled_from([(None, None), (LOW, HIGH), (HIGH, LOW), (LOW, None), (LOW, LOW)]),
        windows=st.tuples(st.sampled_from([1, 2, 4, 9]), st.sampled_from([1, 4])),
        challenge=st.booleans(),
    )
    def begin(
        self,
        seed: int,
        ties: tuple[bytes | None, bytes | None],
        windows: tuple[int, int],
        challenge: bool,
    ) -> None:
        self.link = BadLink(seed)
        self.world = World(self.link)
        self.copied = False
        self.calls: list[Session] = []
        pair(
            self.world,
            lac=PeerConfig(
                role=Role.LAC,
                secret=b"secret",
                challenge=challenge,
                hello_interval=60.0,
                tie_breaker=ties[0],
                receive_window=windows[0],
            ),
            lns=PeerConfig(
                role=Role.LNS,
                secret=b"secret",
                hello_interval=45.0,
                tie_breaker=ties[1],
                receive_window=windows[1],
            ),
        )

    def open_tunnels(self, side: Address) -> list[Tunnel]:
        return [t for t in self.world.peers[side].tunnels.values() if t.phase is Phase.OPEN]

    @rule(side=SIDES)
    def open_a_tunnel(self, side: Address) -> None:
        if len(self.open_tunnels(side)) < 4:
            self.world.peers[side].open_tunnel(LNS if side == LAC else LAC, self.world.now)

    @rule(side=SIDES, which=st.integers(0, 3), count=st.integers(1, 6))
    def place_calls(self, side: Address, which: int, count: int) -> None:
        tunnels = self.open_tunnels(side)
        if tunnels:
            for _ in range(count):
                tunnel = tunnels[which % len(tunnels)]
                self.calls.append(self.world.peers[side].call(tunnel, self.world.now, "5551234"))

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 100))
    def hang_up(self, which: int) -> None:
        session = self.calls.pop(which % len(self.calls))
        tunnel = session.tunnel
        assert isinstance(tunnel, RecordingTunnel)
        if tunnel.phase is Phase.OPEN:
            tunnel.peer.hang_up(session, self.world.now)

    @rule(side=SIDES, which=st.integers(0, 3))
    def close_a_tunnel(self, side: Address, which: int) -> None:
        tunnels = self.open_tunnels(side)
        if tunnels:
            tunnels[which % len(tunnels)].close(None, self.world.now)

    @rule(
        loss=st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]),
        copies=st.sampled_from([0.0, 0.3]),
        jitter=st.sampled_from([0.0, 0.01, 0.5, 3.0]),
    )
    def spoil_the_link(self, loss: float, copies: float, jitter: float) -> None:
        self.link.loss, self.link.copies, self.link.jitter = loss, copies, jitter
        self.copied = self.copied or bool(copies)

    @rule(seconds=st.sampled_from([0.0, 0.002, 0.1, 1.0, 5.0, 40.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.world.run(seconds)

    @invariant()
    def nothing_is_taken_twice_or_out_of_sequence(self) -> None:
        if not hasattr(self, "world"):
            return
        for tunnel in self.recorded():
            partner = self.partner(tunnel)
            if partner is not None:
                taken = len(tunnel.delivered)
                assert tunnel.delivered == partner.sent[:taken]

    def recorded(self) -> list[RecordingTunnel]:
        return [tunnel for peer in self.world.peers.values() for tunnel in peer.recorded]

    def partner(self, tunnel: RecordingTunnel) -> RecordingTunnel | None:
        """The other end, if this one knows it and it has not been replaced."""
        others = self.world.peers[LNS if tunnel in self.world.peers[LAC].recorded else LAC]
        for other in others.recorded:
            if (other.peer_id, other.local_id) == (tunnel.local_id, tunnel.peer_id):
                return other
        return None

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.link.loss = self.link.copies = self.link.jitter = 0.0
        # set-up within 62 s, then StopCCN or HELLO for 31 s, then linger for 31 s
        self.world.run(300.0)
        self.both_ends_agree()
        for peer in self.world.peers.values():
            peer.shut_down(self.world.now)
        self.world.run(100.0)
        for peer in self.world.peers.values():
            assert not peer.tunnels
            assert peer.next_deadline() is None
            for tunnel in peer.recorded:
                assert not tunnel.sessions
                assert not tunnel.waiting
                assert not tunnel.ringing
        self.the_judge_finds_nothing()

    def the_judge_finds_nothing(self) -> None:
        """Nothing but what a second tunnel for one SCCRQ says.

        An SCCRQ may be overtaken by all of its tunnel's life. Its id may be used again by then, so
        nobody can tell it from a new one; the judge, which knows when it was sent, can.
        """
        frames = self.world.frames
        found = judge([(frame.at, frame) for frame in frames], LIVE)
        # a copy that the network makes is acknowledged as well, and nobody sees what for
        excused = {RuleId.ZLB_UNANSWERED} if self.copied else set()
        twins = {twin for peer in self.world.peers.values() for twin in peer.twins()}
        for one in found:
            frame = frames[one.frames[0] - 1]
            assert one.rule in excused or frame.tunnel in twins, (one, frame)

    def both_ends_agree(self) -> None:
        views: list[set[tuple[int, int]]] = []
        for peer in self.world.peers.values():
            view = set()
            for tunnel in peer.tunnels.values():
                assert tunnel.phase is Phase.OPEN, "nobody lingers for so long"
                assert tunnel.state is State.ESTABLISHED
                assert tunnel.channel.idle
                assert isinstance(tunnel, RecordingTunnel)
                partner = self.partner(tunnel)
                assert partner is not None
                assert tunnel.delivered == partner.sent
                ends = {(one.local_id, one.peer_id) for one in tunnel.sessions.values()}
                assert ends == {(one.peer_id, one.local_id) for one in partner.sessions.values()}
                assert {one.state.value for one in tunnel.sessions.values()} <= {"established"}
                view.add((tunnel.local_id, tunnel.peer_id))
            views.append(view)
        assert views[0] == {(theirs, ours) for ours, theirs in views[1]}


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
