"""How long a case lasts, read off its steps.

What a step waits for in any case (a silence, a pause, a schedule of retransmissions) adds up. What
it waits for only until the IUT answers costs nothing on an IUT that does, and on one that does not
it costs the whole of its time once, for the case ends there.

Not counted: bringing the device up, and what a preamble or a last `alive` costs on a device that
has ceased to serve; the next case would meet a fresh one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from harness.suite.model import (
    Advance,
    Alive,
    Calls,
    Case,
    DeviceAction,
    Establish,
    Expect,
    LinkStep,
    Outstanding,
    Ppp,
    Repeat,
    Retransmissions,
    Severity,
    Silence,
    Step,
    Wait,
)
from harness.suite.patience import (
    SLOW_ANSWER,
    longest_wait,
    waits_for_slow_answers,
    would_be_better,
)
from harness.suite.vocabulary import SILENCE

QUICK: Final = 2.5
"""Seconds that a quick case may take by its steps: with the start of a device it is below 3 s."""

MOST_ANSWERS: Final = 60
"""Answers that a quick case waits for one after the other: each takes a turn of a harness that has
forty cases at a time, some 20 ms of two processors."""

PER_HELLO: Final = 0.0005
"""Seconds for one HELLO of `advance` and its acknowledgement."""

PER_CALL: Final = 0.0005
"""Seconds for one call of `calls`."""

PER_RESTART: Final = 1.0
"""Seconds for one restart of a device: the slowest of those known, l2tpns, needs so long."""

FRAMES: Final = frozenset({"ack", "ZLB", "data"})
"""What an `expect` takes for its answer only when no message has come until the end."""


def waits(case: Case) -> float:
    """Seconds that the case takes on an IUT which answers everything at once."""
    return _measured(case.steps)[0]


def longest(case: Case) -> float:
    """Seconds that the case takes at most on an IUT that is up; `seconds` of the case, if more."""
    return max(case.seconds, _measured(case.steps)[1])


def is_quick(case: Case) -> bool:
    """Whether the case is over soon whatever the IUT does, and keeps no other from running."""
    answers = _answers(case.steps)
    return longest(case) <= QUICK and answers <= MOST_ANSWERS and not case.exclusive


def _answers(steps: Iterable[Step]) -> int:
    """How many answers of the IUT a case waits for in all."""
    found = 0
    for step in steps:
        if isinstance(step, Repeat):
            found += step.count * _answers(step.steps)
        found += isinstance(step, Expect | Alive | Establish)
    return found


def _measured(steps: Iterable[Step]) -> tuple[float, float]:
    """Seconds that pass for certain, and seconds at most."""
    certain, _, most = _all_of(steps)
    return certain, most


def _all_of(steps: Iterable[Step]) -> tuple[float, float, float]:
    """Seconds that pass for certain, those at most with which a case goes on, and those at most."""
    certain = passed = most = 0.0
    for step in steps:
        if isinstance(step, Repeat):
            own, on, worst = _all_of(step.steps)
            worst += max(step.count - 1, 0) * on
            own, on = step.count * own, step.count * on
        else:
            own, worst = _step(step)
            on = max(own, _late(step)) if isinstance(step, Expect) else own
        most = max(most, passed + worst)
        certain += own
        passed += on
    return certain, passed, max(passed, most)


def _step(step: Step) -> tuple[float, float]:
    if isinstance(step, Wait | Silence):
        return step.seconds, step.seconds
    if isinstance(step, Retransmissions | Outstanding):
        return step.within, step.within
    if isinstance(step, LinkStep):
        return step.seconds, step.seconds
    if isinstance(step, DeviceAction) and step.action == "restart":
        return PER_RESTART, PER_RESTART
    if isinstance(step, Calls):
        return step.count * PER_CALL, step.count * PER_CALL
    if isinstance(step, Advance):
        return step.to * PER_HELLO, step.to * PER_HELLO
    if isinstance(step, Alive):
        return 0.0, step.within if step.what == "tunnel" else 0.0
    if isinstance(step, Ppp) and step.otherwise is not Severity.INCONC:
        return 0.0, step.within
    if isinstance(step, Expect):
        limit = _limit(step, {one.message for one in step.alternatives})
        return _for_certain(step), limit + longest_wait(step)
    return 0.0, 0.0


def _for_certain(step: Expect) -> float:
    """Seconds that pass although the IUT answers at once.

    Silence is known when the time is over, and so is that no message follows an acknowledgement.
    """
    names = {one.message for one in step.alternatives}
    if not names & FRAMES:
        return _limit(step, names) if SILENCE in names else 0.0
    return _limit(step, names - FRAMES - {SILENCE})


def _late(step: Expect) -> float:
    """Seconds that pass where something comes with which the case goes on, but a better answer may
    still come."""
    goes_on = (
        one.message in (*FRAMES, SILENCE)
        and one.verdict not in (Severity.FAIL, Severity.INCONC)
        and would_be_better(step, one)
        for one in step.alternatives
    )
    return SLOW_ANSWER if waits_for_slow_answers(step) and any(goes_on) else 0.0


def _limit(step: Expect, names: Collection[str]) -> float:
    """The longest that alternatives of these names may take."""
    limits = (
        step.within if one.within is None else one.within
        for one in step.alternatives
        if one.message in names
    )
    return max(limits, default=0.0)
