"""Lawful variants of the reference LNS and LAC. Importing this package registers all of them."""

from __future__ import annotations

from harness.peer.lawful import (
    calls,
    connection,
    data,
    delivery,
    dialling,
    hiding,
    leaving,
    manners,
    messages,
    mixed,
    patience,
    resending,
    tardy,
)
from harness.peer.lawful.base import LAWFUL, Lawful

__all__ = [
    "LAWFUL",
    "Lawful",
    "calls",
    "connection",
    "data",
    "delivery",
    "dialling",
    "hiding",
    "leaving",
    "manners",
    "messages",
    "mixed",
    "patience",
    "resending",
    "tardy",
]
