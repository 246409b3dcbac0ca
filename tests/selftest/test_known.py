"""What self-tests keep from one to the next, and what may be excused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.selftest.excused import Excused, excuses, idle
from harness.selftest.known import Known


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = Known(
        {"mutant": {"lns": "suite/case[axis=1]"}},
        {"suite/case": ["mutant", "other"]},
        {"suite/case#1 anything": ["mutant", "lns", "suite/case[axis=1]"]},
        ["suite/case#2 alive"],
    )
    known.write(tmp_path / "known.json")
    assert Known.load(tmp_path / "known.json") == known


def test_nothing_is_known_without_a_file(tmp_path: Path) -> None:
    assert Known.load(tmp_path / "none.json") == Known()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"killers": 1, "biters": 2, "witnesses": 3, "unnoticed": []}']
)
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(DataError, match="no file of a self-test"):
        Known.load(tmp_path / "known.json")


def test_excuses_go_by_name_or_pattern(tmp_path: Path) -> None:
    path = tmp_path / "excused.yaml"
    path.write_text('cases:\n  "suite/case[axis=*": because\nweakenings: {}\n')
    excused = Excused.load(path)
    assert excuses(excused.cases, "suite/case[axis=2]") == "because"
    assert excuses(excused.cases, "suite/other") is None
    assert idle(excused.cases, ["suite/case[axis=2]"]) == []
    assert idle(excused.cases, ["suite/other"]) == ["suite/case[axis=*"]


def test_an_unknown_part_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "excused.yaml").write_text("mutants: {}\n")
    with pytest.raises(DataError, match="mutants"):
        Excused.load(tmp_path / "excused.yaml")
