"""Weakenings that are left out because other steps say the same, and those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.run import load_library
from harness.selftest.weaken import Weakening, weakenings

HEAD = """
title: Toy
spec: rfc2661
cases:
  toy:
    purpose: What other steps say as well needs no mutant, and what they may not say needs one.
    covers: RFC2661-5.5-01
    iut: [lns, lac]
"""


def found(tmp_path: Path, case: str) -> dict[str, Weakening]:
    """The weakenings of the toy case, by their names without it."""
    (tmp_path / "toy.yaml").write_text(HEAD + case)
    every = weakenings(load_library(tmp_path).cases)
    return {one.name.partition("#")[2]: one for one in every}


ENDS = """
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: [ack, {message: StopCCN, verdict: fail}]
      - silence: {for: 1s}
        otherwise: fail
      - alive: tunnel
        otherwise: fail
"""


def test_the_end_of_a_tunnel_is_seen_by_alive(tmp_path: Path) -> None:
    assert "3 verdict.StopCCN" not in found(tmp_path, ENDS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alive: tunnel", "alive: device"),
        ("alive: tunnel\n", "alive: tunnel\n        unless: StopCCN\n"),
        ("alive: tunnel\n", "alive: tunnel\n        tunnel: another\n"),
        ("verdict: fail}", "verdict: warn}"),
        ("alive: tunnel\n        otherwise: fail", "alive: tunnel\n        otherwise: warn"),
        ("for: 1s}\n        otherwise: fail", "for: 1s}\n        otherwise: inconc"),
        ("send: HELLO\n", "send: HELLO\n        header: {tunnel_id: 0}\n"),
        ("      - alive: tunnel\n        otherwise: fail\n", ""),
        ("silence: {for: 1s}", "expect: [ack, {message: CDN, verdict: inconc}]"),
        ("silence: {for: 1s}\n        otherwise: fail", "expect: ack"),
        (
            "      - silence",
            "        save: {then: message}\n      - expect: CDN\n        when: {then: StopCCN}\n"
            "        otherwise: fail\n        unless: StopCCN\n      - silence",
        ),
    ],
)
def test_where_it_may_not_be_seen_a_mutant_is_wanted(tmp_path: Path, old: str, new: str) -> None:
    assert old in ENDS
    assert "3 verdict.StopCCN" in found(tmp_path, ENDS.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("silence: {for: 1s}", "expect: [ack, {message: CDN, verdict: warn}]"),
        ("alive: tunnel", "ppp: up"),
        ("alive: tunnel", "repeat: {count: 2, steps: [{ppp: up, otherwise: fail}]}"),
        ("send: HELLO\n", "send: HELLO\n        header: {session_id: 0}\n"),
        ("      - silence", "      - send: HELLO\n      - silence"),
        (
            "      - silence: {for: 1s}\n",
            "        save: {then: message}\n      - expect: CDN\n        when: {then: ack}\n",
        ),
    ],
)
def test_what_stands_between_can_only_fail_as_well(tmp_path: Path, old: str, new: str) -> None:
    assert old in ENDS
    assert "3 verdict.StopCCN" not in found(tmp_path, ENDS.replace(old, new))


LATE = """
    policy: P-8
    steps:
      - establish: tunnel
      - send: HELLO
      - expect:
          - {message: ack, within: 1s}
          - {message: ack, within: 2s, verdict: warn, policy: P-8}
        otherwise: fail
"""


def test_a_late_acknowledgement_is_a_warning_anyway(tmp_path: Path) -> None:
    assert "3 verdict.ack.1" not in found(tmp_path, LATE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("policy: P-8\n    steps", "policy: P-5\n    steps"),
        ("- {message: ack, within: 1s}", "- {message: ack, within: 500ms}"),
        ("- {message: ack, within: 1s}", "- {message: ack, within: 1s, header: {ns: 1}}"),
        ("within: 1s}", "within: 1s, verdict: note}"),
        ("verdict: warn", "verdict: fail"),
        ("      - send", "      - link: {drop: 1}\n      - send"),
    ],
)
def test_where_it_is_none_the_verdict_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in LATE
    names = found(tmp_path, LATE.replace(old, new))
    assert any(name.partition(" ")[2].startswith("verdict.ack") for name in names)


FRAMES = """
    steps:
      - establish: session
      - send: data
        payload: 0xff03c021
      - expect:
          - silence
          - {message: data, header: {protocol: 0xc021}, verdict: warn}
          - {message: any, verdict: note}
