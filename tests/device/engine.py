"""What tests with containers and guests share."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from harness.device.container.engine import connect
from harness.device.container.images import image_of
from harness.device.description.launch import ContainerLaunch
from harness.device.reading.load import load_device
from harness.errors import DeviceError
from tests.device.bench import PEERS, missing

DEAD = "4194303"  # a number that Linux gives to no process
PEER = """\
title: one
role: {role}
launch:
  container:
    command: daemon --listen ${{address}}{words}
{keys}
"""


def launch_in(folder: Path, keys: str, *, role: str = "lns", words: str = "") -> Any:
    """The launch of a container with these keys, as it is read from a folder."""
    text = "\n".join(f"    {line}" for line in keys.splitlines())
    (folder / "peer.yaml").write_text(PEER.format(role=role, words=words, keys=text))
    return load_device(folder).launch


def require_engine() -> Any:
    """A client of the container engine; skip without one, or fail where devices are required."""
    try:
        return connect()
    except DeviceError as error:
        return missing(f"{error}")


def require_image(name: str) -> str:
    """The image of a device, built if it is not there; skip or fail where that cannot be."""
    device = load_device(PEERS / name).launched("container")
    assert isinstance(device.launch, ContainerLaunch)
    try:
        with contextlib.closing(require_engine()) as client:
            return image_of(client, device, device.launch)
    except DeviceError as error:
        return missing(f"{error}")
