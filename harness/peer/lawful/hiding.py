"""Lawful variants of hiding: what is hidden, with which Random Vectors, how it is padded (4.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import ClassVar, Final

from harness.peer.lawful.base import add
from harness.peer.tunnel import Tunnel
from harness.peer.variant import Variant, with_tunnel
from harness.spec.model import MAX_VALUE_OCTETS
from harness.wire import AVP, Packet, hide_avp
from harness.wire.model import RANDOM_VECTOR

_LENGTH: Final = 2
_MESSAGE: Final = 1200
"""Octets that a message with all that is padded has at most, so that it fits a datagram."""


class Concealing(Tunnel):
    """Hides what may be hidden. vectors: so many octets has each Random Vector, in turn.

    sharing: so many hidden AVPs go with one Random Vector. padding: octets in each, in turn. early:
    the Random Vectors stand right behind the Message Type. hidden: only these types; empty: all.
    """

    vectors: ClassVar[tuple[int, ...]] = (16,)
    sharing: ClassVar[int] = 1
    padding: ClassVar[tuple[int, ...]] = (0,)
    early: ClassVar[bool] = False
    hidden: ClassVar[frozenset[int]] = frozenset()

    def conceal(self, packet: Packet, secret: bytes, only: Collection[str] | None) -> Packet:
        del only  # what is hidden is this variant's own choice
        return packet._replace(avps=tuple(self._concealed(packet, secret)))

    def _concealed(self, packet: Packet, secret: bytes) -> Iterator[AVP]:
        specification, chance = self.endpoint.specification, self.endpoint.random
        vector, count, size = b"", 0, packet.header.size
        for index, avp in enumerate(packet.avps):
            spec = specification.avp(avp.type, avp.vendor)
            wanted = not self.hidden or avp.type in self.hidden
            room = MAX_VALUE_OCTETS - _LENGTH - len(avp.value)
            if self.early and index == 1:
                vector = chance.randbytes(self.vectors[0])
                yield AVP(RANDOM_VECTOR, vector)
            if spec is None or not spec.hideable or not wanted or room < 0:
                yield avp
                continue
            if not self.early and count % self.sharing == 0:
                vector = chance.randbytes(self.vectors[count // self.sharing % len(self.vectors)])
                yield AVP(RANDOM_VECTOR, vector)
            octets = min(room, self.padding[count % len(self.padding)], max(0, _MESSAGE - size))
            count += 1
            concealed = hide_avp(avp, secret, vector, chance.randbytes(octets))
            size += concealed.size
            yield concealed


def concealing(**settings: object) -> type[Variant]:
    """A peer that hides in its own way."""
    return with_tunnel(type("Concealed", (Concealing,), settings))


_PASSWORDS: Final = (30, 33)
"""Proxy Authen Name and Response: who can hide them has to (4.4.5)."""

_EVERY: Final = "RFC2661-4.3-11 P-43"

for _name, _permits, _text, _kind in (
    ("one-vector", _EVERY, "with one Random Vector in each message", concealing(sharing=1000)),
    (
        "one-vector-first",
        _EVERY,
        "with one Random Vector right behind the Message Type",
        concealing(early=True),
    ),
    ("a-vector-each", "RFC2661-4.4.1-06 P-44", "with a Random Vector before each", concealing()),
    (
        "vectors-for-two",
        "RFC2661-4.4.1-06 P-44",
        "with a Random Vector of another length before every second",
        concealing(sharing=2, vectors=(17, 64, 255, 16)),
    ),
    (
        "a-vector-of-1000-octets",
        "RFC2661-4.4.1-04",
        "with one Random Vector of 1000 octets",
        concealing(early=True, vectors=(1000,)),
    ),
    (
        "little-padding",
        "RFC2661-4.3-07 P-45",
        "with 1 to 15 octets of padding",
        concealing(sharing=3, padding=tuple(range(1, 16))),
    ),
    (
        "much-padding",
        "RFC2661-4.3-07 P-45",
        "with up to 200 octets of padding",
        concealing(sharing=1000, padding=(200, 0, 14, 30, 1)),
    ),
    (
        "ids-only",
        "P-43",
        "but only the ids of tunnels and sessions",
        concealing(hidden=frozenset({9, 14, *_PASSWORDS})),
    ),
    (
        "numbers-only",
        "P-43",
        "but only the numbers of who calls and is called",
        concealing(hidden=frozenset({21, 22, 23, *_PASSWORDS}), padding=(9,)),
    ),
    (
        "challenges-only",
        "P-43",
        "but only Challenge and Challenge Response",
        concealing(hidden=frozenset({11, 13, *_PASSWORDS})),
    ),
):
    add(
        f"hides-with-{_name}" if "only" not in _name else f"hides-{_name}",
        _permits,
        f"what may be hidden is, {_text}",
        kind=_kind,
        hides=True,
    )
add(
    "hides-short-vectors",
    "RFC2661-4.4.1-04",
    "what may be hidden is, with Random Vectors of 1 to 8 octets",
    kind=concealing(vectors=(1, 4, 8)),
    hides=True,
    discouraged=True,
)
