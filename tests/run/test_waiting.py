"""Steps that watch: `silence`, `alive`, `retransmissions`, `wait`; and `acks`, `hello`, `link`."""

from __future__ import annotations

from typing import Any

import pytest

from harness.run.events import Verdict
from harness.wire import Packet
from tests.run.fakes import Mute, Rules, Say, Tiring, say
from tests.run.stage import SHOULD, Story, arrow, of_class, play, puppet

UP = "- establish: tunnel\n"
CALL = UP + "- send: ICRQ\n- expect: ICRP\n"


def outcome(steps: str, rules: Rules, *, extra: str = "") -> str:
    """The verdict and what the last check saw."""
    story = play(steps, rules, extra=extra)
    return f"{story.verdict}: {story.last.actual}"


# -- silence -----------------------------------------------------------------------------------


def test_acknowledgements_hellos_and_retransmissions_do_not_break_silence() -> None:
    def copy(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(ns=1))

    rules: Rules = {"ICRQ": [say("ICRP"), say(), say("HELLO"), say("ICRP", after=0.2, edit=copy)]}
    story = play(CALL + "- silence: 1s\n", rules)
    assert story.verdict is Verdict.PASS
    assert story.last.expected == story.last.actual == "silence for 1 s"
    assert story.end.seconds == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("words", [say(), say("HELLO"), say("SLI")], ids=["zlb", "hello", "sli"])
def test_strict_silence_allows_nothing_at_all(words: Say) -> None:
    steps = UP + "- send: ZLB\n- silence: {for: 1s, strict: true}\n"
    assert outcome(steps, {}) == "pass: silence for 1 s, not even an acknowledgement"
    for after in (0.1, 0.9):
        rules: Rules = {"ZLB": [Say(name=words.name, after=after)]}
        assert outcome(steps, rules).startswith(f"fail: {words.name} tid=")


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
        UP
        + """
- send: ICRQ
  session: a
- expect: ICRP
  session: a
- send: ICRQ
  session: b
- expect: ICRP
  session: b
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
    deaf: Rules = {"HELLO": [], "again": []}
    story = play(ALIVE, deaf)
    assert (story.verdict, story.last.actual) == (Verdict.FAIL, "no acknowledgement within 2.5 s")
    assert play(ALIVE, deaf, extra=f"covers: [{SHOULD}]").verdict is Verdict.WARN
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


def test_a_tunnel_that_the_peer_has_given_up_is_not_alive() -> None:
    steps = UP + "- send: HELLO\n- wait: 40s\n- alive: tunnel\n"
    deaf: Rules = {"HELLO": [], "again": []}
    assert outcome(steps, deaf) == "fail: no acknowledgement within 2.5 s"
    patient = UP + "- alive: tunnel\n  within: 40s\n"
    assert outcome(patient, deaf) == "fail: no acknowledgement within 40 s"


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


# -- retransmissions ---------------------------------------------------------------------------


def repeats(*gaps: float, of: str = "SCCRP", **more: Any) -> list[Say]:
    """A message, and its copies after gaps of so many seconds."""
    words = [say(of)]
    at = 0.0
    for gap in gaps:
        at += gap
        words.append(say(of, after=at, again=True, **more))
    return words


WATCH = """
- acks: hold
- send: SCCRQ
  once: true
