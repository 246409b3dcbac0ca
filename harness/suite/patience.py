"""How long an `expect` waits for an answer that takes its time.

The RFC sets no time for answers. When the time of a step is over without what would be best, an IUT
that has acknowledged the message may still be about to answer: it asks a RADIUS server, say. The
answer is what it is then. This costs time only where nothing good has come.
"""

from __future__ import annotations

from typing import Final

from harness.suite.model import Alternative, Expect, Severity
from harness.suite.vocabulary import ACK, DATA, SILENCE, ZLB

SLOW_ANSWER: Final = 2.0
"""Seconds that an answer may take."""

NOT_MESSAGES: Final = frozenset({ACK, ZLB, SILENCE, DATA})
"""What is no control message with AVPs."""

FROM_THE_BEST: Final = (
    Severity.PASS,
    Severity.NOTE,
    Severity.WARN,
    Severity.INCONC,
    Severity.FAIL,
)


def waits_for_slow_answers(step: Expect) -> bool:
    """Whether an answer may be late.

    Not where the case grades by the time that something takes, or is about what comes again.
    """
    graded = any(one.within is not None for one in step.alternatives)
    return not graded and not step.again and bool(_messages(step))


def waits_for_slow_ppp(step: Expect) -> bool:
    """Whether data is waited for as long as the PPP at the end of the call takes to answer.

    Only where data is what should come: what must not come is looked for in the time of the step.
    """
    graded = any(one.within is not None for one in step.alternatives)
    verdicts = [one.verdict for one in step.alternatives if one.message == DATA]
    silences = [one.verdict for one in step.alternatives if one.message == SILENCE]
    if graded or step.again or not verdicts:
        return False
    best, silent = min(map(FROM_THE_BEST.index, verdicts)), next(iter(silences), Severity.FAIL)
    return best < FROM_THE_BEST.index(silent)


def would_be_better(step: Expect, found: Alternative | None) -> bool:
    """Whether a message would be better than what has come in time, or than that nothing has."""
    silences = [one.verdict for one in step.alternatives if one.message == SILENCE]
    worse = found.verdict if found else next(iter(silences), Severity.FAIL)
    return min(map(_rank, _messages(step))) < FROM_THE_BEST.index(worse)


def longest_wait(step: Expect) -> float:
    """Seconds that an `expect` adds to its own time at most."""
    if not waits_for_slow_answers(step) or not would_be_better(step, None):
        return 0.0
    return max(0.0, SLOW_ANSWER - step.within)


def _messages(step: Expect) -> list[Alternative]:
    return [one for one in step.alternatives if one.message not in NOT_MESSAGES]


def _rank(alternative: Alternative) -> int:
    return FROM_THE_BEST.index(alternative.verdict)
