"""Suites from folders: which files, in which order, and the errors of all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError, DataErrors
from harness.suite.load import load_suites, suite_files
from tests.suite.reading import CAPABILITIES, ROOT, in_case, table

DATA = ROOT / "tests" / "suite" / "data"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sample() -> None:
    (suite,) = load_suites(DATA, table(), CAPABILITIES)
    assert (suite.name, suite.title, suite.specification) == ("sample", "A sample", "rfc2661")
    assert suite.path == str(DATA / "sample.yaml")
    assert [case.id for case in suite.cases] == [
        "sample/unknown-mandatory-avp",
        "sample/missing-avp[avp=protocol_version]",
        "sample/missing-avp[avp=host_name]",
        "sample/missing-avp[avp=framing_capabilities]",
        "sample/missing-avp[avp=assigned_tunnel_id]",
        "sample/duplicate-is-acknowledged-again[times=1]",
        "sample/duplicate-is-acknowledged-again[times=3]",
        "sample/retransmission-schedule",
        "sample/forged-header[label=no-length]",
        "sample/forged-header[label=length-beyond-end]",
        "sample/forged-header[label=future-ns]",
    ]
    forged = suite.cases[-3]
    assert (
        forged.purpose == "A HELLO whose header has no-length is discarded, and the tunnel stays."
    )
    assert forged.place.file == str(DATA / "sample.yaml")
    assert suite.cases[2].covers == ("RFC2661-6.1-SCCRQ-host_name",)


def test_one_file_is_a_folder_as_well() -> None:
    assert load_suites(DATA / "sample.yaml", table(), CAPABILITIES)[0].name == "sample"


def test_files_come_by_number_and_the_tables_are_passed_over(tmp_path: Path) -> None:
    for name in ("4.10-b.yaml", "4.2-a.yaml", "spec/x.yaml", ".hidden/y.yaml", "sub/1.yml", "R.md"):
        write(tmp_path, name, in_case("- alive:"))
    found = [str(path.relative_to(tmp_path)) for path in suite_files(tmp_path)]
    assert found == ["4.2-a.yaml", "4.10-b.yaml", "sub/1.yml"]
    names = [suite.name for suite in load_suites(tmp_path, table(), CAPABILITIES)]
    assert names == ["4.2-a", "4.10-b", "1"]


def test_the_errors_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", in_case("- sned: SCCRQ\n- alive:"))
    write(tmp_path, "b.yaml", "title: [")
    write(tmp_path, "c.yaml", in_case("- alive: x"))
    write(tmp_path, "d.yaml", in_case("- alive:"))
    with pytest.raises(DataErrors) as caught:
        load_suites(tmp_path, table(), CAPABILITIES)
    places = [one.place for one in caught.value.errors]
    assert [place and Path(place.file).name for place in places] == ["a.yaml", "b.yaml", "c.yaml"]
    assert "did you mean 'send'?" in str(caught.value)


def test_two_files_cannot_share_a_name(tmp_path: Path) -> None:
    write(tmp_path, "x/a.yaml", in_case("- alive:"))
    write(tmp_path, "y/a.yaml", in_case("- alive:"))
    with pytest.raises(DataErrors) as caught:
        load_suites(tmp_path, table(), CAPABILITIES)
    assert [one.code for one in caught.value.errors] == ["suite.file-name"]


def test_a_name_that_cannot_stand_in_an_id(tmp_path: Path) -> None:
    write(tmp_path, "a b.yaml", in_case("- alive:"))
    with pytest.raises(DataErrors) as caught:
        load_suites(tmp_path, table(), CAPABILITIES)
    assert caught.value.errors[0].code == "suite.file-name"


def test_a_folder_without_suites(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError) as caught:
            load_suites(folder, table(), CAPABILITIES)
        assert caught.value.code == "suite.folder"


def test_names_that_the_runner_gives(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", in_case('- send: SCCRQ\n  set: {host_name: "${mine}"}\n- alive:'))
    with pytest.raises(DataErrors):
        load_suites(tmp_path, table(), CAPABILITIES)
    assert load_suites(tmp_path, table(), CAPABILITIES, given=["mine"])


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    first = load_suites(DATA, table(), CAPABILITIES)
    assert load_suites(DATA, table(), CAPABILITIES) == first
