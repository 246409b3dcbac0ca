"""Steps that watch: `silence`, `alive`, `wait`; and `acks`, `hello`."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from harness.wire import Packet, parse
from tests.run.fakes import DEAF, Mute, Rules, Say, Tiring, say
from tests.run.stage import CALL, SHOULD, TWO_CALLS, UP, arrow, of_class, outcome, play, puppet

# -- silence -----------------------------------------------------------------------------------


def test_acknowledgements_hellos_and_retransmissions_do_not_break_silence() -> None:
    def copy(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(ns=1))

    rules: Rules = {"ICRQ": [say("ICRP"), say(), say("HELLO"), say("ICRP", after=0.2, edit=copy)]}
    story = play(CALL + "- silence: 1s\n", rules)
    assert story.verdict is Verdict.PASS
    assert story.last.expected == story.last.actual == "silence for 1 s"
    assert story.end.seconds == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("words", [say(), say("SLI")], ids=["zlb", "sli"])
def test_strict_silence_allows_nothing_at_all(words: Say) -> None:
    steps = UP + "- send: ZLB\n- silence: {for: 1s, strict: true}\n"
    assert outcome(steps, {}) == "pass: silence for 1 s, not even an acknowledgement"
    for after in (0.1, 0.9):
        rules: Rules = {"ZLB": [Say(name=words.name, after=after)]}
        assert outcome(steps, rules).startswith(f"fail: {words.name} tid=")


def test_a_hello_breaks_strict_silence_if_it_shows_a_trace_of_what_was_sent() -> None:
    steps = UP + "- send: HELLO\n  header: {version: 3}\n- silence: {for: 1s, strict: true}\n"
    assert outcome(steps, {"HELLO": [say("HELLO", nr=-1)]}).startswith("pass")
    assert outcome(steps, {"HELLO": [say("HELLO")]}).startswith("fail: HELLO tid=")


def test_strict_silence_begins_with_the_last_send() -> None:
    steps = UP + "- wait: 1s\n- send: ZLB\n- wait: 1s\n- silence: {for: 1s, strict: true}\n"
    before: Rules = {"SCCCN": [say(), say(after=0.5)]}
    assert outcome(steps, before).startswith("pass")
    since: Rules = {"SCCCN": [say(), say(after=1.5)]}
    assert outcome(steps, since).startswith("fail: ZLB")


def test_what_came_before_and_was_never_expected_breaks_silence() -> None:
    steps = UP + "- wait: 1s\n- send: HELLO\n- expect: ack\n- silence: 500ms\n"
    assert outcome(steps, {"SCCCN": [say(), say("SLI", after=0.2)]}).startswith("fail: SLI")
    assert outcome(steps, {"HELLO": [say("CDN")]}).startswith("fail: CDN")


def test_silence_can_be_about_one_session_only() -> None:
    steps = (
        TWO_CALLS
        + """
- silence: {for: 1s, whole_tunnel: false}
  session: a
