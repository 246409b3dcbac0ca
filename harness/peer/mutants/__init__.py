"""Mutants of the reference LNS and LAC. Importing this package registers all of them."""

from __future__ import annotations

from harness.peer.mutants import (
    calls,
    connection,
    data,
    delivery,
    harm,
    headers,
    hiding,
    ppp,
    receiving,
    reported,
    states,
    values,
    wire,
)
from harness.peer.mutants.base import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "calls",
    "connection",
    "data",
    "delivery",
    "harm",
    "headers",
    "hiding",
    "ppp",
    "receiving",
    "reported",
    "states",
    "values",
    "wire",
]
