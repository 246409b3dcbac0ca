"""Which UDP datagrams of a capture are L2TP, and which of them belong together.

L2TP has no fixed port but for the first datagram of a tunnel, and a capture may begin after that.
So a pair of endpoints is taken for a conversation as soon as one datagram between them looks like
L2TP and nothing else; from then on everything between them is judged, however odd it looks.
- On any port: a regular control message, whose header and first AVP leave 2 of 20 octets open.
- With port 1701 on one side: a message of version 2 whose Length is that of the datagram, or that
  has a Message Type where it belongs. What came between these ends just before is judged as well.
- Between port 1701 and a well-known port of another protocol: as on any port.
- From a new port, or from one that looks like nothing: what has the Tunnel ID of a known tunnel of
  these hosts, for an end must not move (8.1), and data messages look like anything.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from harness.wire.model import (
    LENGTH_BIT,
    OFFSET_BIT,
    RESERVED_HEADER_BITS,
    SEQUENCE_BIT,
    TYPE_BIT,
    VERSION_BITS,
)

PORT: Final = 1701
WELL_KNOWN: Final = 1024
"""Below it a port is that of another protocol (RFC 6335 6)."""

CONVERSATIONS: Final = 65536
"""Pairs of endpoints that are remembered; the one that was silent longest makes room."""

WAITING: Final = 1024
WAITING_EACH: Final = 4
WAIT: Final = 60.0
"""Pairs of endpoints whose datagrams wait to be told for L2TP, how many of each, for how long."""

SCCRQ: Final = 1
SCCRP: Final = 2
LAST_TYPE: Final = 16
_REGULAR: Final = TYPE_BIT | LENGTH_BIT | SEQUENCE_BIT | 2
_REGULAR_OCTETS: Final = 20
_two = struct.Struct(">HH").unpack_from
_avp = struct.Struct(">HHHH").unpack_from

Endpoint = tuple[str, int]


class Seen(NamedTuple):
    """One UDP datagram of a capture."""

    number: int
    at: float
    source: Endpoint
    destination: Endpoint
    payload: bytes
    checksum: int


Knows = Callable[[Endpoint, Endpoint, bytes], bool]
"""Whether a datagram has the Tunnel ID of a known tunnel of its ends."""


def _nothing(_source: Endpoint, _destination: Endpoint, _data: bytes) -> bool:
    return False


class Detector:
    """Tells L2TP from everything else. `conversations`: how many have been found so far.

    `knows`: asked about what looks like nothing in particular.
    """

    def __init__(self, knows: Knows = _nothing) -> None:
        self.conversations = 0
        self.foreign = 0
        self._knows = knows
        self._known: OrderedDict[tuple[Endpoint, Endpoint], int] = OrderedDict()
        self._asked: OrderedDict[tuple[Endpoint, str], int] = OrderedDict()
        self._waiting: OrderedDict[tuple[Endpoint, Endpoint], list[Seen]] = OrderedDict()

    def take(self, seen: Seen) -> tuple[Seen, ...] | list[Seen]:
        """The datagrams to be judged now that this one has come: none, itself, or more."""
        source, destination = seen.source, seen.destination
        key = (source, destination) if source <= destination else (destination, source)
        if key in self._known:
            self._known.move_to_end(key)
            return (seen,)
        usual = _usual_port(source[1], destination[1])
        kind = _looks_like(seen.payload, usual=usual)
        if kind is None:
            if _is_version_2(seen.payload) and self._knows(source, destination, seen.payload):
                self._remember(key, self.conversations)
                return (seen,)
            if usual:
                self._keep(key, seen)
            return ()
        self._adopt(key, seen, kind)
        before = self._waiting.pop(key, [])
        return [*(one for one in before if seen.at - one.at <= WAIT), seen]

    def concerns(self, source: Endpoint, destination: Endpoint) -> bool:
        """Whether these ends have a conversation, or are likely to."""
        key = (source, destination) if source <= destination else (destination, source)
        return key in self._known or _usual_port(source[1], destination[1])

    def _adopt(self, key: tuple[Endpoint, Endpoint], seen: Seen, kind: int) -> None:
        """The ends of a datagram have a conversation, a new one unless it answers an SCCRQ."""
        asked = (seen.destination, seen.source[0])
        if kind == SCCRP and asked in self._asked:
            number = self._asked[asked]
        else:
            self.conversations += 1
            number = self.conversations
        if kind == SCCRQ:
            self._asked[seen.source, seen.destination[0]] = number
            if len(self._asked) > CONVERSATIONS:
                self._asked.popitem(last=False)
        self._remember(key, number)

    def _remember(self, key: tuple[Endpoint, Endpoint], number: int) -> None:
        self._known[key] = number
        if len(self._known) > CONVERSATIONS:
            self._known.popitem(last=False)

    def _keep(self, key: tuple[Endpoint, Endpoint], seen: Seen) -> None:
        """What may yet turn out to be L2TP; or what is certainly another version of it."""
        if len(seen.payload) >= 2 and seen.payload[1] & VERSION_BITS in (1, 3):
            self.foreign += 1
        waiting = self._waiting.setdefault(key, [])
        self._waiting.move_to_end(key)
        waiting.append(seen)
        del waiting[:-WAITING_EACH]
        if len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)


def _is_version_2(data: bytes) -> bool:
    return len(data) >= 2 and data[1] & VERSION_BITS == 2


def _usual_port(one: int, other: int) -> bool:
    """Whether the port of L2TP is among them, and no port of another protocol."""
    if one == PORT:
        return other == PORT or other >= WELL_KNOWN
    return other == PORT and one >= WELL_KNOWN


def _looks_like(data: bytes, *, usual: bool) -> int | None:
    """The message type if this is L2TP, 0 if it has none; None if it may be anything."""
    size = len(data)
    if size < 8:
        return None
    word, length = _two(data)
    if word & VERSION_BITS != 2:
        return None
    kind = _message_type(data, word) if word & TYPE_BIT else None
    regular = word == _REGULAR and length == size and size >= _REGULAR_OCTETS
    if regular and kind is not None and 1 <= kind <= LAST_TYPE:
        return kind
    if not usual:
        return None
    if word & LENGTH_BIT and length == size and not word & RESERVED_HEADER_BITS:
        return kind or 0
    return kind


def _message_type(data: bytes, word: int) -> int | None:
    """The value of a Message Type AVP right behind the header of a control message."""
    place = 6 + 2 * bool(word & LENGTH_BIT) + 4 * bool(word & SEQUENCE_BIT)
    place += 2 * bool(word & OFFSET_BIT)
    if len(data) < place + 8:
        return None
    flags, vendor, attribute, kind = _avp(data, place)
    return kind if (flags & 0x3FFF, vendor, attribute) == (8, 0, 0) else None
