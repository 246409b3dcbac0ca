"""Which series of transmissions double their intervals up to a cap (5.8)."""

from __future__ import annotations

from itertools import accumulate

import pytest

from harness.spec.monitor.timing import Schedule, judge_schedule


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([1, 2, 4, 8, 8], Schedule.FINE),
        ([1, 2, 4, 8, 16], Schedule.FINE),
        ([1.15, 1.88, 4.1], Schedule.FINE),
        ([0.5, 1, 2, 4, 8, 8], Schedule.FINE),
        ([1.31, 2.01], Schedule.FINE),  # the first timer came late, in a guest
        ([1.31, 2.01, 4, 8], Schedule.FINE),
        ([1.3, 1.7, 4], Schedule.FINE),  # the second datagram was held up
        ([1, 2, 4.4, 7.6], Schedule.FINE),
        ([1.78, 2, 4, 8, 8], Schedule.FINE),  # on a clock that ticks once a second
        ([1.99, 2.01], Schedule.FINE),
        ([2, 3, 5, 9, 9], Schedule.FINE),  # each a tick late
        ([1.99, 3, 4, 8, 16], Schedule.FINE),
        ([2, 3, 6], Schedule.FINE),
        ([3.9, 6, 12], Schedule.FINE),
        ([2, 2, 2], Schedule.NOT_DOUBLED),
        ([1.78, 2, 2.25], Schedule.NOT_DOUBLED),
        ([2, 3, 4, 5], Schedule.NOT_DOUBLED),
        ([2, 3, 3], Schedule.NOT_DOUBLED),
        ([2, 3, 5, 9, 1], Schedule.NOT_DOUBLED),
        ([1, 2, 3], Schedule.CAP_TOO_LOW),
        ([4.5, 6, 12], Schedule.NOT_DOUBLED),
        ([1, 2, 3.9, 4], Schedule.CAP_TOO_LOW),
        ([1, 1, 1], Schedule.NOT_DOUBLED),
        ([1, 1], Schedule.NOT_DOUBLED),
        ([1.2, 1], Schedule.NOT_DOUBLED),
        ([1, 1.3, 1], Schedule.NOT_DOUBLED),
        ([1, 1.5, 2, 2.5], Schedule.NOT_DOUBLED),
        ([5, 5], Schedule.NOT_DOUBLED),
        ([1, 1.5, 2.25], Schedule.NOT_DOUBLED),
        ([0.5, 0.75, 1.13, 1.69, 2.53], Schedule.CAP_TOO_LOW),
        ([2, 1, 4], Schedule.NOT_DOUBLED),
        ([1, 2, 4, 4], Schedule.CAP_TOO_LOW),
        ([1, 2, 4, 6.5], Schedule.CAP_TOO_LOW),
    ],
)
def test_where_all_is_seen(intervals: list[float], verdict: Schedule) -> None:
    times = list(accumulate(intervals, initial=10.0))
    assert judge_schedule(times, complete=True) is verdict


@pytest.mark.parametrize("missing", range(1, 5))
def test_a_gap_in_a_capture_is_no_deviation(missing: int) -> None:
    times = list(accumulate([1, 2, 4, 8, 8], initial=10.0))
    del times[missing]
    assert judge_schedule(times, complete=False) is Schedule.FINE
