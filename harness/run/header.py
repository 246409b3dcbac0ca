"""The header of a run: what was tested, by which rows, and what was known of the device."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from harness import __version__
from harness.device.description.device import LIMITED, Device
from harness.device.description.ics import CAPABILITIES, OF_EVERY_LNS
from harness.device.description.launch import EmbeddedLaunch
from harness.device.description.template import PlainValue
from harness.device.version import version_of
from harness.run.events import Header, Row
from harness.run.select import Selected
from harness.spec.model import Requirement, Role, Specification
from harness.spec.monitor import RuleTable
from harness.suite.model import Repeat, Step

_SECRET: Final = re.compile("secret|password|passwd|token|key", re.IGNORECASE)
"""Names of values that go into no report."""


def make_header(
    device: Device,
    specification: Specification,
    rules: RuleTable,
    plan: Sequence[Selected],
    *,
    named: str,
    selection: tuple[str, ...],
    command: str,
    seed: int,
    options: tuple[str, ...],
) -> Header:
    """The header of a run that begins now.

    Its rows are those that bind the side under test, and those that a check may name besides.
    """
    rows: dict[str, None] = {}
    for rule in rules.rules.values():
        rows.update(dict.fromkeys(rule.rows))
    for one in plan:
        rows.update(dict.fromkeys(one.case.covers))
        rows.update(dict.fromkeys(rows_of(one.case.steps)))
    return Header(
        harness=__version__,
        device=named,
        title=device.title,
        role=device.role.value,
        specification=specification.name,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        selection=selection,
        cases=len(plan),
        command=command,
        seed=seed,
        rows={
            name: _row(row, device.role)
            for name, row in specification.requirements.items()
            if name in rows or row.binds(device.role)
        },
        virtual_time=isinstance(device.launch, EmbeddedLaunch),
        options=options,
        version=version_of(device),
        ics=ics_of(device),
        ixit=ixit_of(device),
    )


def _row(row: Requirement, role: Role) -> Row:
    return Row(
        row.section,
        row.level_name,
        row.text,
        row.table,
        row.excluded or "",
        row.binds(role),
    )


def rows_of(steps: Sequence[Step]) -> list[str]:
    """The requirement rows that steps name by themselves."""
    rows: list[str] = []
    for step in steps:
        rows += step.rows
        if isinstance(step, Repeat):
            rows += rows_of(step.steps)
    return rows


def ics_of(device: Device) -> dict[str, str]:
    """What the device claims, of all that may be claimed."""
    given = OF_EVERY_LNS if device.role is Role.LNS else frozenset[str]()
    return {
        name: _claimed(True if name in given else device.ics.get(name)) for name in CAPABILITIES
    }


def _claimed(value: PlainValue) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def ixit_of(device: Device) -> dict[str, str]:
    """What the tester knows of the device, secrets as `set` or `none`."""
    ixit = device.ixit
    told = {
        "address": ixit.address or "chosen for each case",
        "port": str(ixit.port),
        "secret": _value("secret", ixit.secret),
        "host_name": _value("host_name", ixit.host_name),
        "hello_interval": "not known"
        if ixit.hello_interval is None
        else f"{ixit.hello_interval:g} s",
        "retransmit": "not known",
    }
    if ixit.retransmit is not None:
        schedule = ixit.retransmit
        cap = f", at most {schedule.cap:g} s apart" if schedule.cap else ""
        told["retransmit"] = f"first after {schedule.first:g} s{cap}, {schedule.max} times in all"
    limits = {name: getattr(ixit, name) for name in LIMITED.values()}
    told |= {name: str(limit) for name, limit in limits.items() if limit is not None}
    told |= {name: _value(name, value) for name, value in ixit.extra.items()}
    for name, changes in device.configurations.items():
        listed = [f"{key} = {_value(key, value)}" for key, value in changes.items()]
        told[f"configuration {name}"] = ", ".join(listed) or "as the default"
    told["actions"] = ", ".join(device.actions) or "none"
    return told


def _value(name: str, value: PlainValue) -> str:
    if value is None:
        return "none"
    return "set" if _SECRET.search(name) else str(value)
