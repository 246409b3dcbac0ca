"""Conversations of the reference peers, on good links and bad ones: nothing is found.

Seen where they are sent, whatever happens to them later; and seen behind a part of the way that
loses, copies and swaps datagrams, as a capture may see them. There what frames are missing is
told at most by a note.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.peer.config import PeerConfig
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.spec.model import Role
from harness.spec.monitor import CAPTURE, LIVE, Finding, Monitor, RuleId, View
from tests.monitor.talk import rules
from tests.peer.world import LAC, LATENCY, LNS, Frame, World, pair

Tapped = tuple[float, Frame]


class Link:
    """Loses, copies and delays at random, on the way to a tap and behind it."""

    def __init__(self, seed: int, loss: float, copies: float, jitter: float, before: float) -> None:
        self.chance = random.Random(seed)
        self.loss = loss
        self.copies = copies
        self.jitter = jitter
        self.before = before

    def leg(self, share: float) -> list[float]:
        """The delays of what comes out at the end of a part of the way."""
        if self.chance.random() < self.loss * share:
            return []
        count = 2 if self.chance.random() < self.copies * share else 1
        return [self.chance.random() * self.jitter * share for _ in range(count)]


class TappedWorld(World):
    """Frames are seen when they pass a tap that lies somewhere on the way."""

    def __init__(self, link: Link) -> None:
        super().__init__(self.fate_of)
        self.link = link
        self.tap: list[Tapped] = []
        self._sending: Frame | None = None

    def fate_of(self, _data: bytes, source: Address, _to: Address) -> Iterable[float]:
        link = self.link
        # the tap lies nearer to the LNS or nearer to the LAC, for both directions
        before = link.before if source == LAC else 1 - link.before
        delays = []
        frame = self.frames[-1]
        for first in link.leg(before):
            self.tap.append((self.now + first, frame))
            delays += [LATENCY + first + second for second in link.leg(1 - before)]
        return delays


def conversation(world: World, seed: int, *, challenge: bool, windows: tuple[int, int]) -> None:
    """Two tunnels, calls both ways, HELLOs, hanging up and closing."""
    chance = random.Random(seed)
    lac, lns = pair(
        world,
        lac=PeerConfig(
            role=Role.LAC,
            secret=b"secret",
            challenge=challenge,
            receive_window=windows[0],
            hello_interval=50.0,
        ),
        lns=PeerConfig(
            role=Role.LNS,
            secret=b"secret",
            challenge=challenge,
            receive_window=windows[1],
            hello_interval=60.0,
        ),
    )
    first = lac.open_tunnel(LNS, world.now)
    lns.open_tunnel(LAC, world.now)
    calls = [lac.call(first, world.now) for _ in range(3)]
    world.run(20)
    for tunnel in list(lns.tunnels.values()):
        if tunnel.phase.value == "open":
            lns.call(tunnel, world.now, "5551234")
            lac_calls = [lac.call(one, world.now) for one in lac.tunnels.values()]
            calls += lac_calls
    world.run(chance.choice([0.0, 5.0, 70.0]))
    for session in calls:
        assert isinstance(session.tunnel, Tunnel)
        known = session.tunnel.phase.value == "open" and session.peer_id
        if known and chance.random() < 0.5:
            lac.hang_up(session, world.now)
    world.run(chance.choice([0.1, 40.0]))
    (lac if chance.random() < 0.5 else lns).shut_down(world.now)
    world.run(100)


def judge(frames: Iterable[Tapped], view: View, **options: object) -> list[Finding]:
    """What the monitor finds in frames by their times."""
    monitor = Monitor(rules(), view=view, secret=b"secret", **options)  # type: ignore[arg-type]
    found: list[Finding] = []
    last = 0.0
    ordered = sorted(enumerate(frames), key=lambda one: (one[1][0], one[0]))
    for number, (_, (at, frame)) in enumerate(ordered, 1):
        found += monitor.datagram(at, frame.source, frame.to, frame.data, number)
        last = at
    return found + monitor.end(last)


LINKS = st.builds(
    Link,
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    copies=st.sampled_from([0.0, 0.2]),
    jitter=st.sampled_from([0.0, 0.01, 0.15]),
    before=st.sampled_from([0.0, 0.5, 1.0]),
)


@given(
    link=LINKS,
    seed=st.integers(0, 99),
    challenge=st.booleans(),
    windows=st.sampled_from([(4, 4), (1, 2), (9, 1)]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_found_where_all_is_seen(
    link: Link, seed: int, challenge: bool, windows: tuple[int, int]
) -> None:
    world = TappedWorld(link)
    conversation(world, seed, challenge=challenge, windows=windows)
    sent = [(frame.at, frame) for frame in world.frames]
    # a copy that the network makes is acknowledged as well, and nobody sees what for
    copied = {RuleId.ZLB_UNANSWERED} if link.copies else set()
    assert {one.rule for one in judge(sent, LIVE)} <= copied
    found = judge(sent, CAPTURE)
    assert {one.rule for one in found} <= copied
    assert {one.severity for one in found} <= {"note"}


@given(link=LINKS, seed=st.integers(0, 99), challenge=st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_capture_on_a_bad_path_raises_no_alarm(link: Link, seed: int, challenge: bool) -> None:
    world = TappedWorld(link)
    conversation(world, seed, challenge=challenge, windows=(4, 4))
    found = judge(world.tap, CAPTURE)
    assert [one for one in found if one.severity != "note"] == []
    assert {one.rule for one in found} <= MAY_LACK


@given(link=LINKS, seed=st.integers(0, 99), challenge=st.booleans(), unseen=st.integers(0, 100))
# an acknowledgement that was not seen has moved a timer on
@example(link=Link(2736994848, 0.5, 0.2, 0.0, 0.0), seed=9, challenge=False, unseen=29)
# a StopCCN for a tunnel whose SCCRQ was not seen
@example(link=Link(3608744296, 0.5, 0.0, 0.15, 0.0), seed=82, challenge=False, unseen=9)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_capture_that_begins_late_on_a_bad_path_raises_no_alarm(
    link: Link, seed: int, challenge: bool, unseen: int
) -> None:
    world = TappedWorld(link)
    conversation(world, seed, challenge=challenge, windows=(4, 4))
    found = judge(world.tap[unseen:], CAPTURE)
    assert [one for one in found if one.severity != "note"] == []


MAY_LACK = {
    RuleId.NS_SEQUENCE,
    RuleId.NR_BEYOND,
    RuleId.ZLB_NS,
    RuleId.ZLB_UNANSWERED,
    RuleId.WINDOW,
    RuleId.RETRANSMISSION_EARLY,
    RuleId.DATA_BEFORE_SESSION,
    RuleId.TUNNEL_ID,
    RuleId.SESSION_ID,
    RuleId.AFTER_PEER_STOPCCN,
    RuleId.AFTER_PEER_CDN,
}
"""Rules that may say something about frames which the network has lost, copied or held back."""


@given(
    seed=st.integers(0, 99),
    start=st.floats(0, 1),
    side=st.sampled_from([None, LAC, LNS]),
    drops=st.lists(st.integers(0, 200), max_size=3),
)
# it begins between two copies of an SCCCN, whose tunnel it knows nothing of; of an SCCRQ
@example(seed=43, start=0.0625, side=None, drops=[])
@example(seed=76, start=0.0388, side=None, drops=[])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_capture_that_begins_late_or_sees_one_side_or_lacks_frames_raises_no_alarm(
    seed: int, start: float, side: Address | None, drops: list[int]
) -> None:
    world = TappedWorld(Link(seed, 0.1, 0.0, 0.01, 1.0))
    conversation(world, seed, challenge=bool(seed % 2), windows=(4, 4))
    frames = [one for one in world.tap if side in (None, one[1].source)]
    frames = frames[int(start * len(frames)) :]
    frames = [one for index, one in enumerate(frames) if index not in drops]
    found = judge(frames, CAPTURE)
    assert [one for one in found if one.severity != "note"] == []


@pytest.mark.parametrize("role", [Role.LAC, Role.LNS])
def test_rules_that_were_applied_are_counted(role: Role) -> None:
    world = World()
    conversation(world, 1, challenge=True, windows=(4, 4))
    host = LAC[0] if role is Role.LAC else LNS[0]
    monitor = Monitor(rules(), secret=b"secret", accounts=[host])
    for number, frame in enumerate(world.frames, 1):
        assert not monitor.datagram(frame.at, frame.source, frame.to, frame.data, number)
    (counts,) = monitor.applied.values()
    applied = {rule for rule, _ in counts}
    assert RuleId.HEADER_VERSION in applied
    assert RuleId.NS_SEQUENCE in applied
    assert RuleId.CHALLENGE_RESPONSE in applied
    assert RuleId.SENDER_ROLE in applied
    assert RuleId.CALL_ORDER in applied
    for _, row in counts:
        assert row in rules().specification.requirements
