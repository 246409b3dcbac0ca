"""The `expect` step: what decides, when it is judged, and what must not pass for an answer."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from harness.wire import AVP, Packet, hide_avp
from tests.run.fakes import Rules, say
from tests.run.stage import CALL, HELLO, TWO_CALLS, UP, outcome, play

# -- the next message decides ------------------------------------------------------------------


def test_the_next_message_decides_at_once() -> None:
    rules: Rules = {"SCCRQ": [say("StopCCN"), say("SCCRP", after=0.1)]}
    story = play("- send: SCCRQ\n- expect: SCCRP\n", rules)
    assert story.verdict is Verdict.FAIL
    assert story.last.actual == "StopCCN"
    assert story.end.seconds < 0.1


def test_a_message_that_does_not_match_decides_even_if_a_matching_one_follows() -> None:
    rules: Rules = {
        "SCCRQ": [say("SCCRP", values={"host_name": "bad"}), say("SCCRP", after=0.1)],
    }
    steps = "- send: SCCRQ\n- expect: SCCRP\n  where: {host_name: tester}\n"
    assert outcome(steps, rules).startswith("fail: SCCRP: host_name is 'bad'")


def test_messages_of_other_sessions_do_not_decide() -> None:
    steps = TWO_CALLS
    first = int.from_bytes(play(steps, {}).sent("ICRQ")[0].avps[1].value, "big")
    about_a = say("CDN", session=first)
    rules: Rules = {"ICRQ": [[say("ICRP")], [about_a, say("ICRP", after=0.1)]]}
    assert play(steps, rules).verdict is Verdict.PASS
    # for an id that no session has it is anybody's, and so this step's
    unknown: Rules = {
        "ICRQ": [[say("ICRP")], [say("CDN", session=1), say("ICRP", after=0.1)]],
    }
    assert outcome(steps, unknown) == "fail: CDN"
    everybody = steps.replace("ICRP\n  session: b", "ICRP\n  session: b\n  any_session: true")
    assert outcome(everybody, rules) == "fail: CDN"


def test_a_session_that_only_its_assigned_id_names_is_another_one_too() -> None:
    steps = (
        UP
        + """
- send: ICRQ
  session: a
- expect: ICRP
  session: a
- send: ICRQ
  session: b
- expect: [ICRP, CDN]
  session: b
"""
    )
    rules: Rules = {
        "ICRQ": [
            [say("ICRP")],
            [
                say("CDN", session=0, values={"assigned_session_id": 700}),
                say("ICRP", after=0.1, values={"assigned_session_id": 701}),
            ],
        ],
    }
    story = play(steps, rules)
    assert [one.name for one in story.checks] == ["expect ICRP", "expect ICRP"]


def test_hello_and_zlb_pass_by_unless_they_are_named() -> None:
    rules: Rules = {"SCCRQ": [say("HELLO"), say(), say("SCCRP", after=0.1)]}
    assert outcome("- send: SCCRQ\n- expect: SCCRP\n", rules).startswith("pass: SCCRP")
    assert outcome("- send: SCCRQ\n- expect: HELLO\n", rules).startswith("pass: HELLO")
    assert outcome("- send: SCCRQ\n- expect: any\n", rules).startswith("pass: SCCRP")
    assert outcome("- send: SCCRQ\n- expect: ZLB\n", rules).startswith("pass: ZLB")


def test_a_message_is_consumed_once_and_left_over_ones_wait() -> None:
    steps = "- send: SCCRQ\n- expect: SCCRP\n- expect: SLI\n- expect: SLI\n  within: 1s\n"
    rules: Rules = {"SCCRQ": [say("SCCRP"), say("SLI")]}
    story = play(steps, rules)
    assert [one.verdict.value for one in story.checks] == ["pass", "pass", "fail"]
    assert story.last.actual == "nothing of it came within 1 s"


def test_tunnels_have_inboxes_of_their_own() -> None:
    steps = """
- send: SCCRQ
  tunnel: first
- expect: SCCRP
  tunnel: first
- send: SCCRQ
  tunnel: second
- expect: SCCRP
  tunnel: second
- expect: [silence]
  tunnel: first
  within: 1s
- expect: SLI
  tunnel: second
  within: 1s
