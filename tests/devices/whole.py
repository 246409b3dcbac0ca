"""Runs of all cases on some devices at once, and how two forms of one device compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.run.baseline import MONITOR
from harness.run.events import EVENTS_FILE, CaseEnd, Check, Expectation, Verdict, read_events
from tests.cli.command import ROOT

WITHIN = 900.0
"""Seconds after which a run is given up: no more than a bound on a hang."""


@dataclass
class Run:
    """A run of all cases under way."""

    device: str
    folder: Path
    process: subprocess.Popen[str]
    _told: tuple[str, str] | None = None

    def finished(self) -> tuple[int, dict[str, Any], str]:
        """Its exit code, its summary, and what a person was told."""
        if self._told is None:
            self._told = self.process.communicate(timeout=WITHIN)
        out, err = self._told
        return self.process.returncode, json.loads(out), err

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def unlisted_warnings(self) -> list[str]:
        """What it warns of and no baseline lists, but for what a late harness brought on."""
        events = list(read_events(self.out / EVENTS_FILE))
        warned = {
            one.case
            for one in events
            if isinstance(one, CaseEnd)
            and one.verdict is Verdict.WARN
            and one.expectation is Expectation.EXPECTED
        }
        late = {
            one.case
            for one in events
            if isinstance(one, Check) and one.seen_in and set(one.seen_in) <= set(one.late_in)
        }
        return sorted(warned - late)

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """What each case came to, and how that stands to the baseline, but for what is chance."""
        ends = [one for one in read_events(self.out / EVENTS_FILE) if isinstance(one, CaseEnd)]
        ends = [one for one in ends if not one.by_chance]
        return {one.case: (one.verdict.value, one.expectation.value) for one in ends}


@contextmanager
def side_by_side(
    devices: Mapping[str, Sequence[str]], above: pytest.TempPathFactory
) -> Iterator[dict[str, Run]]:
    """Runs on some devices at once, each with words of its own: they mostly wait."""
    with ExitStack() as stack:
        runs = {}
        for device, words in devices.items():
            folder = above.mktemp(device.replace(":", "-"))
            command = [sys.executable, "-m", "harness", "run", "--json", "--device", device, *words]
            if os.geteuid() == 0:
                # the tests that run beside these are no load for a device to be judged under
                command = ["nice", "-n", "-5", *command]
            process = stack.enter_context(
                subprocess.Popen(
                    [*command, "--out", "out"],
                    cwd=folder,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.terminate)
            runs[device] = Run(device, folder, process)
        yield runs


def finish(runs: dict[str, Run]) -> None:
    """Wait for the ends of runs, whatever these are."""
    for run in runs.values():
        run.finished()


def check_alike(run: Run, plain: Run, told_apart: Callable[[str], bool] = lambda _: False) -> None:
    """The cases came out as in another form of launch, but for those that are told apart."""
    code, summary, told = run.finished()
    assert code == 0, told
    assert (summary["unexpected"], summary["stale"]) == ([], [])
    own, other = run.verdicts(), plain.verdicts()
    differing = {case for case in {*own, *other} if own.get(case) != other.get(case)}
    by_chance = {case for case in differing if is_mild(case, own) and is_mild(case, other)}
    left = {case for case in differing - by_chance if not told_apart(case)}
    assert {case: (own.get(case), other.get(case)) for case in left} == {}


def is_mild(case: str, among: dict[str, tuple[str, str]]) -> bool:
    """Whether it is a monitor without a fault: if there was anything to judge is chance.

    What it found only where the harness was late is none either.
    """
    _, expectation = among.get(case, ("pass", "expected"))
    return case.startswith(MONITOR) and expectation == "expected"
