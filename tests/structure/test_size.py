"""A file has one idea: those that grow beyond a bound are split by their ideas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.suite.load import suite_files
from tests.structure.test_imports import PACKAGE

ROOT = PACKAGE.parent
MOST = 420
"""Lines of a file. About 400 is where to look for a second idea; this is where it is a fault."""

MOST_OF_A_SUITE = 500
"""Lines of a suite: more than of a program, as its cases stand side by side and write all their
steps out. Each is read for itself, so that a long one costs less; what it is about gets lost all
the same when it is about too much. The tables of a specification are as long as the RFC has them.
"""

EXCEPTIONS: Mapping[str, str] = {}
"""Longer files: the path of each, and why it is better whole."""


def too_long(paths: Iterable[Path], root: Path, most: int) -> dict[str, int]:
    """Files with more lines than that, by their paths below the root, and how many each has."""
    lines = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in paths}
    return {path: count for path, count in lines.items() if count > most}


def programs(root: Path, *folders: str) -> list[Path]:
    """The Python files in these folders, at any depth."""
    return [path for folder in folders for path in (root / folder).rglob("*.py")]


def test_no_file_is_too_long() -> None:
    found = too_long(programs(ROOT, "harness", "tests"), ROOT, MOST)
    found |= too_long(suite_files(ROOT / "suites"), ROOT, MOST_OF_A_SUITE)
    assert found.keys() - EXCEPTIONS.keys() == set(), found
    assert EXCEPTIONS.keys() - found.keys() == set(), "these are no longer too long"


def test_a_long_file_is_found_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "thing" / "part").mkdir(parents=True)
    (tmp_path / "thing" / "part" / "long.py").write_text("\n" * 11)
    (tmp_path / "thing" / "short.py").write_text("\n" * 10)
    (tmp_path / "long.py").write_text("\n" * 11)
    found = too_long(programs(tmp_path, "thing"), tmp_path, 10)
    assert found == {"thing/part/long.py": 11}


def test_a_long_suite_is_found_and_a_table_is_none(tmp_path: Path) -> None:
    for path in ("rfc/long.yaml", "spec/rfc/table.yaml", "rfc/short.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("\n" * (10 if path == "rfc/short.yaml" else 11))
    assert too_long(suite_files(tmp_path), tmp_path, 10) == {"rfc/long.yaml": 11}
