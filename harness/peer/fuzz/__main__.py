"""The command line of the fuzzer."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

import click

from harness.peer.fuzz.campaign import Failure, FuzzError, replay, run_campaign
from harness.wire import parse
from harness.wire.text import Names, hexdump, summary

SEED: Final = 2661
COUNT: Final = 1_000_000
SHOWN: Final = 5
"""Datagrams printed before the one that is replayed."""


@click.command()
@click.option("--count", default=COUNT, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=SEED, show_default=True, help="Another seed, other datagrams.")
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1), help="Processes.")
@click.option("--replay", "index", type=click.IntRange(0), help="Throw them up to this one again.")
def main(count: int, seed: int, jobs: int, index: int | None) -> None:
    """Throw mutated and random datagrams at the scripted peer and the reference peers."""
    if index is not None:
        sys.exit(_replay(index, seed))
    began = time.monotonic()
    datagrams = grown = 0
    failures = []
    for outcome in run_campaign(count, seed, jobs):
        datagrams += outcome.datagrams
        grown = max(grown, outcome.grown)
        if outcome.failure is not None:
            failures.append(outcome.failure)
    for failure in failures:
        _show(failure, seed)
    seconds = time.monotonic() - began
    click.echo(
        f"{datagrams} datagrams, seed {seed}, {jobs} processes, {seconds:.0f} s, memory grew by"
        f" {grown / 1024:.0f} MiB, {len(failures)} failures"
    )
    sys.exit(1 if failures else 0)


def _show(failure: Failure, seed: int) -> None:
    click.echo(f"FAILED {failure.target}: {failure.error}")
    click.echo(f"datagram {failure.number}, seed {seed}: {failure.data.hex()}")
    click.echo(failure.origin.rstrip())
    click.echo(f"again: python -m harness.peer.fuzz --seed {seed} --replay {failure.number}\n")


def _replay(index: int, seed: int) -> int:
    """Show the datagram and those before it; 1 when it fails again."""
    thrown: list[bytes] = []

    def watch(data: bytes) -> None:
        thrown.append(data)
        del thrown[: -SHOWN - 1]

    failed: Failure | None = None
    try:
        replay(index, seed, watch)
    except FuzzError as error:
        failed = error.failure
    for place, data in enumerate(thrown, index - len(thrown) + 1):
        click.echo(f"{place}: {summary(parse(data), Names())}")
    click.echo(hexdump(thrown[-1]) if thrown else "")
    if failed is not None:
        _show(failed, seed)
        return 1
    click.echo(f"datagram {index} does no harm")
    return 0


if __name__ == "__main__":
    main()
