"""The baseline: what it excuses, what it does not, and how it is read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import DataError, DataErrors, Place
from harness.run.baseline import Baseline, Entry, load_baseline
from harness.run.events import Check, Expectation, Verdict
from tests.report import runs

EXPECTED, UNEXPECTED, XFAIL, XPASS = Expectation
PASS, FAIL, WARN, INCONC, ERROR, NONE, SKIP = list(Verdict)[:7]

CASES = (
    "4.1-avp-format/unknown[avp=host_name]",
    "4.1-avp-format/unknown[avp=vendor_name]",
    "5.8-reliable/duplicate",
)


def entry(verdict: Verdict, check: str | None = None, case: str = "c") -> Entry:
    return Entry(case, check, verdict, f"why {verdict}", "", Place("baseline.yaml", 1, 1))


def checks(*found: tuple[str, Verdict]) -> list[Check]:
    return [runs.check("c", verdict, name=name) for name, verdict in found]


def fold(found: list[tuple[str, Verdict]]) -> Verdict:
    """The verdict of a case, as the strongest of its checks."""
    verdicts = [verdict for _, verdict in found]
    return next((each for each in (ERROR, FAIL, INCONC, WARN) if each in verdicts), PASS)


@pytest.mark.parametrize(
    ("verdict", "expectation"),
    [
        (PASS, EXPECTED),
        (WARN, EXPECTED),
        (SKIP, EXPECTED),
        (FAIL, UNEXPECTED),
        (INCONC, UNEXPECTED),
        (ERROR, UNEXPECTED),
        (NONE, UNEXPECTED),
    ],
)
@pytest.mark.parametrize("with_check", [True, False])
def test_without_a_baseline(verdict: Verdict, expectation: Expectation, with_check: bool) -> None:
    found = checks(("a", verdict)) if with_check else []
    assert Baseline().judge("c", verdict, found).expectation is expectation


@pytest.mark.parametrize("listed", [FAIL, WARN, INCONC])
@pytest.mark.parametrize("verdict", [PASS, FAIL, WARN, INCONC, ERROR, NONE, SKIP])
@pytest.mark.parametrize("with_check", [True, False])
def test_one_entry_for_the_case(listed: Verdict, verdict: Verdict, with_check: bool) -> None:
    found = checks(("a", verdict)) if with_check else []
    judged = Baseline([entry(listed)]).judge("c", verdict, found)
    if verdict is SKIP:
        assert judged.expectation is EXPECTED
    elif verdict in (ERROR, NONE):
        assert judged.expectation is UNEXPECTED
        assert judged.stale == ()
    elif verdict is listed:
        assert judged.expectation is XFAIL
        assert judged.reason == f"why {listed}"
    elif verdict in (FAIL, INCONC):
        assert judged.expectation is UNEXPECTED
        assert judged.stale == (entry(listed),)
    else:
        assert judged.expectation is XPASS
        assert judged.stale == (entry(listed),)
        assert "baseline.yaml:1" in judged.reason


def test_all_pairs_of_checks_against_all_pairs_of_entries() -> None:
    """The rules of reports/verdicts.md, said a second time and without the code's order."""
    verdicts = (PASS, WARN, INCONC, FAIL)
    lists = [None, *itertools.product((FAIL, WARN, INCONC), (None, "a", "b"))]
    for one, other in itertools.product(verdicts, repeat=2):
        found = [("a", one), ("b", other)]
        verdict = fold(found)
        for pair in itertools.combinations_with_replacement(lists, 2):
            listed = {each for each in pair if each is not None}
            entries = [entry(v, check) for v, check in sorted(listed, key=str)]
            judged = Baseline(entries).judge("c", verdict, checks(*found))

            def holds(v: Verdict, check: str | None, found: list[tuple[str, Verdict]]) -> bool:
                return any(v is has and check in (None, name) for name, has in found)

            needs_excuse = {(name, v) for name, v in found if v is FAIL or v is verdict is INCONC}
            excused = {
                (name, v)
                for name, v in needs_excuse
                if any(v is lv and check in (None, name) for lv, check in listed)
            }
            stale = {(v, check) for v, check in listed if not holds(v, check, found)}
            if needs_excuse - excused:
                expected = UNEXPECTED
            elif stale:
                expected = XPASS
            elif listed:
                expected = XFAIL
            else:
                expected = EXPECTED
            assert judged.expectation is expected, (found, listed)
            assert {(each.verdict, each.check) for each in judged.stale} == stale


def test_another_check_that_breaks_is_unexpected_and_named() -> None:
    judged = Baseline([entry(FAIL, "a")]).judge("c", FAIL, checks(("a", FAIL), ("b", FAIL)))
    assert judged.expectation is UNEXPECTED
    assert "check b" in judged.reason


