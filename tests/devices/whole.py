"""Runs of all cases on some devices at once, and how two forms of one device compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from harness.run.baseline import MONITOR
from harness.run.events import EVENTS_FILE, CaseEnd, Check, Expectation, Verdict, read_events
from tests.cli.command import ROOT
from tests.device.bench import require_namespaces, require_program

NEEDED = {
    "xl2tpd-lns": ("xl2tpd", "slirp-fullbolt"),
    "xl2tpd-lac": ("xl2tpd", "slirp-fullbolt"),
    "l2tpns": ("l2tpns",),
}
PART = 50
"""A part of the cases has more of them than that."""
WITHIN = 900.0
"""Seconds after which a run is given up: no more than a bound on a hang."""


def require_process(device: str) -> None:
    for program in NEEDED[device]:
        require_program(program)
    require_namespaces()


@dataclass
class Run:
    """A run of all cases, whose turn may still come. require: fails or skips where it cannot be."""

    device: str
    words: Sequence[str]
    require: Callable[[], object]
    folder: Path
    _told: Future[tuple[int, dict[str, Any], str]] = field(default_factory=Future)
    _process: subprocess.Popen[str] | None = None
    _starting: Lock = field(default_factory=Lock)
    _stopped: bool = False

    def begin(self, places: Executor) -> None:
        """Take the next place, when its turn has come."""
        self._told = places.submit(self._run)

    def finished(self) -> tuple[int, dict[str, Any], str]:
        """Its exit code, its summary, and what a person was told; waits for it."""
        return self._told.result()

    def stop(self) -> None:
        """End it, if it runs, or see that it does not begin."""
        with self._starting:
            self._stopped = True
            if self._process is not None:
                self._process.terminate()

    def _run(self) -> tuple[int, dict[str, Any], str]:
        self.require()
        command = [sys.executable, "-m", "harness", "run", "--json", "--device", self.device]
        if os.geteuid() == 0:
            # the tests that run beside these are no load for a device to be judged under
            command = ["nice", "-n", "-5", *command]
        with self._starting:
            if self._stopped:
                raise CancelledError
            self._process = subprocess.Popen(
                [*command, *self.words, "--out", "out"],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        with self._process as process:
            try:
                out, err = process.communicate(timeout=WITHIN)
            finally:
                process.terminate()
        return process.returncode, json.loads(out), err

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
def in_turn(runs: Sequence[Run], at_once: int) -> Iterator[dict[str, Run]]:
    """Runs in this order, so many at once, for they mostly wait: as one ends the next begins."""
    with ThreadPoolExecutor(at_once) as places:
        try:
            for run in runs:
                run.begin(places)
            yield {run.device: run for run in runs}
        finally:
            places.shutdown(wait=False, cancel_futures=True)
            for run in runs:
                run.stop()


def check_alike(
    run: Run,
    plain: Run,
    told_apart: Callable[[str], bool] = lambda _: False,
    *,
    part: bool = False,
) -> None:
    """The cases came out as in another form of launch, but for those that are told apart.

    part: it has run some of them only, by which a monitor sees less.
    """
    code, summary, told = run.finished()
    _, plain_summary, _ = plain.finished()
    assert code == 0, told
    assert (summary["unexpected"], summary["stale"]) == ([], [])
    own, other = run.verdicts(), plain.verdicts()
    if part:
        own = {case: came for case, came in own.items() if not case.startswith(MONITOR)}
        other = {case: came for case, came in other.items() if case in own}
        assert len(own) > PART
    differing = {case for case in {*own, *other} if own.get(case) != other.get(case)}
    by_chance = {case for case in differing if is_mild(case, own) and is_mild(case, other)}
    doubtful = in_doubt(summary) | in_doubt(plain_summary)
    left = {case for case in differing - by_chance - doubtful if not told_apart(case)}
    assert {case: (own.get(case), other.get(case)) for case in left} == {}


def in_doubt(summary: dict[str, Any]) -> set[str]:
    """The cases that the machine was too busy for, however often they were run."""
    return {remark.partition(": in doubt")[0] for remark in summary["remarks"]}


def is_mild(case: str, among: dict[str, tuple[str, str]]) -> bool:
    """Whether it is a monitor without a fault: if there was anything to judge is chance.

    What it found only where the harness was late is none either.
    """
    _, expectation = among.get(case, ("pass", "expected"))
    return case.startswith(MONITOR) and expectation == "expected"
