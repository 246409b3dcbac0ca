"""`devices`: what there is, and what is missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.device import needs
from tests.cli.command import ROOT, Command


def test_the_devices_of_the_harness(command: Command) -> None:
    listed = {one["device"]: one for one in command("devices", "--json").json}
    assert {"reference-lns", "reference-lac", "xl2tpd-lns"} <= listed.keys()
    lns = listed["reference-lns"]
    assert lns["role"] == "lns"
    assert lns["ics"]["hidden_avps"] is True
    assert lns["missing"] is None
    told = command("devices").out
    assert re.search(r"^reference-lac +lac  Reference LAC$", told, re.MULTILINE)
    assert re.search(r"^xl2tpd-lns:container\b", told, re.MULTILINE)
    assert set(listed["xl2tpd-lns"]["launch"]) == {"process", "container"}


def test_a_missing_program_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    listed = {one["device"]: one for one in command("devices", "--json").json}
    assert listed["xl2tpd-lns"]["missing"]["cause"] == "there is no program xl2tpd"
    assert "missing: there is no program xl2tpd; apt-get install" in command("devices").out


def test_one_that_is_broken_does_not_hide_the_others(command: Command) -> None:
    bng = command.folder / "peers" / "bng"
    shutil.copytree(ROOT / "peers" / "reference-lns", bng)
    (bng / "peer.yaml").write_text("titel: x\n")
    listed = {one["device"]: one for one in command("devices", "--json").json}
    errors = listed["bng"]["error"]["errors"]
    assert errors[0]["hint"] == "did you mean 'title'?"
    assert errors[0]["place"] == "peers/bng/peer.yaml:1:1"
    assert [one["cause"] for one in errors[1:]] == ["missing key 'role'", "missing key 'launch'"]
    assert "reference-lns" in listed
    assert "error: peers/bng/peer.yaml:1:1" in command("devices").out


def test_a_device_of_ones_own_comes_before_one_of_the_harness(command: Command) -> None:
    mine = command.folder / "peers" / "reference-lns"
    shutil.copytree(ROOT / "peers" / "reference-lns", mine)
    listed = {one["device"]: one for one in command("devices", "--json").json}
    assert listed["reference-lns"]["folder"] == "peers/reference-lns"


def test_a_package_that_namespaces_take(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_options: f"/usr/sbin/{name}")
    monkeypatch.setattr(Path, "exists", lambda _path, **_options: True)
    monkeypatch.setattr(needs, "find_spec", lambda _name: None)
    listed = {one["device"]: one for one in command("devices", "--json").json}
    for name in ("l2tpns", "uml-xl2tpd-lns"):
        assert listed[name]["missing"]["code"] == "device.no-pyroute2"
