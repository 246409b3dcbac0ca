"""`advance` with `of: iut`, and the case that is made with it: numbers of an IUT behind 65535.

The references here begin near the end, which neither they nor the scripted peer do by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.device.description.ics import CAPABILITIES
from harness.device.embedded import Factory
from harness.peer import scripted
from harness.peer.channel import Channel, RetransmitPolicy
from harness.peer.network import Address
from harness.peer.variant import Variant
from harness.run.events import Verdict
from harness.run.monitoring import Monitoring
from harness.run.select import Selected
from harness.suite.load import loads_suite
from harness.suite.model import Case
from harness.wire import Packet, parse
from tests.monitor.talk import rules
from tests.run.fakes import say
from tests.run.losing import Forgetful
from tests.run.stage import (
    ROOT,
    UP,
    StageRunner,
    Story,
    arrow,
    device,
    of_class,
    play,
    play_all,
    table,
    told,
)

HELLO, ICRQ, ICRP = 6, 10, 11
CDN = 14
BEGINNING = 65400
TO = 200
FAR = UP + f"- advance: {{of: iut, to: {TO}}}\n"
NAME = "numbers-of-the-iut-wrap"
SUITE = "5.8-acknowledgements.yaml"


class LateBeginner(Variant):
    """Its numbers begin near the end."""

    def make_channel(self) -> Channel:
        channel = super().make_channel()
        channel.ns = BEGINNING
        return channel


class Plain(Channel):
    """Compares numbers as they are."""

    def take_acknowledgement(self, nr: int) -> None:
        while self.outstanding and self.outstanding[0].ns < nr:
            self.outstanding.popleft()


class ComparesWithoutModulo(LateBeginner):
    channel_type = Plain


class Wide(Plain):
    """Does not mind the window either."""

    @property
    def _allowed(self) -> int:
        return 1000


class SendsAgainBehindTheEnd(LateBeginner):
    channel_type = Wide


class WithoutZero(Channel):
    def take_slot(self) -> int:
        self.ns = self.ns or 1
        return super().take_slot()


class FollowedByOne(LateBeginner):
    channel_type = WithoutZero


class DeafBehindTheEnd(LateBeginner):
    """It acknowledges no HELLO once its numbers have begun anew."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        hello = packet is not None and packet.message_type == HELLO
        (tunnel,) = self.tunnels.values() or (None,)
        if not (hello and tunnel is not None and tunnel.channel.ns < BEGINNING):
            super().receive(data, source, now)


class StopsAtThirty(Variant):
    """It says nothing more of calls after thirty."""

    asked = 0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        self.asked += packet is not None and packet.message_type == ICRQ
        if self.asked <= 30 or (packet is not None and packet.message_type == HELLO):
            super().receive(data, source, now)


class Refusing(Variant):
    """It refuses each other call."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != ICRP or (packet.header.ns or 0) % 2:
            return (packet,)
        avps = (packet.avps[0]._replace(value=CDN.to_bytes(2, "big")), *packet.avps[1:])
        return (packet._replace(avps=avps),)


class WithoutAnId(Variant):
    """The Session ID of its tenth call is 0."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != ICRP or packet.header.ns != 10:
            return (packet,)
        avps = (packet.avps[0], packet.avps[1]._replace(value=bytes(2)), *packet.avps[2:])
        return (packet._replace(avps=avps),)


def the_case() -> Case:
    """The case of the suites."""
    text = (ROOT / "suites" / "rfc2661" / SUITE).read_text()
    cases = loads_suite(text, table(), CAPABILITIES, name=SUITE).cases
    (case,) = (one for one in cases if one.id.endswith(f"/{NAME}"))
    return case


def behind_the_end(monkeypatch: pytest.MonkeyPatch, factory: Factory) -> Story:
    """The case, with a peer that takes the first number of the IUT for granted."""

    def channel(policy: RetransmitPolicy, *, receive_window: int, slow_start: bool) -> Channel:
        return Channel(policy, receive_window=receive_window, slow_start=slow_start, nr=BEGINNING)

    monkeypatch.setattr(scripted, "Channel", channel)
    case = the_case()
    runner = StageRunner(device(), factory, 0.0005, 0)
    return told(play_all([Selected(case)], runner), case.id)


def test_the_reference_counts_on_behind_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    story = behind_the_end(monkeypatch, of_class(LateBeginner))
    assert story.verdict is Verdict.PASS
    numbers = [parse(one.data).packet for one in story.frames if arrow(one) == "< ICRP"]
    assert [one.header.ns for one in numbers if one is not None][-8:] == [
        *range(65532, 65536),
        *range(4),
    ]


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (ComparesWithoutModulo, "expect ICRP"),
        (FollowedByOne, "expect ICRP"),
        (SendsAgainBehindTheEnd, "expect any"),
        (DeafBehindTheEnd, "tunnel alive"),
    ],
)
def test_the_case_can_fail(
    monkeypatch: pytest.MonkeyPatch, kind: type[Variant], check: str
) -> None:
    story = behind_the_end(monkeypatch, of_class(kind))
    assert story.verdict is Verdict.FAIL
    assert story.last.name.startswith(check)


@pytest.mark.parametrize("kind", [Variant, Forgetful, Refusing])
def test_it_comes_to_the_number_and_none_of_it_is_in_the_record(kind: type[Variant]) -> None:
    steps = FAR + "- send: ICRQ\n- expect: ICRP\n  header: {ns: 200}\n- alive: tunnel\n"
    if kind is Refusing:
        steps = steps.replace("ICRP", "CDN")
    story = play(steps, factory=of_class(kind))
    assert story.verdict is Verdict.PASS
    text = f"{TO - 1} calls were asked for and ended; they are not in the record"
    assert story.notes[0] == text
    assert story.check("advance").actual == text
    assert len([one for one in story.frames if arrow(one) == "> ICRQ"]) == 1


def test_monitors_know_of_what_they_do_not_see() -> None:
    steps = FAR + "- send: ICRQ\n- expect: ICRP\n- alive: tunnel\n- wait: 5s\n"
    monitoring = Monitoring(rules(), device())
    assert play(steps, monitoring=monitoring).verdict is Verdict.PASS
    assert not monitoring.seen


def test_a_call_without_an_id_is_not_ended_and_told_of() -> None:
    story = play(FAR, factory=of_class(WithoutAnId))
    assert story.verdict is Verdict.PASS
    assert story.notes[0].endswith("1 have not been ended, for want of a Session ID of their own")


def test_no_call_is_left_behind() -> None:
    steps = UP + "- advance: {of: iut, to: 3000}\n- send: ICRQ\n- expect: ICRP\n"
    assert play(steps).verdict is Verdict.PASS  # there is place for 1024 in the reference


def test_who_does_not_answer_has_failed() -> None:
    story = play(FAR, factory=of_class(StopsAtThirty))
    assert story.verdict is Verdict.FAIL
    assert story.last.actual == "no answer after 30 calls"
    assert story.end.seconds < 15


def test_who_takes_his_time_has_not_failed() -> None:
    slow = {"ICRQ": [say("ICRP", after=0.2)], "CDN": [say(after=0.2)], "again": [say(after=0.2)]}
    story = play(UP + "- advance: {of: iut, to: 60000}\n", slow)
    assert story.verdict is Verdict.INCONC
    assert " of 59999 are after 30 s" in story.last.actual


def test_what_is_unacknowledged_before_keeps_it_from_beginning() -> None:
    story = play(UP + f"- acks: hold\n- send: HELLO\n{FAR[len(UP) :]}", {"SCCCN": []})
    assert story.verdict is Verdict.INCONC
