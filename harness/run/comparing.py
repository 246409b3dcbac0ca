"""The step `compare`: values that earlier steps saved are judged."""

from __future__ import annotations

from harness.run.context import Context
from harness.suite.match import MISSING, describe_matcher, match
from harness.suite.model import Compare


async def compare(context: Context, step: Compare) -> None:
    """Judge values that earlier steps saved."""
    values = context.values(step)
    problems = []
    for name, matcher in step.values.items():
        problems += match(matcher, values.get(name, MISSING), name, values)
    shown = ", ".join(f"{name} = {values.get(name, MISSING)!r}" for name in step.values)
    wanted = (f"{name} {describe_matcher(one)}" for name, one in step.values.items())
    expected = ", ".join(wanted)
    if problems:
        context.failed(step, "compare", expected, "; ".join(problems))
    context.passed(step, "compare", expected, shown)
