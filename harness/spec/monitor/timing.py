"""When messages are sent again: intervals that double, up to a cap of 8 s (RFC 2661 5.8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from typing import Final

EARLIEST: Final = 0.5
"""Seconds before a first retransmission; the RFC recommends 1."""

SMALLEST_CAP: Final = 8.0
MOST_TRANSMISSIONS: Final = 10

DELAY: Final = 0.2
"""Seconds by which the way to a capture may take longer for one datagram than for another."""

_JITTER: Final = 0.1
_TOLERANCE: Final = 0.1
"""Seconds, and part of an interval, by which timers and clocks may be off."""

_TICK: Final = 0.15
"""Seconds by which a device's timers may all be late: real ones look at them every so often."""

_COARSE: Final = 1.0
"""Seconds from one look of a device at its timers to the next, at most. A first interval begins
between two looks and lasts up to one longer than it should, while all others begin at one."""

_SHORTEST_COARSE: Final = 1.8
"""Seconds of a second interval from which on this explains a first one that is nearly as long: it
is twice the second that is recommended. Less is explained by nothing but a fixed interval."""

_SHORT: Final = 2.0
"""Seconds. An interval below that may have been drawn out by a busy machine so far that the next
one is not twice as long: 1.31 and 2.01 s are 1 and 2 in a guest that came late to a timer once."""

_DRAWN_OUT: Final = 1.25
"""How much the next one still grows then; no more than that is what a fixed interval does."""


class Schedule(Enum):
    """What is wrong with a series of intervals."""

    FINE = "fine"
    NOT_DOUBLED = "not doubled"
    CAP_TOO_LOW = "cap too low"


def reaches(interval: float, due: float) -> bool:
    """Whether an interval is as long as it has to be, in seconds."""
    return interval >= due * (1 - _TOLERANCE) - _JITTER


def doubles(interval: float, before: float) -> bool:
    """Whether an interval is twice as long as the one before, in seconds.

    A first one that was a tick too long and a second one that began a tick late are no deviation:
    1.15 and 1.88 s are 1 and 2 on a clock that ticks eight times a second.
    """
    return reaches(interval + _TICK, 2 * before)


def may_double(interval: float, before: float) -> bool:
    """Whether lateness may be all that keeps an interval from being twice the one before.

    Once in a row of them, that is: what is late is late by chance, and what grows too slowly does
    so each time.
    """
    return before < _SHORT and interval >= _DRAWN_OUT * before


def began_between_ticks(second: float, first: float) -> bool:
    """Whether a coarse clock may be all that keeps a second interval from being twice the first.

    1.7, 2 and 4 s are 1, 2 and 4 on a clock that ticks once a second. The third one tells that from
    intervals that do not grow.
    """
    return (
        second >= _SHORTEST_COARSE
        and reaches(second, first)
        and reaches(second, 2 * (first - _COARSE))
    )


def ticks(intervals: Sequence[float]) -> bool:
    """Whether intervals that double may each be late by up to a tick of a clock of a second.

    2, 3, 5 and 9 s are 1, 2, 4 and 8 of a device that looks once a second what is due, and sends
    when more than that is over. All but the first are whole seconds then, and no first one is
    explained that is shorter than the second that is recommended.
    """
    if any(abs(one - round(one)) > _JITTER for one in intervals[1:]):
        return False
    least, most, capped = 1.0 - _JITTER, math.inf, False
    for number, interval in enumerate(intervals):
        if capped and not reaches(interval, SMALLEST_CAP):
            return False
        capped = capped or reaches(interval, SMALLEST_CAP + _COARSE)
        least = max(least, (interval - _COARSE - _JITTER) / 2**number)
        if not capped:
            most = min(most, (interval + _JITTER) / 2**number)
    return least <= most


def judge_schedule(times: Sequence[float], *, complete: bool) -> Schedule:
    """Whether a message that was sent at these times was sent at doubling intervals.

    `complete`: every transmission is among them. Otherwise some may be missing, which makes one
    interval of several, and only what no doubling schedule explains is called wrong.
    """
    intervals = [later - earlier for earlier, later in pairwise(times)]
    if any(interval < 0 for interval in intervals):
        return Schedule.FINE
    if complete:
        return Schedule.FINE if ticks(intervals) else _exactly(intervals)
    return _possibly(intervals)


def _exactly(intervals: Sequence[float]) -> Schedule:
    grown = doubted = False
    for index, (before, interval) in enumerate(pairwise(intervals)):
        if doubles(interval, before):
            grown = True
        elif not doubted and (
            may_double(interval, before) or (not index and began_between_ticks(interval, before))
        ):
            doubted = True
        elif not reaches(interval, SMALLEST_CAP):
            return Schedule.CAP_TOO_LOW if grown else Schedule.NOT_DOUBLED
    return Schedule.FINE


def _possibly(intervals: Sequence[float]) -> Schedule:
    # `last` is the least that the last true interval so far can have been. An interval that is
    # seen may be the sum of several true ones: a doubling series that ends with x sums up to less
    # than 2 x, so the last one of a sum is more than half of it.
    grown = False
    last = max(0.0, intervals[0] - DELAY) / 2 if intervals else 0.0
    for before, interval in pairwise(intervals):
        longest, shortest = interval + DELAY, max(0.0, interval - DELAY)
        if not reaches(longest, min(2 * last, SMALLEST_CAP)):
            return Schedule.CAP_TOO_LOW if grown else Schedule.NOT_DOUBLED
        grown = grown or reaches(interval, 2 * before)
        # Two true intervals after one of `last` take six times as long as it.
        last = shortest / 2 if reaches(longest, 6 * last) else shortest
    return Schedule.FINE
