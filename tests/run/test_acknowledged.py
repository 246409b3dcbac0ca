"""`expect: ack`: what acknowledges a message, until when, and beside which alternatives."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from tests.run.fakes import DEAF, Rules, Say, say
from tests.run.stage import CALL, HELLO, UP, outcome, play


@pytest.mark.parametrize(
    "words", [say(), say("HELLO"), say("SLI"), say(session=5)], ids=["zlb", "hello", "sli", "sid"]
)
def test_whatever_covers_the_message_acknowledges_it(words: Say) -> None:
    assert play(HELLO + "- expect: ack\n", {"HELLO": [words]}).verdict is Verdict.PASS


def test_only_a_frame_after_the_message_that_covers_it_acknowledges_it() -> None:
    steps = UP + "- wait: 1s\n- send: HELLO\n- expect: ack\n  within: 900ms\n"
    for early in ([say(after=0.5, nr=1)], [say(after=0.5)]):
        assert outcome(steps, {"SCCCN": [say(), *early], **DEAF}).startswith("fail: nothing")
    late = [say(after=1.2, nr=0)]
    assert outcome(steps, {"SCCCN": [say(), *late], **DEAF}).startswith("pass: ZLB")
    stale: Rules = {"HELLO": [say(nr=-1)], "again": []}
    assert outcome(steps, stale).startswith("fail: nothing")


def test_a_message_is_covered_by_the_numbers_from_behind_it_to_the_half_of_all() -> None:
    steps = UP + "- send: HELLO\n  header: {{ns: {back}}}\n- expect: ack\n"
    # 5.8: the last number received and the 32767 before it are old, and acknowledged again
    for back in (-1, -32767, -32768):
        story = play(steps.format(back=back), {"again": [say()]})
        assert (back, story.verdict) == (back, Verdict.PASS)


def test_an_acknowledgement_is_timed_from_the_message_not_from_the_step() -> None:
    steps = UP + "- send: HELLO\n- wait: {wait}\n- expect: [{{message: ack, within: 0.5s}}]\n"
    # until a second is over nobody has sent the message again, whatever the step would like
    for seconds, verdict in (
        (0.4, Verdict.PASS),
        (0.9, Verdict.PASS),
        (1.1, Verdict.WARN),
        (2.6, Verdict.FAIL),
    ):
        rules: Rules = {"HELLO": [say(after=seconds)], "again": []}
        for wait in ("1ms", "3s"):
            assert play(steps.format(wait=wait), rules).verdict is verdict


def test_alternatives_have_their_own_time() -> None:
    steps = (
        HELLO
        + """
- expect:
    - {message: ack, within: 0.5s}
    - {message: ack, within: 2s, verdict: warn}
    - {message: ack, verdict: note, note: very late}
  within: 4s
"""
    )
    for seconds, verdict in ((0.2, "pass"), (1.0, "warn"), (3.0, "pass"), (4.5, "fail")):
        rules: Rules = {"HELLO": [say(after=seconds)], "again": []}
        story = play(steps, rules)
        assert (seconds, story.verdict.value) == (seconds, verdict)
        assert story.notes == (["very late"] if seconds == 3.0 else [])


def test_a_message_that_comes_too_late_for_one_alternative_may_fit_another() -> None:
    steps = """
- send: SCCRQ
- expect:
    - {message: SCCRP, within: 1s}
    - {message: SCCRP, verdict: warn, within: 3s}
"""
    for seconds, verdict in ((0.9, "pass"), (1.1, "warn"), (2.9, "warn")):
        story = play(steps, {"SCCRQ": [say("SCCRP", after=seconds)], "again": []})
        assert (seconds, story.verdict.value) == (seconds, verdict)
    early = "- send: SCCRQ\n- expect: [{message: SCCRP, within: 1s}, silence]\n  within: 3s\n"
    told = outcome(early, {"SCCRQ": [say("SCCRP", after=2.0)], "again": []})
    assert told == "fail: SCCRP: came after 2.001 s"


def test_what_came_first_decides_however_soon_it_is_looked_at() -> None:
    """A ZLB and a message may arrive together or one by one: the verdict is the same."""
    steps = HELLO + "- expect: [ack, {message: silence, verdict: warn}]\n- silence: 1s\n"
    for pause in (0.0, 0.01, 0.2):
        story = play(steps, {"HELLO": [say(), say("CDN", after=pause)]})
        assert [one.verdict.value for one in story.checks] == ["pass", "fail"]
        assert story.last.actual.startswith("CDN")
        story = play(steps, {"HELLO": [say("CDN", nr=-1), say(after=pause)]})
        assert [one.verdict.value for one in story.checks] == ["fail"]


def test_the_end_of_a_tunnel_after_its_last_call_is_as_good_as_an_acknowledgement() -> None:
    steps = (
        CALL
        + """