"""
    )
    about_b: Rules = {"ICRQ": [[say("ICRP")], [say("ICRP"), say("CDN", after=0.5)]]}
    assert outcome(steps, about_b).startswith("pass")
    whole = steps.replace("whole_tunnel: false", "whole_tunnel: true")
    assert outcome(whole, about_b).startswith("fail: CDN")
    ended: Rules = {"ICRQ": [[say("ICRP")], [say("ICRP"), say("StopCCN", after=0.5)]]}
    assert outcome(steps, ended).startswith("fail: StopCCN")


@pytest.mark.parametrize("after", [0.0, 0.5, 0.9985, 0.999])
def test_a_message_breaks_silence_up_to_its_very_end(after: float) -> None:
    rules: Rules = {"SCCRQ": [say("SCCRP", after=after)]}
    assert outcome("- send: SCCRQ\n- silence: 1s\n", rules).startswith("fail: SCCRP")


def test_a_message_after_the_silence_does_not_break_it() -> None:
    rules: Rules = {"SCCRQ": [say("SCCRP", after=1.1)]}
    assert outcome("- send: SCCRQ\n- silence: 1s\n", rules).startswith("pass")


@pytest.mark.parametrize(
    "words",
    [
        say("StopCCN", ns=1),
        say("StopCCN", ns=200),
        say("CDN", again=True),
        say("StopCCN", tunnel=9),
        say("ZLB", tunnel=9),
        say("raw", raw=b"\x00"),
        say("raw", raw=b""),
        say("raw", raw=bytes(60000)),
    ],
    ids=["gap", "far", "used", "stray", "stray-zlb", "garbage", "empty", "large"],
)
def test_what_cannot_be_delivered_breaks_silence(words: Say) -> None:
    rules: Rules = {"ICRQ": [say("ICRP"), words]}
    assert play(CALL + "- silence: 1s\n", rules).verdict is Verdict.FAIL


def test_data_does_not_break_silence() -> None:
    rules: Rules = {"ICRQ": [say("ICRP"), say("data", after=0.1), say("data", session=9)]}
    assert outcome(CALL + "- silence: 1s\n", rules).startswith("pass")


def test_the_times_of_waits_are_scaled() -> None:
    story = play("- send: SCCRQ\n- silence: 1s\n", {"SCCRQ": []}, time_scale=3.0)
    assert story.end.seconds == pytest.approx(3.0)
    late: Rules = {"SCCRQ": [say("SCCRP", after=2.5)], "again": []}
    assert play("- send: SCCRQ\n- expect: SCCRP\n  within: 1s\n", late).verdict is Verdict.FAIL
    scaled = play("- send: SCCRQ\n- expect: SCCRP\n  within: 1s\n", late, time_scale=3.0)
    assert scaled.verdict is Verdict.PASS


# -- alive -------------------------------------------------------------------------------------

ALIVE = UP + "- alive: tunnel\n"


def test_a_tunnel_is_alive_when_it_acknowledges_a_hello() -> None:
    story = play(ALIVE, {})
    assert story.last.name == "tunnel alive"
    assert story.evidence(story.last) == ["> HELLO", "< ZLB"]
    story = play(ALIVE, DEAF)
    assert (story.verdict, story.last.actual) == (Verdict.FAIL, "no acknowledgement within 2.5 s")
    assert play(ALIVE, DEAF, extra=f"covers: [{SHOULD}]").verdict is Verdict.WARN
    assert play(ALIVE, {"HELLO": [say(nr=-1)], "again": []}).verdict is Verdict.FAIL
    late: Rules = {"HELLO": [say(after=3.1)], "again": []}
    assert play(ALIVE, late).verdict is Verdict.FAIL
    assert play(ALIVE + "  within: 5s\n", late).verdict is Verdict.PASS


def test_a_tunnel_that_the_iut_has_ended_is_not_alive_however_long_it_acknowledges() -> None:
    answers = "- send: HELLO\n- expect: [StopCCN, {message: ack, verdict: warn}]\n  within: 1s\n"
    ended: Rules = {"HELLO": [[say("StopCCN")], [say()]]}
    told = outcome(UP + answers + "- alive: tunnel\n", ended)
    assert told.startswith("fail: StopCCN")
    told = outcome(ALIVE, {"HELLO": [say("StopCCN")]})
    assert told.startswith("fail: StopCCN")
    told = outcome(ALIVE, {"SCCCN": [say(), say("StopCCN", after=0.0002)]})
    assert told.startswith("fail: StopCCN")
    told = outcome(ALIVE, {"SCCCN": [say(), say("StopCCN", ns=2, after=0.0002)]})
    assert told.startswith("fail: StopCCN")
    # it has acknowledged the StopCCN: to say anything more would be a fault of our own
    long_ago: Rules = {"SCCCN": [say(), say("StopCCN", after=0.5)]}
    story = play(UP + "- wait: 2s\n- alive: tunnel\n", long_ago)
    assert story.last.actual.startswith("StopCCN")
    assert not any(frame.summary.startswith("HELLO") for frame in story.frames)


def test_a_tunnel_that_the_peer_has_given_up_is_not_alive() -> None:
    steps = UP + "- send: HELLO\n- wait: 40s\n- alive: tunnel\n"
    assert outcome(steps, DEAF) == "fail: no acknowledgement within 2.5 s"
    patient = UP + "- alive: tunnel\n  within: 40s\n"
    assert outcome(patient, DEAF) == "fail: no acknowledgement within 40 s"


def test_a_tunnel_that_was_never_up_is_not_alive() -> None:
    assert play("- send: SCCRQ\n- alive: tunnel\n", {"SCCRQ": []}).verdict is Verdict.FAIL


def test_a_device_is_alive_when_it_answers_a_fresh_peer() -> None:
    steps = "- alive:\n"
    story = play(steps, {})
    assert story.evidence(story.last) == ["> SCCRQ", "< SCCRP"]
    assert story.sent("StopCCN")[0].header.tunnel_id == 501
    for answer in ("SCCRP", "StopCCN"):
        assert outcome(steps, {"SCCRQ": [say(answer)]}).startswith(f"pass: {answer}")
    assert outcome(steps, {"SCCRQ": [say("HELLO")]}).startswith("fail: HELLO")
    assert outcome(steps, {"SCCRQ": [say("StopCCN", tunnel=0)]}).startswith("pass: StopCCN")
    assert outcome(steps, {"SCCRQ": [say("SCCRP", tunnel=4)]}).startswith("fail: nothing")
    assert outcome(steps, {"SCCRQ": [say("SCCRP", ns=3)]}).startswith("fail: nothing")
    assert outcome(steps, {"SCCRQ": [say()]}).startswith("fail: nothing within 2.5 s")


def test_a_device_is_not_alive_by_what_it_said_before() -> None:
    steps = "- send: SCCRQ\n- expect: SCCRP\n- alive:\n"

    assert play(steps, factory=puppet({}, Tiring)).verdict is Verdict.FAIL
    assert play("- alive:\n", factory=of_class(Mute)).verdict is Verdict.FAIL


# -- acks, hello -------------------------------------------------------------------------------


def test_held_acknowledgements_come_when_they_are_resumed() -> None:
    steps = """
