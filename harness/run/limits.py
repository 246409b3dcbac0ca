"""A case about a limit, fitted to the device: in which configuration, and how many that are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.device.description.device import LIMITED, Device
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.suite.model import Calls, Case, Repeat, Series, Step


def fitted(case: Case, device: Device) -> Case:
    """The case with the limit of the device; as it is where it has none, or the device no such.

    Of the configurations whose limit suits the case it is that with the lowest, unless the case
    names one.
    """
    limit = case.limit
    if limit is None:
        return case
    suitable = {
        name: number
        for name, number in device.limits(limit.of).items()
        if limit.low <= number <= limit.high and case.configuration in (DEFAULT_CONFIGURATION, name)
    }
    if not suitable:
        return case
    name = min(suitable, key=suitable.__getitem__)
    number = suitable[name]
    return replace(
        case,
        configuration=name,
        limit=replace(limit, number=number),
        steps=_counted(case.steps, number),
    )


def why_unfitted(case: Case) -> str:
    """Why a case about a limit cannot run on the device that it was fitted to; empty if it can."""
    limit = case.limit
    if limit is None or limit.number:
        return ""
    value = LIMITED[limit.of]
    return f"the IXIT names no {value} of {limit.low} to {limit.high}, in no configuration"


def _counted(steps: Iterable[Step], number: int) -> tuple[Step, ...]:
    """The steps with counts of their own instead of those that depend on the limit."""
    return tuple(_of_number(step, number) for step in steps)


def _of_number(step: Step, number: int) -> Step:
    if isinstance(step, Repeat):
        count = step.count + number * step.of_limit
        return replace(step, count=count, of_limit=False, steps=_counted(step.steps, number))
    if isinstance(step, Series | Calls) and step.of_limit:
        return replace(step, count=step.count + number, of_limit=False)
    return step
