"""Steps that count: `outstanding` and `series`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Final

from harness.peer.channel import HALF, MODULUS, after
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.context import Context
from harness.suite.model import Outstanding, Series, Severity
from harness.suite.patience import SLOW_ANSWER

NEAR: Final = 256
"""Ids that are less apart than this are neighbours: two random ones are so once in 128 times."""


async def outstanding(context: Context, step: Outstanding) -> None:
    """Count the distinct messages that came and that no Nr of ours has acknowledged."""
    tunnel = context.tunnel(step)
    seconds = context.scaled(step.within)
    deadline = context.peer.now + seconds
    span = str(step.at_most)
    if step.at_least < step.at_most:
        span = f"{step.at_least} to {step.at_most}"
    expected = f"{span} messages unacknowledged at once"
    # too few may be those that a slow IUT has not come to yet
    slow = max(deadline, context.peer.now + context.scaled(SLOW_ANSWER))
    while True:
        found = _unacknowledged(tunnel)
        if len(found) > step.at_most:
            break
        until = deadline if len(found) >= step.at_least else slow
        if context.peer.now >= until:
            break
        await context.news(until)
    told = f"{len(found)} within {seconds:g} s"
    if found:
        told += f": {', '.join(one.name for one in found)}"
    frames = [one.number for one in found]
    if step.at_least <= len(found) <= step.at_most:
        context.settle(step, "outstanding", Severity.PASS, expected, told, frames)
    else:
        context.failed(step, "outstanding", expected, told, frames)


def _unacknowledged(tunnel: ScriptedTunnel) -> list[Observed]:
    """The first copy of each message that came behind what our Nr has acknowledged."""
    found: dict[int, Observed] = {}
    for one in tunnel.arrivals:
        ns = one.header.ns
        if ns is None or one.is_zlb:
            continue
        if after(ns, tunnel.channel.acknowledged_nr) < HALF:
            found.setdefault(ns, one)
    return list(found.values())


def series(context: Context, step: Series) -> None:
    """Judge the numbers that `collect` has gathered."""
    values = context.collected.get(step.of, [])
    numbers = [one for one in values if isinstance(one, int)]
    told = ", ".join(str(one) for one in numbers)
    if len(numbers) < step.count:
        context.inconclusive(step, f"{step.count} values of {step.of}", told or "none")
    if step.distinct:
        twice = [number for number, times in Counter(numbers).items() if times > 1]
        expected = "no two are the same"
        if twice:
            context.failed(step, "distinct", expected, f"{twice[0]} more than once: {told}")
        context.passed(step, "distinct", expected, told)
    if step.unpredictable:
        expected = "none follows from those before it"
        rule = simple_rule(numbers)
        if rule:
            context.failed(step, "unpredictable", expected, f"{rule}: {told}")
        context.passed(step, "unpredictable", expected, told)


def simple_rule(numbers: Sequence[int]) -> str:
    """By which of the usual rules more than half of 16-bit numbers follow from the one before.

    Empty where none of these rules holds. It shows what is predictable, not that the rest is not.
    """
    steps = [after(later, earlier) for earlier, later in itertools.pairwise(numbers)]
    if not steps:
        return ""
    near = sum(min(one, MODULUS - one) < NEAR for one in steps)
    if 2 * near > len(steps):
        return f"{near} of {len(steps)} are near the one before"
    common, times = Counter(steps).most_common(1)[0]
    if len(steps) > 1 and 2 * times > len(steps):
        return f"{times} of {len(steps)} are {common} above the one before"
    return ""