- expect: SCCRP
- retransmissions: {of: SCCRP, within: 70s%s}
"""


def watch(*gaps: float, keys: str = "", **more: Any) -> Story:
    """What comes of watching an IUT that repeats its SCCRP after these gaps."""
    return play(WATCH % keys, {"SCCRQ": repeats(*gaps, **more)})


def verdicts(story: Story) -> dict[str, str]:
    """The checks of the step by name."""
    return {one.name: one.verdict.value for one in story.checks[1:]}


GOOD = {"same message": "pass", "first retransmission": "pass", "back-off": "pass"}


@pytest.mark.parametrize(
    "gaps",
    [(1, 2), (1, 2, 4, 8), (1, 2, 4, 8, 8, 8), (0.5, 1, 2), (1, 2, 4, 8, 16), (1, 2, 4, 8, 10)],
)
def test_intervals_that_double_up_to_a_cap_pass(gaps: tuple[float, ...]) -> None:
    story = watch(*gaps, keys=f", at_least: {len(gaps) + 1}")
    assert verdicts(story) == GOOD
    assert story.notes == []


@pytest.mark.parametrize(
    ("gaps", "seen"),
    [
        ((1, 1), "1.00 s after 1.00 s"),
        ((1, 1, 1, 1), "1.00 s after 1.00 s"),
        ((1, 3, 9), "9.00 s after 3.00 s"),
        ((1, 2, 4, 4), "4.00 s after 4.00 s"),
        ((1, 2, 4, 6, 6), "6.00 s after 4.00 s"),
        ((1, 2, 4, 8, 4), "4.00 s after 8.00 s"),
        ((1, 2, 2.5), "2.50 s after 2.00 s"),
    ],
)
def test_intervals_that_do_not_grow_fail(gaps: tuple[float, ...], seen: str) -> None:
    story = watch(*gaps, keys=f", at_least: {len(gaps) + 1}")
    assert story.verdict is Verdict.FAIL
    assert story.last.name == "back-off"
    assert story.last.actual.startswith(seen)
    assert len([one for one in story.evidence(story.last) if one == "< SCCRP"]) == 3


@pytest.mark.parametrize("late", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("which", [1, 2, 3, 4])
def test_a_machine_that_is_late_does_not_spoil_the_schedule(late: float, which: int) -> None:
    gaps = [1.0, 2.0, 4.0, 8.0]
    gaps[which - 1] += late
    if which < len(gaps):
        gaps[which] -= late
    assert verdicts(watch(*gaps, keys=", at_least: 5")) == GOOD


def test_what_is_only_recommended_is_a_note() -> None:
    story = watch(0.2, 0.4)
    assert story.verdict is Verdict.PASS
    assert story.notes == ["first retransmission: after 0.20 s"]
    assert watch(7, 14).notes == ["first retransmission: after 7.00 s"]
    assert watch(7, 14, keys=", first: [500ms, 8]").notes == []


def test_too_few_copies_fail() -> None:
    story = watch(1)
    assert story.verdict is Verdict.FAIL
    assert story.last.expected == "SCCRP at least 3 times"
    assert story.last.actual == "2 within 70 s after 1.00 s"
    story = play(WATCH % "", {"SCCRQ": [say("SCCRP")]})
    assert story.last.actual == "1 within 70 s"


@pytest.mark.parametrize("gaps", [(1, 2, 4, 8), (1, 2, 4, 8, 8, 8, 8, 8)])
def test_until_given_up(gaps: tuple[float, ...]) -> None:
    story = watch(*gaps, keys=", until_given_up: true")
    assert verdicts(story) == {**GOOD, "number of transmissions": "pass"}
    assert f"{len(gaps) + 1} after" in story.last.actual


def test_giving_up_may_be_said() -> None:
    words = [*repeats(1, 2, 4, 8), say("StopCCN", after=31.0)]
    story = play(WATCH % ", until_given_up: true" + "- expect: StopCCN\n", {"SCCRQ": words})
    assert story.verdict is Verdict.PASS
    assert story.check("number of transmissions").actual.startswith("5 after")
    assert story.check("number of transmissions").at == pytest.approx(31.0, abs=0.01)


@pytest.mark.parametrize("gaps", [(1, 2), (1, 2, *[4 * 2**n for n in range(3)], *[32] * 6)])
def test_an_odd_number_of_transmissions_is_a_note(gaps: tuple[float, ...]) -> None:
    steps = WATCH % ", until_given_up: true"
    story = play(steps.replace("70s", "800s"), {"SCCRQ": repeats(*gaps)})
    assert story.verdict is Verdict.PASS
    assert [one.split(":")[0] for one in story.notes] == ["number of transmissions"]
    assert story.check("number of transmissions").policy == "P-17"


def test_a_copy_that_differs_in_more_than_nr_fails() -> None:
    story = watch(1, 2, nr=5)
    assert verdicts(story) == GOOD
    story = watch(1, 2, values={"host_name": "changed"})
    assert verdicts(story) == {"same message": "fail"}

    def without_length(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(length=None))

    words = [say("SCCRP", edit=without_length)]
    words += [say("SCCRP", after=at, again=True, nr=3, edit=without_length) for at in (1, 3)]
    assert verdicts(play(WATCH % "", {"SCCRQ": words})) == GOOD


def test_copies_of_an_earlier_message_of_that_name_are_not_the_ones() -> None:
    steps = (
        UP
        + """
- send: ICRQ
- expect: HELLO
- hello: ignore
- send: ICRQ
- expect: HELLO
- retransmissions: {of: HELLO, within: 30s}
"""
    )
    second = repeats(1, 2, 4, of="HELLO")
    assert verdicts(play(steps, {"ICRQ": [[say("HELLO")], second]}))["back-off"] == "pass"
    first = [say("HELLO"), say("HELLO", after=0.5, again=True)]
    held = steps.replace("- hello: ignore\n", "- wait: 1s\n- acks: hold\n")
    story = play(held, {"ICRQ": [first, second]})
    assert story.check("back-off").verdict is Verdict.PASS


def test_retransmissions_for_want_of_acknowledgements_that_were_lost() -> None:
    steps = """
