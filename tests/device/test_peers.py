"""The devices in peers/, and the examples of how to write one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.device import ProcessLaunch, list_devices, load_device
from harness.device.description.action import CommandAction
from harness.device.description.console import Console
from harness.device.description.external import ExternalLaunch, Source
from harness.device.description.launch import ContainerLaunch, UmlLaunch
from tests.device.bench import PEERS

DEVICES = [one.name for one in list_devices([PEERS])]


@pytest.mark.parametrize("name", DEVICES)
def test_device_is_well_written(name: str) -> None:
    device = load_device(PEERS / name)
    for configuration in device.configurations:
        assert device.configured(configuration).ixit.port


def test_examples_load(tmp_path: Path) -> None:
    text = (PEERS / "README.md").read_text()
    blocks: list[Any] = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]
    whole = next(one for one in blocks if "title" in one and "process" in one["launch"])
    namespace = next(one for one in blocks if "sysctls" in str(one))
    further = next(one for one in blocks if "actions" in one and "launch" not in one)
    whole["launch"]["process"].update(namespace["launch"]["process"])
    whole["launch"]["process"]["control"] = "${work}/control"
    whole.update(further)
    (tmp_path / "peer.yaml").write_text(yaml.safe_dump(whole))
    (tmp_path / "mydaemon.conf.j2").write_text("listen {{ address }} on {{ interface }}\n")
    device = load_device(tmp_path)
    assert isinstance(device.launch, ProcessLaunch)
    assert device.launch.namespace is not None
    assert [one.version for one in device.launch.namespace.addresses] == [4, 6]
    assert device.configured("no-secret").ixit.secret is None
    assert isinstance(device.actions["close"], CommandAction)


def test_the_example_on_the_wire_loads(tmp_path: Path) -> None:
    text = (PEERS / "README.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (whole,) = [block for block in blocks if "external:" in block]
    (tmp_path / "peer.yaml").write_text(whole)
    device = load_device(tmp_path)
    assert isinstance(device.launch, ExternalLaunch)
    kinds = {type(action).__name__ for action in device.actions.values()}
    assert kinds == {"ConsoleAction", "CommandAction", "HttpAction", "AskAction"}


@pytest.mark.parametrize("form", ["container", "uml"])
def test_the_examples_of_other_forms_load(tmp_path: Path, form: str) -> None:
    text = (PEERS / "README.md").read_text()
    blocks: list[Any] = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]
    (launch,) = [one["launch"] for one in blocks if form in one.get("launch", {})]
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "mydaemon.conf.j2").write_text("listen {{ address }} on {{ interface }}\n")
    whole = {"title": "one", "role": "lns", "launch": launch}
    (tmp_path / "peer.yaml").write_text(yaml.safe_dump(whole))
    assert load_device(tmp_path).form == form


def test_every_key_is_explained() -> None:
    text = (PEERS / "README.md").read_text()
    for launch in (ProcessLaunch, ContainerLaunch, UmlLaunch):
        for key in {*launch.__dataclass_fields__} - {"host"}:
            assert key == "place" or re.search(rf"\b{key}\b", text), key
    for key in ProcessLaunch.__dataclass_fields__:
        assert key == "place" or f"`{key}`" in text, key
    # `cli` is the key of the console
    on_the_wire = {*ExternalLaunch.__dataclass_fields__, *Source.__dataclass_fields__}
    on_the_wire |= {*Console.__dataclass_fields__, "cli", "configure", "expect", "answers"}
    for key in on_the_wire - {"place", "console", "addresses"}:
        assert re.search(rf"`[^`]*\b{key}\b[^`]*`", text), key
