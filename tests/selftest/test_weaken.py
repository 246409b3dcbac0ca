"""Each way in which a check is made weaker."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.run import load_library
from harness.selftest.weaken import ANYTHING, Weakening, weakenings
from harness.suite.model import Expect, Outstanding, Repeat, Retransmissions, Silence, Step, Wait

SUITE = """
title: Toy
spec: rfc2661
cases:
  all-checks:
    purpose: Everything that can be weakened stands in this one case.
    covers: RFC2661-5.5-01
    iut: [lns]
    each: {number: [1, 2]}
    steps:
      - establish: tunnel
      - repeat:
          count: 2
          steps:
            - send: HELLO
            - expect: ack
      - expect:
          - message: StopCCN
            where: {result_code: {result: 2, error: "${number}"}, assigned_tunnel_id: present}
            header: {session_id: 0}
          - {message: StopCCN, verdict: warn}
          - {message: any, verdict: fail}
      - silence: {for: 1s, strict: true}
      - retransmissions: {of: SCCRP, within: 20s, until_given_up: true}
      - outstanding: {within: 1s, at_most: 4}
      - alive: device
      - resend: HELLO
        session: another
"""

NAMES = [
    "4 anything",
    "5 anything",
    "5 where.result_code",
    "5 where.assigned_tunnel_id",
    "5 where.result_code.result",
    "5 where.result_code.error",
    "5 header.session_id",
    "5 verdict.StopCCN.1",
    "5 verdict.any",
    "6 silence",
    "6 strict",
    "6 whole_tunnel",
    "7 first.least",
    "7 first.most",
    "7 factor",
    "7 least_cap",
    "7 sends",
    "8 at_most",
    "9 alive",
]


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Weakening]:
    """The weakenings of the suite, by their names without the case."""
    (tmp_path / "toy.yaml").write_text(SUITE)
    every = weakenings(load_library(tmp_path).cases)
    return {one.name.removeprefix("toy/all-checks#"): one for one in every}


def step(one: Weakening, place: int) -> Step:
    """A step of the first instance, weakened."""
    return one.cases[0][1].steps[place]


def test_every_check_is_weakened_in_every_way(found: dict[str, Weakening]) -> None:
    assert list(found) == NAMES


def test_every_instance_is_weakened(found: dict[str, Weakening]) -> None:
    for one in found.values():
        assert [case.id for case, _ in one.cases] == [
            "toy/all-checks[number=1]",
            "toy/all-checks[number=2]",
        ]
        assert all(case.id == weaker.id and case != weaker for case, weaker in one.cases)


def test_only_one_step_differs(found: dict[str, Weakening]) -> None:
    for one in found.values():
        for case, weaker in one.cases:
            pairs = zip(case.steps, weaker.steps, strict=True)
            assert sum(before != after for before, after in pairs) == 1


def test_inside_a_repeat(found: dict[str, Weakening]) -> None:
    repeat = step(found["4 anything"], 1)
    assert isinstance(repeat, Repeat)
    inner = repeat.steps[1]
    assert isinstance(inner, Expect)
    assert inner.alternatives == ANYTHING


def test_a_matcher_is_dropped(found: dict[str, Weakening]) -> None:
    weaker = step(found["5 where.result_code"], 2)
    assert isinstance(weaker, Expect)
    assert set(weaker.alternatives[0].where) == {"assigned_tunnel_id"}


def test_a_field_is_dropped(found: dict[str, Weakening]) -> None:
    weaker = step(found["5 where.result_code.error"], 2)
    assert isinstance(weaker, Expect)
    assert set(weaker.alternatives[0].where["result_code"].fields) == {"result"}


def test_a_verdict_passes(found: dict[str, Weakening]) -> None:
    weaker = step(found["5 verdict.any"], 2)
    assert isinstance(weaker, Expect)
    assert [one.verdict.value for one in weaker.alternatives] == ["pass", "warn", "pass"]


def test_silence_is_only_waited_for(found: dict[str, Weakening]) -> None:
    weaker = step(found["6 silence"], 3)
    assert isinstance(weaker, Wait)
    assert weaker.seconds == 1.0
    lenient = step(found["6 strict"], 3)
    assert isinstance(lenient, Silence)
    assert not lenient.strict


def test_limits_are_lifted(found: dict[str, Weakening]) -> None:
    weaker = step(found["7 least_cap"], 4)
    assert isinstance(weaker, Retransmissions)
    assert weaker.least_cap == 0.0
    hasty = step(found["7 first.least"], 4)
    assert isinstance(hasty, Retransmissions)
    assert hasty.first == (0.0, 5.0)
    slow = step(found["7 first.most"], 4)
    assert isinstance(slow, Retransmissions)
    assert slow.first == (0.5, 20.0)
    wide = step(found["8 at_most"], 5)
    assert isinstance(wide, Outstanding)
    assert wide.at_most == 65535


IMPLIED = """
title: Toy
spec: rfc2661
cases:
  implied:
    purpose: What stands here twice is weakened once, and what counts as a failure is not.
    covers: RFC2661-5.5-01
    iut: [lns]
    steps:
      - establish: tunnel
      - expect:
          - message: ICRP
            where: {message_type: 11}
            header: {tunnel_id: "${peer_tunnel_id}", session_id: 7}
          - {message: StopCCN, header: {tunnel_id: "${peer_tunnel_id}"}, verdict: note}
          - {message: data, header: {protocol: 0xc021}, verdict: fail}
"""


def test_what_is_implied_is_not_taken_away(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(IMPLIED)
    names = [one.name.partition("#")[2] for one in weakenings(load_library(tmp_path).cases)]
    assert names == ["2 anything", "2 header.session_id", "2 header.tunnel_id", "2 verdict.data"]


def test_a_tunnel_id_of_its_own_is_implied_by_the_message(tmp_path: Path) -> None:
    without = IMPLIED.replace("          - {message: StopCCN", "          - {message: OCRP")
    (tmp_path / "toy.yaml").write_text(without)
    names = [one.name.partition("#")[2] for one in weakenings(load_library(tmp_path).cases)]
    assert "2 header.tunnel_id" not in names


def test_a_whole_tunnel_with_one_session_is_not_narrowed(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SUITE.replace("        session: another\n", ""))
    names = [one.name.partition("#")[2] for one in weakenings(load_library(tmp_path).cases)]
    assert names == [name for name in NAMES if name != "6 whole_tunnel"]
