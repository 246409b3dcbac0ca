"""A box on the wire that dies under many cases: nobody tells the harness, it has to find out."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.device import LoopbackAddresses, load_device
from harness.errors import DeviceError
from harness.report.story import Teller
from harness.run.events import Verdict
from harness.run.run import Options, run
from tests.polling import await_true
from tests.run.stage import ROOT
from tests.triage.test_zoo import SCALE, SUITE, Stories

KILLER = "fates/fault[name=crash]"
RESTART = """\
#!/bin/sh
[ -f pid ] && kill -9 "$(cat pid)" 2>/dev/null
PYTHONPATH={root} {python} -m tests.triage.zoo.misbehaving crashes {address} 1701 >log 2>&1 &
echo $! >pid
"""
PEER = """\
title: A box that crashes
role: lns
launch: {{external: {{at_once: 4, ready_within: 40s}}}}
ics: {{incoming_calls: true}}
ixit: {{address: {address}, port: 1701}}
"""


@pytest.fixture(name="box")
def _box(tmp_path: Path) -> Iterator[Path]:
    """The folder of a device that runs, and can be restarted."""
    addresses = LoopbackAddresses()
    address = addresses.take(1701)
    folder = tmp_path / "box"
    folder.mkdir()
    script = folder / "restart.sh"
    script.write_text(RESTART.format(root=ROOT, python=sys.executable, address=address))
    script.chmod(0o755)
    (folder / "peer.yaml").write_text(PEER.format(address=address))
    (folder / "log").touch()
    try:
        subprocess.run([script], cwd=folder, check=True)
        await_true(lambda: "serving" in (folder / "log").read_text())
        yield folder
    finally:
        addresses.close()
        with contextlib.suppress(ProcessLookupError):  # it has crashed, as it should
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


def options(box: Path, told: Stories) -> Options:
    """A run of one case that kills the box, and others."""
    suites = box.parent / "suites"
    suites.mkdir()
    (suites / "fates.yaml").write_text(SUITE)
    return Options(
        device=load_device(box),
        out=box.parent / "out",
        suites=suites,
        selection=(KILLER, "fates/innocent*"),
        baseline=False,
        time_scale=SCALE,
        subscribers=(Teller(told).write,),
    )


def test_it_is_restarted_and_the_one_that_killed_it_is_found(box: Path) -> None:
    with (box / "peer.yaml").open("a") as file:
        file.write("actions: {restart: {command: ./restart.sh, within: 20s}}\n")
    told = Stories()
    run(options(box, told))
    killer = told.cases[KILLER]
    assert killer.verdict is Verdict.FAIL
    assert killer.fate_codes == ["device.hung"]
    first = killer.fates[0].frames[0]
    assert b"crash" in next(one for one in killer.frames.all() if one.number == first).data
    others = [story for name, story in told.cases.items() if name.startswith("fates/innocent")]
    assert len(others) == 2
    # an answer that came late on a busy machine is a warning, and no harm
    assert {story.verdict for story in others} <= {Verdict.PASS, Verdict.WARN}
    assert [story.fate_codes for story in others] == [[], []]


def test_one_that_nobody_can_restart_ends_the_run(box: Path) -> None:
    told = Stories()
    with pytest.raises((DeviceError, ExceptionGroup)):
        run(options(box, told))
    assert told.ending is not None
    error = told.ending.footer.error
    assert error is not None
    assert (error.code, error.exit_code) == ("device.cannot-restart", 3)
    assert "no action `restart`" in error.cause
    assert told.cases[KILLER].end is None
