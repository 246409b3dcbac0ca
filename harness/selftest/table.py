"""The matrix of mutants and what kills them, as a page: reports/published/self-test.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from harness.peer.lawful import LAWFUL
from harness.peer.mutants import MUTANTS
from harness.selftest.hunt import Outcome
from harness.selftest.result import SelfTest

TABLE: Final = "self-test.md"

_BEGINNING: Final = """# What the suites detect

Made by `l2tp-harness selftest --update`; do not edit. Each mutant is a reference peer that breaks
one rule. It counts as killed when a check about that rule, or about its section, does not hold on
it: in each role that it has. `monitor/…` are the rules by which every datagram of every case is
judged; the case beside one is where it saw the mutant.
"""


def markdown(result: SelfTest) -> str:
    """The page."""
    return "\n".join([_BEGINNING, *_counts(result), *_sections(result), *_variants(result), ""])


def _counts(result: SelfTest) -> Iterator[str]:
    killed = len(result.killed)
    yield "| | |"
    yield "|---|---|"
    yield f"| mutants | {len(result.mutants)} |"
    yield f"| killed | {killed} |"
    yield f"| no peer can tell them from the reference | {len(result.equivalent)} |"
    yield f"| noticed only by chance | {len(result.by_chance)} |"
    yield f"| survivors | {len(result.survivors)} |"
    yield f"| cases that no mutant turns red | {len(result.toothless)} |"
    yield f"| cases that do not pass on the references | {len(result.clean_failures)} |"
    yield f"| lawful variants | {len(result.fairness.variants)} |"
    yield f"| false alarms about them | {len(result.fairness.false_alarms)} |"
    yield f"| weakened checks that no mutant notices | {len(result.unnoticed)} |"
    yield f"| excused by name, with a reason | {len(result.excused)} |"


def _sections(result: SelfTest) -> Iterator[str]:
    names = sorted(result.mutants, key=lambda name: (_order(_section(name)), name))
    outcomes: dict[str, list[Outcome]] = {}
    for one in result.outcomes:
        outcomes.setdefault(one.mutant, []).append(one)
    for section, group in groupby(names, key=_section):
        yield f"\n## {section}\n"
        yield "| mutant | breaks | as | killed by |"
        yield "|---|---|---|---|"
        for name in group:
            mutant = MUTANTS[name]
            for one in outcomes[name]:
                yield (
                    f"| {name} | {mutant.row}: {_cell(mutant.text)} | {one.role} | {_killer(one)} |"
                )


_LAWFUL: Final = """
# What nothing is held against

Lawful variants are reference peers that do what the RFC leaves open in another way, and pass.
What permits it are rows of the table, or points of the verdict policy where the RFC is silent.
Those with a star do without something that is recommended: they may be warned of.

| variant | is | permitted by |
|---|---|---|"""


def _variants(result: SelfTest) -> Iterator[str]:
    yield _LAWFUL
    for name in sorted(result.fairness.variants):
        one = LAWFUL[name]
        star = " *" if one.discouraged else ""
        side = f"{min(one.roles).upper()}: " if len(one.roles) == 1 else ""
        yield f"| {name}{star} | {side}{_cell(one.text)} | {', '.join(one.permits)} |"


def _killer(one: Outcome) -> str:
    reason = MUTANTS[one.mutant].equivalent
    if not one.killed_by:
        return f"cannot be: {_cell(reason)}" if reason else "**nothing**"
    first = one.killed_by[0]
    return _cell(first if first == one.found_in else f"{first} ({one.found_in})")


def _section(name: str) -> str:
    return MUTANTS[name].row.split("-")[1]


def _order(section: str) -> list[int]:
    """As the RFC has its sections; its appendices come last."""
    return [int(part) if part.isdigit() else 99 for part in section.split(".")]


def _cell(text: Iterable[str] | str) -> str:
    return str(text).replace("|", "\\|")
