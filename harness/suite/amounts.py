"""Numbers and times that have to be known when a suite is loaded."""

from __future__ import annotations

from harness.located import Node
from harness.suite.values import later
from harness.suite.variables import has_placeholder, only_placeholder
from harness.suite.vocabulary import LIMIT_VARIABLE

MOST_REPETITIONS = 100_000


def integer(node: Node, low: int, high: int) -> int:
    """An integer within `low`..`high`. Raises DataError, also for one saved by a step."""
    if has_placeholder(node.content):
        raise later(node)
    return node.integer(low, high)


def count(node: Node) -> int:
    """How many times: 1..100000."""
    return integer(node, 1, MOST_REPETITIONS)


def of_limit(node: Node) -> int | None:
    """What is added in `${limit}`, `${limit+1}` or `${limit-1}`; None for anything else."""
    only = only_placeholder(node.content) if isinstance(node.content, str) else None
    if only is None or only.name != LIMIT_VARIABLE or only.octets:
        return None
    return only.add


def duration(node: Node) -> float:
    """A time in seconds, above 0."""
    if has_placeholder(node.content):
        raise later(node)
    seconds = node.seconds()
    if seconds <= 0:
        raise node.fail("data.duration", "a time of 0 is over at once")
    return seconds


def number_range(node: Node) -> tuple[float, float]:
    """`[low, high]`, numbers or times, not below 0."""
    low, high = (item.seconds() for item in _two(node))
    return _ordered(node, low, high)


def count_range(node: Node) -> tuple[int, int]:
    """`[low, high]`, whole numbers, not below 0."""
    low, high = (item.integer(0) for item in _two(node))
    _ordered(node, low, high)
    return low, high


def _two(node: Node) -> list[Node]:
    items = node.sequence()
    if len(items) != 2:
        raise node.fail("suite.range", f"expected [low, high], found {len(items)} values")
    return items


def _ordered(node: Node, low: float, high: float) -> tuple[float, float]:
    if low > high:
        raise node.fail("suite.range", f"{low:g} is above {high:g}: nothing lies between")
    return low, high