- send: CDN
- expect: [ack, silence]
- expect: [silence, StopCCN]
  within: 1s
"""
    )
    for answers in ([say(), say("StopCCN")], [say("StopCCN")], [say("StopCCN", nr=-1), say()]):
        assert play(steps, {"CDN": answers}).verdict is Verdict.PASS
    other = steps.replace("send: CDN", "send: SLI")
    assert outcome(other, {"SLI": [say("StopCCN", nr=-1), say()]}) == "fail: StopCCN"


def test_with_a_message_among_the_alternatives_an_acknowledgement_is_the_last_resort() -> None:
    steps = CALL + "- send: ICCN\n- expect: [CDN, {message: ack, verdict: warn}]\n  within: 1s\n"
    assert outcome(steps, {"ICCN": [say(), say("CDN", after=0.9)]}).startswith("pass: CDN")
    assert outcome(steps, {"ICCN": [say()]}).startswith("warn: ZLB")
    assert outcome(steps, {"ICCN": [say(), say("ICRP", after=0.5)]}) == "fail: ICRP"
    assert outcome(steps, {"ICCN": [say(), say("SLI", after=0.5)]}).startswith("warn: ZLB")
    assert outcome(steps, {"ICCN": [say("SLI", nr=-1)], "again": []}).startswith("fail: nothing")


def test_an_acknowledgement_is_not_taken_for_that_of_a_message_the_window_holds_back() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
- send: SCCCN
- send: HELLO
- send: HELLO
- send: HELLO
- expect: ack
  within: {within}
"""
    narrow: Rules = {
        "SCCRQ": [say("SCCRP", values={"receive_window_size": 1})],
        "HELLO": [[say()], [say(after=0.2)], [say(after=0.2)], []],
        "again": [],
    }
    story = play(steps.format(within="1s"), narrow)
    assert story.verdict is Verdict.PASS
    assert story.end.at == pytest.approx(0.4, abs=0.02)
    deaf = {**narrow, "HELLO": [[say()], [say(after=0.2)], []]}
    assert play(steps.format(within="0.5s"), deaf).verdict is Verdict.FAIL


@pytest.mark.parametrize("sent", ["raw\n  raw: 0xc8020014", "ZLB"])
def test_what_has_no_number_is_not_acknowledged_by_what_comes_anyway(sent: str) -> None:
    steps = (
        UP + f"- send: {sent}\n- expect: [{{message: ack, verdict: fail}}, silence]\n  within: 1s\n"
    )
    rules: Rules = {"SCCCN": [say(), say(after=0.3)]}
    assert outcome(steps, rules).startswith("pass: silence")


def test_the_acknowledgement_of_a_raw_message_is_that_of_its_own_number() -> None:
    steps = (
        UP
        + """
- send: raw
  raw: "0xc8020014 ${iut_tunnel_id:2} 0000 0002 0001 8008000000000006"
- expect: ack
  within: 1s
- alive: tunnel
"""
    )
    assert play(steps, {}).verdict is Verdict.PASS
    assert play(steps, {"HELLO": [[], [say()]], "again": []}).verdict is Verdict.FAIL


LATE = """
- establish: tunnel
- send: ICRQ
  once: true
- expect:
    - {message: ack, within: 500ms}
    - CDN
    - {message: ack, within: 2s, verdict: warn, note: late}
    - {message: silence, within: 2s, verdict: fail}
  within: 500ms
"""


def test_a_late_acknowledgement_is_told_from_none() -> None:
    """What is waited for behind an acknowledgement is not what the acknowledgement may take."""
    assert outcome(LATE, {"ICRQ": [say("ZLB")]}).startswith("pass: ZLB")
    assert outcome(LATE, {"ICRQ": [say("ZLB", after=1.0)]}).startswith("warn: ZLB")
    assert outcome(LATE, {"ICRQ": []}) == "fail: silence for 2 s"
    follows: Rules = {"ICRQ": [say("ZLB", after=1.0), say("CDN", after=1.1)]}
    assert outcome(LATE, follows).startswith("fail: CDN: came after 1.1")


def test_what_follows_an_acknowledgement_is_waited_for_no_longer_than_it_may_take() -> None:
    story = play(LATE, {"ICRQ": [say("ZLB")]})
    assert story.end.seconds < 0.6


# -- P-8: late is a warning, never is what the case says ---------------------------------------

ONE_SECOND = HELLO + "- expect: ack\n  within: 1s\n  otherwise: fail\n"


