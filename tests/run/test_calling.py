"""The `calls` step: many calls asked for at once, in no record, and what comes in them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.peer.channel import DEFAULT_WINDOW
from harness.peer.network import Address
from harness.peer.variant import Variant
from harness.run.calling import ASSIGNED_SESSION_ID
from harness.run.events import Verdict
from harness.run.monitoring import CaseMonitor, Monitoring
from harness.spec.monitor import Unseen
from harness.wire import Header, Packet, parse
from tests.monitor.talk import rules
from tests.run.losing import Forgetful
from tests.run.stage import UP, arrow, device, of_class, play

ICRQ, ICRP = 10, 11
MANY = 200
PLACES = 1024
"""For so many calls there is place in a tunnel of the reference."""
LIMIT = UP + f"- calls: {{count: {PLACES + 200}}}\n"
MANY_CALLS = UP + f"- calls: {{count: {MANY}}}\n"


class SameId(Variant):
    """All its calls have the same id, to hear it."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type == ICRP:
            avps = [
                one._replace(value=b"\0\7") if one.type == ASSIGNED_SESSION_ID else one
                for one in packet.avps
            ]
            packet = packet._replace(avps=tuple(avps))
        return (packet,)


class Deaf(Variant):
    """It hears no request for a call behind the tenth."""

    heard = 0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        self.heard += packet is not None and packet.message_type == ICRQ
        if self.heard <= 10:
            super().receive(data, source, now)


class EndsTheFirst(Variant):
    """It hangs the first call up when it is asked for the fiftieth."""

    asked = 0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        super().receive(data, source, now)
        packet = parse(data).packet
        if packet is None or packet.message_type != ICRQ:
            return
        self.asked += 1
        if self.asked == 50:
            (tunnel,) = self.tunnels.values()
            self.hang_up(next(iter(tunnel.sessions.values())), now)


class Talkative(Variant):
    """There is data in each call as soon as it is accepted; its PPP asks again when it is up."""

    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type != ICRP:
            return (packet,)
        ids = packet.header.tunnel_id, packet.header.session_id
        header = Header(control=False, tunnel_id=ids[0], session_id=ids[1], length=None)
        return packet, Packet(header, payload=b"\xff\x03\xc0\x21\x09\x01\0\x08\0\0\0\0")


def test_all_calls_are_up_and_none_of_it_is_in_the_record() -> None:
    steps = MANY_CALLS + f"- send: ICCN\n  session: s{MANY - 1}\n- expect: ack\n- alive: tunnel\n"
    story = play(steps)
    assert story.verdict is Verdict.PASS
    text = f"{MANY} calls were asked for and accepted; they are not in the record"
    assert story.notes == [text]
    assert story.check("calls").actual == text
    assert not {"> ICRQ", "< ICRP"} & {arrow(frame) for frame in story.frames}
    (iccn,) = story.sent("ICCN")
    assert iccn.header.ns == 2 + MANY
    assert iccn.header.session_id


def test_each_call_has_an_id_of_ours_and_can_be_ended_by_its_name() -> None:
    ended = "- send: CDN\n  session: s7\n- expect: ack\n  session: s7\n"
    steps = MANY_CALLS + ended + "- send: ICRQ\n  session: x\n- expect: ICRP\n  session: x\n"
    assert play(steps).verdict is Verdict.PASS


def test_what_is_lost_is_sent_again() -> None:
    story = play(MANY_CALLS + "- alive: tunnel\n", factory=of_class(Forgetful))
    assert story.check("calls").verdict is Verdict.PASS
    assert story.verdict is Verdict.PASS


@pytest.mark.parametrize("count", [1, 3, 4, 5, 17])
def test_few_calls_are_as_good(count: int) -> None:
    story = play(UP + f"- calls: {{count: {count}}}\n- alive: tunnel\n")
    assert story.verdict is Verdict.PASS
    assert story.notes[0].startswith(f"{count} calls")


def test_a_call_that_is_refused_is_a_failure_that_says_how_many_there_were() -> None:
    story = play(LIMIT)
    assert story.verdict is Verdict.FAIL
    assert story.last.actual == f"CDN after {PLACES} calls"
    assert "< CDN" in story.evidence(story.last)


def test_what_is_under_way_at_the_end_is_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Unseen] = []

    def listen(monitor: CaseMonitor, source: Address, _to: Address, _id: int, of: Unseen) -> None:
        if source[0] != monitor.iut:
            told.append(of)

    monkeypatch.setattr(CaseMonitor, "pass_over", listen)
    story = play(LIMIT, monitoring=Monitoring(rules(), device()))
    assert story.last.actual == f"CDN after {PLACES} calls"
    assert sum(one.acknowledged for one in told) > PLACES
    # a full window, for it has been filled again at each acknowledgement
    assert told[-1] == Unseen(0, DEFAULT_WINDOW, calls=True)


def test_another_call_that_ends_meanwhile_is_none_of_them() -> None:
    steps = UP + "- establish: session\n  session: other\n" + f"- calls: {{count: {MANY}}}\n"
    story = play(steps + "- expect: CDN\n  session: other\n", factory=of_class(EndsTheFirst))
    assert story.verdict is Verdict.PASS
    assert story.notes[0].startswith(f"{MANY} calls")


def test_a_session_id_given_twice_is_a_failure() -> None:
    story = play(MANY_CALLS, factory=of_class(SameId))
    assert story.verdict is Verdict.FAIL
    assert story.last.actual == f"7 is that of {MANY} calls"


def test_calls_of_one_id_are_worse_than_calls_that_did_not_come_up() -> None:
    preamble = MANY_CALLS + "  otherwise: inconc\n"
    assert play(preamble, factory=of_class(Deaf)).verdict is Verdict.INCONC
    assert play(preamble, factory=of_class(SameId)).verdict is Verdict.FAIL


def test_who_does_not_answer_is_given_up() -> None:
    story = play(MANY_CALLS, factory=of_class(Deaf))
    assert story.verdict is Verdict.FAIL
    assert story.last.actual == "no answer after 10 calls"
    assert story.end.seconds < 15


def test_what_is_unacknowledged_before_keeps_it_from_beginning() -> None:
    story = play(UP + "- acks: hold\n- send: HELLO\n- calls: {count: 3}\n", {"SCCCN": []})
    assert story.verdict is Verdict.INCONC


def test_data_in_a_call_is_recorded_once_something_is_sent_in_it() -> None:
    ended = "- wait: 5s\n- alive: tunnel\n"
    connected = f"- send: ICCN\n  session: s3\n- expect: ack\n  session: s3\n{ended}"
    silent = play(MANY_CALLS + ended, factory=of_class(Talkative))
    assert "< data" not in {arrow(frame) for frame in silent.frames}
    told = play(MANY_CALLS + connected, factory=of_class(Talkative))
    assert "< data" in {arrow(frame) for frame in told.frames}
    assert silent.verdict is told.verdict is Verdict.PASS
