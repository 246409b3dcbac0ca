"""The `establish` step: what it brings up and sends on the way, and when it is inconclusive."""

from __future__ import annotations

from typing import Any

import pytest

from harness.peer.network import Address
from harness.run.events import Verdict
from tests.run.fakes import Puppet, Rules, integer, say
from tests.run.stage import Story, outcome, play, puppet

LAC_RULES: Rules = {
    "dial": [say("SCCRQ")],
    "SCCRP": [say("SCCCN"), say("ICRQ")],
    "ICRP": [say("ICCN")],
    "OCRQ": [say("OCRP"), say("OCCN", after=0.1)],
}


class Dialler(Puppet):
    """A LAC that says what its rules have for `dial`."""

    def open_tunnel(self, address: Address, now: float) -> Any:
        conversation = self.converse(address)
        self.speak(conversation, "dial", now)
        return conversation

    def call(self, tunnel: object, now: float, number: str = "") -> Any:
        """Its calls come with the tunnel."""


def lac(steps: str, rules: Rules | None = None, extra: str = "") -> Story:
    """A case for a LAC."""
    factory = puppet({**LAC_RULES, **(rules or {})}, Dialler)
    return play(steps, factory=factory, role="lac", extra=extra)


def names(story: Story) -> list[str]:
    """The messages that the peer sent, acknowledgements left out."""
    frames = [one for one in story.frames if one.direction.value == "sent"]
    return [name for one in frames if (name := one.summary.split()[0]) != "ZLB"]


# -- an LNS ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("tunnel", ["SCCRQ", "SCCCN"]),
        ("session", ["SCCRQ", "SCCCN", "ICRQ", "ICCN"]),
    ],
)
def test_what_is_sent_on_the_way_up(what: str, expected: list[str]) -> None:
    story = play(f"- establish: {what}\n- alive: tunnel\n")
    assert story.verdict is Verdict.PASS
    assert names(story) == [*expected, "HELLO"]


def test_the_tunnel_below_is_brought_up_once() -> None:
    steps = """
- establish: session
  session: a
- establish: tunnel
- establish: session
  session: b
- alive: tunnel
"""
    story = play(steps)
    assert names(story) == ["SCCRQ", "SCCCN", "ICRQ", "ICCN", "ICRQ", "ICCN", "HELLO"]


@pytest.mark.parametrize("before", ["acks: resume", "hello: ignore", "hello: answer"])
def test_a_session_gets_its_tunnel_also_when_an_earlier_step_was_about_it(before: str) -> None:
    story = play(f"- {before}\n- establish: session\n- alive: tunnel\n")
    assert story.verdict is Verdict.PASS


def test_the_ids_of_a_preamble_can_be_chosen() -> None:
    steps = """
- establish: tunnel
  local_id: 4711
- establish: session
  local_id: 815
- alive: tunnel
"""
    story = play(steps)
    assert story.verdict is Verdict.PASS
    assert integer(story.sent("SCCRQ")[0], 9) == 4711
    assert integer(story.sent("ICRQ")[0], 14) == 815


def test_the_messages_of_a_preamble_can_be_edited() -> None:
    steps = """
- establish: session
  with:
    SCCRQ: {set: {receive_window_size: 1}, order: reversed}
    SCCCN: {append: 0xdead}
    ICRQ: {header: {reserved: 0x0010}, add: [{type: 99, value: 0x00}]}
- alive: tunnel
"""
    story = play(steps)
    assert story.verdict is Verdict.PASS
    assert integer(story.sent("SCCRQ")[0], 10) == 1
    assert story.sent("SCCRQ")[0].avps[1].type == 10
    assert story.octets("SCCCN")[0].endswith(b"\xde\xad")
    assert story.octets("ICRQ")[0][:2] == b"\xc8\x12"


def test_a_preamble_can_authenticate() -> None:
    steps = "- establish: tunnel\n  authenticate: true\n- alive: tunnel\n"
    story = play(steps)
    assert story.verdict is Verdict.PASS
    assert any(one.type == 11 for one in story.sent("SCCRQ")[0].avps)
    wrong = {"challenge_response": bytes(16)}
    story = play(steps, {"SCCRQ": [say("SCCRP", values=wrong)]})
    assert story.verdict is Verdict.INCONC
    assert story.last.expected == "a right Challenge Response"
    assert story.evidence(story.last)[-1] == "> SCCRQ"
    assert play(steps, {}).verdict is Verdict.INCONC
    story = play(steps, secret=None)
    assert story.verdict is Verdict.INCONC
    assert story.last.expected == "a secret to authenticate with"
    # a challenge of the case's own takes the place of the usual one
    own = "  with: {SCCRQ: {set: {challenge: 0x0102}}}\n"
    story = play(steps.replace("- alive", own + "- alive"))
    assert story.verdict is Verdict.PASS
    assert b"\x00\x0b\x01\x02" in story.octets("SCCRQ")[0]