def test_a_warn_may_be_listed_and_its_loss_is_stale() -> None:
    baseline = Baseline([entry(WARN)])
    assert baseline.judge("c", WARN, checks(("a", WARN))).expectation is XFAIL
    assert baseline.judge("c", PASS, checks(("a", PASS))).expectation is XPASS
    assert baseline.judge("d", PASS, []).expectation is EXPECTED


def test_what_did_not_see_everything_makes_nothing_stale() -> None:
    baseline = Baseline([entry(FAIL, "a")])
    assert baseline.judge("c", PASS, [], whole=False).expectation is EXPECTED
    assert baseline.judge("c", FAIL, checks(("a", FAIL)), whole=False).expectation is XFAIL
    assert baseline.judge("c", FAIL, checks(("b", FAIL)), whole=False).expectation is UNEXPECTED
    assert baseline.judge("c", PASS, []).expectation is XPASS


def test_what_follows_from_a_listed_failure_needs_no_entry() -> None:
    judged = Baseline([entry(FAIL, "a")]).judge("c", FAIL, checks(("a", FAIL), ("b", INCONC)))
    assert judged.expectation is XFAIL


DEATH = ("survival", FAIL)
UNANSWERED = ("alive", FAIL)


@pytest.mark.parametrize("listed", ["survival", "alive"])
@pytest.mark.parametrize("found", [[DEATH], [UNANSWERED, DEATH]])
def test_a_death_is_the_same_whichever_check_saw_it(
    listed: str, found: list[tuple[str, Verdict]]
) -> None:
    judgement = Baseline([entry(FAIL, listed)]).judge("c", FAIL, checks(*found))
    assert judgement.expectation is Expectation.XFAIL


def test_a_device_that_answers_no_more_is_not_dead() -> None:
    survival, alive = Baseline([entry(FAIL, "survival")]), Baseline([entry(FAIL, "alive")])
    assert alive.judge("c", FAIL, checks(UNANSWERED)).expectation is Expectation.XFAIL
    assert survival.judge("c", FAIL, checks(UNANSWERED)).expectation is Expectation.UNEXPECTED
    # nor does a death explain what else failed
    more = checks(("expect CDN", FAIL), UNANSWERED, DEATH)
    assert survival.judge("c", FAIL, more).expectation is Expectation.UNEXPECTED


def test_an_entry_counts_for_its_cases_only() -> None:
    for pattern, concerned in (
        (CASES[0], [CASES[0]]),
        ("4.1-avp-format/unknown[avp=*]", [CASES[0], CASES[1]]),
        ("*host_name]", [CASES[0]]),
        ("*", list(CASES)),
        ("4.1-avp-format/unknown[avp=?ost_name]", []),
        ("4.1", []),
    ):
        assert [case for case in CASES if entry(FAIL, None, pattern).concerns(case)] == concerned


def test_every_case_of_a_pattern_has_to_show_it() -> None:
    baseline = Baseline([entry(FAIL, None, "4.1-avp-format/*")])
    assert baseline.judge(CASES[0], FAIL, checks(("a", FAIL))).expectation is XFAIL
    assert baseline.judge(CASES[1], PASS, checks(("a", PASS))).expectation is XPASS


def test_reasons_of_all_entries_are_said_with_their_links() -> None:
    linked = Entry("c", "b", WARN, "slow", "https://bugs/1", Place("b", 2, 1))
    judged = Baseline([entry(FAIL), linked]).judge("c", FAIL, checks(("a", FAIL), ("b", WARN)))
    assert judged.reason == "why fail; slow (https://bugs/1)"


def _load(tmp_path: Path, text: str) -> Baseline:
    path = tmp_path / "baseline.yaml"
    path.write_text(text)
    return load_baseline(path, CASES)