- acks: hold
- send: SCCRQ
  once: true
- expect: SCCRP
- wait: 2s
- send: HELLO
- wait: 1s
- acks: resume
- wait: 1s
- alive:
"""
    story = play(steps, {"SCCRQ": [say("SCCRP")]})
    assert story.sent("HELLO")[0].header.nr == 0
    zlb = next(one for one in story.frames if arrow(one) == "> ZLB")
    assert zlb.at == pytest.approx(3.0, abs=0.01)
    assert story.sent("ZLB")[0].header.nr == 1


def test_nothing_is_acknowledged_when_nothing_came_while_acknowledgements_were_held() -> None:
    steps = UP + "- acks: hold\n- acks: resume\n- hello: ignore\n- hello: answer\n- alive: tunnel\n"
    assert [one.header.nr for one in play(steps, {}).sent("ZLB")] == [1]


def test_hello_answered_again_does_not_undo_held_acknowledgements() -> None:
    steps = (
        UP
        + """
- acks: hold
- hello: ignore
- hello: answer
- send: ICRQ
  once: true
- expect: ICRP
- wait: 1s
- alive: tunnel
"""
    )
    story = play(steps, {})
    assert story.sent("HELLO")[0].header.nr == 1
    resumed = play(steps.replace("- acks: hold\n", ""), {})
    assert resumed.sent("HELLO")[0].header.nr == 2


def test_an_ignored_hello_is_not_acknowledged_until_hellos_are_answered_again() -> None:
    steps = (
        UP
        + """
- hello: ignore
- send: ICRQ
- expect: ICRP
- expect: HELLO
- send: SLI
- expect: ack
- hello: answer
- wait: 1s
- alive: tunnel
"""
    )
    story = play(steps, {"ICRQ": [say("ICRP"), say("HELLO", after=0.5)], "SLI": [say()]})
    assert story.verdict is Verdict.PASS
    assert story.sent("SLI")[0].header.nr == 2
    assert story.sent("HELLO")[0].header.nr == 3


def test_what_arrives_after_the_peer_gave_up_is_still_acknowledged() -> None:
    steps = UP + "- send: SLI\n- wait: 45s\n- expect: HELLO\n- alive:\n"
    rules: Rules = {"SCCCN": [say(), say("HELLO", after=40.0)], "SLI": [], "again": []}
    story = play(steps, rules)
    assert story.verdict is Verdict.PASS
    assert [one.header.nr for one in story.sent("ZLB")] == [1, 2, 1]  # of the fresh tunnel: 1


def test_a_tunnel_that_was_given_up_takes_no_more_messages() -> None:
    """Nothing that a script asks for is silently left undone: an answer could not come."""
    steps = UP + "- send: SLI\n- wait: 45s\n- send: HELLO\n- expect: [silence, StopCCN]\n"
    story = play(steps, {"SLI": [], "again": []})
    assert story.verdict is Verdict.INCONC
    assert story.last.expected == "a tunnel that takes the HELLO"
    once = steps.replace("- send: HELLO\n", "- send: HELLO\n  once: true\n")
    assert play(once, {"SLI": [], "again": []}).verdict is Verdict.PASS


# -- wait --------------------------------------------------------------------------------------


def test_what_arrives_during_a_wait_is_kept() -> None:
    story = play("- send: SCCRQ\n- wait: 2s\n- expect: SCCRP\n  within: 1s\n", {})
    assert story.verdict is Verdict.PASS
    assert story.end.seconds == pytest.approx(2.0)


def test_a_hello_is_acknowledged_while_acknowledgements_are_held() -> None:
    steps = UP + "- acks: hold\n- send: ICRQ\n- expect: ICRP\n- wait: 2s\n"

    def acknowledged(*words: Say) -> int:
        story = play(steps, {"ICRQ": list(words)})
        sent = [parse(one.data).packet for one in story.frames if one.direction.value == "sent"]
        return max(one.header.nr or 0 for one in sent if one is not None)

    assert acknowledged(say("ICRP"), say("HELLO", after=0.5)) == 1
    assert acknowledged(say("HELLO"), say("ICRP", after=0.5)) == 2
    assert acknowledged(say("HELLO"), say("HELLO", after=0.1), say("ICRP", after=0.5)) == 3
