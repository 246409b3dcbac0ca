"""Mutants made of an edit: the reference peer, with something changed in all that it sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.peer.mutants.base import add
from harness.peer.mutants.edits import Edit
from harness.peer.variant import Variant
from harness.spec.model import Role
from harness.wire import Packet

Listed = tuple[str, str, str, Edit, frozenset[Role]]


def altered(edit: Edit) -> type[Variant]:
    """A reference peer whose every packet goes through an edit."""

    class Altered(Variant):
        def alter(self, packet: Packet) -> Iterable[Packet]:
            return (edit(packet),)

    return Altered


def add_listed(rows: Sequence[Listed]) -> None:
    """Register mutants: a name, the row, what is wrong, the edit, and as what it runs."""
    for name, row, text, edit, roles in rows:
        add(name, altered(edit), row, text, roles=roles, broad=True)
