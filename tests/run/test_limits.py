"""Cases about a limit of the device: fitted to what its IXIT says, or skipped with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.device.description.device import Device, changed
from harness.errors import DataErrors
from harness.run.limits import fitted, why_unfitted
from harness.run.select import select
from harness.suite.duration import waits
from harness.suite.model import Case, Repeat, Series, Suite
from tests.run.stage import cases_of, device, table

STEPS = """
- establish: tunnel
- repeat:
    count: "${limit}"
    steps:
      - send: ICRQ
        session: "s${index}"
      - expect: ICRP
        session: "s${index}"
        collect: {ids: assigned_session_id}
- series: {of: ids, count: "${limit-1}", distinct: true}
- repeat:
    count: 2
    steps:
      - repeat:
          count: "${limit+1}"
          steps:
            - alive: tunnel
"""


def limited(limit: str = "{sessions: [2, 100]}", extra: str = "") -> Case:
    """A case about a limit."""
    (case,) = cases_of(STEPS, f"limit: {limit}\n{extra}")
    return case


def having(
    most: int | None, configurations: dict[str, int | None] | None = None, of: str = "sessions"
) -> Device:
    """The reference LNS with a limit of its own, and one in each of some configurations."""
    name = f"max_{of}"
    lns = device()
    return replace(
        lns,
        ixit=changed(lns.ixit, {name: most}),
        configurations={key: {name: value} for key, value in (configurations or {}).items()},
    )


@pytest.mark.parametrize(
    ("most", "configurations", "configuration", "number"),
    [
        (7, {}, "default", 7),
        (7, {"few": 3, "none": 9}, "few", 3),
        (None, {"few": 3}, "few", 3),
        (7, {"one": 1}, "default", 7),  # one is too few for the case
        (1000, {"few": 3, "open": None}, "few", 3),
        (3, {"few": 3}, "default", 3),
    ],
)
def test_the_configuration_with_the_lowest_limit_that_suits_is_taken(
    most: int | None, configurations: dict[str, int | None], configuration: str, number: int
) -> None:
    case = fitted(limited(), having(most, configurations))
    assert why_unfitted(case) == ""
    assert (case.configuration, case.limit and case.limit.number) == (configuration, number)


def test_what_counts_by_the_limit_has_its_number() -> None:
    case = fitted(limited(), having(5))
    _, first, series, twice = case.steps
    assert isinstance(first, Repeat)
    assert isinstance(series, Series)
    assert isinstance(twice, Repeat)
    (inner,) = twice.steps
    assert isinstance(inner, Repeat)
    assert [first.count, series.count, twice.count, inner.count] == [5, 4, 2, 6]
    assert not any(one.of_limit for one in (first, series, twice, inner))


@pytest.mark.parametrize(
    ("most", "configurations"), [(None, {}), (1, {}), (101, {"more": 500}), (None, {"n": None})]
)
def test_without_a_suitable_limit_it_is_skipped(
    most: int | None, configurations: dict[str, int | None]
) -> None:
    case = fitted(limited(), having(most, configurations))
    why = "the IXIT names no max_sessions of 2 to 100, in no configuration"
    assert why_unfitted(case) == why
    (planned,) = select([_suite(case)], having(most, configurations), ())
    assert planned.skipped == why


def test_a_limit_of_calls_is_none_of_tunnels() -> None:
    case = limited("{tunnels: [2, 100]}")
    assert why_unfitted(fitted(case, having(5)))
    assert not why_unfitted(fitted(case, having(5, of="tunnels")))


def test_a_case_that_names_its_configuration_gets_no_other() -> None:
    case = limited(extra="configuration: few")
    assert fitted(case, having(3, {"few": 5})).configuration == "few"
    assert why_unfitted(fitted(case, having(3, {"other": 5})))


@pytest.mark.parametrize(
    ("limit", "steps", "code"),
    [
        ("", STEPS, "suite.undefined-name"),
        ("limit: {sessions: [1, 5], tunnels: [1, 5]}", STEPS, "suite.limit"),
        ("limit: {}", STEPS, "suite.limit"),
        ("limit: {sessions: [0, 5]}", STEPS, "suite.limit"),
        ("limit: {sessions: [5, 1]}", STEPS, "suite.range"),
        ("limit: {calls: [1, 5]}", STEPS, "data.unknown-key"),
        ("limit: {sessions: [1, 5]}", STEPS.replace("${limit}", "${most}"), "suite.too-late"),
        ("limit: {sessions: [1, 5]}", STEPS.replace("${limit}", "${limit:2}"), "suite.too-late"),
    ],
)
def test_mistakes_are_told_when_the_suite_is_read(limit: str, steps: str, code: str) -> None:
    with pytest.raises(DataErrors) as caught:
        cases_of(steps, limit)
    assert code in {one.code for one in caught.value.errors}


def test_a_limit_of_one_leaves_nothing_to_repeat() -> None:
    steps = '- repeat: {count: "${limit-1}", steps: [wait: 1s]}\n- alive:\n'
    (case,) = cases_of(steps, "limit: {sessions: [1, 5]}")
    assert waits(fitted(case, having(1))) == 0
    assert waits(fitted(case, having(4))) == 3


def _suite(*cases: Case) -> Suite:
    return Suite(
        name="sample",
        title="Sample",
        specification=table().name,
        cases=cases,
        path="sample.yaml",
    )
