"""What comes for nobody, out of sequence or unreadable, and is neither an answer nor silence."""

from __future__ import annotations

import pytest

from harness.peer.network import Address
from harness.wire import Packet
from tests.run.fakes import Conversation, Puppet, Rules, say
from tests.run.stage import CALL, UP, outcome, play, puppet


@pytest.mark.parametrize("alternatives", ["SCCRP", "[SCCRP, silence]", "[StopCCN, silence]"])
def test_a_message_for_no_tunnel_of_ours_is_neither_the_answer_nor_silence(
    alternatives: str,
) -> None:
    steps = f"- send: SCCRQ\n- expect: {alternatives}\n  within: 1s\n"
    for tunnel in (0, 9):
        told = outcome(steps, {"SCCRQ": [say("SCCRP", tunnel=tunnel)]})
        assert told.startswith(f"fail: for no tunnel of ours: SCCRP tid={tunnel}")


def test_a_refusal_by_an_iut_that_knows_no_id_of_ours_is_the_answer() -> None:
    steps = "- send: SCCRQ\n- expect: [StopCCN, silence]\n  within: 1s\n"
    for tunnel in (0, 65535):
        assert outcome(steps, {"SCCRQ": [say("StopCCN", tunnel=tunnel)]}).startswith(
            f"pass: StopCCN tid={tunnel}"
        )


def test_garbage_is_no_silence() -> None:
    steps = "- send: SCCRQ\n- expect: [SCCRP, silence]\n  within: 1s\n"
    told = outcome(steps, {"SCCRQ": [say("raw", raw=b"\xc8")]})
    assert told == "fail: for no tunnel of ours: 1 octets without a readable header"


@pytest.mark.parametrize("alternatives", ["[silence, StopCCN]", "StopCCN", "[silence, ack, CDN]"])
@pytest.mark.parametrize("gap", [1, 3, 4, 100, 32767])
def test_a_message_behind_a_gap_is_no_silence(alternatives: str, gap: int) -> None:
    steps = UP + f"- send: ZLB\n- expect: {alternatives}\n  within: 1s\n"
    told = outcome(steps, {"SCCCN": [say(), say("StopCCN", after=0.1, ns=gap)]})
    assert told.startswith("fail: out of sequence, where Ns 1 is next: StopCCN tid=")


def test_a_gap_that_is_filled_in_time_is_none() -> None:
    rules: Rules = {
        "SCCRQ": [
            say("SCCRP", after=0.3),
            say("raw", raw=b"", after=9.0),
            say("SLI", ns=1),
        ]
    }

    def back(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(ns=0))

    rules = {"SCCRQ": [say("SLI", ns=1), say("SCCRP", after=0.3, edit=back)]}
    steps = "- send: SCCRQ\n- expect: [SCCRP]\n- expect: SLI\n"
    assert outcome(steps, rules).startswith("pass: SLI")


@pytest.mark.parametrize("alternatives", ["[silence, CDN]", "CDN"])
def test_another_message_under_a_used_number_is_no_retransmission(alternatives: str) -> None:
    steps = CALL + f"- expect: {alternatives}\n  within: 1s\n"
    told = outcome(steps, {"ICRQ": [say("ICRP"), say("CDN", after=0.1, again=True)]})
    assert told.startswith("fail: out of sequence, where Ns 2 is next: CDN tid=")


def test_a_second_tunnel_for_a_repeated_sccrq_shows_although_its_number_is_used() -> None:
    steps = """
- send: SCCRQ
  once: true
- expect: SCCRP
- resend: SCCRQ
- expect: ack
- silence: 1s
"""
    second: Rules = {
        "again": [say("SCCRP", again=True, values={"assigned_tunnel_id": 999})],
    }
    assert outcome(steps, second).startswith("fail: SCCRP tid=")
    # the same SCCRP once more is as good an acknowledgement as a ZLB (P-5)
    same: Rules = {"again": [say("SCCRP", again=True)]}
    assert outcome(steps, same) == "pass: silence for 1 s"
    assert outcome(steps, {"again": [say()]}) == "pass: silence for 1 s"


def test_a_message_without_a_number_is_no_silence() -> None:
    def bare(packet: Packet) -> Packet:
        return packet._replace(header=packet.header._replace(ns=None, nr=None))

    steps = UP + "- send: ZLB\n- expect: [silence, StopCCN]\n  within: 1s\n"
    told = outcome(steps, {"SCCCN": [say(), say("StopCCN", after=0.1, edit=bare)]})
    assert told.startswith("fail: out of sequence, where Ns 1 is next: StopCCN")


def test_a_retransmission_is_neither_the_next_message_nor_a_breach_of_silence() -> None:
    rules: Rules = {"ICRQ": [say("ICRP"), say("ICRP", after=0.1, again=True)]}
    assert outcome(CALL + "- expect: [silence, CDN]\n  within: 1s\n", rules).startswith(
        "pass: silence"
    )


NOBODY = """
- establish: tunnel
- send: HELLO
  header: {tunnel_id: 0}
  once: true
- expect: [silence, {message: ZLB, verdict: note, note: answered}]
  within: 1s
- alive: tunnel
"""


class Careless(Puppet):
    """It takes a HELLO for no tunnel for one of its first."""

    def _conversation(self, packet: Packet, source: Address, name: str) -> Conversation | None:
        if name == "HELLO" and not packet.header.tunnel_id:
            return self.conversations[501]
        return super()._conversation(packet, source, name)


def test_what_is_for_no_tunnel_may_be_answered_to_no_tunnel() -> None:
    rules: Rules = {"HELLO": [[say(tunnel=0)], [say()]]}

    def come_of(steps: str) -> str:
        story = play(steps, factory=puppet(rules, Careless))
        return f"{story.verdict}: {story.last.actual}"

    assert come_of(NOBODY) == "pass: acknowledged"
    # but only if the step says so, and only what was asked in that way
    strict = NOBODY.replace("{message: ZLB, verdict: note, note: answered}", "ICRP")
    assert come_of(strict).startswith("fail: for no tunnel of ours: ZLB tid=0")
    asked = NOBODY.replace("  header: {tunnel_id: 0}\n", "")
    assert come_of(asked).startswith("fail: for no tunnel of ours: ZLB tid=0")


def test_a_tunnel_whose_id_was_left_out_is_answered_to_tunnel_0() -> None:
    steps = "- send: SCCRQ\n  omit: [assigned_tunnel_id]\n- expect: SCCRP\n"
    assert outcome(steps, {"SCCRQ": [say("SCCRP", tunnel=0)]}).startswith("pass: SCCRP tid=0")
    named = steps.replace("  omit: [assigned_tunnel_id]\n", "")
    assert outcome(named, {"SCCRQ": [say("SCCRP", tunnel=0)]}).startswith("fail: for no tunnel")
