"""The command as the tests call it: in this process where that will do, else as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml, TestCase, TestSuite

from harness.cli.app import exit_code

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""Seconds after which a test gives up on a command: no more than a bound on a hang."""

FILES = {"events.ndjson", "capture.pcapng", "junit.xml", "summary.json"}


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; fails when there is anything else on it."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one error on stderr: cause, code and hint, no traceback."""
        assert "Traceback" not in self.err
        lines = self.err.splitlines()
        errors = [line for line in lines if line.startswith("error: ")]
        assert len(errors) == 1, self.err
        return "\n".join(lines[lines.index(errors[0]) :])


class Command:
    """Calls the command in this process. The current folder is one of the test's own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self.folder = folder

    def __call__(self, *arguments: str | Path) -> Result:
        self._capsys.readouterr()
        code = exit_code([str(one) for one in arguments])
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


def process(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """The command as a process in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        start_new_session=True,
        **options,
    )


def finished(*arguments: str | Path, cwd: Path, **options: Any) -> Result:
    """The command as a process, run to its end."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with process(*arguments, cwd=cwd, **options) as running:
        try:
            out, err = running.communicate(timeout=PATIENCE)
        finally:
            running.kill()
    return Result(running.returncode, (out or b"").decode(), (err or b"").decode())


def junit_cases(path: Path) -> list[TestCase]:
    """The test cases of a JUnit file, as another library reads it."""
    return [case for suite in JUnitXml.fromfile(str(path)) for case in _cases(suite)]


def _cases(suite: TestSuite) -> list[TestCase]:
    return list(suite)