def test_a_baseline_is_read(tmp_path: Path) -> None:
    baseline = _load(
        tmp_path,
        """
- case: 5.8-reliable/duplicate
  check: nr
  verdict: fail
  reason: answers twice
  link: https://bugs/12
- {case: "4.1-avp-format/unknown[avp=*]", verdict: warn, reason: " lenient "}
""",
    )
    path = str(tmp_path / "baseline.yaml")
    assert baseline.entries == (
        Entry(CASES[2], "nr", FAIL, "answers twice", "https://bugs/12", Place(path, 2, 3)),
        Entry("4.1-avp-format/unknown[avp=*]", None, WARN, "lenient", "", Place(path, 7, 3)),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_a_baseline_may_be_empty(tmp_path: Path, text: str) -> None:
    assert _load(tmp_path, text).entries == ()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{case: c}", "data.list", "list"),
        ("- x", "data.mapping", "mapping"),
        ("- {case: 5.8-reliable/duplicate, verdict: fail}", "data.missing-key", "'reason'"),
        ("- {verdict: fail, reason: r}", "data.missing-key", "'case'"),
        ("- {case: 5.8-reliable/duplicate, reason: r}", "data.missing-key", "'verdict'"),
        (
            "- {case: 5.8-reliable/duplicat, verdict: fail, reason: r}",
            "baseline.unknown-case",
            "did",
        ),
        ("- {case: 5.9-*, verdict: fail, reason: r}", "baseline.unknown-case", "matches no case"),
        ("- {case: 5.8-*, verdict: fail, reason: ''}", "baseline.reason", "empty"),
        ("- {case: 5.8-*, verdict: fail, reason: ' '}", "baseline.reason", "empty"),
        ("- {case: 5.8-*, verdict: fail, reason: }", "data.text", "nothing"),
        ("- {case: 5.8-*, verdict: fail, reason: 3}", "data.text", "text"),
        ("- {case: 5.8-*, verdict: error, reason: r}", "baseline.error", "cannot be excused"),
        ("- {case: 5.8-*, verdict: none, reason: r}", "baseline.error", "cannot be excused"),
        ("- {case: 5.8-*, verdict: pass, reason: r}", "data.unknown-verdict", "'pass'"),
        (
            "- {case: 5.8-*, verdict: fial, reason: r}",
            "data.unknown-verdict",
            "did you mean 'fail'",
        ),
        ("- {case: 5.8-*, verdict: fail, raeson: r}", "data.unknown-key", "did you mean 'reason'"),
        ("- {case: 5.8-*, verdict: fail, reason: r, check: 1}", "data.text", "text"),
    ],
)
def test_a_faulty_entry_is_an_error_at_its_place(
    tmp_path: Path, text: str, code: str, said: str
) -> None:
    with pytest.raises(DataError) as raised:
        _load(tmp_path, text)
    assert raised.value.code == code
    assert said in str(raised.value)
    assert raised.value.place is not None
    assert raised.value.place.line == 1


def test_an_entry_given_twice_is_an_error(tmp_path: Path) -> None:
    one = "- {case: 5.8-*, check: a, verdict: fail, reason: r}\n"
    with pytest.raises(DataError) as raised:
        _load(tmp_path, one + one.replace("reason: r", "reason: other"))
    assert raised.value.code == "baseline.duplicate"
    assert "line 1" in raised.value.hint
    assert len(_load(tmp_path, one + one.replace("check: a", "check: b")).entries) == 2


def test_all_errors_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(DataErrors) as raised:
        _load(tmp_path, "- {case: x, verdict: fail, reason: r}\n- {case: 5.8-*}\n- 3\n")
    assert [error.place and error.place.line for error in raised.value.errors] == [1, 2, 3]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        load_baseline(tmp_path / "none.yaml", CASES)


# -- the rules of monitors ---------------------------------------------------------------------


def monitor_entry(*seen_in: str, reason: str = "why") -> Entry:
    return Entry("monitor/r", None, FAIL, reason, "", Place("b", 1, 1), seen_in)


def seen(*cases: str, verdict: Verdict = FAIL) -> list[Check]:
    return [replace(runs.check("monitor/r", verdict, name="r"), seen_in=cases)]


@pytest.mark.parametrize(
    ("entries", "cases", "whole", "expectation"),
    [
        ([()], ["a", "b"], True, XFAIL),
        ([("a", "b")], ["a", "b"], True, XFAIL),
        ([("a*",)], ["a1", "a2"], True, XFAIL),
        ([("a",), ("b",)], ["a", "b"], True, XFAIL),
        # a case that is not listed, whatever else is
        ([("a",)], ["a", "b"], True, UNEXPECTED),
        ([("a",)], ["a", "b"], False, UNEXPECTED),
        ([("a",)], ["b"], True, UNEXPECTED),
        # what is listed and not found
        ([("a", "b")], ["a"], True, XPASS),
        ([("a*", "b")], ["a1"], True, XPASS),
        # what a pattern allows need not come up, as long as something does
        ([("a*", "b*")], ["a1"], True, XFAIL),
        ([("a*", "b*")], [], True, XPASS),
        ([("a",), ("b",)], ["a"], True, XPASS),
        ([()], [], True, XPASS),
        # in a part of the cases it may not have come up
        ([("a", "b")], ["a"], False, XFAIL),
        ([("a",)], [], False, EXPECTED),
        ([()], [], False, EXPECTED),
    ],
)
def test_where_a_rule_may_be_broken(
    entries: list[tuple[str, ...]], cases: list[str], whole: bool, expectation: Expectation
) -> None:
    found = seen(*cases) if cases else seen(verdict=PASS)
    verdict = FAIL if cases else PASS
    baseline = Baseline([monitor_entry(*each) for each in entries])
    judgement = baseline.judge("monitor/r", verdict, found, whole=whole)
    assert judgement.expectation is expectation
    if expectation is UNEXPECTED and cases != ["b"]:
        assert judgement.reason == "check r: fail in b is not in the baseline"


