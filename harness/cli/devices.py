"""`l2tp-harness devices`: the devices there are, and what is missing to run them."""

from __future__ import annotations

from typing import Any

from harness.cli.library import near
from harness.cli.printing import print_json, print_lines
from harness.device.container.site import check_container
from harness.device.description.external import ExternalLaunch
from harness.device.description.launch import ContainerLaunch, ProcessLaunch, UmlLaunch
from harness.device.needs import check_external, check_needs, check_uml
from harness.device.registry import Listed, list_devices, search_folders
from harness.errors import DataErrors, DeviceError, HarnessError


def show(as_json: bool) -> None:
    """Print every device in ./peers and of the harness."""
    listed = list_devices(search_folders())
    if as_json:
        print_json([_json(one) for one in listed])
        return
    width = max((len(one.name) for one in listed), default=0)
    for one in listed:
        print_lines(f"{one.name:<{width}}  {_line(one)}".split("\n"))
        for form in _further(one):
            print_lines([f"{one.name}:{form}{_here(missing(one, form))}"])


def _json(one: Listed) -> dict[str, Any]:
    facts: dict[str, Any] = {"device": one.name, "folder": str(near(one.folder))}
    if one.device is not None:
        facts |= {
            "title": one.device.title,
            "role": one.device.role.value,
            "profile": one.device.profile,
            "ics": dict(one.device.ics),
            "configurations": sorted(one.device.configurations),
            "actions": sorted(one.device.actions),
            "launch": {form: _json_error(missing(one, form)) for form in one.device.launches},
        }
    return {**facts, "missing": _json_error(missing(one)), "error": _json_error(one.error)}


def _json_error(error: HarnessError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    told: dict[str, Any] = {"code": error.code, "cause": error.cause, "hint": error.hint}
    if isinstance(error, DataErrors):
        told["errors"] = [_json_error(one) for one in error.errors]
    return {**told, "place": str(error.place)} if error.place else told


def _line(one: Listed) -> str:
    if one.device is None:
        return f"error: {one.error}"
    return f"{one.device.role.value}  {one.device.title}{_here(missing(one))}"


def _further(one: Listed) -> list[str]:
    """The forms of launch besides the first."""
    return [] if one.device is None else list(one.device.launches)[1:]


def _here(lacking: DeviceError | None) -> str:
    if lacking is None:
        return ""
    return f"  (missing: {'; '.join(one for one in (lacking.cause, lacking.hint) if one)})"


def missing(one: Listed, form: str = "") -> DeviceError | None:
    """What keeps a device from being started on this machine, in its first form or another."""
    if one.device is None:
        return None
    launch = one.device.launches[form or one.device.form]
    try:
        if isinstance(launch, ProcessLaunch):
            check_needs(one.device, launch)
        elif isinstance(launch, ContainerLaunch):
            check_container(one.device, launch)
        elif isinstance(launch, UmlLaunch):
            check_uml(one.device, launch)
        elif isinstance(launch, ExternalLaunch):
            check_external(one.device, launch)
    except DeviceError as error:
        return error
    return None