- link: {drop: 9, direction: sent, message: ZLB}
- send: SCCRQ
- expect: SCCRP
- retransmissions: {of: SCCRP, within: 30s}
"""
    story = play(steps, {"SCCRQ": repeats(1, 2, 4)})
    assert story.check("back-off").verdict is Verdict.PASS


def test_a_datagram_that_the_link_doubles_is_no_retransmission() -> None:
    steps = "- link: {duplicate: 9}\n" + WATCH % ""
    story = play(steps, {"SCCRQ": repeats(1, 2)})
    assert story.check("back-off").actual == "after 1.00, 2.00 s"


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


# -- link --------------------------------------------------------------------------------------


def link(steps: str, rules: Rules | None = None) -> Story:
    """A story with a bad link."""
    return play(steps, rules or {})


def test_a_dropped_datagram_never_goes_out() -> None:
    story = link(
        UP + "- link: {drop: 2, direction: sent, message: HELLO}\n- alive: tunnel\n  within: 5s\n"
    )
    assert story.verdict is Verdict.PASS
    assert len(story.sent("HELLO")) == 1
    assert story.end.seconds == pytest.approx(3.0, abs=0.1)


def test_a_dropped_answer_is_in_the_record_but_never_came() -> None:
    story = link("- link: {drop: 1}\n- send: SCCRQ\n- expect: [silence]\n  within: 500ms\n")
    assert story.verdict is Verdict.PASS
    assert story.last.actual == "silence for 0.5 s"


def test_a_doubled_datagram_goes_out_twice() -> None:
    story = link(UP + "- link: {duplicate: 1, direction: sent, message: HELLO}\n- alive: tunnel\n")
    assert len(story.sent("HELLO")) == 2


def test_a_delayed_datagram_is_recorded_when_it_goes_out() -> None:
    steps = """
- link: {delay: 1, seconds: 400ms, direction: sent}
- send: SCCRQ
- expect: [SCCRP]
"""
    story = link(steps)
    assert story.frames[0].at == pytest.approx(0.4)
    assert story.evidence(story.last) == ["> SCCRQ", "< SCCRP"]
    received = steps.replace("sent", "received")
    story = link(received)
    assert story.verdict is Verdict.PASS
    assert story.end.seconds == pytest.approx(0.4, abs=0.01)


def test_a_delayed_datagram_of_a_case_that_is_over_never_goes_out() -> None:
    steps = "- link: {delay: 1, seconds: 5s, direction: sent}\n- send: SCCRQ\n- silence: 900ms\n"
    story = link(steps)
    assert story.verdict is Verdict.PASS
    assert story.frames == []


def test_swapped_datagrams_go_to_where_they_were_meant_for() -> None:
    steps = """
- link: {reorder: 1, direction: sent}
- send: SCCRQ
  tunnel: first
- send: SCCRQ
  tunnel: second
  from: other
- expect: SCCRP
  tunnel: first
- expect: SCCRP
  tunnel: second
"""
    story = link(steps)
    assert story.verdict is Verdict.PASS
    first, second = story.octets("SCCRQ")
    assert first != second
    ports = [one.source[1] for one in story.frames[:2]]
    assert ports[0] > ports[1]


def test_swapped_answers_keep_their_frames() -> None:
    steps = (
        UP + "- link: {reorder: 1, message: SLI}\n- send: HELLO\n- expect: HELLO\n- expect: SLI\n"
    )
    rules: Rules = {"HELLO": [say("SLI"), say("HELLO", after=0.1)]}
    story = play(steps, rules)
    assert story.verdict is Verdict.FAIL  # the HELLO waits for the SLI before it
    story = play(
        steps.replace("- expect: HELLO\n- expect: SLI", "- expect: SLI\n- expect: HELLO"), rules
    )
    assert story.verdict is Verdict.PASS
    assert story.evidence(story.checks[0]) == ["> HELLO", "< SLI"]
    assert story.evidence(story.checks[1]) == ["> HELLO", "< HELLO"]


def test_several_swapped_datagrams_go_behind_the_one_that_follows() -> None:
    steps = (
        UP
        + """
- link: {reorder: 2, direction: sent, message: HELLO}
- send: HELLO
- send: HELLO
- send: SLI
- expect: ack
"""
    )
    story = play(steps, {"SLI": [say()]})
    named = [one for one in story.frames if one.direction.value == "sent"]
    order = [one.summary.split()[0] for one in named][-4:]
    assert order[:3] == ["SLI", "HELLO", "HELLO"]


def test_data_can_be_lost_as_well() -> None:
    steps = (
        UP
        + """
- link: {drop: 1, direction: sent, message: data}
- send: data
  payload: 0xff03
- send: data
  payload: 0xff03c021
- alive: tunnel
"""
    )
    story = play(steps, {})
    assert len(story.sent("data")) == 1


# -- wait --------------------------------------------------------------------------------------


def test_what_arrives_during_a_wait_is_kept() -> None:
    story = play("- send: SCCRQ\n- wait: 2s\n- expect: SCCRP\n  within: 1s\n", {})
    assert story.verdict is Verdict.PASS
    assert story.end.seconds == pytest.approx(2.0)