"""


def test_more_frames_count_against_the_iut_without_a_matcher(tmp_path: Path) -> None:
    assert "3 header.protocol" not in found(tmp_path, FRAMES)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("verdict: warn}", "verdict: note}"),
        ("- silence", "- {message: silence, verdict: warn}"),
        ("verdict: note}", "verdict: fail}"),
        ("verdict: note}", "verdict: inconc}"),
        ("          - {message: any, verdict: note}\n", ""),
        ("message: data, header: {protocol: 0xc021}", "message: HELLO, header: {protocol: 1}"),
    ],
)
def test_where_they_may_hide_something_the_matcher_counts(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in FRAMES
    assert "3 header.protocol" in found(tmp_path, FRAMES.replace(old, new))


REQUEST = """
    requires: initiates_tunnel
    steps:
      - device: dial
      - expect: SCCRQ
        header: {tunnel_id: 0, ns: 0, nr: 0}
"""


def test_what_opens_a_tunnel_has_tunnel_id_and_ns_0(tmp_path: Path) -> None:
    names = found(tmp_path, REQUEST)
    assert "2 header.tunnel_id" not in names
    assert "2 header.ns" not in names
    assert "2 header.nr" in names


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ns: 0", "ns: 1"),
        ("header:", "again: true\n        header:"),
        ("expect: SCCRQ", "expect: [SCCRQ, StopCCN]"),
        ("      - expect", "      - send: HELLO\n      - expect"),
    ],
)
def test_what_comes_later_may_have_another_ns(tmp_path: Path, old: str, new: str) -> None:
    assert old in REQUEST
    names = found(tmp_path, REQUEST.replace(old, new, 1))
    assert any(name.endswith(" header.ns") for name in names)


def test_what_makes_a_case_inconclusive_is_a_guard(tmp_path: Path) -> None:
    case = ENDS.replace("StopCCN, verdict: fail}]", "CDN}]\n        otherwise: inconc")
    names = found(tmp_path, case)
    assert names["3 anything"].guards
    assert not names["5 alive"].guards


FALLS = """
    steps:
      - establish: tunnel
      - send: ICRQ
      - expect:
          - {message: ICRP, where: {assigned_session_id: 7}, verdict: warn}
          - {message: CDN, verdict: fail}
          - {message: ICRP, verdict: note}
"""


def test_what_does_not_fit_counts_for_less_anyway(tmp_path: Path) -> None:
    assert "3 where.assigned_session_id" not in found(tmp_path, FALLS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("verdict: note}", "verdict: fail}"),
        ("verdict: note}", "verdict: inconc}"),
        ("verdict: note}", "verdict: warn, within: 1s}"),
        ("verdict: note}", "verdict: note, header: {ns: 1}}"),
        ("          - {message: ICRP, verdict: note}\n", ""),
        ("message: CDN", "message: any"),
        ("verdict: warn}", "verdict: pass}"),
    ],
)
def test_where_it_may_count_for_more_the_matcher_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in FALLS
    assert "3 where.assigned_session_id" in found(tmp_path, FALLS.replace(old, new))


GIVEN = """
    requires: initiates_tunnel
    steps:
      - establish: tunnel
        before: SCCRP
      - send: SCCRP
        set: {assigned_tunnel_id: 4711}
      - expect: SCCCN
        header: {tunnel_id: 4711}
