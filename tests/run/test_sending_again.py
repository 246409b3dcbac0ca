"""What goes out again or from elsewhere: retransmissions, `once`, `repeat`, `from`, `resend`."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from tests.run.fakes import DEAF, Rules, say
from tests.run.stage import Story, play

# -- reliable or once --------------------------------------------------------------------------


def at(story: Story, name: str) -> list[float]:
    """When a message went out."""
    return [
        round(one.at, 2)
        for one in story.frames
        if one.direction.value == "sent" and one.summary.split()[0] == name
    ]


def test_a_message_is_retransmitted_until_it_is_acknowledged_unless_it_goes_once() -> None:
    silence = "- silence: {for: 10s, strict: true}\n"
    deaf: Rules = {"SCCRQ": [], "again": []}
    story = play("- send: SCCRQ\n" + silence, deaf)
    assert at(story, "SCCRQ") == [0.0, 1.0, 3.0, 7.0]
    story = play("- send: SCCRQ\n  once: true\n" + silence, deaf)
    assert at(story, "SCCRQ") == [0.0]
    story = play("- send: SCCRQ\n  append: 0x00\n  once: false\n" + silence, deaf)
    assert at(story, "SCCRQ") == [0.0, 1.0, 3.0, 7.0]
    assert len(set(story.octets("SCCRQ"))) == 1
    story = play("- send: SCCRQ\n  header: {nr: 9}\n" + silence, deaf)
    assert at(story, "SCCRQ") == [0.0]


def test_a_retransmission_keeps_the_edits_and_has_a_fresh_nr() -> None:
    steps = """
- establish: tunnel
- send: HELLO
  header: {session_id: 5, flags: 0xc812}
  append: 0xff
  once: false
- wait: 2s
- alive:
"""
    rules: Rules = {**DEAF, "SCCCN": [say(), say("SLI", after=0.5, nr=-1)]}
    story = play(steps, rules)
    first, second, *_ = (one for one in story.octets() if one[:2] == b"\xc8\x12")
    assert (first[6:8], first[-1], len(first)) == (b"\0\5", 0xFF, 21)
    assert first[:10] == second[:10]
    assert (first[10:12], second[10:12]) == (b"\0\1", b"\0\2")
    assert first[12:] == second[12:]


def test_edits_of_the_header_are_relative_to_each_transmission() -> None:
    steps = """
- establish: tunnel
- send: HELLO
  header: {nr: "+10"}
  once: false
- wait: 2s
- alive:
"""
    rules: Rules = {**DEAF, "SCCCN": [say(), say("SLI", after=0.5, nr=-1)]}
    assert [one.header.nr for one in play(steps, rules).sent("HELLO")[:2]] == [11, 12]


def test_a_tunnel_id_of_zero_stays_zero() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
- send: StopCCN
  header: {tunnel_id: 0}
  once: false
- expect: [ack, silence]
"""
    story = play(steps)
    assert story.sent("StopCCN")[0].header.tunnel_id == 0
    assert story.last.name == "expect ack"


def test_repeat_sends_the_very_same_datagram() -> None:
    steps = "- send: SCCRQ\n  repeat: 3\n- expect: SCCRP\n"
    story = play(steps)
    assert len(story.octets("SCCRQ")) == 3
    assert len(set(story.octets("SCCRQ"))) == 1
    story = play(steps.replace("repeat: 3", "repeat: 3\n  append: 0xff"))
    assert [one[-1] for one in story.octets("SCCRQ")] == [0xFF] * 3


def test_ns_moves_on_only_when_a_message_that_went_once_is_acknowledged() -> None:
    steps = """
- establish: tunnel
- send: HELLO
  header: {version: 3}
- silence: 1s
- send: HELLO
  once: true
- expect: ack
- send: HELLO
- expect: ack
"""
    story = play(steps)
    assert story.verdict is Verdict.PASS
    assert [one.header.ns for one in story.sent("HELLO")] == [2, 2, 3]


# -- where from, where to ----------------------------------------------------------------------


def sources(story: Story, name: str) -> list[tuple[str, int]]:
    """From where a message was sent."""
    return [
        one.source
        for one in story.frames
        if one.direction.value == "sent" and one.summary.split()[0] == name
    ]


@pytest.mark.parametrize("host", ["host-two", "another-host"])
def test_a_message_may_come_from_another_port_or_address(host: str) -> None:
    steps = f"""
- establish: tunnel
- send: HELLO
  from: other
  once: true
- send: HELLO
  from: {host}
- send: HELLO
- wait: 2s
- alive: tunnel
"""
    story = play(steps, DEAF)
    home = sources(story, "SCCRQ")[0]
    (one, two, *rest) = sources(story, "HELLO")
    assert (one[0], one[1] != home[1]) == (home[0], True)
    assert two[0] != home[0]
    # retransmissions come from where the message came from
    assert set(rest) == {two, home}


def test_a_tunnel_belongs_to_the_endpoint_that_opens_it() -> None:
    steps = """
- send: SCCRQ
  from: other
- expect: SCCRP
- send: SCCCN
- expect: ack
"""
    story = play(steps)
    assert story.verdict is Verdict.PASS
    assert len({one for name in ("SCCRQ", "SCCCN", "ZLB") for one in sources(story, name)}) == 1


# -- resend ------------------------------------------------------------------------------------


def test_a_message_is_sent_again_octet_for_octet_but_for_nr() -> None:
    steps = """
- establish: tunnel
- send: HELLO
- expect: ack
- send: ICRQ
- expect: ICRP
- resend: HELLO
"""
    first, second = play(steps).octets("HELLO")
    assert second[:10] + second[12:] == first[:10] + first[12:]
    assert int.from_bytes(second[10:12], "big") == int.from_bytes(first[10:12], "big") + 1


def test_an_sccrq_is_sent_again_octet_for_octet() -> None:
    steps = """
- send: SCCRQ
  once: true
- expect: SCCRP
- resend: SCCRQ
  count: 2
- expect: ack
"""
    story = play(steps)
    assert story.verdict is Verdict.PASS
    first, second, third = story.octets("SCCRQ")
    assert first == second == third  # nothing can be acknowledged by the first message of a tunnel
    assert second[4:6] == b"\0\0"  # a repeated SCCRQ has Tunnel ID 0 as the first one had


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        ("HELLO", "append: 0xdeadbeef"),
        ("HELLO", "cut: 2"),
        ("HELLO", "header: {flags: 0xc8f2}"),
        ("HELLO", "header: {length: false}"),
        ("HELLO", "header: {ns: false}"),
        ("raw", "raw: 0xc802000c000000000000000077"),
        ("raw", "raw: 0xc8"),
        ("data", "payload: 0xff03"),
        ("ZLB", "header: {session_id: 3}"),
        ("HELLO", "from: other"),
    ],
)
def test_what_is_sent_again_keeps_its_edits(name: str, edits: str) -> None:
    steps = f"- establish: tunnel\n- send: {name}\n  {edits}\n- resend: {name}\n- alive:\n"
    story = play(steps, {**DEAF, "data": []})
    frames = [one for one in story.frames if one.step in (1, 2) and one.direction.value == "sent"]
    first, second = frames[:2]
    assert (first.step, second.step) == (1, 2)
    assert first.data == second.data
    assert first.source == second.source


def test_what_was_never_sent_cannot_be_sent_again() -> None:
    story = play("- establish: tunnel\n- resend: ICRQ\n- alive:\n", {})
    assert story.verdict is Verdict.ERROR
    assert "ICRQ was never sent on tunnel t1" in story.end.reason
