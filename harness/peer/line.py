"""The line between a reference LAC and its client: what goes wrong on it, and when the LNS is told.

The counters begin at zero with each call and never fall; a WEN tells them when one has grown, and
no more than once in 60 seconds (RFC 2661 4.4.6, 6.13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

COUNTERS: Final = (
    "crc_errors",
    "framing_errors",
    "hardware_overruns",
    "buffer_overruns",
    "timeout_errors",
    "alignment_errors",
)

INTERVAL: Final = 60.0
"""Seconds from one WEN of a call to the next, at the least."""


@dataclass(slots=True)
class Line:
    """The errors on the line of one call."""

    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    told_at: float | None = None
    untold: bool = False

    def errors(self, number: int) -> None:
        """So many frames with a wrong CRC have come."""
        self.counters["crc_errors"] += number
        self.untold = self.untold or number > 0

    def due(self) -> float | None:
        """When the next WEN may be sent; None where there is nothing to tell."""
        if not self.untold:
            return None
        return 0.0 if self.told_at is None else self.told_at + INTERVAL

    def tell(self, now: float) -> dict[str, int]:
        """The counters for a WEN that is sent now."""
        self.told_at, self.untold = now, False
        return dict(self.counters)
