"""`diff`: what came out differently, and nothing that only reads differently."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.report.diff import ABSENT, Change, Outcomes, compare, outcomes
from harness.run.events import CaseEnd, Check, Event, Expectation, Footer, Verdict
from tests.report import runs

PASS, FAIL, WARN = Verdict.PASS, Verdict.FAIL, Verdict.WARN


def run_of(*checks: Check, expectation: Expectation = Expectation.EXPECTED) -> Outcomes:
    """A run of one case with these checks."""
    verdicts = [check.verdict for check in checks]
    verdict = next((one for one in (FAIL, WARN) if one in verdicts), PASS)
    events: list[Event] = [
        runs.header(),
        runs.start("c"),
        *checks,
        CaseEnd("c", 1.0, verdict, expectation, "", 1.0, len(checks)),
        Footer({}),
    ]
    return outcomes(events)


def changes(*found: Outcomes) -> list[Change]:
    return list(compare(found))


def test_the_same_run() -> None:
    whole = runs.every_kind()
    assert not changes(outcomes(whole), outcomes(whole), outcomes(whole))


def test_texts_and_times_make_no_difference() -> None:
    check = runs.check("c", FAIL, name="expect ack")
    other = replace(check, actual="something else", at=9.0, frames=(7,), count=3)
    assert not changes(run_of(check), run_of(other))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([PASS], [FAIL]),
        ([WARN], [PASS]),
        ([WARN], [FAIL]),
        ([FAIL], [FAIL, WARN]),
    ],
)
def test_another_verdict(before: list[Verdict], after: list[Verdict]) -> None:
    def run(verdicts: list[Verdict]) -> Outcomes:
        return run_of(*(runs.check("c", one, name=f"check-{one}") for one in verdicts))

    (change,) = changes(run(before), run(after), run(before))
    assert change.case == "c"
    assert change.verdicts[0] == change.verdicts[2]
    assert change.findings[0] == change.findings[2] != change.findings[1]


def test_the_same_verdict_for_another_reason() -> None:
    one, other = (run_of(runs.check("c", FAIL, name=name)) for name in ("ack", "survival"))
    (change,) = changes(one, other)
    assert change.verdicts == ("fail", "fail")
    assert change.findings == (("ack: fail",), ("survival: fail",))


def test_what_the_baseline_excuses_is_another_outcome() -> None:
    check = runs.check("c", FAIL)
    (change,) = changes(run_of(check), run_of(check, expectation=Expectation.XFAIL))
    assert change.verdicts == ("fail", "xfail (fail)")
    runs_of_both = run_of(check), run_of(check, expectation=Expectation.XFAIL)
    assert not compare(runs_of_both, earned=True)
    assert compare((runs_of_both[0], run_of(runs.check("c", PASS))), earned=True)


def test_a_monitors_finding_in_other_cases() -> None:
    check = replace(runs.check("c", FAIL, name="tunnel-id"), seen_in=("a", "b"))
    (change,) = changes(run_of(check), run_of(replace(check, seen_in=("b", "c"))))
    assert change.findings == (("tunnel-id in a",), ("tunnel-id in c",))


def test_a_case_that_is_in_one_run_only() -> None:
    nothing = outcomes([runs.header(), Footer({})])
    (change,) = changes(run_of(runs.check("c", PASS)), nothing)
    assert change.verdicts == ("pass", ABSENT)
    assert changes(nothing, run_of(runs.check("c", PASS)))[0].verdicts == (ABSENT, "pass")


def of_rule(run: Outcomes) -> Outcomes:
    """The same outcome, as that of a rule of the monitors."""
    return replace(run, cases={"monitor/tunnel-id": run.cases["c"]})


def test_a_rule_that_had_nothing_to_judge() -> None:
    nothing = outcomes([runs.header(), Footer({})])
    good = of_rule(run_of(runs.check("c", PASS)))
    assert not changes(good, nothing)
    assert not changes(nothing, good)
    (change,) = changes(of_rule(run_of(runs.check("c", FAIL))), nothing)
    assert change.verdicts == ("fail", ABSENT)


def test_a_run_that_broke_off() -> None:
    assert run_of(runs.check("c", PASS)).whole
    assert not outcomes([runs.header(), Footer({}, interrupted=True)]).whole


def test_what_a_late_harness_saw_is_no_difference() -> None:
    check = replace(runs.check("c", FAIL, name="tunnel-id"), seen_in=("a",))
    more = replace(check, seen_in=("a", "b"))
    assert changes(run_of(check), run_of(more))
    assert not changes(run_of(check), run_of(replace(more, late_in=("b",))))
    assert changes(run_of(check), run_of(replace(more, late_in=("a",))))


def test_what_a_device_does_by_chance_is_no_difference() -> None:
    nothing = outcomes([runs.header(), Footer({})])
    (found,) = run_of(runs.check("c", FAIL), expectation=Expectation.XFAIL).cases.values()
    seen = {"monitor/avp-value": found}
    assert changes(replace(nothing, cases=seen), nothing)
    by_chance = {"monitor/avp-value": replace(found, by_chance=True)}
    assert not changes(replace(nothing, cases=by_chance), nothing)
