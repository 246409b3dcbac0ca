"""The packets of the benchmark: SCCRQs of nine AVPs, thousands of them and no two alike."""

from __future__ import annotations

import random
import string
from functools import cache
from typing import Final

from harness.wire import AVP, Packet, build, hide_avp, message

COUNT: Final = 4000
"""Enough that no memory of earlier packets helps a reader."""

SCCRQ: Final = 1
SECRET: Final = b"secret"


@cache
def packets() -> tuple[Packet, ...]:
    """SCCRQs whose ids, names, capabilities, windows, challenges and lengths differ."""
    source = random.Random(2661)
    return tuple(_sccrq(source) for _ in range(COUNT))


@cache
def datagrams() -> tuple[bytes, ...]:
    """The octets of `packets`."""
    return tuple(build(packet) for packet in packets())


@cache
def datagrams_with_hidden_avp() -> tuple[bytes, ...]:
    """The same with the Assigned Tunnel ID hidden, which takes a Random Vector before it."""
    source = random.Random(1)
    found = []
    for packet in packets():
        vector = source.randbytes(16)
        avps = [hide_avp(avp, SECRET, vector) if avp.type == 9 else avp for avp in packet.avps[1:]]
        found.append(build(message(SCCRQ, AVP(36, vector), *avps)))
    return tuple(found)


def _sccrq(source: random.Random) -> Packet:
    host = "".join(source.choices(string.ascii_lowercase + ".-", k=source.randrange(6, 40)))
    return message(
        SCCRQ,
        AVP(2, b"\x01\x00"),
        AVP(7, host.encode()),
        AVP(3, bytes((0, 0, 0, source.randrange(4)))),
        AVP(4, bytes((0, 0, 0, source.randrange(4)))),
        AVP(9, source.randbytes(2)),
        AVP(10, bytes((0, source.randrange(1, 64)))),
        AVP(11, source.randbytes(source.choice((16, 16, 16, 24, 32)))),
        AVP(8, f"Vendor {source.randrange(1000)}".encode(), mandatory=False),
        ns=source.getrandbits(16),
        nr=source.getrandbits(16),
    )
