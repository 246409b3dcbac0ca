"""The specification as the project ships it, and the vendor's table on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.spec import Specification, load_specification

TABLES = Path(__file__).parents[2] / "suites" / "spec"


@pytest.fixture(scope="session")
def spec() -> Specification:
    return load_specification(TABLES / "rfc2661")


@pytest.fixture(scope="session")
def vendor() -> Specification:
    return load_specification(TABLES / "ip-office")
