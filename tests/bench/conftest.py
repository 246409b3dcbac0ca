"""Collects packets per second of each benchmark, and prints them with their ratios at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

Measure = Callable[[str, str, Callable[[Any], object], Sequence[Any]], None]


@dataclass(frozen=True)
class Rate:
    """Packets per second that `who` reached at `what`: the median round and the best one."""

    what: str
    who: str
    median: float
    best: float


AIMS: Final = {("parse", "harness"): 200_000, ("build", "harness"): 100_000}

ROUNDS: Final = 25

RATES: Final = pytest.StashKey[list[Rate]]()


@pytest.fixture
def measure(benchmark: Any, request: pytest.FixtureRequest) -> Measure:
    """Benchmark a function over a list of packets; one round goes once through the list."""

    def run(what: str, who: str, work: Callable[[Any], object], items: Sequence[Any]) -> None:
        def once() -> None:
            for item in items:
                work(item)

        benchmark.group = f"{what}, {len(items)} packets a round"
        benchmark.pedantic(once, rounds=ROUNDS, warmup_rounds=1)
        if benchmark.stats is None:
            return
        stats = benchmark.stats.stats
        rate = Rate(what, who, len(items) / stats.median, len(items) / stats.min)
        benchmark.extra_info["packets_per_second"] = round(rate.median)
        request.config.stash.setdefault(RATES, []).append(rate)

    return run


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line for each rate; each compared with what scapy reached at the same work."""
    rates = config.stash.get(RATES, [])
    if not rates:
        return
    terminalreporter.write_sep("-", "packets per second, one core, nine-AVP SCCRQ")
    scapy = {rate.what: rate.median for rate in rates if rate.who == "scapy"}
    for rate in rates:
        line = f"{rate.what:<8} {rate.who:<28} {rate.median:>10,.0f}  (best {rate.best:,.0f})"
        base = scapy.get(rate.what)
        if base is not None and rate.who != "scapy":
            line += f"  {rate.median / base:,.0f} times scapy"
        aim = AIMS.get((rate.what, rate.who))
        if aim is not None:
            reached = "reached" if rate.median >= aim else "missed"
            line += f"  aim {aim:,}: {reached}"
        terminalreporter.write_line(line)
