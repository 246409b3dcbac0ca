"""Weakened steps whose values others need, so that without them the case ends all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.suite.model import (
    Acks,
    Close,
    Compare,
    DeviceAction,
    Establish,
    Expect,
    Repeat,
    Send,
    Severity,
    Step,
    Wait,
)
from harness.suite.variables import names_used

_SAYS_NO_MORE: Final = frozenset({Severity.INCONC, Severity.WARN, Severity.NOTE})
"""What a failed check counts as, if that is no more than an inconclusive case."""


def is_needed_later(
    step: Expect, weaker: Expect, before: Sequence[Step], behind: Sequence[Step]
) -> bool:
    """That an AVP is there, where the next step that judges, or one ahead of it, needs its value.

    Without the value that step cannot be done, and the case is inconclusive. Where any answer will
    do it is so too if nothing else can come than the SCCRQ that has the AVP.
    """
    if step.otherwise not in _SAYS_NO_MORE:
        return False
    names = {path for path in step.save.values() if "." not in path and path != "message"}
    needed = {name for name, path in step.save.items() if path in names}
    if not _is_next_to_need(needed, behind):
        return False
    if len(weaker.alternatives) != len(step.alternatives):
        return step.otherwise is Severity.INCONC and _opens_the_tunnel(step, before)
    dropped = {
        name
        for old, new in zip(step.alternatives, weaker.alternatives, strict=True)
        for name in set(old.where) - set(new.where)
        if old.header == new.header and old.verdict is new.verdict
    }
    return bool(dropped) and all(
        name in names and one.where[name].present is True
        for one in step.alternatives
        for name in dropped & set(one.where)
    )


def _is_next_to_need(values: set[str], behind: Sequence[Step]) -> bool:
    """Whether the first of the later steps that can say anything needs one of the values."""
    for later in behind:
        if later.when or later.unless or isinstance(later, Compare | Repeat):
            return False
        if values & names_used(later):
            return True
        if not isinstance(later, Send | Wait | Acks | Close | DeviceAction):
            return False
    return False


def _opens_the_tunnel(step: Expect, before: Sequence[Step]) -> bool:
    """Whether nothing but an SCCRQ can come: nobody has said anything in the tunnel yet."""
    return all(one.message == "SCCRQ" for one in step.alternatives) and not any(
        isinstance(one, Send | Expect | Establish) and one.tunnel == step.tunnel for one in before
    )
