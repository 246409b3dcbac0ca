"""Folders for what is of no use later: they go, and only those that nobody holds."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.cli.scratch import scratch
from tests.cli.command import ROOT

HOLDER = """
import sys
from harness.cli.scratch import scratch
with scratch("t-"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_command_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "other").mkdir()
    (tmp_path / "t-file").touch()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with scratch("t-") as mine:
            assert len([one for one in tmp_path.glob("t-*") if one.is_dir()]) == 2
            (mine / "something").touch()
        assert len([one for one in tmp_path.glob("t-*") if one.is_dir()]) == 1
        holder.kill()
        holder.wait()
    with scratch("t-") as mine:
        assert [one for one in tmp_path.glob("t-*") if one.is_dir()] == [mine]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other", "t-file"]
