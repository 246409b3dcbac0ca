"""What a command works on: the suites, and the device that it was given."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.reading.load import PEER_FILE, load_device
from harness.device.registry import find_device, list_devices, search_folders, split_form
from harness.errors import HarnessError, UsageError
from harness.resources import data_folder

_GLOB: Final = "*?["
_ADDRESSES: Final = ("ixit.address=", "launch.external.address=")

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


def devices_meant(words: Sequence[str], settings: Sequence[str] = ()) -> list[str]:
    """The devices that `--device` means, each once: names and paths, and globs over both.

    A word with a slash is a path. A glob does not mean a device on the wire of which nobody has
    said where it is: such are the worked examples. UsageError for a glob that no device fits.
    """
    placed = any(setting.startswith(_ADDRESSES) for setting in settings)
    meant: dict[str, None] = {}
    for word in words:
        plain, form = split_form(word)
        if not any(sign in plain for sign in _GLOB):
            meant[word] = None
            continue
        fitting = _fitting(plain)
        found = [one for one in fitting if placed or _is_somewhere(one)]
        if not found:
            hint = "`l2tp-harness devices` lists them"
            if fitting:
                hint = f"{', '.join(fitting)}: --set ixit.address=ADDRESS says where they are"
            raise UsageError("device.unknown", f"no device fits {word!r}", hint=hint)
        meant.update(dict.fromkeys(f"{name}:{form}" if form else name for name in found))
    return list(meant)


def left_out(words: Sequence[str], settings: Sequence[str] = ()) -> list[str]:
    """The devices that fit a glob of `devices_meant`, and that it leaves out."""
    if any(setting.startswith(_ADDRESSES) for setting in settings):
        return []
    plain = [split_form(word)[0] for word in words]
    globs = [word for word in plain if any(sign in word for sign in _GLOB)]
    fitting = dict.fromkeys(name for pattern in globs for name in _fitting(pattern))
    return [name for name in fitting if name not in plain and not _is_somewhere(name)]


def _fitting(pattern: str) -> list[str]:
    if "/" in pattern:
        root = Path("/") if pattern.startswith("/") else Path()
        folders = sorted(root.glob(pattern.strip("/")))
        return [str(folder) for folder in folders if (folder / PEER_FILE).is_file()]
    names = [one.name for one in list_devices(search_folders())]
    return fnmatch.filter(names, pattern)


def _is_somewhere(name: str) -> bool:
    """Whether a device is one to be run as it is. One with a mistake is, so that it is told."""
    try:
        device = load_device(device_folder(name))
    except HarnessError:
        return True
    launch = device.launch
    return not isinstance(launch, ExternalLaunch) or bool(launch.address or device.ixit.address)


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
