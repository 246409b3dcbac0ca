"""A file has one idea: those that grow beyond a bound are split by their ideas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.structure.test_imports import PACKAGE

ROOT = PACKAGE.parent
MOST = 420
"""Lines of a file. About 400 is where to look for a second idea; this is where it is a fault."""

EXCEPTIONS: Mapping[str, str] = {}
"""Longer files: the path of each, and why it is better whole."""


def too_long(root: Path, folders: tuple[str, ...], most: int) -> dict[str, int]:
    """Files with more lines than that, by their paths, and how many each has."""
    lines = {
        str(path.relative_to(root)): len(path.read_text().splitlines())
        for folder in folders
        for path in (root / folder).rglob("*.py")
    }
    return {path: count for path, count in lines.items() if count > most}


def test_no_file_is_too_long() -> None:
    found = too_long(ROOT, ("harness", "tests"), MOST)
    assert found.keys() - EXCEPTIONS.keys() == set(), found
    assert EXCEPTIONS.keys() - found.keys() == set(), "these are no longer too long"


def test_a_long_file_is_found_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "thing" / "part").mkdir(parents=True)
    (tmp_path / "thing" / "part" / "long.py").write_text("\n" * 11)
    (tmp_path / "thing" / "short.py").write_text("\n" * 10)
    (tmp_path / "long.py").write_text("\n" * 11)
    assert too_long(tmp_path, ("thing",), 10) == {"thing/part/long.py": 11}
