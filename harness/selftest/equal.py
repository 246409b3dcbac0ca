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
from harness.selftest.needed import is_needed_later
from harness.selftest.sequels import end_is_seen, is_judged_next
from harness.suite.model import (
    Alternative,
    Case,
    Expect,
    LinkStep,
    Matcher,
    Outstanding,
    Repeat,
    Send,
    Severity,
    Step,
)

FRAMES: Final = frozenset({"ack", "ZLB", "data"})
"""What is looked for among all that comes; what does not fit is no failure, but passes by."""

ANY: Final = "any"

_OF_A_FIRST_MESSAGE: Final = frozenset({"tunnel_id", "ns"})


@dataclass(frozen=True, slots=True)
class Around:
    """Where a step stands: its case, and the steps before and behind it on its level."""

    case: Case
    before: Sequence[Step]
    behind: Sequence[Step]


def says_the_same(step: Step, weaker: Step, around: Around) -> bool:
    """Whether the case says of every IUT with the weaker step what it says with the step."""
    if isinstance(step, Outstanding) and isinstance(weaker, Outstanding):
        return is_judged_next(step, weaker, around.behind)
    if not isinstance(step, Expect) or not isinstance(weaker, Expect):
        return False
    if is_needed_later(step, weaker, around.before, around.behind):
        return True
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
        sequel = end_is_seen(step, one, around.before, around.behind)
        return sequel or _lateness_is_seen(step, one, around.case)
    return (
        _only_more_fits(step, changed)
        or _is_of_a_request(step, changed, around)
        or _falls_through(step, changed)
        or _is_an_id_given(changed, around)
    )


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


def _falls_through(step: Expect, changed: Sequence[tuple[Alternative, Alternative]]) -> bool:
    """A matcher of a message where all that does not fit counts for no more than what does.

    Without the matcher the alternative takes what another behind it has taken so far, and makes no
    less of it. That one takes all such messages: nothing has failed for fitting none of them.
    """
    if any(one.verdict is Severity.INCONC for one in step.alternatives):
        return False
    for before, _ in changed:
        behind = step.alternatives[step.alternatives.index(before) + 1 :]
        rivals = [one for one in behind if one.message in {before.message, ANY}]
        if before.message in {*FRAMES, ANY, "HELLO"} or before.verdict is Severity.FAIL:
            return False
        if any(_weight(one) > _weight(before) or one.within != before.within for one in rivals):
            return False
        if not any(not one.where and not one.header for one in rivals):
            return False
    return True


def _weight(one: Alternative) -> int:
    """How much an alternative says: in this, nothing is less than a note."""
    return -1 if one.verdict is Severity.PASS else RANK[one.verdict]


def _is_an_id_given(changed: Sequence[tuple[Alternative, Alternative]], around: Around) -> bool:
    """The Tunnel ID in the header, where it is the one that the script has just assigned.

    With another the message is none of the tunnel of the step, except a StopCCN (`ScriptedPeer`).
    """
    given = [
        one.compose.set.get("assigned_tunnel_id")
        for one in around.before
        if isinstance(one, Send) and one.compose.message in {"SCCRQ", "SCCRP"}
    ]
    return len(given) == 1 and all(
        before.where == after.where
        and before.message not in {*FRAMES, ANY, "silence", "StopCCN"}
        and set(before.header) - set(after.header) == {"tunnel_id"}
        and before.header["tunnel_id"].equals == given[0]
        and given[0] is not None
        for before, after in changed
    )


def _is_zero(matcher: Matcher) -> bool:
    return matcher.equals == 0


def _all(steps: Sequence[Step]) -> Iterable[Step]:
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from _all(step.steps)
