"""`list`: every case, or what a device would run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.device.reading.load import load_device
from harness.resources import data_folder
from harness.run.run import load_library
from harness.run.select import Selected, quick_ones, select
from harness.suite.duration import is_quick
from tests.cli.command import ROOT, Command


def test_all_cases_by_suite(command: Command) -> None:
    listed = command("list", "--json").json
    assert len(listed) > 60
    assert len({one["case"] for one in listed}) == len(listed)
    said = command("list").out
    for one in listed:
        assert one["case"] in said
    assert said.splitlines()[-1].startswith(f"{len(listed)} cases in ")


def test_a_selection(command: Command) -> None:
    def cases(*words: str) -> set[str]:
        return {one["case"] for one in command("list", "--json", *words).json}

    hello = cases("5.5-hello")
    assert "5.5-hello/acknowledged" in hello
    assert cases("5.5-hello/*") == hello == cases("5.5-*")
    assert cases("5.5-hello/acknowledged", "tag:slow") > cases("tag:slow")
    assert "5.5-hello/acknowledged" in cases("RFC2661-6.5-03")
    assert cases("3.1-header/truncated[lost=1]") == {"3.1-header/truncated[lost=1]"}


def test_cases_of_a_selection_of_their_own(command: Command) -> None:
    """Only the tag and their ids select them; a list of all cases has them too."""

    def own(*words: str) -> set[str]:
        listed = command("list", "--json", *words).json
        return {one["case"] for one in listed if one["selection"] == "security"}

    hello = "9.1-messages-of-others/hello[label=strict]"
    assert hello in own("tag:security") == own()
    assert own(hello) == own("9.1-messages-of-others/hello") == {hello}
    assert own("--device", "reference-lns", "tag:security") == own()
    for words in (
        (),
        ("9.1-messages-of-others",),
        ("9.1-*",),
        ("RFC2661-8.1-06",),
        ("tag:negative",),
    ):
        assert own("--device", "reference-lns", *words) == set()
    result = command("list", "9.1-*label=strict]")
    assert result.code == 2
    assert "they are selected by tag:security, or by their ids" in result.error


def test_an_unknown_selection(command: Command) -> None:
    result = command("list", "5.5-helo")
    assert result.code == 2
    assert "did you mean '5.5-hello'?" in result.error


def test_what_a_device_runs_and_skips(command: Command) -> None:
    def skipped(*arguments: str) -> dict[str, str]:
        listed = command("list", "--device", "reference-lns", "--json", *arguments).json
        assert all("lns" in one["iut"] for one in listed)
        return {one["case"]: one["skipped"] for one in listed if one["skipped"]}

    without = ("--set", "ics.hidden_avps=false")
    before, after = skipped(), skipped(*without)
    more = {case: why for case, why in after.items() if case not in before}
    assert any(case.startswith("4.3-hiding/") for case in more)
    assert all("does not claim hidden_avps" in why for why in more.values())
    said = command("list", "--device", "reference-lns", *without).out
    assert "skipped: the ICS does not claim hidden_avps" in said
    assert said.splitlines()[-1].endswith(f", {len(after)} of them skipped")


def test_nothing_for_the_device(command: Command) -> None:
    result = command("list", "--device", "reference-lac", "5.2.1-incoming-call/ocrq-to-lns")
    assert result.code == 5


def test_suites_of_ones_own(command: Command, failing_suite: Path) -> None:
    (one,) = command("list", "--suites", failing_suite, "--json").json
    assert one["purpose"] == "A well-formed SCCRQ is refused, which no rule says."
    assert one["file"] == str(failing_suite / "odd.yaml")
    assert one["line"] == 4


def test_files_are_named_as_seen_from_here(command: Command) -> None:
    shutil.copytree(ROOT / "suites", command.folder / "suites")
    (one,) = command("list", "--suites", "suites", "5.5-hello/acknowledged", "--json").json
    assert one["file"] == "suites/rfc2661/5.5-hello.yaml"


@pytest.mark.parametrize("device", ["reference-lns", "reference-lac", "xl2tpd-lns"])
def test_a_quick_selection(command: Command, device: str) -> None:
    """One case for each set of requirements, and none that can take over 3 s by its steps."""
    every = command("list", "--device", device, "--json").json
    quick = command("list", "--device", device, "--quick", "--json").json
    kinds = [_kind(one) for one in quick]
    assert len(set(kinds)) == len(kinds) > 100
    assert {one["case"] for one in quick} < {one["case"] for one in every}
    assert all(one["longest_s"] < 3 and not one["exclusive"] for one in quick)
    assert len(every) / 10 < len(quick)


def _kind(one: dict[str, Any]) -> tuple[frozenset[str], bool]:
    return frozenset(one["covers"]), "negative" in one["tags"]


def test_a_quick_case_that_runs_goes_before_one_that_is_skipped() -> None:
    (suite,) = [one for one in load_library(data_folder("suites")).suites if "hiding" in one.name]
    quick = [Selected(case) for case in suite.cases if is_quick(case)]
    first, second, *_ = quick
    again = replace(
        second, case=replace(second.case, covers=first.case.covers, tags=first.case.tags)
    )
    skipped = replace(first, skipped="for some reason")
    assert quick_ones([skipped, again]) == (again,)
    assert quick_ones([first, again]) == (first,)
    assert quick_ones([skipped]) == (skipped,)


def test_of_a_device_slow_to_start_each_requirement_is_kept_with_fewer_cases() -> None:
    def rows(plan: Iterable[Selected]) -> set[tuple[str, bool]]:
        ran = [one.case for one in plan if not one.skipped]
        return {(row, "negative" in case.tags) for case in ran for row in case.covers}

    suites = load_library(data_folder("suites")).suites
    lns = load_device(data_folder("peers") / "l2tpns")
    usual = quick_ones(select(suites, lns, ()))
    few = select(suites, lns, (), quick=True)
    assert {one.case.id for one in few} < {one.case.id for one in usual}
    assert len(few) < 0.9 * len(usual)
    assert rows(few) == rows(usual)
