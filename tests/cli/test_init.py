"""`init`: folders that pass lint at once, for every role and launch, and never over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device import load_device
from tests.cli.command import Command


@pytest.mark.parametrize("role", ["lns", "lac"])
@pytest.mark.parametrize("launch", ["process", "container", "external"])
def test_a_new_device_passes_lint(command: Command, role: str, launch: str) -> None:
    result = command("init", "my-box.2", "--role", role, "--launch", launch)
    assert result.code == 0
    assert "made peers/my-box.2/peer.yaml" in result.out
    linted = command("lint", "--device", "my-box.2")
    assert linted.code == 0, linted.err + linted.out
    device = load_device(Path("peers/my-box.2"))
    assert device.role == role
    assert list(device.launches) == [launch]
    assert device.baselines


def test_it_becomes_a_device_by_filling_it_in(command: Command) -> None:
    command("init", "box", "--launch", "external")
    path = Path("peers/box/peer.yaml")
    text = path.read_text()
    # every remark that is a key of peer.yaml may be switched on
    for line in ("# source:", "# secrets:", "# host_name:", "# hello_interval:", "# retransmit:"):
        assert line in text
        text = text.replace(line, line.removeprefix("# "), 1)
    path.write_text(text)
    linted = command("lint", "--device", "box")
    assert linted.code == 0, linted.err + linted.out


def test_it_overwrites_nothing(command: Command) -> None:
    command("init", "box")
    path = Path("peers/box/peer.yaml")
    path.write_text("mine")
    result = command("init", "box")
    assert result.code == 2
    assert "peers/box is there already [init.exists]" in result.error
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "-x", "", "x" * 80])
def test_names(command: Command, name: str) -> None:
    result = command("init", "--", name)
    assert result.code == 2
    assert "is no name of a device" in result.error
    assert not Path("peers").exists()
