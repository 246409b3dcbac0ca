"""For every rule a conversation that breaks it in one frame, and in nothing else."""

from __future__ import annotations

from tests.monitor.plants import avps, calls, channel, connection, contents, data, ends, header
from tests.monitor.plants.planting import PLANTS, Plant

__all__ = [
    "PLANTS",
    "Plant",
    "avps",
    "calls",
    "channel",
    "connection",
    "contents",
    "data",
    "ends",
    "header",
]
