"""The self-test of the suites as they are: nothing survives, and what is published is fresh."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from harness.peer.lawful import LAWFUL
from harness.peer.mutants import MUTANTS
from harness.resources import data_folder
from harness.run.run import Library, load_library, tables_folder
from harness.selftest.excused import FILE as EXCUSED
from harness.selftest.excused import Excused, excuses
from harness.selftest.kinship import stem
from harness.selftest.known import FILE, Known
from harness.selftest.table import TABLE
from harness.selftest.work import PROFILE

PUBLISHED = data_folder("reports") / "published"
PATIENCE = 900.0
"""Seconds after which a hang is a failure; it takes a fraction of that."""


@pytest.fixture(scope="module")
def library() -> Library:
    """The suites of the harness."""
    return load_library(data_folder("suites"))


@pytest.fixture(scope="module")
def known() -> Known:
    """What is published about who kills whom."""
    return Known.load(PUBLISHED / FILE)


@pytest.fixture(scope="module")
def excused() -> Mapping[str, str]:
    """The cases that are excused, by pattern."""
    return Excused.load(tables_folder(data_folder("suites"), PROFILE) / EXCUSED).cases


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """What the command says, with nothing else on its standard output."""
    command = [sys.executable, "-m", "harness", "selftest", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    "what",
    [
        "survivors",
        "by_chance",
        "toothless_cases",
        "clean_failures",
        "false_alarms",
        "wrongly_equivalent",
        "fresh_weakenings",
        "idle_excuses",
    ],
)
def test_nothing_is_left_to_explain(result: dict[str, Any], what: str) -> None:
    assert result[what] == []


def test_no_mutant_brings_the_harness_down(result: dict[str, Any]) -> None:
    assert result["faults"] == {}


def test_every_mutant_is_killed_or_excluded_with_a_reason(result: dict[str, Any]) -> None:
    assert result["mutants"] == len(MUTANTS) >= 120
    assert result["killed"] + len(result["equivalent"]) == result["mutants"]
    assert all(len(reason) > 20 for reason in result["equivalent"].values())


def test_every_lawful_variant_is_tried(result: dict[str, Any]) -> None:
    assert result["variants"] == len(LAWFUL) >= 80


def test_the_page_has_every_lawful_variant() -> None:
    page = (PUBLISHED / TABLE).read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip(" *") for line in page.splitlines() if line.count("|") == 4]
    assert set(LAWFUL) <= set(rows), "run `l2tp-harness selftest --update`"
    assert f"| lawful variants | {len(LAWFUL)} |" in page, "run `l2tp-harness selftest --update`"


def test_every_case_is_known_to_be_able_to_fail(
    known: Known, library: Library, excused: Mapping[str, str]
) -> None:
    """So that whoever takes a case away, or a suite, has to say so in what is published."""
    runnable = {stem(case.id) for case in library.cases if excuses(excused, case.id) is None}
    assert _difference(known.biters, runnable) == ([], []), "run `l2tp-harness selftest --update`"


def test_no_suite_can_go_unseen(known: Known, library: Library, excused: Mapping[str, str]) -> None:
    """Without any one of the files, what is published names cases that are gone."""
    for suite in library.suites:
        left = [case for case in library.cases if case.suite != suite.name]
        assert len(left) < len(library.cases), suite.path
        runnable = {stem(case.id) for case in left if excuses(excused, case.id) is None}
        gone, _ = _difference(known.biters, runnable)
        # an excuse that nothing needs is an error as well
        excuses_left = [one for one in excused if one.startswith(f"{suite.name}/")]
        assert gone or excuses_left, suite.path


def test_the_page_has_every_mutant(known: Known) -> None:
    page = (PUBLISHED / TABLE).read_text(encoding="utf-8")
    for name, mutant in MUTANTS.items():
        for role in mutant.roles:
            begins = f"| {name} | {mutant.row}: "
            assert any(
                line.startswith(begins) and f"| {role} |" in line for line in page.splitlines()
            ), "run `l2tp-harness selftest --update`"
    assert f"| mutants | {len(MUTANTS)} |" in page, "run `l2tp-harness selftest --update`"
    cells = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    published = {line[1].strip() for line in cells if len(line) == 6}
    assert published - set(MUTANTS) == {"mutant"}
    assert set(known.killers) <= set(MUTANTS)


def test_every_killer_is_a_case(known: Known, library: Library) -> None:
    cases = {case.id for case in library.cases}
    for mutant, killers in known.killers.items():
        for killer in killers.values():
            assert killer in cases, f"{mutant}: run `l2tp-harness selftest --update`"


def _difference(one: Iterable[str], other: Iterable[str]) -> tuple[list[str], list[str]]:
    return sorted(set(one) - set(other)), sorted(set(other) - set(one))
