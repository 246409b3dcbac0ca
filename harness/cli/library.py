"""What a command works on: the suites, and the device that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.device.load import load_device
from harness.device.model import Device
from harness.device.registry import find_device, search_folders, split_form
from harness.errors import UsageError
from harness.resources import data_folder

OUT: Final = "out"
"""The folder in which every run leaves a folder of its own, unless told otherwise."""


def suites_folder(given: Path | None) -> Path:
    """The suites asked for, or those of the harness. Below the current folder it is relative."""
    return given if given is not None else near(data_folder("suites"))


def near(path: Path) -> Path:
    """The path as somebody in the current folder would write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def device_folder(name: str) -> Path:
    """The folder of a device. UsageError if there is no such device."""
    return near(find_device(name, search_folders()))


def device_of(name: str, settings: Sequence[str] = ()) -> Device:
    """The device of this name or path, with what `--set` says. UsageError, DataError(s).

    `NAME:FORM` is the device brought up in that form of launch: `xl2tpd-lns:container`.
    """
    overrides = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(
                "usage.set",
                f"--set {setting} has no value",
                hint="write --set KEY=VALUE, such as --set ixit.secret=other",
            )
        overrides[key.strip()] = value
    plain, form = split_form(name)
    device = load_device(device_folder(plain), overrides)
    return device.launched(form) if form else device
