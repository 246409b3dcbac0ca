"""Whether a tunnel of a case has one session, so that there is nothing else in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from harness.spec.model import Role
from harness.suite.model import (
    Alive,
    Calls,
    Case,
    DeviceAction,
    Establish,
    Repeat,
    Send,
    Step,
    Wait,
)

OUTGOING: Final = "outgoing-session"
_OF_TUNNELS: Final = frozenset({"SCCRQ", "SCCRP", "SCCCN", "StopCCN", "HELLO", "ZLB"})
"""Messages that are about no session, whatever the step says."""


def has_one_session(case: Case, step: Step) -> bool:
    """Whether all that the case does in the tunnel of a step is about one session.

    A LAC has one that it dialled as well where it places a call, and any may be that one: of it
    the whole case has to be about one session.
    """
    every = list(_all(case.steps))
    if any(isinstance(one, Calls) for one in every):
        return False
    if Role.LAC in case.iut:
        outgoing = any(isinstance(one, Establish) and one.what == OUTGOING for one in every)
        return not outgoing and len({one.session for one in every}) == 1
    if any("$" in one.tunnel for one in every):
        return len({one.session for one in every}) == 1
    here = [one for one in every if one.tunnel == step.tunnel and _is_about_a_call(one)]
    return len({one.session for one in here}) == 1


def _is_about_a_call(step: Step) -> bool:
    if isinstance(step, Establish):
        return step.what != "tunnel"
    if isinstance(step, Send):
        return step.compose.message not in _OF_TUNNELS
    return not isinstance(step, Alive | Wait | DeviceAction)


def _all(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from _all(step.steps)