def deaf_until(seconds: float | None) -> Rules:
    """A peer that acknowledges a HELLO after so many seconds, and nothing that is sent again."""
    return {"HELLO": [] if seconds is None else [say(after=seconds)], "again": []}


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0.4, "pass"), (0.9, "pass"), (1.1, "warn"), (2.4, "warn"), (2.6, "fail"), (None, "fail")],
)
@pytest.mark.parametrize("within", ["  within: 1s\n", "  within: 2s\n", ""])
def test_a_late_acknowledgement_is_a_warning_and_none_a_failure(
    seconds: float | None, verdict: str, within: str
) -> None:
    steps = HELLO + f"- expect: ack\n{within}  otherwise: fail\n"
    story = play(steps, deaf_until(seconds))
    assert story.verdict.value == verdict
    assert story.last.policy == ("P-8" if verdict == "warn" else None)


def test_up_to_a_second_is_never_late() -> None:
    steps = HELLO + "- expect: ack\n  within: 100ms\n  otherwise: fail\n"
    for seconds, verdict in ((0.4, Verdict.PASS), (0.9, Verdict.PASS), (1.1, Verdict.WARN)):
        assert play(steps, deaf_until(seconds)).verdict is verdict


def test_a_late_acknowledgement_says_how_late_and_shows_itself() -> None:
    story = play(ONE_SECOND, deaf_until(1.5))
    assert "after 1.501 s" in story.last.note
    assert story.evidence(story.last) == ["> HELLO", "< ZLB"]


def test_a_case_goes_on_behind_a_late_acknowledgement() -> None:
    rules = {**deaf_until(1.5), "HELLO": [[say(after=1.5)], []]}
    story = play(ONE_SECOND + "- alive: tunnel\n", rules)
    assert [one.verdict.value for one in story.checks] == ["warn", "fail"]


@pytest.mark.parametrize("alternatives", ["[ack, {message: CDN, verdict: fail}]", "[ack, StopCCN]"])
def test_what_else_comes_late_is_no_better_than_before(alternatives: str) -> None:
    steps = CALL + f"- send: ICCN\n- expect: {alternatives}\n  within: 1s\n  otherwise: fail\n"
    for words in ([say("CDN", after=1.2)], [say(after=1.2), say("CDN", after=1.3)]):
        assert play(steps, {"ICCN": words, "again": []}).verdict is Verdict.FAIL
    assert outcome(steps, {"ICCN": [say(after=1.2)], "again": []}).startswith("warn: ZLB")


def test_silence_beside_an_acknowledgement_decides_in_its_own_time() -> None:
    steps = HELLO + "- expect: [ack, {message: silence, verdict: note}]\n  within: 1s\n"
    story = play(steps, deaf_until(1.5))
    assert story.last.actual == "silence for 1 s"
    assert story.end.seconds == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("policy", ["P-4", "P-5", "P-35"])
def test_where_another_point_gives_the_time_it_is_that_one(policy: str) -> None:
    for place in ("case", "step"):
        steps = HELLO + "- expect: ack\n  within: 2s\n  otherwise: fail\n"
        steps += f"  policy: {policy}\n" if place == "step" else ""
        extra = f"policy: {policy}\n" if place == "case" else ""
        assert play(steps, deaf_until(1.5), extra=extra).verdict is Verdict.PASS
        assert play(steps, deaf_until(2.2), extra=extra).verdict is Verdict.FAIL


def test_what_was_lost_on_purpose_is_acknowledged_when_it_comes_again() -> None:
    lost = UP + "- link: {drop: 1, direction: sent, message: HELLO}\n- send: HELLO\n- expect: ack\n"
    assert play(lost, {}).verdict is Verdict.PASS


def test_a_slow_device_has_more_time() -> None:
    for scale, verdict in ((1.0, Verdict.WARN), (2.0, Verdict.PASS)):
        assert play(ONE_SECOND, deaf_until(1.5), time_scale=scale).verdict is verdict


def test_the_calls_of_a_tunnel_may_be_disconnected_before_it_is_closed() -> None:
    steps = CALL + "- send: HELLO\n- expect: [StopCCN, {alternative}]\n  within: 1s\n"
    for alternative in (
        "ack",
        "{message: any, verdict: warn}",
        "{message: silence, verdict: note}",
    ):
        told = steps.format(alternative=alternative)
        both = [say(), say("CDN", after=0.1), say("StopCCN", after=0.2)]
        assert outcome(told, {"HELLO": both}).startswith("pass: StopCCN")
        # no end of the tunnel follows: the call alone has come to harm
        alone = play(told, {"HELLO": [say(), say("CDN", after=0.1)]})
        assert alone.verdict is (Verdict.WARN if "any" in alternative else Verdict.FAIL)
        assert alone.last.actual.startswith("CDN")
        other = play(told, {"HELLO": [say(), say("CDN", after=0.1), say("SCCRP", after=0.2)]})
        assert other.last.actual.startswith("CDN")
    # nor is it where a CDN is an answer of its own
    told = steps.format(alternative="{message: CDN, verdict: warn}")
    assert play(told, {"HELLO": [say("CDN"), say("StopCCN")]}).verdict is Verdict.WARN
