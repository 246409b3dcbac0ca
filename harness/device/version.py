"""Which version of a program is under test, for the record of a run."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from harness.device.description.device import Device
from harness.device.description.launch import ProcessLaunch
from harness.device.needs import find_program
from harness.device.templates import fill
from harness.errors import DeviceError

_WITHIN: Final = 5.0
_LONGEST: Final = 100
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f]+")


def version_of(device: Device) -> str:
    """The version that its peer.yaml names, or has a command print; empty where nobody says it.

    A program that cannot say it is no error: whether it can be started is found out by starting it.
    """
    version, launch = device.version, device.launch
    if version is None:
        return ""
    if not version.command:
        return version.text
    if not isinstance(launch, ProcessLaunch):
        return ""  # the program of this machine is not the one in there
    try:
        names = {
            "folder": str(device.folder.resolve()),
            "binary": find_program(launch.binary, launch),
        }
        done = subprocess.run(
            [fill(word, names) for word in version.command],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            cwd=device.folder,
            timeout=_WITHIN,
            check=False,
        )
    except (DeviceError, OSError, subprocess.TimeoutExpired):
        return ""
    told = (done.stdout + b"\n" + done.stderr).decode("utf-8", "backslashreplace")
    for line in map(str.strip, _CONTROL.split(told)):
        found = version.pattern.search(line) if version.pattern else None
        if version.pattern is None and line:
            return line[:_LONGEST]
        if found is not None:
            return found[found.re.groups and 1][:_LONGEST]
    return ""
