"""What a program needs before it can start: itself, helpers, root."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.description.launch import ProcessLaunch, ProgramLaunch, UmlLaunch
from harness.errors import DeviceError

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where daemons are, and PATH of an ordinary user does not look."""

_ELSEWHERE = {
    ProcessLaunch: "for one elsewhere: --set launch.process.binary=PATH",
    UmlLaunch: "for a kernel elsewhere: --set launch.uml.kernel=PATH",
}


def check_needs(device: Device, launch: ProcessLaunch) -> None:
    """Raise DeviceError with a hint for the first thing that is missing."""
    find_program(launch.binary, launch)
    for program in launch.needs.programs:
        find_program(program, launch)
    check_files(device, launch)


def check_files(device: Device, launch: ProgramLaunch) -> None:
    """Raise DeviceError for the first file that is missing, or for want of root."""
    for file in launch.needs.files:
        if not Path(file).exists():
            raise DeviceError(
                "device.no-file",
                f"{device.name} needs {file}, which is not there",
                hint="modprobe tun; a container needs --device /dev/net/tun"
                if file == "/dev/net/tun"
                else launch.needs.install,
                place=launch.place,
            )
    if launch.namespace is not None:
        check_netlink()
    if launch.needs.root and os.geteuid() != 0:
        raise DeviceError(
            "device.root",
            f"{device.name} needs root",
            hint="run it with sudo, or as root in a container",
            place=launch.place,
        )


def check_netlink() -> None:
    """Raise DeviceError when the package that makes network namespaces is missing."""
    if find_spec("pyroute2") is None:
        raise DeviceError(
            "device.no-pyroute2",
            "a device in a network namespace of its own needs the package pyroute2",
            hint="pip install 'l2tp-harness[devices]'",
        )


def check_uml(device: Device, launch: UmlLaunch) -> None:
    """Raise DeviceError with a hint for the first thing that a guest lacks here."""
    for program in (launch.kernel, *launch.needs.programs):
        find_program(program, launch)
    check_files(device, launch)


def check_external(device: Device, launch: ExternalLaunch) -> None:
    """Raise DeviceError with a hint for the first thing that a device on the wire lacks here."""
    if not (launch.address or device.ixit.address):
        raise DeviceError(
            "device.no-address",
            f"nobody has said where {device.name} is",
            hint="--set ixit.address=ADDRESS, or write it in its peer.yaml",
            place=launch.place,
        )
    values_of_secrets(device, launch)
    if launch.console is not None and find_spec("netmiko") is None:
        raise DeviceError(
            "device.no-netmiko",
            f"{device.name} has a command line, which needs netmiko",
            hint="pip install 'l2tp-harness[wire]'",
            place=launch.place,
        )


def values_of_secrets(device: Device, launch: ExternalLaunch) -> dict[str, str]:
    """The values of the secrets, from the environment. DeviceError names those that are not set."""
    missing = [name for name in launch.secrets.values() if name not in os.environ]
    if missing:
        raise DeviceError(
            "device.no-secret",
            f"{device.name} needs the environment variable {', '.join(missing)}",
            hint=f"export {missing[0]}=…; in CI it is a masked variable of the job",
            place=launch.place,
        )
    return {name: os.environ[variable] for name, variable in launch.secrets.items()}


def find_program(name: str, launch: ProgramLaunch) -> str:
    """The path of a program, given a name or a path. DeviceError `device.no-program`."""
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(name, path=folders)
    if found:
        return str(Path(found).absolute())
    # os.path, unlike Path, takes a folder of PATH that may not be looked into for one without it
    if os.path.isfile(name):  # noqa: PTH113
        raise DeviceError(
            "device.no-program",
            f"{name} is not executable",
            hint=f"chmod +x {name}",
            place=launch.place,
        )
    paths = (str(Path(folder, name)) for folder in folders.split(os.pathsep))
    there = [path for path in paths if os.path.isfile(path)]  # noqa: PTH113
    if "/" not in name and there and not os.access(there[0], os.X_OK):
        raise DeviceError(
            "device.no-program",
            f"{there[0]} may not be executed by this user",
            hint="run it with sudo, or as root in a container",
            place=launch.place,
        )
    install = f"{launch.needs.install}; " if launch.needs.install else ""
    raise DeviceError(
        "device.no-program",
        f"there is no program {name}",
        hint=f"{install}{_ELSEWHERE.get(type(launch), '')}".removesuffix("; "),
        place=launch.place,
    )
