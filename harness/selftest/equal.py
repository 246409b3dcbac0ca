"""Weakenings that can make no difference, whatever an IUT does: the other steps say the same.

Each rule follows from how the steps are judged in `harness.run`, and takes away only what it can
tell from the case alone; where it is in doubt, the weakening stays and wants a mutant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.run.context import RANK
from harness.run.expecting import LATE_ACK, TIMED_OTHERWISE
from harness.suite.model import (
    Alive,
    Alternative,
    Case,
    Expect,
    LinkStep,
    Matcher,
    Ppp,
    Repeat,
    Send,
    Severity,
    Silence,
    Step,
    Wait,
)

FRAMES: Final = frozenset({"ack", "ZLB", "data"})
"""What is looked for among all that comes; what does not fit is no failure, but passes by."""

_OF_A_FIRST_MESSAGE: Final = frozenset({"tunnel_id", "ns"})


@dataclass(frozen=True, slots=True)
class Around:
    """Where a step stands: its case, and the steps before and behind it on its level."""

    case: Case
    before: Sequence[Step]
    behind: Sequence[Step]


def says_the_same(step: Step, weaker: Step, around: Around) -> bool:
    """Whether the case says of every IUT with the weaker step what it says with the step."""
    if not isinstance(step, Expect) or not isinstance(weaker, Expect):
        return False
    if len(step.alternatives) != len(weaker.alternatives):
        return False
    changed = [
        (before, after)
        for before, after in zip(step.alternatives, weaker.alternatives, strict=True)
        if before != after
    ]
    if not changed:
        return False
    if any(before.verdict is not after.verdict for before, after in changed):
        one = changed[0][0]
        return _end_is_seen(step, one, around) or _lateness_is_seen(step, one, around.case)
    return _only_more_fits(step, changed) or _is_of_a_request(step, changed, around)


def _end_is_seen(step: Expect, one: Alternative, around: Around) -> bool:
    """A StopCCN that counts as a failure, ahead of an `alive: tunnel` that counts as one.

    A tunnel that the IUT has ended is not alive. What stands between can only fail as well.
    """
    if one.message != "StopCCN" or one.verdict is not Severity.FAIL:
        return False
    if _asks_nobody(around.before):
        return False  # a StopCCN for tunnel 0 does not end the tunnel of the step
    for later in around.behind:
        if later.when or later.unless or later.tunnel != step.tunnel:
            return False
        if isinstance(later, Wait):
            continue
        if later.otherwise is not Severity.FAIL:
            return False
        if isinstance(later, Alive):
            return later.what == "tunnel"
        if not isinstance(later, Silence | Ppp):
            return False
    return False


def _asks_nobody(before: Sequence[Step]) -> bool:
    sent = [one for one in before if isinstance(one, Send)]
    return any(one.compose.is_malformed for one in sent)


def _lateness_is_seen(step: Expect, one: Alternative, case: Case) -> bool:
    """An `ack` that is a warning because it is late: without the verdict P-8 makes it one.

    So it is unless the case has another policy, grades acknowledgements by something else, or
    loses something on purpose; and what is in time has to fit an alternative before it.
    """
    acks = [other for other in step.alternatives if other.message == "ack"]
    others = [other for other in acks if other is not one]
    if one.message != "ack" or one.verdict is not Severity.WARN:
        return False
    if any(other.verdict is not Severity.PASS for other in others):
        return False
    policies = {step.policy, *case.policy, *(other.policy for other in acks)}
    if policies & TIMED_OTHERWISE or any(isinstance(each, LinkStep) for each in _all(case.steps)):
        return False
    return any(
        (other.where, other.header) == (one.where, one.header)
        and (step.within if other.within is None else other.within) >= LATE_ACK
        for other in step.alternatives[: step.alternatives.index(one)]
        if other.message == "ack"
    )


def _only_more_fits(step: Expect, changed: Sequence[tuple[Alternative, Alternative]]) -> bool:
    """A matcher of a frame that counts against the IUT, where silence does not.

    Without the matcher more frames fit, and nothing that counts for more is passed over for them.
    """
    least = min(RANK[_counted(before.verdict)] for before, _ in changed)
    if least == 0 or any(before.message not in FRAMES for before, _ in changed):
        return False
    names = {one.message for one in step.alternatives}
    others = [one for one in step.alternatives if all(one is not each for each, _ in changed)]
    silences = [one for one in others if one.message == "silence"]
    return (
        bool(silences)
        and all(RANK[_counted(one.verdict)] < least for one in silences)
        and all(RANK[_counted(one.verdict)] <= least for one in others)
        and Severity.INCONC not in {one.verdict for one in step.alternatives}
        and ("any" in names or _takes_all(others, {before.message for before, _ in changed}))
    )


def _counted(verdict: Severity) -> Severity:
    return Severity.NOTE if verdict is Severity.PASS else verdict


def _takes_all(others: Sequence[Alternative], messages: Iterable[str]) -> bool:
    """Whether what does not fit is taken by another alternative for the same frame."""
    bare = {one.message for one in others if not one.where and not one.header}
    return set(messages) <= bare


def _is_of_a_request(
    step: Expect, changed: Sequence[tuple[Alternative, Alternative]], around: Around
) -> bool:
    """Tunnel ID 0 and Ns 0 of the SCCRQ by which the IUT opens the tunnel.

    Nothing else opens a tunnel of the scripted peer: what has another Tunnel ID is for nobody, and
    what has another Ns waits for those before it (`ScriptedPeer`).
    """
    if step.again or any(isinstance(one, Send | Expect) for one in around.before):
        return False
    return all(
        before.message == "SCCRQ"
        and before.where == after.where
        and all(
            name in _OF_A_FIRST_MESSAGE and _is_zero(matcher)
            for name, matcher in before.header.items()
            if after.header.get(name) != matcher
        )
        for before, after in changed
    )


def _is_zero(matcher: Matcher) -> bool:
    return matcher.equals == 0


def _all(steps: Sequence[Step]) -> Iterable[Step]:
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from _all(step.steps)
