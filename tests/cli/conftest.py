"""What the tests of the command share."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import harness.run.run
from harness.cli import explaining, listing
from harness.resources import data_folder
from harness.run.run import Library, load_library
from tests.cli.command import Command

GATHERING = import_module("harness.report.coverage.gather")
"""The module, whose name in its package is that of its function."""


@cache
def _of_the_harness(suites: Path, profile: str) -> Library:
    """The suites of the harness, which no test changes, loaded once."""
    return load_library(suites, profile)


def _load_library(suites: Path, profile: str = "rfc2661") -> Library:
    load = _of_the_harness if suites == data_folder("suites") else load_library
    return load(suites, profile)


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The command, called from an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for module in (harness.run.run, GATHERING, explaining, listing):
        monkeypatch.setattr(module, "load_library", _load_library)
    return Command(capsys, folder)


@pytest.fixture
def failing_suite(tmp_path: Path) -> Path:
    """A folder with a suite of one case, which the reference LNS fails for behaving well."""
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "odd.yaml").write_text(
        """\
title: Odd
spec: rfc2661
cases:
  refuses:
    purpose: A well-formed SCCRQ is refused, which no rule says.
    covers: [RFC2661-6.1-SCCRQ-host_name]
    iut: [lns]
    steps:
      - send: SCCRQ
      - expect: StopCCN
        within: 1s
"""
    )
    return folder
