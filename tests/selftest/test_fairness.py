"""Lawful variants: what permits them is known, and what is held against them is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.peer.lawful import LAWFUL
from harness.peer.variant import BOTH
from harness.resources import data_folder
from harness.run.run import load_library
from harness.selftest.bench import Bench
from harness.selftest.fairness import device_of, fair, to_meet
from harness.selftest.kinship import stem
from harness.selftest.result import SelfTest
from harness.selftest.work import Request, self_test
from harness.selftest.wronged import WRONGED
from harness.spec.model import Role

SUITE = """
title: Toy
spec: rfc2661
defaults: {iut: [lns], covers: RFC2661-6.7-ICRP-assigned_session_id}
cases:
  the-number-of-the-reply:
    purpose: An ICRP has the Ns that it has on the reference, which not every device gives it.
    steps:
      - establish: tunnel
      - send: ICRQ
      - expect: ICRP
        header: {ns: 1}
"""


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The suites and the reference devices."""
    return Bench.load(data_folder("suites"), data_folder("peers"))


def tried(folder: Path, *variants: str) -> SelfTest:
    """What a suite that takes the reference for the rule says of variants."""
    (folder / "toy.yaml").write_text(SUITE)
    peers = data_folder("peers")
    return self_test(Request(suites=folder, peers=peers, variants=variants, workers=1))


def test_what_is_held_against_a_lawful_variant_is_found(tmp_path: Path) -> None:
    result = tried(tmp_path, "hello-at-once")
    (name,) = result.fairness.false_alarms
    assert name == "hello-at-once as lns: toy/the-number-of-the-reply"
    assert not result.ok
    assert result.to_json()["false_alarms"] == [name]


def test_a_selection_that_asks_for_more_is_not_held_against_what_it_forbids(bench: Bench) -> None:
    strict, usual = (
        f"9.1-messages-of-others/hello[label={one}]" for one in ("strict", "by-default")
    )
    for variant, asked in (("hears-anybody", {usual}), ("receive-window-1", {usual, strict})):
        met = {case.id for case in fair(bench, LAWFUL[variant], Role.LNS)}
        assert met & {strict, usual} == asked


def test_nothing_is_held_against_another(tmp_path: Path) -> None:
    result = tried(tmp_path, "receive-window-1", "avps-backwards")
    assert result.fairness.variants == ["avps-backwards", "receive-window-1"]
    assert result.ok
    assert result.to_json()["variants"] == 2


def test_an_unknown_variant_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="hello-at-once"):
        tried(tmp_path, "hello-at-one")


def test_each_is_permitted_by_rows_that_there_are_or_by_the_policy() -> None:
    rows = load_library(data_folder("suites")).specification.requirements
    for variant in LAWFUL.values():
        assert variant.permits, variant.name
        assert variant.roles <= BOTH
        for one in variant.permits:
            assert one in rows or re.fullmatch(r"P-[1-9][0-9]?", one), (variant.name, one)


def test_settings_become_those_of_the_device_and_configurations_go_first(bench: Bench) -> None:
    reference = bench.devices[Role.LNS]
    device = device_of(LAWFUL["hello-after-10-s"], reference)
    assert device.ixit.hello_interval == 10.0
    device = device_of(LAWFUL["with-a-low-tie-breaker"], reference)
    assert device.ixit.extra["tie_breaker"] == 1
    assert device.configured("tie-breaker").ixit.extra["tie_breaker"] != 1
    device = device_of(LAWFUL["one-call-in-a-tunnel"], reference)
    assert device.ics["multiple_sessions"] is False


def test_a_variant_meets_what_wronged_it_before_and_the_same_each_time(bench: Bench) -> None:
    variant = LAWFUL["requires-sequencing"]
    met = to_meet(bench, variant, Role.LAC)
    assert {stem(case.id) for case in met} >= set(WRONGED["requires-sequencing"])
    assert met == to_meet(bench, variant, Role.LAC)
    assert len(met) < len(bench.plans[Role.LAC]) / 10


def test_each_case_is_met_by_some(bench: Bench) -> None:
    met = {
        stem(case.id)
        for variant in LAWFUL.values()
        for role in variant.roles
        for case in to_meet(bench, variant, role)
    }
    every = {stem(name) for plan in bench.plans.values() for name in plan}
    assert len(every - met) < len(every) / 20


def test_what_is_remembered_names_cases_and_variants(bench: Bench) -> None:
    every = {stem(name) for plan in bench.plans.values() for name in plan}
    for pattern, cases in WRONGED.items():
        assert set(cases) <= every, pattern
        assert any(Path(name).match(pattern) for name in LAWFUL), pattern
