"""A reference peer that says all it may, and one that hides all it may (RFC 2661 4.3, 4.4.4)."""

from __future__ import annotations

import random

import pytest

from harness.peer import proxy
from harness.peer.concealing import conceal
from harness.peer.config import PeerConfig
from harness.spec.model import MAX_VALUE_OCTETS, Role
from harness.wire import AVP, Header, Packet, reveal
from harness.wire.model import RANDOM_VECTOR
from tests.peer.hand import states
from tests.peer.world import LAC, LNS, World, pair, specification

SECRET = b"secret"


def called(world: World, *, details: bool, hides: bool) -> None:
    """A call from LAC to LNS."""
    lac, _ = pair(
        world,
        lac=PeerConfig(role=Role.LAC, secret=SECRET, details=details, hides=hides),
        lns=PeerConfig(role=Role.LNS, secret=SECRET, details=details, hides=hides),
    )
    tunnel = lac.open_tunnel(LNS, world.now)
    lac.call(tunnel, world.now, "5551234")
    world.run()


def attributes(world: World, name: str) -> set[str]:
    """The AVPs of the one message of that name."""
    (frame,) = [frame for frame in world.frames if frame.name == name]
    found = (specification().avp(avp.type, avp.vendor) for avp in frame.packet.avps)
    return {spec.name for spec in found if spec is not None}


@pytest.mark.parametrize("message", ["ICRQ", "ICCN"])
def test_everything_that_may_be_said_is_said(message: str) -> None:
    world = World()
    called(world, details=True, hides=False)
    spec = specification().messages[message]
    # one would oblige its sender, the others have to fit together: matters of the configuration
    expected = {*spec.mandatory, *spec.optional} - {"sequencing_required", *proxy.AVPS}
    assert attributes(world, message) == expected
    assert len(states(world, LNS)) == 1


def test_a_peer_that_is_not_asked_to_says_little() -> None:
    world = World()
    called(world, details=False, hides=False)
    assert attributes(world, "ICCN") == set(specification().messages["ICCN"].mandatory)


def test_a_cause_comes_from_the_line_of_the_lac() -> None:
    for address, expected in ((LAC, True), (LNS, False)):
        world = World()
        called(world, details=True, hides=False)
        peer = world.peers[address]
        (session,) = peer.only.sessions.values()
        peer.hang_up(session, world.now)
        world.run()
        assert ("q931_cause_code" in attributes(world, "CDN")) is expected


def test_peers_that_hide_all_they_may_understand_each_other() -> None:
    world = World()
    called(world, details=True, hides=True)
    assert len(states(world, LNS)) == len(states(world, LAC)) == 1
    for frame in world.frames:
        for avp in frame.packet.avps:
            spec = specification().avp(avp.type, avp.vendor)
            # an AVP of one's own has no entry
            hideable = spec is not None and spec.hideable
            assert avp.hidden is hideable, (frame, avp)


def test_an_avp_of_its_own_has_the_m_bit_clear() -> None:
    world = World()
    called(world, details=True, hides=False)
    for name in ("SCCRQ", "SCCRP"):
        (frame,) = [frame for frame in world.frames if frame.name == name]
        (own,) = [avp for avp in frame.packet.avps if avp.vendor]
        assert not own.mandatory


def test_values_are_hidden_behind_several_vectors() -> None:
    clear = tuple(AVP(number, bytes(4)) for number in (3, 4, 24, 19, 38))
    hidden = conceal(specification(), Packet(Header(), clear), SECRET, random.Random(1)).avps
    assert [avp.type == RANDOM_VECTOR for avp in hidden].count(True) == 3
    read, problems = reveal(hidden, SECRET)
    assert problems == []
    assert [(avp.type, avp.value) for avp in read if avp.type != RANDOM_VECTOR] == [
        (avp.type, avp.value) for avp in clear
    ]


def test_a_value_without_room_for_its_length_stays_in_clear() -> None:
    for octets, hidden in ((MAX_VALUE_OCTETS - 2, True), (MAX_VALUE_OCTETS - 1, False)):
        packet = Packet(Header(), (AVP(8, bytes(octets), mandatory=False),))
        last = conceal(specification(), packet, SECRET, random.Random(1)).avps[-1]
        assert last.hidden is hidden
        assert len(last.value) <= MAX_VALUE_OCTETS
