"""Which rows are covered, excluded or red; by section, level and side."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.coverage import Coverage, State, cover, declare, read_run
from harness.report.coverage.declared import Declared
from harness.run.events import Event, Header, Verdict
from harness.spec import Specification
from tests.coverage.streams import (
    DUPLICATE,
    EXCLUDED,
    FAIL,
    ONLY_LAC,
    ONLY_LNS,
    PASS,
    RULE,
    case_of,
    check,
    header,
    stream,
)
from tests.suite.reading import suite_of


def covered(
    spec: Specification,
    *events: Event,
    first: Header | None = None,
    declared: Declared | None = None,
) -> Coverage:
    return cover(spec, [read_run(stream(*events, first=first), {RULE})], declared)


def test_without_a_run_every_row_is_red_or_excluded(spec: Specification) -> None:
    coverage = cover(spec, [])
    assert coverage.whole.covered == 0
    excluded = [row for row in spec.requirements.values() if row.excluded]
    assert coverage.whole.excluded == len(excluded)
    assert len(coverage.red) == len(spec.requirements) - len(excluded)


def test_a_judged_row_is_covered_whatever_the_verdict(spec: Specification) -> None:
    for verdict in (PASS, FAIL):
        coverage = covered(spec, *case_of([check(DUPLICATE, verdict=verdict)], verdict))
        row = coverage.rows[DUPLICATE]
        assert row.state is State.COVERED
        assert [cell.judged.verdict for cell in row.cells] == [verdict]
        assert DUPLICATE not in coverage.red


def test_an_excluded_row_stays_so_and_is_told(spec: Specification) -> None:
    coverage = covered(spec, *case_of([check(EXCLUDED)]))
    assert coverage.rows[EXCLUDED].state is State.EXCLUDED
    assert coverage.excluded_yet_judged == (EXCLUDED,)


def test_a_row_counts_only_on_a_side_that_it_binds(spec: Specification) -> None:
    events = case_of([check(ONLY_LAC, ONLY_LNS, DUPLICATE)])
    as_lns = covered(spec, *events)
    assert as_lns.rows[ONLY_LNS].state is State.COVERED
    assert as_lns.rows[ONLY_LAC].state is State.RED
    as_lac = covered(spec, *events, first=header(role="lac"))
    assert as_lac.rows[ONLY_LNS].state is State.RED
    assert as_lac.rows[ONLY_LAC].state is State.COVERED


def test_a_side_has_only_what_its_own_devices_did(spec: Specification) -> None:
    coverage = covered(spec, *case_of([check(DUPLICATE)]))
    assert coverage.by_role["lns"].covered == 1
    assert coverage.by_role["lac"].covered == 0
    assert DUPLICATE in coverage.by_role["lac"].red
    assert DUPLICATE not in coverage.red


def test_several_runs_add_up(spec: Specification) -> None:
    runs = [
        read_run(stream(*case_of([check(DUPLICATE)]), first=header(role=role)))
        for role in ("lns", "lac")
    ]
    coverage = cover(spec, runs)
    assert [cell.run for cell in coverage.rows[DUPLICATE].cells] == [0, 1]
    assert coverage.whole.covered == 1


def test_what_another_table_judged_says_nothing_of_the_row(
    spec: Specification, vendor: Specification
) -> None:
    row = "RFC2661-6.9-OCRQ-sender"
    assert vendor.requirements[row].table == "ip-office"
    first = header(specification="ip-office", tables={row: "ip-office", DUPLICATE: "rfc2661"})
    events = case_of([check(row, DUPLICATE)])
    of_rfc = covered(spec, *events, first=first)
    assert of_rfc.rows[row].state is State.RED
    assert of_rfc.rows[DUPLICATE].state is State.COVERED
    of_vendor = covered(vendor, *events, first=first)
    assert of_vendor.rows[row].state is State.COVERED
    assert of_vendor.rows[DUPLICATE].state is State.COVERED


def test_a_row_that_does_not_exist_is_told(spec: Specification) -> None:
    coverage = covered(spec, *case_of([check("RFC2661-99-01", count=4)]))
    assert coverage.foreign == {"RFC2661-99-01": 4}


def test_declared_is_not_executed(spec: Specification) -> None:
    declared = Declared(cases={DUPLICATE: ("a/b",), ONLY_LNS: ("a/c",)}, rules={})
    coverage = covered(spec, *case_of([check(DUPLICATE)]), declared=declared)
    assert coverage.not_executed == (ONLY_LNS,)


def test_cases_declare_their_rows_and_those_of_their_steps() -> None:
    cases = suite_of(
        """
title: Rows
spec: rfc2661
cases:
  named:
    purpose: What a case names, and what a step of it names within a repetition.
    covers: [RFC2661-5.8-06]
    iut: lns
    steps:
      - repeat:
          count: 2
          steps:
            - send: SCCRQ
            - expect: SCCRP
              rows: [RFC2661-5.8-19]
"""
    ).cases
    declared = declare(cases, {"some-rule": ("RFC2661-5.8-19",)})
    assert declared.cases == {DUPLICATE: ("sample/named",), "RFC2661-5.8-19": ("sample/named",)}
    assert declared.rules == {"RFC2661-5.8-19": ("some-rule",)}
    assert declared.names(DUPLICATE)
    assert not declared.names(ONLY_LAC)


def test_a_section_and_a_level_hold_each_row_once(spec: Specification) -> None:
    coverage = cover(spec, [])
    for parts in (coverage.by_section, coverage.by_level):
        assert sum(part.rows for part in parts.values()) == len(spec.requirements)
    assert set(coverage.by_section) <= set(spec.sections)
    lower = coverage.by_level["SHOULD (lower case)"].rows
    assert lower == sum(
        row.level.value == "SHOULD" and row.keyword == "lower" for row in spec.requirements.values()
    )


def _some_rows(spec_rows: Sequence[str]) -> st.SearchStrategy[list[tuple[str, Verdict, str]]]:
    verdicts = st.sampled_from([PASS, FAIL, Verdict.WARN, Verdict.INCONC])
    one = st.tuples(st.sampled_from(spec_rows), verdicts, st.sampled_from(["lac", "lns"]))
    return st.lists(one, max_size=30)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_covered_excluded_and_red_are_all_rows(spec: Specification, data: st.DataObject) -> None:
    drawn = data.draw(_some_rows(sorted(spec.requirements)))
    runs = [
        read_run(stream(*case_of([check(row, verdict=verdict)]), first=header(role=role)))
        for row, verdict, role in drawn
    ]
    coverage = cover(spec, runs)
    whole = coverage.whole
    assert whole.rows == whole.covered + whole.excluded + len(whole.red)
    for parts in (coverage.by_section, coverage.by_level):
        assert sum(part.covered for part in parts.values()) == whole.covered
        assert sum(part.excluded for part in parts.values()) == whole.excluded
        assert sorted(row for part in parts.values() for row in part.red) == sorted(whole.red)
    sides = coverage.by_role.values()
    both = [row for row in spec.requirements.values() if len(row.role) == 2]
    assert sum(part.rows for part in sides) == whole.rows + len(both)
    for row in whole.red:
        assert any(row in part.red for part in sides)
