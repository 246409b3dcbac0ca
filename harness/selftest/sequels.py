"""Weakened steps of which those behind them say the same, or more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.run.context import RANK
from harness.suite.edits import HeaderEdit
from harness.suite.model import (
    Alive,
    Alternative,
    Expect,
    Outstanding,
    Ppp,
    Repeat,
    Send,
    Severity,
    Silence,
    Step,
    Wait,
)

ENDING: Final = "StopCCN"


def end_is_seen(
    step: Expect, one: Alternative, before: Sequence[Step], behind: Sequence[Step]
) -> bool:
    """A StopCCN that counts as a failure, ahead of an `alive: tunnel` or `ppp` that counts as one.

    A tunnel that the IUT has ended is not alive, and its PPP is not asked any more. What stands
    between can only fail as well.
    """
    if one.message != ENDING or one.verdict is not Severity.FAIL:
        return False
    if _asks_nobody(before):
        return False  # a StopCCN for tunnel 0 does not end the tunnel of the step
    for later in _as_done(behind):
        if _is_left_out(step, later):
            continue
        if later.unless or later.tunnel != step.tunnel:
            return False
        if isinstance(later, Wait) or _is_plain(later):
            continue
        if later.otherwise is not Severity.FAIL:
            return False
        if isinstance(later, Expect):
            if any(each.verdict is Severity.INCONC for each in later.alternatives):
                return False
            continue
        if later.when:
            return False
        if isinstance(later, Alive):
            return later.what == "tunnel"
        if isinstance(later, Ppp):
            return True
        if not isinstance(later, Silence):
            return False
    return False


def _as_done(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps one by one, of those that are repeated the first round."""
    for step in steps:
        if not isinstance(step, Repeat):
            yield step
        elif step.count >= 1:
            yield from _as_done(step.steps)


def _is_left_out(step: Expect, later: Step) -> bool:
    """Whether a later step is for another message than the StopCCN that came."""
    return any(
        path == "message"
        and name in later.when
        and later.when[name].has_equals
        and later.when[name].equals != ENDING
        for name, path in step.save.items()
    )


def _is_plain(later: Step) -> bool:
    """Whether it sends a message as the table has it, which needs nothing that is not known."""
    return isinstance(later, Send) and not later.compose.is_edited


def _asks_nobody(before: Sequence[Step]) -> bool:
    """Whether something was sent with another Tunnel ID than that of the tunnel, or may have been.

    An edit of the header's other ids and numbers leaves the Tunnel ID alone.
    """
    for one in before:
        if not isinstance(one, Send) or not one.compose.is_malformed:
            continue
        harmless = replace(one.compose, header=None)
        header = one.compose.header or HeaderEdit()
        if harmless.is_malformed or replace(header, session_id=None) != HeaderEdit():
            return True
    return False


def is_judged_next(step: Outstanding, weaker: Outstanding, behind: Sequence[Step]) -> bool:
    """The most that may be under way, where the step behind has the same bound and says more.

    What is unacknowledged remains so until then.
    """
    later = behind[0] if behind else None
    return (
        weaker.at_most > step.at_most
        and isinstance(later, Outstanding)
        and not (later.when or later.unless)
        and (later.tunnel, later.at_most) == (step.tunnel, step.at_most)
        and later.at_least <= step.at_least
        and step.otherwise is not None
        and later.otherwise is not None
        and RANK[later.otherwise] > RANK[step.otherwise]
    )