"""
    rules: Rules = {"SCCRQ": [[say("SCCRP")]], "ZLB": [say("SLI", after=0.2)]}
    story = play(steps, rules)
    # the SLI of the first tunnel is not taken for one of the second, and breaks its silence
    assert story.last.actual == "SLI"
    assert story.last.step == 4


def test_two_tunnels_with_one_id_are_told_apart_by_their_endpoint() -> None:
    steps = """
- send: SCCRQ
  tunnel: first
  set: {assigned_tunnel_id: 77}
- send: SCCRQ
  tunnel: second
  from: other
  set: {assigned_tunnel_id: 77, host_name: second}
- expect: SCCRP
  tunnel: second
- expect: SCCRP
  tunnel: first
"""
    story = play(steps, {})
    assert story.verdict is Verdict.PASS
    by_number = {one.number: one for one in story.frames}
    for check, sender in zip(story.checks, ("second", "first"), strict=True):
        sent, received = (by_number[number] for number in check.frames)
        assert (b"second" in sent.data) == (sender == "second")
        assert received.destination == sent.source


def test_the_reply_to_a_tunnel_that_only_a_replaced_avp_names_finds_it() -> None:
    for edit in (
        "set: {assigned_tunnel_id: 4711}",
        'set: {assigned_tunnel_id: "0x1267"}',
        "replace: {assigned_tunnel_id: {value: 4711}}",
        "omit: [assigned_tunnel_id]\n  add: [{avp: assigned_tunnel_id, value: 4711}]",
        'omit: [assigned_tunnel_id]\n  add: [{type: 9, mandatory: true, value: "0x1267"}]',
    ):
        story = play(f"- send: SCCRQ\n  {edit}\n- expect: SCCRP\n  header: {{tunnel_id: 4711}}\n")
        assert (story.verdict, edit) == (Verdict.PASS, edit)


# -- data, ZLB ---------------------------------------------------------------------------------


def test_a_zlb_has_no_message() -> None:
    steps = HELLO + "- expect: ZLB\n  header: {nr: 3, ns: 1}\n"
    assert play(steps, {}).verdict is Verdict.PASS
    assert play(steps, {"HELLO": [say("SLI")]}).verdict is Verdict.FAIL
    assert play(steps, {"HELLO": [say(ns=1)]}).verdict is Verdict.FAIL


def test_data_counts_for_its_session_and_after_what_was_sent() -> None:
    steps = (
        CALL
        + """
- send: ICCN
- expect: ack
- wait: 1s
- send: data
  payload: 0xff03c021
- expect: data
  within: 1s
"""
    )
    assert outcome(steps, {"data": [say("data", after=0.5)]}).startswith("pass: data")
    for words in (say("data", session=5), say("data", tunnel=5)):
        assert outcome(steps, {"data": [words]}).startswith("fail: nothing")
    early: Rules = {"ICCN": [say(), say("data", after=0.5)]}
    assert outcome(steps, early).startswith("fail: nothing")
    # where any session counts, so does one that nobody has
    everybody = steps + "  any_session: true\n"
    assert outcome(everybody, {"data": [say("data", session=5)]}).startswith("pass: data")
    assert outcome(everybody, {"data": [say("data", tunnel=5)]}).startswith("fail: nothing")


# -- silence among the alternatives ------------------------------------------------------------


def test_silence_is_an_answer_only_after_the_whole_time() -> None:
    steps = UP + "- send: HELLO\n- expect: [silence, StopCCN]\n  within: 2s\n"
    story = play(steps, {})
    assert story.last.actual == "silence for 2 s"
    assert story.end.seconds == pytest.approx(2.0, abs=0.01)
    assert outcome(steps, {"HELLO": [say(), say("StopCCN", after=1.9)]}).startswith("pass: StopCCN")
    assert outcome(steps, {"HELLO": [say(), say("CDN", after=1.9)]}) == "fail: CDN"


def test_a_message_at_the_very_end_of_the_wait_is_not_overlooked() -> None:
    steps = "- send: SCCRQ\n- expect: [silence]\n  within: 1s\n"
    for after in (0.998, 0.999):
        assert outcome(steps, {"SCCRQ": [say("SCCRP", after=after)]}) == "fail: SCCRP"


# -- again -------------------------------------------------------------------------------------

AGAIN = """
- establish: tunnel
- acks: hold
- send: ICRQ
  once: true
- expect: ICRP
- send: HELLO
  once: true
- expect: ICRP
  again: true
  header: {nr: 4}
  within: 3s
