"""A device comes to the same verdicts in every form of launch."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.run.events import CaseEnd, read_events
from tests.cli.command import ROOT
from tests.device.bench import missing, require_namespaces, require_program
from tests.device.engine import require_image

PATIENCE = 600.0
SELECTIONS = {
    "lns": ("5.1-control-connection", "5.2.1-incoming-call", "5.6-session-teardown"),
    "lac": ("5.1-control-connection-by-iut/*-in-reply*", "5.1-control-connection-by-iut/refused*"),
    "l2tpns": ("5.1-control-connection",),
}
FORMS = [
    ("xl2tpd-lns", "xl2tpd-lns:container", "lns"),
    ("xl2tpd-lns", "uml-xl2tpd-lns", "lns"),
    ("xl2tpd-lac", "xl2tpd-lac:container", "lac"),
    ("xl2tpd-lac", "uml-xl2tpd-lac", "lac"),
    ("l2tpns", "l2tpns:container", "l2tpns"),
]


def require(device: str) -> None:
    """Skip where the device cannot be started, or fail where devices are required."""
    name, _, form = device.partition(":")
    if form:
        require_image(name)
    elif name.startswith("uml-"):
        for program in ("linux.uml", "xl2tpd", "pppd"):
            require_program(program)
        if os.geteuid() != 0:
            missing("guests need root")
    if "l2tpns" in name or name.startswith("uml-"):
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
    for program in ("xl2tpd", "slirp-fullbolt", *(["l2tpns"] if plain == "l2tpns" else [])):
        require_program(program)
    require(plain)
    require(other)
    expected = verdicts(plain, selection)
    assert len(expected) > 10
    assert "pass" in expected.values()
    found = verdicts(other, selection)
    published = "skip" in (found.get("monitor/udp-checksum"), expected["monitor/udp-checksum"])
    if published:
        found, expected = of_the_device(found), of_the_device(expected)
    assert of_control(found, other) == of_control(expected, other)


def of_control(found: dict[str, str], device: str) -> dict[str, str]:
    """Without what is about data, where a guest has a PPP of its own: the real one."""
    if not device.startswith("uml-"):
        return found
    return {case: one for case, one in found.items() if not case.startswith("monitor/data-")}


def of_the_device(found: dict[str, str]) -> dict[str, str]:
    """Without what a published port changes, or keeps from being seen."""
    return {case: one for case, one in found.items() if case != "monitor/udp-checksum"}