def test_only_a_monitors_entry_says_where(tmp_path: Path) -> None:
    path = tmp_path / "baseline.yaml"
    known = [*CASES, "monitor/r"]
    path.write_text(
        f"- {{case: monitor/r, verdict: fail, in: 5.8-*, reason: x}}\n"
        f"- {{case: monitor/r, verdict: fail, in: ['{CASES[0]}'], reason: y}}\n"
    )
    assert [each.seen_in for each in load_baseline(path, known).entries] == [
        ("5.8-*",),
        (CASES[0],),
    ]
    path.write_text(f"- {{case: {CASES[2]}, verdict: fail, in: 5.8-*, reason: x}}\n")
    with pytest.raises(DataError, match="found in no other"):
        load_baseline(path, known)
    path.write_text("- {case: monitor/r, verdict: fail, in: 5.9-*, reason: x}\n")
    with pytest.raises(DataError, match="matches no case"):
        load_baseline(path, known)


@pytest.mark.parametrize(
    ("entries", "cases", "late", "expectation"),
    [
        # what was seen elsewhere only because the harness was late is let pass
        ([("a",)], ["a", "b"], ["b"], XFAIL),
        ([("a",)], ["a", "b"], ["a", "b"], XFAIL),
        ([("a",)], ["a", "b"], ["a"], UNEXPECTED),
        ([], ["a"], ["a"], EXPECTED),
        ([], ["a", "b"], ["a"], UNEXPECTED),
        # and what is listed counts as found, late or not
        ([("a", "b")], ["a", "b"], ["b"], XFAIL),
        ([("a", "b")], ["a"], ["a"], XPASS),
    ],
)
def test_a_rule_that_was_broken_while_the_harness_was_late(
    entries: list[tuple[str, ...]], cases: list[str], late: list[str], expectation: Expectation
) -> None:
    found = [replace(one, late_in=tuple(late)) for one in seen(*cases)]
    judgement = Baseline([monitor_entry(*each) for each in entries]).judge("monitor/r", FAIL, found)
    assert judgement.expectation is expectation


# -- what a device does by chance --------------------------------------------------------------


def chance(*rows: str) -> Entry:
    return replace(monitor_entry(), rows=rows, by_chance=True)


@pytest.mark.parametrize(
    ("entries", "rows", "expectation"),
    [
        ([chance("R-1")], ("R-1",), XFAIL),
        ([chance("R-1", "R-2")], ("R-2",), XFAIL),
        # nothing of it in this run
        ([chance("R-1")], (), EXPECTED),
        # another row of the same rule, alone or besides
        ([chance("R-1")], ("R-2",), UNEXPECTED),
        ([chance("R-1")], ("R-1", "R-2"), UNEXPECTED),
    ],
)
def test_what_is_found_by_chance(
    entries: list[Entry], rows: tuple[str, ...], expectation: Expectation
) -> None:
    verdict = FAIL if rows else PASS
    found = [replace(runs.check("monitor/r", verdict, name="r"), rows=rows, seen_in=("a",))]
    judgement = Baseline(entries).judge("monitor/r", verdict, found)
    assert judgement.expectation is expectation
    assert judgement.by_chance is (expectation is XFAIL)


def test_what_else_is_found_is_no_chance() -> None:
    both = Baseline([chance("R-1"), monitor_entry("a")])
    judgement = both.judge("monitor/r", FAIL, seen("a"))
    assert (judgement.expectation, judgement.by_chance) == (XFAIL, False)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("row: R-3, by_chance: true", "baseline.row"),
        ("by_chance: true", "baseline.by-chance"),
        ("row: R-1, by_chance: perhaps", "data.boolean"),
    ],
)
def test_chance_is_of_a_row(tmp_path: Path, entry: str, code: str) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text("- {case: monitor/r, verdict: fail, row: [R-1], by_chance: true, reason: x}\n")
    (read,) = load_baseline(path, ["monitor/r"], ["R-1"]).entries
    assert (read.rows, read.by_chance) == (("R-1",), True)
    path.write_text(f"- {{case: monitor/r, verdict: fail, {entry}, reason: x}}\n")
    with pytest.raises(DataError) as caught:
        load_baseline(path, ["monitor/r"], ["R-1"])
    assert caught.value.code == code
