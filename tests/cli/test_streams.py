"""Terminals, pipes and disks that go away or are full cost a run nothing but its output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import FILES, PATIENCE, ROOT, finished, process

HELLO = "5.5-hello/acknowledged"


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("explain", HELLO)])
def test_whoever_reads_has_had_enough(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = finished(*arguments, cwd=tmp_path, stdout=writing)
    os.close(writing)
    assert (result.code, result.err) == (141, "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_run_goes_on_when_nobody_reads(tmp_path: Path, stream: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = finished("run", HELLO, "--out", "here", cwd=tmp_path, **{stream: writing})
    os.close(writing)
    assert result.code == 0
    assert "Traceback" not in result.err
    assert {path.name for path in (tmp_path / "here").iterdir()} == FILES


def test_a_full_disk_behind_standard_output(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        assert finished("run", HELLO, "--out", "here", cwd=tmp_path, stdout=full).code == 0
        for arguments in (("list",), ("run", HELLO, "--json", "--out", "here")):
            result = finished(*arguments, cwd=tmp_path, stdout=full)
            assert result.code == 3
            assert "No space left" in result.error


def test_a_full_disk_behind_the_event_stream(tmp_path: Path) -> None:
    out = tmp_path / "here"
    out.mkdir()
    (out / "events.ndjson").symlink_to("/dev/full")
    result = finished("run", HELLO, "--out", "here", cwd=tmp_path)
    assert result.code == 3
    assert "No space left" in result.error
    assert b"No space left" in (out / "junit.xml").read_bytes()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(tmp_path: Path, closed: str) -> None:
    words = [sys.executable, "-m", "harness", "run", HELLO, "--out", "here"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert json.loads((tmp_path / "here" / "summary.json").read_text())["verdicts"]["pass"] == 1


def test_a_terminal_that_knows_ascii_alone(tmp_path: Path) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for arguments in (("run", HELLO), ("list",), ("run", "--device", "Ω")):
        result = finished(*arguments, cwd=tmp_path, environment=environment)
        assert "Traceback" not in result.err
        assert (result.out + result.err).isascii()


def terminal_run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    """A run on a terminal of its own; the exit code, and all that it showed."""
    ours, theirs = os.openpty()
    environment = {"TERM": "xterm", "COLUMNS": "120"}
    with process(
        *("run", *arguments), cwd=tmp_path, environment=environment, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break  # how a terminal says that nobody has it open any more
            if not piece:
                break
            shown += piece
        code = running.wait(PATIENCE)
    os.close(ours)
    return code, shown.decode()


def test_a_terminal_shows_a_live_line_and_colours(tmp_path: Path) -> None:
    code, shown = terminal_run(tmp_path, "5.*", "--jobs", "20")
    assert code == 0
    assert "running " in shown
    assert "\x1b[2K" in shown
    assert "everything as expected" in shown


def test_a_terminal_that_hangs_up(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with process(
        *("run", "5.*", "--out", "here"), cwd=tmp_path, stdout=theirs, stderr=theirs, stdin=theirs
    ) as running:
        os.close(theirs)
        os.close(ours)
        code = running.wait(PATIENCE)
    assert code == 0
    assert {path.name for path in (tmp_path / "here").iterdir()} == FILES


def test_ci_gets_plain_lines(tmp_path: Path) -> None:
    result = finished("run", "5.5-hello", cwd=tmp_path, environment={"CI": "true"})
    assert result.code == 0
    assert "\x1b" not in result.out + result.err
    assert "\r" not in result.out + result.err
