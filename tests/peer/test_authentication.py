"""Tunnel authentication and hidden AVPs, against known answers (RFC 2661 4.3, 5.1.1)."""

from __future__ import annotations

import hashlib

import pytest

from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.spec.model import Role
from harness.wire import AVP, Value, hide_avp
from tests.peer.hand import Hand, names, result, value
from tests.peer.world import LNS, World, pair

SECRET = b"secret"
CHALLENGE = bytes(range(0x10, 0x20))
RANDOM_VECTOR = AVP(36, bytes(range(16)))


def lns_with(world: World, *, secret: bytes | None = SECRET, challenge: bool = False) -> Hand:
    world.add(LNS, PeerConfig(role=Role.LNS, secret=secret, challenge=challenge))
    return Hand(world, LNS)


def answer_to(challenge: Value, *, identifier: int = 3, secret: bytes = SECRET) -> bytes:
    assert isinstance(challenge, bytes)
    return hashlib.md5(bytes([identifier]) + secret + challenge).digest()


def test_the_response_in_an_sccrp_is_the_known_one() -> None:
    world = World()
    (answer,) = lns_with(world).send("SCCRQ", {"challenge": CHALLENGE})
    expected = bytes.fromhex("83abc767118632beb4d21abef105de01")
    assert value(answer, "challenge_response") == expected


@pytest.mark.parametrize("size", [1, 15, 17, 1000])
def test_a_challenge_may_have_any_length(size: int) -> None:
    world = World()
    challenge = bytes(size)
    (answer,) = lns_with(world).send("SCCRQ", {"challenge": challenge})
    assert value(answer, "challenge_response") == answer_to(challenge, identifier=2)


def test_the_response_in_an_scccn_is_checked() -> None:
    world = World()
    hand = lns_with(world, challenge=True)
    (sccrp,) = hand.send("SCCRQ")
    response = answer_to(value(sccrp, "challenge"))
    assert names(hand.send("SCCCN", {"challenge_response": response})) == ["ZLB"]
    assert world.peers[LNS].only.state is State.ESTABLISHED


@pytest.mark.parametrize("fault", ["missing", "other secret", "identifier of an SCCRP", "zero"])
def test_a_wrong_response_ends_the_set_up_with_result_4(fault: str) -> None:
    world = World()
    hand = lns_with(world, challenge=True)
    (sccrp,) = hand.send("SCCRQ")
    challenge = value(sccrp, "challenge")
    responses: dict[str, dict[str, Value]] = {
        "missing": {},
        "other secret": {"challenge_response": answer_to(challenge, secret=b"Secret")},
        "identifier of an SCCRP": {"challenge_response": answer_to(challenge, identifier=2)},
        "zero": {"challenge_response": bytes(16)},
    }
    (answer,) = hand.send("SCCCN", responses[fault])
    assert (answer.name, result(answer)) == ("StopCCN", (4, 0))


def test_challenges_differ() -> None:
    world = World()
    lns_with(world, challenge=True)
    seen = set()
    for number in range(20):
        (sccrp,) = Hand(world, LNS, at=("127.0.0.9", 1000 + number)).send("SCCRQ")
        challenge = value(sccrp, "challenge")
        assert isinstance(challenge, bytes)
        assert len(challenge) == 16
        seen.add(challenge)
    assert len(seen) == 20


def test_a_challenge_without_a_secret_is_refused_with_result_4() -> None:
    world = World()
    (answer,) = lns_with(world, secret=None).send("SCCRQ", {"challenge": CHALLENGE})
    assert (answer.name, result(answer)) == ("StopCCN", (4, 0))


@pytest.mark.parametrize("lac_asks", [False, True])
@pytest.mark.parametrize("lns_asks", [False, True])
def test_either_side_or_both_may_authenticate(lac_asks: bool, lns_asks: bool) -> None:
    world = World()
    lac, lns = pair(
        world,
        lac=PeerConfig(role=Role.LAC, secret=SECRET, challenge=lac_asks),
        lns=PeerConfig(role=Role.LNS, secret=SECRET, challenge=lns_asks),
    )
    lac.open_tunnel(LNS, world.now)
    world.run(1.0)
    assert lac.only.state is lns.only.state is State.ESTABLISHED


@pytest.mark.parametrize("lac_asks", [False, True])
def test_different_secrets_never_make_a_tunnel(lac_asks: bool) -> None:
    world = World()
    lac, lns = pair(
        world,
        lac=PeerConfig(role=Role.LAC, secret=b"one", challenge=lac_asks),
        lns=PeerConfig(role=Role.LNS, secret=b"two", challenge=not lac_asks),
    )
    lac.open_tunnel(LNS, world.now)
    world.run(40.0)
    assert not lac.tunnels
    assert not lns.tunnels
    assert world.names().count("StopCCN") == 1


def test_a_hidden_assigned_tunnel_id_is_the_known_one() -> None:
    world = World()
    hand = lns_with(world)
    hidden = AVP(9, bytes.fromhex("be6a1dc0"), hidden=True)
    (sccrp,) = hand.send("SCCRQ", omit="assigned_tunnel_id", add=(RANDOM_VECTOR, hidden))
    assert sccrp.name == "SCCRP"
    assert sccrp.packet.header.tunnel_id == 7


def test_a_hidden_called_number_is_the_known_one() -> None:
    world = World()
    hand = lns_with(world)
    hand.establish()
    hidden = AVP(21, bytes.fromhex("136958a744fcbfd78b677023"), hidden=True)
    assert names(hand.send("ICRQ", add=(RANDOM_VECTOR, hidden))) == ["ICRP"]
    (session,) = world.peers[LNS].only.sessions.values()
    assert session.number == "0123456789"


def test_the_last_random_vector_before_the_avp_counts() -> None:
    world = World()
    hand = lns_with(world)
    hand.establish()
    other = AVP(36, b"quite another one")
    number = hide_avp(AVP(21, b"42"), SECRET, other.value, padding=b"padding")
    assert names(hand.send("ICRQ", add=(RANDOM_VECTOR, other, number))) == ["ICRP"]
    (session,) = world.peers[LNS].only.sessions.values()
    assert session.number == "42"


@pytest.mark.parametrize(
    "avps",
    [
        (AVP(21, bytes.fromhex("136958a744fcbfd78b677023"), hidden=True), RANDOM_VECTOR),
        (RANDOM_VECTOR, AVP(21, b"\xff" * 12, hidden=True)),
        (RANDOM_VECTOR, AVP(21, b"\x13", hidden=True)),
        (RANDOM_VECTOR, AVP(21, b"", hidden=True)),
    ],
)
def test_a_hidden_avp_that_cannot_be_read_ends_the_call(avps: tuple[AVP, ...]) -> None:
    world = World()
    hand = lns_with(world)
    hand.establish()
    (answer,) = hand.send("ICRQ", add=avps)
    assert (answer.name, result(answer)) == ("CDN", (2, 3))
    assert names(hand.send("HELLO")) == ["ZLB"]
