"""Mutants of hiding: what a peer does wrong with the values that it hides (RFC 2661 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from harness.peer.mutants.base import add
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, Variant, with_tunnel
from harness.wire import AVP, Packet, hide, hide_avp, reveal
from harness.wire.model import RANDOM_VECTOR

VECTOR: Final = bytes(range(16))

Change = Callable[[Packet, bytes], Packet]
"""What is sent in place of a message with hidden values; the octets are the secret."""


def _concealing(change: Change) -> type[Variant]:
    class Concealing(Tunnel):
        def conceal(self, packet: Packet, secret: bytes, only: Collection[str] | None) -> Packet:
            return change(super().conceal(packet, secret, only), secret)

    return with_tunnel(Concealing)


def _vectors_last(packet: Packet, _secret: bytes) -> Packet:
    vectors = [one for one in packet.avps if one.type == RANDOM_VECTOR]
    others = [one for one in packet.avps if one.type != RANDOM_VECTOR]
    return packet._replace(avps=(*others, *vectors))


def _one_vector(packet: Packet, _secret: bytes) -> Packet:
    vectors = [one for one in packet.avps if one.type == RANDOM_VECTOR]
    avps = tuple(one for one in packet.avps if one not in vectors[1:])
    return packet._replace(avps=avps)


def _anew(vector: bytes = VECTOR, key: bytes = b"") -> Change:
    """Everything hidden with one vector; `key` in place of the secret."""

    def change(packet: Packet, secret: bytes) -> Packet:
        clear, _ = reveal(packet.avps, secret)
        avps: list[AVP] = []
        for came, one in zip(packet.avps, clear, strict=True):
            if came.type == RANDOM_VECTOR:
                continue
            if came.hidden and not any(each.type == RANDOM_VECTOR for each in avps):
                avps.append(AVP(RANDOM_VECTOR, vector))
            avps.append(hide_avp(one, key or secret, vector) if came.hidden else one)
        return packet._replace(avps=tuple(avps))

    return change


def _telling(length: Callable[[int], int]) -> Change:
    """Another original length in each hidden value, by turning over the bits that differ."""

    def change(packet: Packet, secret: bytes) -> Packet:
        clear, _ = reveal(packet.avps, secret)
        avps = []
        for came, one in zip(packet.avps, clear, strict=True):
            if not came.hidden:
                avps.append(came)
                continue
            right = len(one.value)
            start = int.from_bytes(came.value[:2], "big") ^ right ^ length(right)
            avps.append(came._replace(value=start.to_bytes(2, "big") + came.value[2:]))
        return packet._replace(avps=tuple(avps))

    return change


def _digest_in_host_order(packet: Packet, secret: bytes) -> Packet:
    clear, _ = reveal(packet.avps, secret)
    avps, vector = [], b""
    for came, one in zip(packet.avps, clear, strict=True):
        vector = came.value if came.type == RANDOM_VECTOR else vector
        swapped = (one.type & 0xFF) << 8 | one.type >> 8
        hidden = hide(swapped, one.value, secret, vector) if came.hidden else came.value
        avps.append(came._replace(value=hidden))
    return packet._replace(avps=tuple(avps))


for _name, _row, _text, _change in (
    (
        "attribute-type-in-host-order",
        "RFC2661-4.3-09",
        "the digest that hides a value has the attribute type with its low octet first",
        _digest_in_host_order,
    ),
    (
        "original-length-with-header",
        "RFC2661-4.3-06",
        "the original length counts the header of the AVP",
        _telling(lambda right: right + 6),
    ),
    (
        "vectors-behind",
        "RFC2661-4.3-04",
        "Random Vectors stand behind what they hide",
        _vectors_last,
    ),
    (
        "one-vector-sent",
        "RFC2661-4.3-12",
        "of several random vectors only the first is sent",
        _one_vector,
    ),
    (
        "short-vector",
        "RFC2661-4.4.1-05",
        "a Random Vector has 8 octets",
        _anew(vector=VECTOR[:8]),
    ),
    (
        "another-secret-for-hiding",
        "RFC2661-4.3-02",
        "values are hidden under another secret than that of the tunnel",
        _anew(key=b"another secret"),
    ),
    (
        "original-length-with-padding",
        "RFC2661-4.3-06",
        "the original length counts some padding that is not there",
        _telling(lambda right: right + 64),
    ),
    (
        "original-length-in-host-order",
        "RFC2661-4.3-05",
        "the original length has its low octet first",
        _telling(lambda right: (right & 0xFF) << 8 | right >> 8),
    ),
):
    add(_name, _concealing(_change), _row, _text, roles=BOTH)