"""


def test_again_looks_for_a_copy_that_came_since_the_last_send() -> None:
    fresh: Rules = {"ICRQ": [say("ICRP"), say("ICRP", after=1.0, again=True)]}
    assert play(AGAIN, fresh).verdict is Verdict.PASS
    stale: Rules = {"ICRQ": [say("ICRP"), say("ICRP", after=1.0, again=True, nr=-1)]}
    assert outcome(AGAIN, stale) == "fail: ICRP: header.nr is 3, expected 4"
    assert outcome(AGAIN, {}).startswith("fail: nothing of it came within 3 s")
    before = AGAIN.replace("- send: HELLO", "- wait: 2s\n- send: HELLO")
    assert outcome(before, fresh).startswith("fail: nothing of it came")


def test_again_passes_by_other_messages_and_other_copies() -> None:
    rules: Rules = {
        "ICRQ": [
            say("ICRP"),
            say("SLI", after=0.5),
            say("SLI", after=0.6, again=True),
            say("ICRP", after=1.0, ns=-2),
        ]
    }
    assert play(AGAIN, rules).verdict is Verdict.PASS


# -- values ------------------------------------------------------------------------------------


def test_saved_values_can_be_used_and_compared_later() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
  save: {what: message, id: assigned_tunnel_id, major: protocol_version.version, ns: header.ns}
- send: HELLO
  header: {tunnel_id: "${id}"}
- compare: {what: SCCRP, id: "${iut_tunnel_id}", major: 1, ns: 0}
- compare: {ns: {range: [1, null]}}
"""
    story = play(steps, {})
    assert [one.verdict.value for one in story.checks] == ["pass", "pass", "fail"]
    assert story.sent("HELLO")[0].header.tunnel_id == 501
    assert story.last.expected == "ns at least 1"
    assert story.last.actual == "ns is 0, expected at least 1"


def test_a_value_that_the_iut_did_not_give_makes_what_needs_it_inconclusive() -> None:
    steps = """
- send: SCCRQ
- expect: [SCCRP, silence]
  within: 1s
  save: {id: assigned_tunnel_id}
- send: HELLO
  header: {tunnel_id: "${id}"}
- expect: ack
"""
    story = play(steps, {"SCCRQ": []})
    assert story.verdict is Verdict.INCONC
    assert "id" in story.last.actual
    story = play(steps, {"SCCRQ": [say("SCCRP", edit=lambda one: one._replace(avps=one.avps[:1]))]})
    assert story.verdict is Verdict.INCONC


def test_a_composite_value_can_be_saved_by_field() -> None:
    steps = """
- send: SCCRQ
- expect: StopCCN
  save: {error: result_code.error, none: result_code.message}
- compare: {error: 4}
"""
    code = {"result_code": {"result": 2, "error": 4}}
    assert play(steps, {"SCCRQ": [say("StopCCN", values=code)]}).verdict is Verdict.PASS
    code = {"result_code": {"result": 2, "error": 5}}
    assert play(steps, {"SCCRQ": [say("StopCCN", values=code)]}).verdict is Verdict.FAIL


def hidden(packet: Packet) -> Packet:
    """The packet with its Host Name hidden."""
    vector = AVP(36, bytes(range(16)))
    avps = [
        hide_avp(avp, b"secret", vector.value, b"xyz") if avp.type == 7 else avp
        for avp in packet.avps
    ]
    return packet._replace(avps=(avps[0], vector, *avps[1:]))


@pytest.mark.parametrize(("secret", "verdict"), [("secret", "pass"), ("other", "fail")])
def test_hidden_avps_of_what_comes_are_revealed(secret: str, verdict: str) -> None:
    steps = "- send: SCCRQ\n- expect: SCCRP\n  where: {host_name: tester}\n"
    rules: Rules = {"SCCRQ": [say("SCCRP", edit=hidden)]}
    assert play(steps, rules, secret=secret).verdict.value == verdict
    # it hides with its own secret, whatever that of the peer is in this case
    assert play(steps, rules, extra=f"secret: {secret}").verdict is Verdict.PASS


def test_a_message_that_may_be_ignored_passes_by() -> None:
    def later(packet: Packet) -> Packet:
        return packet._replace(avps=(AVP(0, b"\x0f\xa0", mandatory=False), *packet.avps[1:]))

    rules: Rules = {"ICRQ": [say("HELLO", edit=later), say("ICRP", after=0.1)]}
    steps = UP + "- send: ICRQ\n"
    assert outcome(steps + "- expect: [ICRP, {message: any, verdict: fail}]\n", rules).startswith(
        "pass: ICRP"
    )
    assert outcome(steps + "- expect: 4000\n", rules).startswith("pass: 4000")
    assert outcome(steps + "- silence: 50ms\n", rules).startswith("pass")


