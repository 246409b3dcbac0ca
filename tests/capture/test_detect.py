"""What is taken for L2TP in a capture, and what is not."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capture import detect
from harness.capture.detect import Detector, Seen
from harness.wire import Header, Packet, build
from tests.monitor.talk import End, Talk

A, B = ("192.0.2.1", 5000), ("192.0.2.2", 6000)
USUAL = ("192.0.2.2", 1701)


def seen(
    data: bytes, source: tuple[str, int] = A, to: tuple[str, int] = B, at: float = 0.0
) -> Seen:
    """A datagram of a capture."""
    return Seen(1, at, source, to, data, 1)


def judged(detector: Detector, talk: Talk) -> int:
    """How many datagrams of a conversation are judged."""
    return sum(
        len(detector.take(seen(one.data, one.source, one.destination))) for one in talk.frames
    )


def conversation(lac: tuple[str, int], lns: tuple[str, int]) -> Talk:
    """A tunnel with a call and data."""
    talk = Talk(End(lac, 11, 21), End(lns, 12, 22)).tunnel().call()
    talk.data(talk.lac)
    talk.data(talk.lns)
    return talk


@pytest.mark.parametrize(("lac", "lns"), [(A, B), (A, USUAL), (("10.0.0.1", 1701), USUAL)])
def test_a_conversation_on_any_port(lac: tuple[str, int], lns: tuple[str, int]) -> None:
    detector = Detector()
    talk = conversation(lac, lns)
    assert judged(detector, talk) == len(talk.frames)
    assert detector.conversations == 1


def test_a_responder_that_answers_from_another_port_is_the_same_conversation() -> None:
    detector = Detector()
    talk = Talk(End(A, 11, 21), End(USUAL, 12, 22))
    talk.message(talk.lac, "SCCRQ")
    talk.lns.address = (USUAL[0], 50000)
    talk.message(talk.lns, "SCCRP")
    talk.message(talk.lac, "SCCCN")
    talk.ack(talk.lns)
    assert judged(detector, talk) == 4
    assert detector.conversations == 1


@pytest.mark.parametrize("skip", range(1, 8))
@pytest.mark.parametrize("lns", [B, USUAL])
def test_a_capture_that_begins_late(skip: int, lns: tuple[str, int]) -> None:
    detector = Detector()
    talk = conversation(A, lns)
    talk.frames = talk.frames[skip:]
    # on an unusual port a ZLB and data without Length may be anything
    assert bool(judged(detector, talk)) is (skip < 7 or lns is USUAL)


def test_what_came_just_before_is_judged_as_well() -> None:
    detector = Detector()
    version_3 = build(Packet(Header(version=3, ns=0, nr=0)))
    assert detector.take(seen(version_3, A, USUAL)) == ()
    assert detector.foreign == 1
    first = conversation(A, USUAL).frames[0]
    assert len(detector.take(seen(first.data, A, USUAL, 1.0))) == 2


DNS = struct.pack(">HHHHHH", 0xC802, 0x0100, 1, 0, 0, 0) + b"\7example\3net\0\0\1\0\1"


def test_dns_is_not_taken_for_it() -> None:
    detector = Detector()
    chance = random.Random(1)
    resolver = ("192.0.2.53", 53)
    for port in (1701, 40000):
        for _ in range(2000):
            query = chance.randbytes(2) + DNS[2:]
            assert detector.take(seen(query, ("192.0.2.1", port), resolver)) == ()
            assert detector.take(seen(query, resolver, ("192.0.2.1", port))) == ()
    assert detector.conversations == 0


@given(data=st.binary(max_size=100), ports=st.tuples(st.integers(1, 65535), st.integers(1, 65535)))
def test_other_traffic_is_not_taken_for_it(data: bytes, ports: tuple[int, int]) -> None:
    detector = Detector()
    assert 1701 in ports or detector.take(seen(data, (A[0], ports[0]), (B[0], ports[1]))) == ()


def test_other_versions_are_counted_and_not_judged() -> None:
    detector = Detector()
    for version in (1, 3):
        for control in (True, False):
            header = Header(control=control, version=version, tunnel_id=1, ns=0, nr=0)
            assert detector.take(seen(build(Packet(header, payload=b"x")), A, USUAL)) == ()
    assert detector.foreign == 4
    assert detector.conversations == 0


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "CONVERSATIONS", 10)
    monkeypatch.setattr(detect, "WAITING", 10)
    detector = Detector()
    request = conversation(A, B).frames[0].data
    for number in range(100):
        detector.take(seen(request, ("192.0.2.1", 10_000 + number)))
        detector.take(seen(b"junk" * 4, ("192.0.2.1", 20_000 + number), USUAL))
    assert detector.conversations == 100
    assert len(detector._known) <= 10
    assert len(detector._asked) <= 10
    assert len(detector._waiting) <= 10
