"""`l2tp-harness doctor`: what is missing on this machine, for everything or for one device."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from harness.cli.devices import missing
from harness.cli.library import device_of
from harness.cli.printing import print_json, print_lines
from harness.cli.scratch import scratch
from harness.cli.signals import as_interrupt
from harness.device.description.device import Device
from harness.device.description.external import ExternalLaunch
from harness.device.registry import Listed, list_devices, search_folders
from harness.errors import EXIT_EXPECTED, EXIT_UNEXPECTED, HarnessError
from harness.peer.checksums import is_permitted
from harness.probe.findings import Findings
from harness.probe.probing import Probe, probe

_PYTHON: Final = (3, 11)


class Health(StrEnum):
    """How it is with one thing. Only `missing` and `wrong` make the doctor exit with 1."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at. `cause` and `hint` where there is more to say."""

    what: str
    health: Health
    cause: str = ""
    hint: str = ""

    @property
    def is_ill(self) -> bool:
        """Whether something has to be done."""
        return self.health in (Health.MISSING, Health.WRONG)


def execute(device: str | None, settings: Sequence[str], as_json: bool, time_scale: float) -> int:
    """Look, and say what was found. The exit code: 1 when something has to be done."""
    found: list[Found] = []

    def tell(one: Found) -> None:
        found.append(one)
        if not as_json:
            print_lines(_lines(one))
            sys.stdout.flush()

    examination = of_machine() if device is None else of_device(device, settings, time_scale)
    with as_interrupt():
        for one in examination:
            tell(one)
    ill = [one for one in found if one.is_ill]
    code = EXIT_UNEXPECTED if ill else EXIT_EXPECTED
    if as_json:
        print_json(
            {
                "found": [
                    {
                        "what": one.what,
                        "health": one.health.value,
                        "cause": one.cause,
                        "hint": one.hint,
                    }
                    for one in found
                ],
                "exit_code": code,
            }
        )
    else:
        print_lines([f"{len(ill)} of {len(found)} need attention" if ill else "all is well"])
    return code


def _lines(one: Found) -> list[str]:
    cause = f": {one.cause}" if one.cause else ""
    lines = f"{one.health.value:<8} {one.what}{cause}".split("\n")
    if one.hint:
        lines += [f"         hint: {one.hint}".replace("\n", "\n         ")]
    return [part for text in lines for part in text.split("\n")]


# -- this machine --------------------------------------------------------------------------------


def of_machine() -> Iterator[Found]:
    """What runs need here. What only some devices need is a note where no device is named."""
    version = ".".join(str(one) for one in sys.version_info[:3])
    old = sys.version_info[:2] < _PYTHON
    yield Found(f"Python {version}", Health.WRONG if old else Health.OK)
    root = os.geteuid() == 0
    yield _wanted("root", root, "devices in network namespaces of their own need it", "use sudo")
    tun = Path("/dev/net/tun").exists()
    yield _wanted("TUN", tun, "there is no /dev/net/tun", "modprobe tun")
    seen = is_permitted()
    yield _wanted("raw sockets", seen, "UDP checksums are not judged without", "use sudo")
    yield _engine()
    for module, purpose, extra in (
        ("pyroute2", "network namespaces", "devices"),
        ("docker", "containers", "containers"),
        ("netmiko", "command lines of routers", "wire"),
    ):
        there = find_spec(module) is not None
        hint = f"pip install 'l2tp-harness[{extra}]'"
        yield _wanted(f"{module} ({purpose})", there, "it is not installed", hint)
    for listed in list_devices(search_folders()):
        yield _listed(listed)


def _wanted(what: str, there: bool, cause: str, hint: str) -> Found:
    if there:
        return Found(what, Health.OK)
    return Found(what, Health.NOTE, cause, hint)


def _engine() -> Found:
    """Containers: whether their engine is there is said; that it answers, by its devices."""
    name = os.environ.get("DOCKER_HOST", "/var/run/docker.sock").removeprefix("unix://")
    there = not name.startswith("/") or Path(name).exists()
    hint = "apt-get install docker.io, or set DOCKER_HOST for podman"
    if there or shutil.which("docker") is None:
        return _wanted(f"container engine ({name})", there, "there is none", hint)
    cause = "Docker is installed, and does not run"
    return Found("container engine", Health.NOTE, cause, "start dockerd")


def _listed(listed: Listed) -> Found:
    """A device that lacks something here is nobody's fault, but one that is broken is."""
    what = f"device {listed.name}"
    if listed.error is not None:
        return Found(what, Health.WRONG, str(listed.error), "l2tp-harness lint")
    lacking = missing(listed)
    if lacking is None:
        return Found(what, Health.OK)
    return Found(what, Health.NOTE, lacking.cause, lacking.hint)


# -- one device ----------------------------------------------------------------------------------


def of_device(name: str, settings: Sequence[str], time_scale: float) -> Iterator[Found]:
    """What a run with this device needs, and whether it is what its peer.yaml says."""
    device = device_of(name, settings)
    yield Found(f"peer.yaml of {device.name}", Health.OK, device.title)
    lacking = missing(Listed(device.name, device.folder, device))
    if lacking is not None:
        yield _ill("what it needs here", lacking)
        return
    yield Found("what it needs here", Health.OK)
    if isinstance(device.launch, ExternalLaunch):
        well = True
        for one in _of_box(device, device.launch, time_scale):
            yield one
            well = well and not one.is_ill
        if not well:
            return
    yield from _behaviour(device, name, time_scale)


def _ill(what: str, error: HarnessError, health: Health = Health.MISSING) -> Found:
    return Found(what, health, error.cause, error.hint)


def _of_box(device: Device, launch: ExternalLaunch, time_scale: float) -> Iterator[Found]:
    """Whether a box on the wire answers, and its command line lets us in."""
    from harness.device.external.checkup import check_box

    for what, error, told in check_box(device, launch, time_scale):
        yield Found(what, Health.OK, told) if error is None else _ill(what, error)


def _behaviour(device: Device, name: str, time_scale: float) -> Iterator[Found]:
    """The ICS beside what the device does, timers left out."""
    with scratch("l2tp-doctor-") as folder:
        asked = Probe(device=device, named=name, out=folder, slow=False, time_scale=time_scale)
        try:
            found = probe(asked)
        except HarnessError as error:
            yield _ill("it starts, and answers", error)
            return
    yield _answers(found)
    yield from _ics(found)


def _answers(found: Findings) -> Found:
    opened = [found.claim(name) for name in ("accepts_tunnel", "initiates_tunnel")]
    what = "it opens a tunnel, or accepts one"
    if any(one.value for one in opened):
        return Found(what, Health.OK)
    return Found(
        what,
        Health.WRONG,
        "; ".join(one.why for one in opened),
        "without a tunnel nothing can be tested: are role, address, port and secret right?",
    )


def _ics(found: Findings) -> Iterator[Found]:
    differing = {claim.capability: stated for claim, stated in found.contradictions()}
    for claim in found.claims:
        what = f"ics {claim.capability}"
        if claim.value is None:
            yield Found(what, Health.NOTE, f"not found out. {claim.why}")
        elif claim.capability not in differing:
            yield Found(
                what, Health.OK, "claimed, and so" if claim.value else "not claimed, and not so"
            )
        elif differing[claim.capability]:
            hint = f"write {claim.capability}: false, or find out why; `probe` shows what was seen"
            yield Found(what, Health.WRONG, f"claimed, but: {claim.why}", hint)
        else:
            hint = f"{claim.capability}: true has the cases run that need it"
            yield Found(what, Health.NOTE, "not claimed, yet it works", hint)
