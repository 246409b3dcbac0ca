"""The specification as the project ships it, loaded once, and copies of it to break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.spec import Specification, load_specification
from tests.spec.faults import replace_once

FOLDER = Path(__file__).parents[2] / "suites" / "spec" / "rfc2661"

Break = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def spec() -> Specification:
    return load_specification(FOLDER)


@pytest.fixture
def broken(tmp_path: Path) -> Break:
    """Copies the tables and replaces the first occurrence of a text in one of the files."""

    def change(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "rfc2661"
        if not folder.exists():
            shutil.copytree(FOLDER, folder)
        replace_once(folder / file, old, new)
        return folder

    return change
