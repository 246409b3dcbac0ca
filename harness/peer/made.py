"""Why a datagram of the scripted peer is as it is: what may be held against it, and what not."""

from __future__ import annotations

from enum import Enum


class Made(Enum):
    """REGULAR: by the peer itself, in a preamble or in the background; it has to be right.

    ASKED: a valid message that a step sends, whether it suits the moment or not. ODD: a step has
    it made in a way of its own, right or wrong. FOREIGN: it came from the other side.
    """

    REGULAR = "regular"
    ASKED = "asked"
    ODD = "odd"
    FOREIGN = "foreign"

    @property
    def repeated(self) -> Made:
        """What a copy is that a step sends: at least asked for."""
        return Made.ASKED if self is Made.REGULAR else self
