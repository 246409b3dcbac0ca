"""A peer that hides all it may: every AVP whose H bit may be set goes out hidden (RFC 2661 4.3).

Every second hidden AVP has a Random Vector of its own before it, the others share the one before
them, and each value has some padding: so a receiver meets all that the section allows.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Final

from harness.spec.model import MAX_VALUE_OCTETS, Specification
from harness.wire import AVP, Packet, hide_avp
from harness.wire.model import RANDOM_VECTOR

VECTOR_OCTETS: Final = 16
"""A Random Vector has at least as many (4.4.1)."""

LENGTH_OCTETS: Final = 2
"""Of the original length in a hidden value."""

MOST_PADDING: Final = 24


def conceal(
    specification: Specification,
    packet: Packet,
    secret: bytes,
    chance: random.Random,
    only: Collection[str] | None = None,
) -> Packet:
    """The packet with everything hidden that may be; a value that is too long stays in clear.

    only: the names of those that are to be hidden; None: all.
    """
    avps: list[AVP] = []
    vector = b""
    hidden = 0
    for avp in packet.avps:
        spec = specification.avp(avp.type, avp.vendor)
        room = MAX_VALUE_OCTETS - LENGTH_OCTETS - len(avp.value)
        wanted = spec is not None and (only is None or spec.name in only)
        if spec is None or not wanted or not spec.hideable or avp.hidden or room < 0:
            avps.append(avp)
            continue
        if hidden % 2 == 0:
            vector = chance.randbytes(VECTOR_OCTETS)
            avps.append(AVP(RANDOM_VECTOR, vector))
        hidden += 1
        padding = chance.randbytes(chance.randint(0, min(room, MOST_PADDING)))
        avps.append(hide_avp(avp, secret, vector, padding))
    return packet._replace(avps=tuple(avps))
