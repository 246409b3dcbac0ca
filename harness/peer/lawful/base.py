"""Lawful variants: reference peers that do what the RFC leaves open in another way.

They are the counterpart of the mutants: nothing may be held against them. A variant is a class with
the one thing changed, or only settings of its own, and a registration that names what permits it:
a requirement row, or a point of the verdict policy where the RFC is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from harness.peer.channel import RetransmitPolicy
from harness.peer.variant import BOTH, Registered, Variant, name_in_words
from harness.spec.model import Role

Setting = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lawful(Registered):
    """A variant that nothing may be held against.

    permits: rows of the table, or points of the verdict policy, that leave it free to be so.
    discouraged: it does without something that is recommended, so it may be warned of. settings: of
    `PeerConfig`. retransmit: its schedule. ics: what it claims otherwise than the reference.
    """

    permits: tuple[str, ...]
    discouraged: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    retransmit: RetransmitPolicy | None = None
    ics: Mapping[str, bool] = field(default_factory=dict)


LAWFUL: Final[dict[str, Lawful]] = {}

Kind = TypeVar("Kind", bound=type[Variant])


def lawful(
    permits: str,
    text: str,
    *,
    roles: frozenset[Role] = BOTH,
    discouraged: bool = False,
    ics: Mapping[str, bool] | None = None,
    **settings: Setting,
) -> Callable[[Kind], Kind]:
    """Register the class below; its name in words is the variant's name."""

    def registered(kind: Kind) -> Kind:
        name = name_in_words(kind.__name__)
        add(
            name,
            permits,
            text,
            kind=kind,
            roles=roles,
            discouraged=discouraged,
            ics=ics,
            settings=settings,
        )
        return kind

    return registered


def add(
    name: str,
    permits: str,
    text: str,
    *,
    kind: type[Variant] = Variant,
    roles: frozenset[Role] = BOTH,
    discouraged: bool = False,
    retransmit: RetransmitPolicy | None = None,
    ics: Mapping[str, bool] | None = None,
    settings: Mapping[str, Setting] | None = None,
    **further: Setting,
) -> None:
    """Register a variant. permits: one or more, with blanks between. ValueError: it is there."""
    if name in LAWFUL:
        raise ValueError(f"there are two lawful variants {name!r}")
    LAWFUL[name] = Lawful(
        name=name,
        permits=tuple(permits.split()),
        text=text,
        roles=roles,
        kind=kind,
        discouraged=discouraged,
        settings={**(settings or {}), **further},
        retransmit=retransmit,
        ics=ics or {},
    )
