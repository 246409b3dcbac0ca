"""The `retransmissions` step: how the IUT repeats a message that stays unacknowledged (5.8).

Each property of the schedule is a check of its own. What the RFC only recommends is a note: the
first interval (P-14) and the number of transmissions (P-17). What it demands is not: intervals
double until a cap (P-15), the cap is no less than 8 s (P-16), only Nr may differ between copies.
"""

from __future__ import annotations

import itertools

from harness.peer.channel import HALF, after
from harness.peer.made_octets import with_nr
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedTunnel
from harness.run.concerning import describe
from harness.run.context import Context
from harness.spec.monitor.timing import began_between_ticks, ticks
from harness.suite.model import Retransmissions, Severity

SEVERAL = 3
"""Transmissions, the first one among them, after which a peer may be given up."""
CAP_TOLERANCE = 0.9
NOISE = 0.2
"""Seconds by which an interval may differ because of the machine rather than the device. With more
of it, an interval of a second that does not grow at all would pass for one that doubles."""


async def retransmissions(context: Context, step: Retransmissions) -> None:
    """Collect the copies, then judge them."""
    copies, gone_on = await _collect(context, step)
    times = [one.at for one in copies]
    frames = [one.number for one in copies]
    intervals = [later - earlier for earlier, later in itertools.pairwise(times)]
    told = _told(intervals)
    too_few = len(copies) < max(2, step.at_least)
    ended_early = too_few and _has_given_up(context, step, times)
    if too_few and not ended_early:
        seen = f"{len(copies)} within {context.scaled(step.within):g} s {told}".rstrip()
        expected = f"{step.message} at least {step.at_least} times"
        context.failed(step, "retransmission", expected, seen, frames)
    _judge_copies(context, step, copies)
    _judge_first(context, step, intervals, frames)
    _judge_growth(context, step, intervals, frames)
    if step.until_given_up or ended_early:
        _judge_number(context, step, copies, told)
        if gone_on and not ended_early and len(copies) <= step.sends[1]:
            # with so few of them it may still be at it, at intervals of minutes (P-17)
            context.inconclusive(step, f"{step.message} is given up", f"not yet, {told}", frames)


async def _collect(context: Context, step: Retransmissions) -> tuple[list[Observed], bool]:
    """All copies of the message until enough have come, the IUT gives up, or the time is over.

    Gives too whether it may send more. It has given up when it sends StopCCN, or stays silent for
    twice the interval that was due.
    """
    tunnel = context.tunnel(step)
    deadline = context.peer.now + context.scaled(step.within) * context.unhurried
    copies: list[Observed] = []
    looked = 0
    stopped = False
    oldest = _oldest(tunnel, step.message)
    while True:
        for one in tunnel.arrivals[looked:]:
            ns = one.header.ns
            stopped = stopped or (one.name == "StopCCN" and bool(copies))
            if one.name != step.message or ns is None or after(ns, oldest) >= HALF:
                continue
            if not copies or (ns == copies[0].header.ns and one.number != copies[-1].number):
                copies.append(one)
        looked = len(tunnel.arrivals)
        if len(copies) >= step.at_least and not step.until_given_up:
            return copies, True
        until = deadline
        if step.until_given_up and len(copies) > 1:
            last = copies[-1].at - copies[-2].at
            until = min(deadline, copies[-1].at + 2 * last + context.scaled(step.first[1]))
            if stopped and step.message != "StopCCN":
                return copies, False
        if context.peer.now >= until:
            return copies, until == deadline
        await context.news(until)


def _has_given_up(context: Context, step: Retransmissions, times: list[float]) -> bool:
    """Whether it was sent several times, and then for long enough no more (P-17)."""
    if len(times) < SEVERAL:
        return False
    due = times[-1] + 2 * (times[-1] - times[-2]) + context.scaled(step.first[1])
    return context.peer.now >= due


def _oldest(tunnel: ScriptedTunnel, message: str) -> int:
    """The Ns from which on a message is the one that the step is about.

    While acknowledgements are held that is the first one held back. Otherwise it is the last one of
    that name: a link that loses acknowledgements may be why it is sent again.
    """
    if not tunnel.channel.acks_held:
        for one in reversed(tunnel.arrivals):
            if one.name == message and one.header.ns is not None:
                return one.header.ns
    return tunnel.channel.acknowledged_nr


def _told(intervals: list[float]) -> str:
    shown = ", ".join(f"{one:.2f}" for one in intervals)
    return f"after {shown} s" if intervals else ""


def _judge_copies(context: Context, step: Retransmissions, copies: list[Observed]) -> None:
    first = with_nr(copies[0].parsed.raw, 0)
    for copy in copies[1:]:
        if with_nr(copy.parsed.raw, 0) != first:
            context.failed(
                step,
                "same message",
                "a retransmission differs in nothing but Nr",
                f"{describe(copy)}: other octets than before",
                [copies[0].number, copy.number],
            )
    expected = "a retransmission differs in nothing but Nr"
    context.passed(step, "same message", expected, f"{len(copies)} copies alike")


def _judge_first(
    context: Context, step: Retransmissions, intervals: list[float], frames: list[int]
) -> None:
    low, high = step.first
    inside = low - NOISE <= intervals[0] <= context.scaled(high) + NOISE
    context.settle(
        step,
        "first retransmission",
        Severity.PASS if inside else Severity.NOTE,
        f"after {low:g} to {high:g} s",
        f"after {intervals[0]:.2f} s",
        frames[:2],
        policy="P-14",
    )


def _judge_growth(
    context: Context, step: Retransmissions, intervals: list[float], frames: list[int]
) -> None:
    low, high = step.factor
    expected = (
        f"intervals grow {low:g} to {high:g} fold, until a cap of {step.least_cap:g} s or more"
    )
    for index, (before, later) in enumerate(itertools.pairwise(intervals)):
        if ticks(intervals):
            break
        longest = (before + NOISE) * high + NOISE
        grows = (before - NOISE) * low - NOISE <= later <= longest
        grows = grows or (not index and began_between_ticks(later, before))
        capped = later >= step.least_cap * CAP_TOLERANCE and later >= before * CAP_TOLERANCE
        if not grows and not (capped and later <= longest):
            context.failed(
                step,
                "back-off",
                expected,
                f"{later:.2f} s after {before:.2f} s ({_told(intervals)})",
                frames[index : index + 3],
            )
    context.passed(step, "back-off", expected, _told(intervals), frames)


def _judge_number(
    context: Context, step: Retransmissions, copies: list[Observed], told: str
) -> None:
    low, high = step.sends
    context.settle(
        step,
        "number of transmissions",
        Severity.PASS if low <= len(copies) <= high else Severity.NOTE,
        f"{low} to {high} transmissions in all",
        f"{len(copies)} {told}",
        [one.number for one in copies],
        policy="P-17",
    )
