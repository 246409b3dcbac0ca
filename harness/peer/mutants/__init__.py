"""Mutants of the reference LNS and LAC. Importing this package registers all of them."""

from __future__ import annotations

from harness.peer.mutants import (
    avp_table,
    calls,
    connection,
    data,
    delivery,
    harm,
    headers,
    hiding,
    many,
    ppp,
    receiving,
    reported,
    sent_avps,
    sent_headers,
    states,
    values,
)
from harness.peer.mutants.base import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "avp_table",
    "calls",
    "connection",
    "data",
    "delivery",
    "harm",
    "headers",
    "hiding",
    "many",
    "ppp",
    "receiving",
    "reported",
    "sent_avps",
    "sent_headers",
    "states",
    "values",
]
