"""What the tests of the command share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The command, called from an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
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