def test_news_about_a_call_passes_by_unless_it_is_named() -> None:
    def of_a_call(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(session_id=77))

    rules: Rules = {"ICRQ": [say("SLI", edit=of_a_call), say("ICRP", after=0.1)]}
    steps = UP + "- send: ICRQ\n"
    assert outcome(steps + "- expect: ICRP\n", rules).startswith("pass: ICRP")
    assert outcome(steps + "- expect: SLI\n", rules).startswith("pass: SLI")
    later = steps + "- wait: 1s\n- send: HELLO\n- expect: [SLI, silence]\n  within: 1s\n"
    # what came before the last send is not about that
    assert outcome(later, {**rules, "ICRQ": rules["ICRQ"][:1]}) == "pass: silence for 1 s"


def test_ids_in_hidden_avps_are_learned() -> None:
    def all_hidden(packet: Packet) -> Packet:
        vector = AVP(36, bytes(range(16)))
        avps = [hide_avp(avp, b"secret", vector.value) for avp in packet.avps[1:]]
        return packet._replace(avps=(packet.avps[0], vector, *avps))

    steps = UP + "- send: HELLO\n- expect: ack\n"
    assert play(steps, {"SCCRQ": [say("SCCRP", edit=all_hidden)]}).verdict is Verdict.PASS


# -- slow answers: the RFC sets no time for them -----------------------------------------------

SLOW = (
    UP
    + """
- send: ICRQ
  once: true
- expect: {alternatives}
  within: 1s
"""
)
ACK_AT_ONCE = say("ZLB")


@pytest.mark.parametrize(
    ("alternatives", "after", "verdict", "seconds"),
    [
        # what is best is waited for where nothing as good has come, and is what it is
        ("CDN", 1.5, "pass: CDN", 1.5),
        ("CDN", 2.1, "fail: nothing of it came within 1 s", 2.0),
        ("[CDN, {message: silence, verdict: warn}]", 1.5, "pass: CDN", 1.5),
        ("[CDN, {message: silence, verdict: warn}]", 2.1, "warn: silence for 1 s", 2.0),
        ("[CDN, {message: ack, verdict: warn}]", 1.5, "pass: CDN", 1.5),
        ("[CDN, {message: ack, verdict: warn}]", 2.1, "warn: ZLB", 2.0),
        (
            "[ICRP, {message: CDN, verdict: fail}, {message: ack, verdict: warn}]",
            1.5,
            "fail: CDN",
            1.5,
        ),
        ("[ICRP, {message: ack, verdict: warn}]", 1.5, "fail: CDN", 1.5),
        # and not where something as good has
        ("[CDN, silence]", 1.5, "pass: silence for 1 s", 1.0),
        ("[CDN, ack]", 1.5, "pass: ZLB", 1.0),
        ("[{message: CDN, verdict: warn}, {message: ack, verdict: warn}]", 1.5, "warn: ZLB", 1.0),
        # where the case grades by time, it has the last word
        ("[CDN, {message: ack, within: 1s, verdict: warn}]", 1.5, "warn: ZLB", 1.0),
    ],
)
def test_an_answer_that_takes_its_time(
    alternatives: str, after: float, verdict: str, seconds: float
) -> None:
    rules: Rules = {"ICRQ": [ACK_AT_ONCE, say("CDN", after=after)]}
    story = play(SLOW.replace("{alternatives}", alternatives), rules)
    assert f"{story.last.verdict}: {story.last.actual}".startswith(verdict)
    assert story.end.seconds == pytest.approx(seconds, abs=0.2)


def test_a_call_that_ends_is_nothing_to_who_waits_for_a_hello() -> None:
    steps = CALL + "- expect: HELLO\n  within: 10s\n"
    rules: Rules = {"ICRQ": [say("ICRP"), say("CDN", after=3.0), say("HELLO", after=6.0)]}
    assert outcome(steps, rules).startswith("pass: HELLO")
    stopped: Rules = {"ICRQ": [say("ICRP"), say("StopCCN", after=3.0)]}
    assert outcome(steps, stopped) == "fail: StopCCN"
