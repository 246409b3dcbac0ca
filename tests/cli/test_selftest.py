"""`selftest` of cases that somebody has just written: can they fail, and what of them matters?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command

SUITE = """\
title: Toy
spec: rfc2661
defaults: {iut: [lns], covers: RFC2661-6.5-03}
cases:
  acknowledged:
    purpose: A HELLO on an established tunnel is acknowledged.
    steps:
      - establish: tunnel
      - send: HELLO
      - expect: ack
  anything-goes:
    purpose: Whatever comes when nothing is sent, and also nothing, will do here.
    steps:
      - expect: [silence, any, ack]
        within: 1s
"""


@pytest.fixture
def toy(command: Command) -> Path:
    folder = command.folder / "toys"
    folder.mkdir()
    (folder / "toy.yaml").write_text(SUITE)
    return folder


def test_a_case_that_can_fail(command: Command, toy: Path) -> None:
    result = command("selftest", "toy/acknowledged", "--suites", toy, "--jobs", "1")
    assert result.code == 0, result.out
    assert "can fail: toy/acknowledged, such as on hello-unacknowledged" in result.out
    assert "matters: toy/acknowledged#3 anything, such as on hello-unacknowledged" in result.out
    assert "survives" not in result.out
    assert "1 case can fail, 0 cannot" in result.out


def test_a_case_that_cannot_fail(command: Command, toy: Path) -> None:
    result = command("selftest", "toy/anything-goes", "--suites", toy, "--jobs", "1")
    assert result.code == 1
    assert "no mutant turns it red: toy/anything-goes" in result.out
    assert "0 cases can fail, 1 cannot" in result.out


def test_a_mutant_that_is_asked_about_has_to_be_noticed(command: Command, toy: Path) -> None:
    named = ("--mutant", "ignores-stopccn", "--suites", toy, "--jobs", "1")
    result = command("selftest", "toy/acknowledged", *named)
    assert result.code == 1
    assert "survives: ignores-stopccn as lns" in result.out
    assert "1 mutant, 0 killed" in result.out
