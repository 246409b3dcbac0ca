"""Mutants: reference peers that break exactly one rule each, to prove that the suites notice.

A mutant is a class derived from `Variant` with the one thing changed, and a registration that
names the requirement row it breaks. Nothing else in the harness knows that they exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.peer.variant import BOTH, Registered, Variant, name_in_words
from harness.spec.model import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant(Registered):
    """One broken rule. row: the requirement that it breaks.

    equivalent: why no peer on the wire can tell it from the reference; None for all others.
    broad: it may show in cases of any section, such as one that hangs.
    """

    row: str
    equivalent: str | None = None
    broad: bool = False


MUTANTS: Final[dict[str, Mutant]] = {}

Kind = TypeVar("Kind", bound=type[Variant])


def mutant(
    row: str,
    text: str,
    *,
    roles: frozenset[Role] = BOTH,
    equivalent: str | None = None,
    broad: bool = False,
) -> Callable[[Kind], Kind]:
    """Register the class below; its name in words is the mutant's name."""

    def registered(kind: Kind) -> Kind:
        add(kind.__name__, kind, row, text, roles=roles, equivalent=equivalent, broad=broad)
        return kind

    return registered


def add(
    name: str,
    kind: type[Variant],
    row: str,
    text: str,
    *,
    roles: frozenset[Role] = BOTH,
    equivalent: str | None = None,
    broad: bool = False,
) -> None:
    """Register a mutant. ValueError for a name that stands twice."""
    key = name_in_words(name)
    if key in MUTANTS:
        raise ValueError(f"there are two mutants {key!r}")
    MUTANTS[key] = Mutant(
        name=key,
        row=row,
        text=text,
        roles=roles,
        kind=kind,
        equivalent=equivalent,
        broad=broad,
    )
