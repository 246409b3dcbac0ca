"""A device comes to the same verdicts in a User-Mode Linux, but for what its baselines tell apart.

That is what the kernel's data path and the real pppd do otherwise. A guest has one processor, and a
whole run takes minutes of it: these are the cases about calls and their data, in which the
difference is. For containers see `test_published`.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from harness.run.baseline import MONITOR
from harness.run.events import CaseEnd, read_events
from tests.cli.command import ROOT
from tests.device.bench import PEERS, missing, require_namespaces, require_program

PATIENCE = 600.0
DATA = (
    *("3.0-protocol-overview", "3.1-header-in-tunnel", "5.3-data-messages"),
    "5.4-data-sequence-numbers",
)
SELECTIONS = {
    "lns": ("5.1-control-connection", "5.2.1-incoming-call", "5.6-session-teardown", *DATA),
    "lac": (
        *("5.1-control-connection-by-iut/*-in-reply*", "5.1-control-connection-by-iut/refused*"),
        *DATA,
    ),
}
FORMS = [("xl2tpd-lns", "uml-xl2tpd-lns", "lns"), ("xl2tpd-lac", "uml-xl2tpd-lac", "lac")]
USERLAND = "baseline-userland.yaml"


def require() -> None:
    """Skip where guests cannot be started, or fail where devices are required."""
    for program in ("linux.uml", "xl2tpd", "slirp-fullbolt", "pppd"):
        require_program(program)
    if os.geteuid() != 0:
        missing("guests need root")
    require_namespaces()


@functools.cache
def verdicts(device: str, selection: str) -> dict[str, str]:
    """What the cases came to; nothing unexpected may be among it."""
    with tempfile.TemporaryDirectory(prefix="l2tp-t-") as folder:
        # these run beside other tests, on few processors: patience is no part of the verdict
        words = ["--device", device, "--time-scale", "2", "--jobs", "12", "--out", folder]
        done = subprocess.run(
            [sys.executable, "-m", "harness", "run", *words, *SELECTIONS[selection]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        events = read_events(Path(folder) / "events.ndjson")
        return {one.case: str(one.verdict) for one in events if isinstance(one, CaseEnd)}


@pytest.mark.devices
@pytest.mark.parametrize(("plain", "other", "selection"), FORMS)
def test_the_verdicts_are_the_same(plain: str, other: str, selection: str) -> None:
    require()
    expected = verdicts(plain, selection)
    assert len(expected) > 100
    assert "pass" in expected.values()
    found = verdicts(other, selection)
    told_apart = listed(PEERS / plain / USERLAND) | listed(PEERS / other / "baseline.yaml")
    differing = {case for case in {*found, *expected} if found.get(case) != expected.get(case)}
    by_chance = {case for case in differing if is_mild(case, found) and is_mild(case, expected)}
    assert {case for case in differing - by_chance if not is_listed(case, told_apart)} == set()


def is_mild(case: str, among: dict[str, str]) -> bool:
    """Whether it is a monitor without a fault: if there was anything to judge is chance."""
    return case.startswith(MONITOR) and among.get(case, "pass") in ("pass", "warn")


def listed(baseline: Path) -> set[str]:
    """The cases of a baseline, with `*` for any text."""
    return {entry["case"] for entry in yaml.safe_load(baseline.read_text(encoding="utf-8"))}


def is_listed(case: str, told_apart: set[str]) -> bool:
    """Whether a case is told apart, or about data, which a PPP of its own sends otherwise."""
    patterns = {re.escape(one).replace(r"\*", ".*") for one in told_apart}
    return case.startswith("monitor/data-") or any(re.fullmatch(one, case) for one in patterns)
