"""A self-test of small suites of its own, in which what it has to find is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.resources import data_folder
from harness.selftest.bench import Weight
from harness.selftest.result import SelfTest
from harness.selftest.work import Request, self_test

SUITE = """
title: Toy
spec: rfc2661
defaults: {iut: [lns], covers: RFC2661-5.5-01}
cases:
"""

HELLO = """
  acknowledged:
    purpose: A HELLO on an established tunnel is acknowledged.
    covers: RFC2661-6.5-03
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: ack
"""

TOOTHLESS = """
  anything-goes:
    purpose: Whatever comes when nothing is sent, and also nothing, will do here.
    steps:
      - expect: [silence, any, ack]
        within: 1s
"""

WRONG = """
  never-true:
    purpose: A HELLO is answered by a StopCCN, which no conforming peer does.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: StopCCN
"""


def run(folder: Path, *cases: str, mutants: tuple[str, ...] = ()) -> SelfTest:
    """A self-test of a suite with these cases."""
    (folder / "toy.yaml").write_text(SUITE + "".join(cases))
    return self_test(Request(suites=folder, peers=data_folder("peers"), mutants=mutants, workers=1))


def test_a_related_check_kills(tmp_path: Path) -> None:
    result = run(tmp_path, HELLO, mutants=("hello-unacknowledged",))
    assert result.killed == ("hello-unacknowledged",)
    assert not result.survivors
    assert not result.by_chance


def test_a_rule_of_the_monitors_kills(tmp_path: Path) -> None:
    result = run(tmp_path, HELLO, mutants=("header-reserved-bit",))
    (outcome,) = result.outcomes
    assert outcome.killed_by == ("monitor/header-reserved-bits",)
    assert outcome.found_in == "toy/acknowledged"


def test_what_only_an_unrelated_check_notices_is_chance(tmp_path: Path) -> None:
    unrelated = HELLO.replace("RFC2661-6.5-03", "RFC2661-4.1-05")
    result = run(tmp_path, unrelated, mutants=("hello-unacknowledged",))
    assert result.by_chance == ("hello-unacknowledged as lns",)
    assert not result.killed
    assert not result.ok


def test_what_nothing_notices_survives(tmp_path: Path) -> None:
    result = run(tmp_path, HELLO, mutants=("ignores-stopccn",))
    assert result.survivors == ("ignores-stopccn as lns",)
    assert not result.ok


def test_a_case_that_cannot_fail_is_found(tmp_path: Path) -> None:
    result = run(tmp_path, HELLO, TOOTHLESS)
    assert result.toothless == ("toy/anything-goes",)
    assert set(result.bitten) == {"toy/acknowledged"}
    assert result.to_json()["toothless_cases"] == ["toy/anything-goes"]


def test_a_check_that_nobody_would_miss_is_found(tmp_path: Path) -> None:
    doubled = HELLO + "        header: {session_id: {range: [0, 65535]}}\n"
    result = run(tmp_path, doubled)
    assert "toy/acknowledged#3 anything" in result.witnesses
    assert "toy/acknowledged#3 header.session_id" in result.unnoticed


PREREQUISITE = """
  goes-on:
    purpose: After a HELLO that was acknowledged the tunnel is silent.
    covers: RFC2661-6.5-03
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: ack
        otherwise: inconc
      - silence: 100ms
"""


def test_a_prerequisite_that_nobody_would_miss_is_found(tmp_path: Path) -> None:
    """Without it a case passes that has come to no verdict with it."""
    result = run(tmp_path, HELLO, PREREQUISITE)
    assert "toy/goes-on#3 anything" in result.witnesses


GUARDED = """
  refused:
    purpose: Who was challenged and gives no response gets no tunnel.
    covers: RFC2661-5.1.1-03
    configuration: authenticated
    requires: [accepts_tunnel, tunnel_authentication]
    steps:
      - send: SCCRQ
      - expect: SCCRP
        where: {challenge: present}
        otherwise: OTHERWISE
      - send: SCCCN
        omit: [challenge_response]
      - expect: StopCCN
        otherwise: fail
"""


@pytest.mark.parametrize(("otherwise", "noticed"), [("inconc", True), ("warn", False)])
def test_a_guard_is_missed_by_who_is_blamed_without_it(
    tmp_path: Path, otherwise: str, noticed: bool
) -> None:
    """What is no guard has to say less without the check; that more is said is no use of it."""
    result = run(tmp_path, GUARDED.replace("OTHERWISE", otherwise))
    assert ("toy/refused#2 where.challenge" in result.witnesses) is noticed


def test_a_case_says_less_when_fewer_of_its_checks_fail() -> None:
    assert Weight(gravity=3, failed=2) > Weight(gravity=3, failed=1, notes=4)
    assert Weight(gravity=2) > Weight(gravity=1, failed=3)
    assert Weight(notes=1) > Weight()


def test_a_case_that_fails_on_the_reference_is_found(tmp_path: Path) -> None:
    result = run(tmp_path, WRONG, mutants=("header-version-3",))
    assert result.clean_failures == ("toy/never-true",)


def test_an_unknown_mutant_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="header-version-4"):
        run(tmp_path, HELLO, mutants=("header-version-4",))
