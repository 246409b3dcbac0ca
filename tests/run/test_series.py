"""Which series of ids a peer can foretell."""

from __future__ import annotations

import random

import pytest

from harness.run.counting import simple_rule


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4, 5],
        [65534, 65535, 1, 2, 3],
        [9, 8, 7, 6],
        [100, 300, 500, 700, 900, 1100],
        [5, 5, 5],
        [10, 12, 40000, 40003, 40009, 40011],
    ],
)
def test_series_that_follow_a_rule(numbers: list[int]) -> None:
    assert simple_rule(numbers)


def test_random_numbers_follow_none() -> None:
    for seed in range(2000):
        chance = random.Random(seed)
        assert not simple_rule([chance.randint(1, 65535) for _ in range(12)])


def test_too_few_numbers_say_nothing() -> None:
    assert not simple_rule([])
    assert not simple_rule([7])
    assert not simple_rule([7, 40000])
