"""The command against the real xl2tpd, as its maintainer would run it in CI."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.device.addresses import LoopbackAddresses
from tests.cli.command import ROOT, junit_cases
from tests.device.bench import require_program

HELLO = "5.5-hello/acknowledged"
BASELINE = ROOT / "peers" / "xl2tpd-lns" / "baseline.yaml"
ALL_CASES_WITHIN = 600.0


@pytest.fixture(autouse=True)
def _installed() -> None:
    for name in ("xl2tpd", "slirp-fullbolt"):
        require_program(name)


def run(folder: Path, *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    """A run with --json from this folder: its exit code, the summary, what a person was told."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "--json", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=ALL_CASES_WITHIN,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("device", ["xl2tpd-lns", "xl2tpd-lac"])
def test_a_quick_run(tmp_path: Path, device: str) -> None:
    """A part of the cases, and no baseline entry is stale for what the others would show."""
    code, summary, told = run(tmp_path, "--device", device, "--quick")
    assert code == 0, told
    assert summary["verdicts"]["pass"] > 100
    assert summary["verdicts"]["xfail"] > 10


def test_what_the_baseline_does_not_list_is_unexpected(tmp_path: Path) -> None:
    device = tmp_path / "xl2tpd-lns"
    shutil.copytree(BASELINE.parent, device)
    entries = yaml.safe_load(BASELINE.read_text())
    entry = next(each for each in entries if "*" not in each["case"] and each["verdict"] == "fail")
    arguments = ("--device", device, entry["case"])
    code, summary, told = run(tmp_path, *arguments)
    assert (code, summary["verdicts"]["xfail"]) == (0, 1), told
    rest = [each for each in entries if each["case"] != entry["case"]]
    (device / "baseline.yaml").write_text(yaml.safe_dump(rest))
    code, summary, told = run(tmp_path, *arguments)
    assert code == 1, told
    assert [each["case"] for each in summary["unexpected"]] == [entry["case"]]


def test_a_baseline_that_lists_too_much_is_stale(tmp_path: Path) -> None:
    device = tmp_path / "xl2tpd-lns"
    shutil.copytree(BASELINE.parent, device)
    (device / "baseline.yaml").write_text(f"- {{case: {HELLO}, verdict: fail, reason: once}}\n")
    code, summary, told = run(tmp_path, "--device", device, HELLO)
    assert code == 1, told
    assert summary["verdicts"]["xpass"] == 1


def test_the_binary_just_built(tmp_path: Path) -> None:
    built = tmp_path / "xl2tpd"
    built.write_text(f'#!/bin/sh\n: >"{tmp_path}/it-ran"\nexec /usr/sbin/xl2tpd "$@"\n')
    built.chmod(0o755)
    arguments = ("--device", "xl2tpd-lns", HELLO, "--set", "launch.process.binary=./xl2tpd")
    code, summary, told = run(tmp_path, *arguments)
    assert (code, summary["verdicts"]["pass"]) == (0, 1), told
    assert (tmp_path / "it-ran").exists()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    addresses = LoopbackAddresses()
    address = addresses.take(1701)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((address, 1701))
            setting = f"ixit.address={address}"
            code, summary, told = run(tmp_path, "--device", "xl2tpd-lns", HELLO, "--set", setting)
    finally:
        addresses.close()
    assert code == 3
    assert summary["verdicts"]["error"] == 1
    assert f"UDP {address} port 1701 is taken" in told
    (case,) = junit_cases(tmp_path / "out" / "xl2tpd-lns" / "junit.xml")
    assert "is taken" in case.result[0].message
