"""Counting, and the exit code of a run."""

from __future__ import annotations

import dataclasses

import pytest

from harness.run.events import Expectation, Footer, RunError, Unexpected, Verdict
from harness.run.tally import UNFINISHED, Tally, exit_code
from tests.report import runs


def test_a_run_is_counted() -> None:
    tally = Tally()
    for event in runs.every_kind()[:-1]:
        tally.add(event)
    assert tally.ended == 8
    assert tally.unfinished == ()
    footer = tally.footer(wall_s=9.0)
    assert footer.verdicts == dict.fromkeys(
        ["pass", "fail", "warn", "inconc", "error", "skip", "xfail", "xpass"], 1
    )
    assert footer.unexpected == (
        Unexpected("fail", Verdict.FAIL, "a MUST is broken"),
        Unexpected("stale", Verdict.XPASS, "the baseline lists stale"),
        Unexpected("inconc", Verdict.INCONC, "no tunnel came up"),
        Unexpected("error", Verdict.ERROR, "the device did not start"),
    )
    assert (footer.wall_s, footer.longest_s, footer.longest_case) == (9.0, 0.5, "fail")
    assert footer.sum_s == pytest.approx(3.5)


def test_a_case_that_did_not_end_counts_as_none() -> None:
    tally = Tally()
    tally.add(runs.start("cut", 4.0))
    footer = tally.footer()
    assert footer.verdicts == {"none": 1}
    assert footer.unexpected == (Unexpected("cut", Verdict.NONE, UNFINISHED),)
    assert footer.wall_s == 4.0


def test_a_case_that_began_anew_counts_once() -> None:
    tally = Tally()
    for event in (runs.start("again"), runs.start("again"), runs.end("again")):
        tally.add(event)
    assert tally.footer().verdicts == {"pass": 1}


def test_results_of_monitors_are_counted_apart() -> None:
    tally = Tally()
    rule = dataclasses.replace(runs.start("monitor/window"), monitor=True)
    for event in (runs.start("one"), runs.end("one"), rule, runs.end("monitor/window")):
        tally.add(event)
    footer = tally.footer()
    assert (footer.verdicts, footer.monitors) == ({"pass": 1}, {"pass": 1})
    assert footer.longest_case == "one"


GOOD = {"pass": 3, "warn": 1, "skip": 1, "xfail": 1}
RED = (Unexpected("c", Verdict.FAIL, ""),)


@pytest.mark.parametrize(
    ("footer", "code"),
    [
        (Footer(GOOD), 0),
        (Footer({"xfail": 1}), 0),
        (Footer({"warn": 1}), 0),
        (Footer(GOOD | {"fail": 1}, RED), 1),
        (Footer(GOOD | {"inconc": 1}, RED), 1),
        (Footer(GOOD | {"xpass": 1}, RED), 1),
        (Footer(GOOD, stale=("entry",)), 1),
        (Footer(GOOD, error=RunError("usage.x", "", "", 2)), 2),
        (Footer(GOOD, error=RunError("device.x", "")), 3),
        (Footer({}, error=RunError("select.nothing", "", "", 5)), 5),
        (Footer(GOOD | {"error": 1}, RED), 3),
        (Footer(GOOD | {"none": 1}, RED), 3),
        (Footer(GOOD, interrupted=True), 3),
        (Footer({}), 5),
        (Footer({}, monitors={"pass": 3}), 5),
        (Footer(GOOD, monitors={"error": 1}), 3),
        (Footer({"skip": 4}), 5),
    ],
)
def test_exit_codes(footer: Footer, code: int) -> None:
    assert exit_code(footer) == code


@pytest.mark.parametrize("expectation", Expectation)
@pytest.mark.parametrize("verdict", Verdict)
def test_what_turns_red_is_never_exit_0(verdict: Verdict, expectation: Expectation) -> None:
    ended = runs.end("c", verdict, expectation)
    footer = runs.footer([runs.start("c"), ended, runs.start("d"), runs.end("d")])
    red = expectation in (Expectation.UNEXPECTED, Expectation.XPASS)
    fault = footer.verdicts.get("error") or footer.verdicts.get("none")
    assert (exit_code(footer) == 0) == (not red and not fault)
