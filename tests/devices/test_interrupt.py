"""A run against the real xl2tpd that is stopped leaves no process, and reports that say so."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.run.events import CaseEnd, Footer, read_events
from tests.cli.command import PATIENCE, junit_cases, process
from tests.device.bench import require_program
from tests.devices.leftovers import await_ends, processes_below

SHORT = "5.5-hello/acknowledged"
LONG = ("5.5-hello/not-expected", "5.8-reliable-delivery/gives-up")


@pytest.fixture
def work() -> Iterator[Path]:
    """Where devices have their folders: a short path, for xl2tpd cuts longer ones at 80 octets."""
    with tempfile.TemporaryDirectory(prefix="l2tp-t-") as folder:
        yield Path(folder)


@contextmanager
def running(tmp_path: Path, work: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run in the midst of its cases, with a terminal to tell when that is."""
    for name in ("xl2tpd", "slirp-fullbolt"):
        require_program(name)
    ours, theirs = os.openpty()
    with process(
        *("run", "--device", "xl2tpd-lns", "--out", "out", SHORT, *LONG),
        cwd=tmp_path,
        environment={"TERM": "xterm", "COLUMNS": "200", "TMPDIR": str(work)},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as run:
        os.close(theirs)
        try:
            shown = b""
            # the short case has ended, so that there is something to keep
            while b"1/3 cases" not in shown:
                shown += os.read(ours, 65536)
            yield run
        finally:
            run.kill()
            os.close(ours)


def to_the_process(run: subprocess.Popen[bytes], number: signal.Signals) -> None:
    run.send_signal(number)


def to_the_group(run: subprocess.Popen[bytes], number: signal.Signals) -> None:
    os.killpg(run.pid, number)


def twice(run: subprocess.Popen[bytes], number: signal.Signals) -> None:
    run.send_signal(number)
    run.send_signal(number)


@pytest.mark.parametrize(
    ("number", "send"),
    [
        (signal.SIGINT, to_the_process),
        (signal.SIGINT, to_the_group),
        (signal.SIGINT, twice),
        (signal.SIGTERM, to_the_process),
        (signal.SIGTERM, twice),
        (signal.SIGHUP, to_the_group),
    ],
)
@pytest.mark.usefixtures("heeds_hangup")
def test_a_run_that_is_stopped(
    tmp_path: Path,
    work: Path,
    number: signal.Signals,
    send: Callable[[subprocess.Popen[bytes], signal.Signals], None],
) -> None:
    with running(tmp_path, work) as run:
        assert any("xl2tpd" in each for each in processes_below(work).values())
        send(run, number)
        code = run.wait(PATIENCE)
        assert processes_below(work) == {}
    assert code == 3
    assert list(work.iterdir()) == []
    events = list(read_events(tmp_path / "out" / "events.ndjson"))
    footer = events[-1]
    assert isinstance(footer, Footer)
    assert footer.interrupted
    assert footer.error is None
    ended = {event.case for event in events if isinstance(event, CaseEnd)}
    assert ended == {SHORT}
    cases = {case.name: case for case in junit_cases(tmp_path / "out" / "junit.xml")}
    assert cases[SHORT].result == []
    assert [cases[case].result[0].type for case in LONG] == ["none", "none"]
    assert cases["run"].result[0].type == "run.interrupted"


def test_a_run_that_is_killed(tmp_path: Path, work: Path) -> None:
    with running(tmp_path, work) as run:
        started = processes_below(work)
        assert any("xl2tpd" in each for each in started.values())
        run.kill()
        run.wait(PATIENCE)
        assert await_ends(started) == {}
        assert processes_below(work) == {}
    lines = (tmp_path / "out" / "events.ndjson").read_text().splitlines()
    assert any('"event":"case-end"' in line for line in lines)