"""


def test_an_id_that_was_given_is_implied_by_the_message(tmp_path: Path) -> None:
    assert "3 header.tunnel_id" not in found(tmp_path, GIVEN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("header: {tunnel_id: 4711}", "header: {tunnel_id: 4712}"),
        ("expect: SCCCN", "expect: StopCCN"),
        ("set: {assigned_tunnel_id: 4711}", "omit: [assigned_tunnel_id]"),
    ],
)
def test_where_another_id_may_come_it_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in GIVEN
    assert "3 header.tunnel_id" in found(tmp_path, GIVEN.replace(old, new))


NEEDED = """
    requires: initiates_tunnel
    steps:
      - device: dial
      - expect: SCCRQ
        where: {challenge: present}
        save: {theirs: challenge}
        otherwise: inconc
      - device: dial
      - expect: SCCRP
        tunnel: second
        where: {challenge: {not: "${theirs}"}}
"""


def test_what_a_later_step_needs_has_to_be_there_anyway(tmp_path: Path) -> None:
    names = found(tmp_path, NEEDED)
    assert "2 where.challenge" not in names
    assert "2 anything" not in names
    assert "4 where.challenge" in names


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        ("challenge: present", "challenge: {length: 16}", False),
        ("otherwise: inconc", "otherwise: fail", True),
        ("        otherwise: inconc\n", "", True),
        ("theirs: challenge", "theirs: header.ns", True),
        (
            "      - device: dial\n      - expect: SCCRP",
            "      - alive:\n      - expect: SCCRP",
            True,
        ),
        ("tunnel: second\n", "tunnel: second\n        unless: StopCCN\n", True),
    ],
)
def test_where_nothing_needs_it_at_once_a_guard_counts(
    tmp_path: Path, old: str, new: str, *, both: bool
) -> None:
    assert old in NEEDED
    names = found(tmp_path, NEEDED.replace(old, new))
    assert "2 where.challenge" in names
    assert ("2 anything" in names) is both


def test_where_something_else_may_come_a_guard_counts(tmp_path: Path) -> None:
    names = found(tmp_path, NEEDED.replace("device: dial", "send: SCCRQ", 1))
    assert "2 where.challenge" not in names
    assert "2 anything" in names


BOUND = """
    steps:
      - establish: tunnel
      - acks: hold
      - send: ICRQ
      - outstanding: {within: 1s, at_least: 2, at_most: 2}
        otherwise: note
      - outstanding: {within: 1s, at_most: 2}
        otherwise: fail
"""


def test_a_bound_that_the_next_step_judges_is_not_lifted(tmp_path: Path) -> None:
    names = found(tmp_path, BOUND)
    assert "4 at_most" not in names
    assert "5 at_most" in names


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("within: 1s, at_most: 2", "within: 1s, at_most: 3"),
        ("otherwise: fail", "otherwise: note"),
        ("        otherwise: note\n", ""),
        ("        otherwise: note\n", "        otherwise: note\n      - wait: 1s\n"),
        ("        otherwise: fail", "        otherwise: fail\n        tunnel: another"),
    ],
)
def test_where_the_next_step_says_less_the_bound_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in BOUND
    assert "4 at_most" in found(tmp_path, BOUND.replace(old, new))


ALONE = """
    requires: incoming_calls
    steps:
      - establish: tunnel
      - establish: session
        session: call
      - silence: {for: 1s}
        session: call
      - alive: tunnel
"""


@pytest.mark.parametrize(
    ("old", "new", "iut", "narrowed"),
    [
        ("call\n", "call\n", "lns", False),
        ("call\n", "call\n", "lac", True),
        (
            "      - alive",
            "      - establish: session\n        tunnel: other\n      - alive",
            "lns",
            False,
        ),
        ("      - alive", "      - establish: session\n      - alive", "lns", True),
        ("      - alive", "      - calls: {count: 2}\n      - alive", "lns", True),
    ],
)
def test_a_tunnel_with_one_session_is_not_narrowed(
    tmp_path: Path, old: str, new: str, iut: str, *, narrowed: bool
) -> None:
    case = ALONE.replace(old, new) if old else ALONE
    (tmp_path / "toy.yaml").write_text(HEAD.replace("[lns, lac]", iut) + case)
    names = [one.name.partition("#")[2] for one in weakenings(load_library(tmp_path).cases)]
    assert ("3 whole_tunnel" in names) is narrowed
