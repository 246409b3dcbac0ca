"""Coverage from streams and suites on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.report.coverage import gather, watching
from harness.spec import Specification
from tests.coverage.conftest import TABLES
from tests.coverage.streams import DUPLICATE, ONLY_LNS, case_of, check, stream, write

SUITE = f"""\
title: Own
spec: rfc2661
cases:
  one:
    purpose: Something that can be told apart from its opposite.
    covers: [{ONLY_LNS}]
    iut: [lns]
    steps:
      - alive:
"""


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """Suites without tables of their own: those of the harness hold."""
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "own.yaml").write_text(SUITE, encoding="utf-8")
    return folder


def test_streams_and_suites_are_brought_together(tmp_path: Path, suites: Path) -> None:
    write(tmp_path / "out" / "events.ndjson", stream(*case_of([check(DUPLICATE)])))
    coverage = gather(suites, [tmp_path / "out"])
    assert coverage.rows[DUPLICATE].cells
    assert coverage.declared.cases == {ONLY_LNS: ("own/one",)}
    assert ONLY_LNS in coverage.not_executed


def test_a_profile_has_rows_of_its_own(suites: Path) -> None:
    assert "IPOFFICE-6.1-SCCRQ-sender" in gather(suites, [], profile="ip-office").rows


def test_what_is_not_wanted_is_not_loaded(suites: Path) -> None:
    (suites / "own.yaml").write_text("no suite", encoding="utf-8")
    assert gather(suites, [], declared=False).declared.cases == {}


def test_a_stream_that_is_not_there(tmp_path: Path, suites: Path) -> None:
    with pytest.raises(DataError) as caught:
        gather(suites, [tmp_path / "nowhere"])
    assert caught.value.code == "run.unreadable"


def test_monitor_rules_name_rows_that_exist(spec: Specification, vendor: Specification) -> None:
    rules = watching(TABLES.parent, spec)
    assert rules
    for rows in rules.values():
        assert set(rows) <= set(spec.requirements)
    own = watching(TABLES.parent, vendor)
    assert own.keys() == rules.keys()
    assert "IPOFFICE-6.1-SCCRQ-sender" in own["sender-role"]
