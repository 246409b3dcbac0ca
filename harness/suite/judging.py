"""Which steps judge the IUT; the others drive it, or wait."""

from __future__ import annotations

from harness.suite.model import (
    Advance,
    Alive,
    Calls,
    Compare,
    Expect,
    Outstanding,
    Ppp,
    Repeat,
    Retransmissions,
    Series,
    Silence,
    Step,
)


def checks(step: Step) -> bool:
    """Whether a step judges the IUT, itself or by a step within."""
    if isinstance(step, Repeat):
        return any(checks(one) for one in step.steps)
    return isinstance(step, _CHECKS)


_CHECKS = (
    Expect,
    Silence,
    Retransmissions,
    Outstanding,
    Advance,
    Calls,
    Series,
    Alive,
    Ppp,
    Compare,
)