@pytest.mark.parametrize(
    ("rules", "actual"),
    [
        ({"ICRQ": [say("CDN")]}, "CDN tid="),
        ({"ICRQ": [say()]}, "nothing within 10 s"),
        ({"ICCN": [say("CDN")]}, "CDN tid="),
        ({"ICCN": [say("StopCCN")]}, "StopCCN tid="),
        ({"ICCN": [say(), say("CDN")]}, "CDN tid="),
        ({"ICCN": [], "again": []}, "none came"),
        ({"SCCCN": [say("StopCCN")]}, "StopCCN tid="),
    ],
)
def test_a_call_that_does_not_come_up_is_inconclusive(rules: Rules, actual: str) -> None:
    story = play("- establish: session\n- alive: tunnel\n", rules)
    assert story.verdict is Verdict.INCONC
    assert story.last.actual.startswith(actual)
    assert len(story.checks) == 1


def test_patience_is_scaled_and_does_not_outlast_the_retransmissions() -> None:
    """Longer than the peer repeats itself: what was given up has not been acknowledged."""
    deaf: Rules = {"SCCCN": [], "again": []}
    story = play("- establish: tunnel\n- alive: tunnel\n", deaf, time_scale=5.0)
    assert story.verdict is Verdict.INCONC
    assert story.last.actual == "none came"
    late: Rules = {"SCCRQ": [say("SCCRP", after=14.0)], "again": []}
    assert play("- establish: tunnel\n- alive: tunnel\n", late).verdict is Verdict.INCONC
    scaled = play("- establish: tunnel\n- alive: tunnel\n", late, time_scale=2.0)
    assert scaled.verdict is Verdict.PASS


def test_an_lns_is_told_to_place_a_call() -> None:
    steps = "- establish: outgoing-session\n- alive: tunnel\n"
    story = play(steps, extra="requires: [outgoing_calls]")
    assert story.verdict is Verdict.PASS
    assert names(story) == ["SCCRQ", "SCCCN", "OCRP", "OCCN", "HELLO"]


def test_a_session_of_another_name_is_not_disturbed_by_the_first() -> None:
    steps = """
- establish: session
  session: a
- establish: session
  session: b
- send: CDN
  session: a
- expect: ack
- alive: tunnel
"""
    story = play(steps)
    ids = [integer(one, 14) for one in story.sent("ICRQ")]
    assert integer(story.sent("CDN")[0], 14) == ids[0] != ids[1]


# -- a LAC -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["tunnel", "session"])
def test_a_lac_dials_and_has_its_first_call_answered(what: str) -> None:
    story = lac(f"- establish: {what}\n- alive: tunnel\n")
    assert story.verdict is Verdict.PASS
    assert names(story) == ["SCCRP", "ICRP", "HELLO"]


def test_a_lac_without_a_call_comes_to_rest_as_well() -> None:
    story = lac("- establish: tunnel\n- alive: tunnel\n", {"SCCRP": [say("SCCCN")]})
    assert story.verdict is Verdict.PASS
    assert names(story) == ["SCCRP", "HELLO"]
    assert story.end.seconds == pytest.approx(2.0, abs=0.1)


def test_a_lac_is_asked_for_an_outgoing_call() -> None:
    steps = "- establish: outgoing-session\n  session: out\n- alive: tunnel\n"
    story = lac(steps, extra="requires: [outgoing_calls]")
    assert story.verdict is Verdict.PASS
    assert names(story) == ["SCCRP", "ICRP", "OCRQ", "HELLO"]


@pytest.mark.parametrize(
    "rules",
    [
        {"dial": []},
        {"dial": [say("SCCRQ", ns=1)]},
        {"SCCRP": []},
        {"SCCRP": [say("StopCCN")]},
        {"ICRP": [say("CDN")]},
    ],
)
def test_a_lac_that_does_not_come_up_is_inconclusive(rules: Rules) -> None:
    story = lac("- establish: session\n- alive: tunnel\n", rules)
    assert story.verdict is Verdict.INCONC


def test_messages_of_an_iut_that_opens_tunnels_are_learned() -> None:
    steps = """
- establish: session
- send: CDN
- expect: ack
- alive: tunnel
"""
    story = lac(steps)
    assert story.verdict is Verdict.PASS
    cdn = story.sent("CDN")[0]
    assert (cdn.header.tunnel_id, cdn.header.session_id) == (501, 700)


def test_a_lac_that_dials_once_more_disturbs_no_silence() -> None:
    steps = "- establish: session\n- silence: 2s\n"
    story = lac(steps, {"ICRP": [say("ICCN"), say("raw", after=0.5, raw=bytes.fromhex(SECOND))]})
    assert story.verdict is Verdict.PASS


SECOND = (
    "c802 003a 0000 0000 0000 0000 8008 0000 0000 0001 8008 0000 0002 0100 "
    "800c 0000 0007 746573746572 800a 0000 0003 00000003 8008 0000 0009 0999"
).replace(" ", "")


def test_a_lac_may_call_again_when_a_call_has_ended() -> None:
    again = [say(), say("ICRQ", after=0.3)]
    for step in ("- expect: [ack, silence, StopCCN]\n", "- expect: ack\n", ""):
        steps = f"- establish: session\n- send: CDN\n{step}- silence: 1s\n"
        assert lac(steps, {"CDN": again}).verdict is Verdict.PASS
    # an LNS calls nobody like that, and before a call has ended it is no other one
    steps = "- establish: session\n- send: CDN\n- expect: ack\n- silence: 1s\n"
    assert outcome(steps, {"CDN": again}).startswith("fail: ICRQ")
    story = lac("- establish: session\n- send: HELLO\n- silence: 1s\n", {"HELLO": again})
    assert story.verdict is Verdict.FAIL
