"""Mutants that write the Message Type of another message, and are right in all else (3.2, 6).

Nothing but the name tells such a message from the right one: ids are learnt from it, and what
follows goes on as if nothing had happened. So it shows that a step looks at what it got. The first
of an endpoint may be wrong, those behind the first, or all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from harness.peer.message_types import (
    CDN,
    HELLO,
    ICCN,
    ICRP,
    ICRQ,
    OCCN,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SLI,
    STOPCCN,
    WEN,
)
from harness.peer.mutants.base import add
from harness.peer.mutants.edits import MESSAGE_TYPE, avp
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet

EVERY: Final = ""
FIRST: Final = "first-"
SECOND: Final = "second-"
LATER: Final = "later-"
SEVENTH: Final = "seventh-"

MISTYPED: Final[Sequence[tuple[str, int, str, int, str, frozenset[Role], Sequence[str]]]] = (
    ("SCCRP", SCCRP, "SCCCN", SCCCN, "6.2-01", BOTH, (EVERY, FIRST, LATER)),
    ("SCCCN", SCCCN, "SCCRP", SCCRP, "6.3-01", BOTH, (EVERY, FIRST)),
    ("StopCCN", STOPCCN, "SCCCN", SCCCN, "6.4-01", BOTH, (EVERY,)),
    ("HELLO", HELLO, "SCCCN", SCCCN, "6.5-01", BOTH, (FIRST,)),
    ("ICRQ", ICRQ, "OCRQ", OCRQ, "6.6-01", LAC, (FIRST,)),
    ("ICRP", ICRP, "OCRP", OCRP, "6.7-01", LNS, (EVERY, FIRST, SECOND, LATER, SEVENTH)),
    ("ICCN", ICCN, "OCCN", OCCN, "6.8-01", LAC, (EVERY,)),
    ("OCRQ", OCRQ, "ICRQ", ICRQ, "6.9-01", LNS, (EVERY,)),
    ("OCRP", OCRP, "ICRP", ICRP, "6.10-01", LAC, (FIRST,)),
    ("OCCN", OCCN, "ICCN", ICCN, "6.11-01", LAC, (EVERY,)),
    ("CDN", CDN, "ICCN", ICCN, "6.12-01", BOTH, (EVERY,)),
    ("WEN", WEN, "ICCN", ICCN, "6.13-01", LAC, (FIRST,)),
    ("SLI", SLI, "ICRP", ICRP, "6.14-01", LNS, (EVERY, FIRST, LATER)),
)
"""A message, as what it goes out, the row of the section about it, who sends it, and which."""

WHICH: Final[Mapping[str, tuple[str, Callable[[int], bool]]]] = {
    EVERY: ("every", lambda _: True),
    FIRST: ("the first", lambda count: count == 1),
    SECOND: ("the second", lambda count: count == 2),
    LATER: ("every but the first", lambda count: count > 1),
    SEVENTH: ("from the seventh on every", lambda count: count > 6),
}
"""Which of the messages of an endpoint, by how many there have been, this one included."""


def mistyped(message: int, as_message: int, which: Callable[[int], bool]) -> type[Variant]:
    """A peer that gives some messages of one type the Message Type of another."""
    change = avp(MESSAGE_TYPE, value=as_message.to_bytes(2, "big"))

    class Mistaken(Tunnel):
        def adapt(self, packet: Packet) -> Packet:
            if packet.message_type != message:
                return super().adapt(packet)
            kept = self.endpoint.__dict__
            kept["messages_of_it"] = kept.get("messages_of_it", 0) + 1
            adapted = super().adapt(packet)
            return change(adapted) if which(kept["messages_of_it"]) else adapted

    return with_tunnel(Mistaken)


SEVERAL: Final[Mapping[str, str]] = {"SCCRP": "5.0-04", "ICRP": "5.0-03"}
"""Where there has to be more than one for the later ones to be wrong: the row about several."""

for _message, _number, _other, _as_number, _row, _roles, _prefixes in MISTYPED:
    for _prefix in _prefixes:
        _words, _which = WHICH[_prefix]
        add(
            f"{_prefix}{_message.lower()}-as-{_other.lower()}",
            mistyped(_number, _as_number, _which),
            f"RFC2661-{_row if _prefix in {EVERY, FIRST} else SEVERAL.get(_message, _row)}",
            f"{_words} {_message} has the Message Type of {_other}",
            roles=_roles,
            broad=True,
        )
