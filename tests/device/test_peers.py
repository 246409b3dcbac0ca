"""The devices in peers/, and the examples of how to write one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.device import ProcessLaunch, list_devices, load_device
from harness.device.model import CommandAction
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
    whole, namespace, further = blocks
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


def test_every_key_is_explained() -> None:
    text = (PEERS / "README.md").read_text()
    for key in ProcessLaunch.__dataclass_fields__:
        assert key == "place" or f"`{key}`" in text, key
