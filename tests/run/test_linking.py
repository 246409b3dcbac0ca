"""The `ppp` step: an answer of LCP, to whichever request, and to one of its own only."""

from __future__ import annotations

from harness.run.events import Verdict
from harness.wire import Packet
from tests.run.fakes import Rules, Say, say
from tests.run.stage import CALL, outcome, play

UP = CALL + "- send: ICCN\n- expect: ack\n"
PPP = UP + "- ppp: up\n"
FIRST, SECOND, THIRD = 0x80, 0x81, 0x82


def lcp(identifier: int, code: int = 2, **rest: object) -> Say:
    """A data message with a packet of LCP."""

    def carry(packet: Packet) -> Packet:
        return packet._replace(payload=bytes.fromhex(f"c021{code:02x}{identifier:02x}0008010405d4"))

    return say("data", edit=carry, **rest)


def test_the_first_request_is_answered() -> None:
    for code in (2, 3, 4):
        assert outcome(PPP, {"data": [lcp(FIRST, code)]}).startswith("pass: data")


def test_a_ppp_that_is_not_up_yet_is_asked_again() -> None:
    steps = PPP + "  header: {ns: 7}\n  requests: asked\n- compare: {asked: 3}\n"
    late: Rules = {"data": [[], [], [lcp(THIRD)]]}
    story = play(steps, late)
    assert story.verdict is Verdict.PASS
    assert [packet.header.ns for packet in story.sent("data")] == [7, 8, 9]
    assert [packet.payload[5] for packet in story.sent("data")] == [FIRST, SECOND, THIRD]


def test_what_its_answer_said_is_kept() -> None:
    steps = PPP + "  save: {code: header.code}\n- compare: {code: 4}\n"
    assert outcome(steps, {"data": [lcp(FIRST, 4)]}).startswith("pass")
    assert outcome(steps, {"data": [lcp(FIRST, 3)]}).startswith("fail")


def test_the_length_of_a_frame_is_what_has_come() -> None:
    steps = PPP + "  save: {octets: header.octets}\n- compare: {octets: 10}\n"
    assert outcome(steps, {"data": [lcp(FIRST)]}).startswith("pass")
    assert outcome(steps.replace("10", "12"), {"data": [lcp(FIRST)]}).startswith("fail")


def test_a_ppp_that_never_answers() -> None:
    assert outcome(PPP, {}) == "fail: none of 20 was answered"
    assert outcome(PPP + "  within: 1s\n", {}) == "fail: none of 2 was answered"
    assert outcome(PPP + "  otherwise: inconc\n", {}).startswith("inconc: none of 20")


def test_what_is_no_answer() -> None:
    for words in (
        lcp(FIRST, 1),  # a request of its own
        lcp(FIRST - 1),
        lcp(FIRST, session=5),
        lcp(FIRST, tunnel=5),
        say("data"),
    ):
        assert outcome(PPP, {"data": [[words], []]}).startswith("fail: none of"), words


def test_a_late_answer_to_one_step_is_none_to_the_next() -> None:
    steps = PPP + "- ppp: up\n  within: 2s\n"
    twice: Rules = {"data": [[lcp(FIRST), lcp(FIRST, after=0.2)], []]}
    assert outcome(steps, twice).startswith("fail: none of")
    assert outcome(steps, {"data": [[lcp(FIRST)], [lcp(SECOND)]]}).startswith("pass")


def test_a_tunnel_that_ends_is_not_waited_for() -> None:
    ends: Rules = {"data": [[say("StopCCN")], []]}
    story = play(PPP, ends)
    assert story.last.actual.startswith("StopCCN")
    assert len(story.sent("data")) == 1
