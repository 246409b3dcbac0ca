"""The whole set on each real device, side by side, and the statements that were published of it.

Then the same in containers, which comes to the same verdicts, case by case.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.report.statement_text import markdown
from harness.report.stating import state
from harness.run.baseline import MONITOR
from harness.run.events import EVENTS_FILE, CaseEnd, Frame, read_events
from tests.cli.command import ROOT, junit_cases
from tests.device.bench import require_namespaces, require_program
from tests.device.engine import require_image

NEEDED = {
    "xl2tpd-lns": ("xl2tpd", "slirp-fullbolt"),
    "xl2tpd-lac": ("xl2tpd", "slirp-fullbolt"),
    "l2tpns": ("l2tpns",),
}
CONTAINERS = {f"{device}:container": device for device in NEEDED}
WITHIN = 900.0
"""Seconds after which a run is given up: no more than a bound on a hang."""

pytestmark = [pytest.mark.devices]


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

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """What each case came to, and how that stands to the baseline."""
        ends = [one for one in read_events(self.out / EVENTS_FILE) if isinstance(one, CaseEnd)]
        return {one.case: (one.verdict.value, one.expectation.value) for one in ends}


@contextmanager
def side_by_side(
    devices: Iterable[str], above: pytest.TempPathFactory, *words: str
) -> Iterator[dict[str, Run]]:
    """Runs of all cases on some devices at once: they mostly wait."""
    with ExitStack() as stack:
        runs = {}
        for device in devices:
            folder = above.mktemp(device.replace(":", "-"))
            command = [sys.executable, "-m", "harness", "run", "--json", "--device", device, *words]
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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """The devices as processes."""
    for program in {program for programs in NEEDED.values() for program in programs}:
        require_program(program)
    require_namespaces()
    with side_by_side(NEEDED, tmp_path_factory) as runs:
        yield runs


@pytest.fixture(scope="module")
def contained(
    running: dict[str, Run], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Run]]:
    """The same in containers, when the processes have ended."""
    for device in CONTAINERS.values():
        require_image(device)
    finish(running)
    with side_by_side(CONTAINERS, tmp_path_factory) as runs:
        yield runs


def finish(runs: dict[str, Run]) -> None:
    """Wait for the ends of runs, whatever these are."""
    for run in runs.values():
        run.finished()


@pytest.mark.parametrize("device", NEEDED)
def test_all_cases(running: dict[str, Run], device: str) -> None:
    run = running[device]
    code, summary, told = run.finished()
    assert code == 0, told
    assert summary["unexpected"] == []
    assert summary["stale"] == []
    assert summary["verdicts"]["pass"] > 300
    # a warning that nobody has looked into is no better than a failure that nobody has
    assert summary["verdicts"]["warn"] == summary["monitors"]["warn"] == 0, told
    # what takes long runs side by side
    assert summary["sum_s"] > 5 * summary["wall_s"], told
    check_junit(junit_cases(run.out / "junit.xml"), summary)
    check_capture(run.out)
    published = ROOT / "reports" / "published" / f"{device}.md"
    now, then = markdown(state(run.out / EVENTS_FILE)), published.read_text(encoding="utf-8")
    assert settled(now) == settled(then), f"{published.name} is stale: make statements"


@pytest.mark.parametrize("device", CONTAINERS)
def test_all_cases_in_a_container(
    running: dict[str, Run], contained: dict[str, Run], device: str
) -> None:
    check_alike(contained[device], running[CONTAINERS[device]])


def check_alike(run: Run, plain: Run) -> None:
    """The cases came out as in another form of launch."""
    code, summary, told = run.finished()
    assert code == 0, told
    assert (summary["unexpected"], summary["stale"]) == ([], [])
    own, other = run.verdicts(), plain.verdicts()
    differing = {case for case in {*own, *other} if own.get(case) != other.get(case)}
    by_chance = {case for case in differing if is_mild(case, own) and is_mild(case, other)}
    assert {case: (own.get(case), other.get(case)) for case in differing - by_chance} == {}


def is_mild(case: str, among: dict[str, tuple[str, str]]) -> bool:
    """Whether it is a monitor without a fault: if there was anything to judge is chance."""
    good = [("pass", "expected"), ("warn", "expected")]
    return case.startswith(MONITOR) and among.get(case, good[0]) in good


def settled(statement: str) -> list[str]:
    """All of a statement but the variants: how many messages stand out at once is up to the load.

    No verdict rests on a variant.
    """
    before, _, rest = statement.partition("\n## Variants\n")
    assert rest
    _, _, after = rest.partition("\n## ")
    return [*before.splitlines(), *after.splitlines()]


def check_junit(cases: list[Any], summary: dict[str, Any]) -> None:
    """What another library reads out of the file is what the summary says."""
    counts = {
        name: summary["verdicts"][name] + summary["monitors"][name] for name in summary["verdicts"]
    }
    results = [case.result[0].type if case.result else "" for case in cases]
    assert len(cases) == sum(counts.values())
    assert results.count("") == counts["pass"] + counts["warn"]
    assert results.count("expected-failure") == counts["xfail"]
    assert results.count("skip") == counts["skip"]
    assert len({(case.classname, case.name) for case in cases}) == len(cases)


def check_capture(out: Path) -> None:
    """Wireshark opens the capture; it has every frame of the stream, with its case."""
    require_program("tshark")
    frames = [
        each
        for each in read_events(out / EVENTS_FILE)
        if isinstance(each, Frame) and not each.again
    ]
    fields = ("-T", "fields", "-e", "frame.number", "-e", "frame.comment")
    done = subprocess.run(
        ["tshark", "-r", str(out / "capture.pcapng"), *fields],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [int(number) for number, _ in lines] == [frame.number for frame in frames]
    assert all(
        comment.startswith(frame.case) for (_, comment), frame in zip(lines, frames, strict=True)
    )
