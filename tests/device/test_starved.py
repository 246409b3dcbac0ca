"""Linux tells for how long a program could have run and did not; here one that shares a core."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.device.machine.memory import resident
from harness.device.machine.processes import threads
from harness.device.machine.starved import Starvation
from tests.polling import await_true

BUSY = "while True: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
WITHIN = 60.0
"""Seconds, no more than a bound on a hang: two that share a core wait half of the time."""


@contextmanager
def on_one_core(*programs: str) -> Iterator[list[int]]:
    """Python programs that share one core; their process groups end with the test."""
    core = min(os.sched_getaffinity(0))
    with ExitStack() as stack:
        numbers = []
        for program in programs:
            pinned = f"import os; os.sched_setaffinity(0, {{{core}}})\n{program}"
            started = subprocess.Popen([sys.executable, "-c", pinned], start_new_session=True)
            stack.callback(started.wait)
            stack.callback(os.killpg, started.pid, 9)
            numbers.append(started.pid)
        yield numbers


def await_more(process: int, seconds: float) -> Starvation:
    """Return once it has waited for so long."""
    starvation = Starvation(process)
    await_true(lambda: (starvation.seconds() or 0.0) > seconds, WITHIN)
    return starvation


def test_who_shares_a_core_waits_for_it() -> None:
    with on_one_core(BUSY, PARENT) as (alone, parent):
        # that of a child counts as well: the parent itself has nothing to wait for
        await_more(alone, 0.2)
        await_more(parent, 0.2)
        assert (Starvation(parent, alone=True).seconds() or 0.0) < 0.2
        assert (resident(parent) or 0) > (resident(alone) or 0)


def test_what_has_ended_since_still_counts() -> None:
    with on_one_core(BUSY, PARENT, BUSY) as (_, parent, other):
        starvation = await_more(parent, 0.2)
        before = starvation.seconds()
        assert before is not None
        os.killpg(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert starvation.seconds() is None
        starvation.process = other  # it is started anew
        after, anew = starvation.seconds(), Starvation(other).seconds()
        assert after is not None
        assert anew is not None
        assert after >= before + anew / 2


def test_a_number_that_is_given_again_is_another_thread(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.device.machine.starved.tree", lambda _: iter([tmp_path]))
        thread = tmp_path / "task" / "1"
        thread.mkdir(parents=True)
        starvation = Starvation(1)
        seconds = []
        for waited in (5, 7, 2, 3):
            (thread / "schedstat").write_text(f"0 {waited}000000000 1\n")
            seconds.append(starvation.seconds())
        assert seconds == pytest.approx([5, 7, 9, 10])


def test_what_ends_between_two_looks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    gone = Path(f"/proc/{ended.pid}")
    monkeypatch.setattr("harness.device.machine.starved.tree", lambda _: iter([gone]))
    assert threads(gone) == []
    assert Starvation(1).seconds() is None


def test_of_what_has_ended_nothing_is_known() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert Starvation(ended.pid).seconds() is None
    assert Starvation().seconds() is None
    assert resident(ended.pid) is None
