"""Hiding of AVP values under a shared secret and a Random Vector (RFC 2661 4.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from harness.wire.model import AVP, RANDOM_VECTOR

_BLOCK: Final = 16
_LENGTH_OCTETS: Final = 2


def hide(
    attribute_type: int, value: bytes, secret: bytes, random_vector: bytes, padding: bytes = b""
) -> bytes:
    """The value of a hidden AVP: length of the original, the original and padding, enciphered.

    `attribute_type`: 0..65535. `value`: up to 65535 octets, of which an AVP has room for 1015.
    Raises ValueError where one of them does not fit.
    """
    if len(value) > 0xFFFF:
        raise ValueError(f"the original length is two octets, {len(value)} does not fit")
    clear = len(value).to_bytes(_LENGTH_OCTETS, "big") + value + padding
    digest = _first_digest(attribute_type, secret, random_vector)
    blocks = []
    for place in range(0, len(clear), _BLOCK):
        block = _exclusive_or(clear[place : place + _BLOCK], digest)
        blocks.append(block)
        digest = _md5(secret + block)
    return b"".join(blocks)


def unhide(attribute_type: int, hidden: bytes, secret: bytes, random_vector: bytes) -> bytes | None:
    """The original value of a hidden AVP.

    None if it is too short for the length of the original, or that length exceeds what is there:
    another secret, another Random Vector, or a malformed AVP. Raises ValueError if
    `attribute_type` is outside 0..65535.
    """
    if len(hidden) < _LENGTH_OCTETS:
        return None
    digest = _first_digest(attribute_type, secret, random_vector)
    blocks = []
    for place in range(0, len(hidden), _BLOCK):
        block = hidden[place : place + _BLOCK]
        blocks.append(_exclusive_or(block, digest))
        digest = _md5(secret + block)
    clear = b"".join(blocks)
    length = int.from_bytes(clear[:_LENGTH_OCTETS], "big")
    if length > len(clear) - _LENGTH_OCTETS:
        return None
    return clear[_LENGTH_OCTETS : _LENGTH_OCTETS + length]


def hide_avp(avp: AVP, secret: bytes, random_vector: bytes, padding: bytes = b"") -> AVP:
    """The AVP with its value hidden and the H bit set; a stated `length` is dropped."""
    value = hide(avp.type, avp.value, secret, random_vector, padding)
    return avp._replace(value=value, hidden=True, length=None)


def reveal(avps: Sequence[AVP], secret: bytes | None) -> tuple[list[AVP], list[tuple[int, str]]]:
    """The AVPs with the hidden ones in clear, and what could not be read: index and reason.

    Each is deciphered with the last Random Vector before it. One that cannot be read stays as it
    is, hidden, so the indexes are those of `avps`.
    """
    clear: list[AVP] = []
    problems: list[tuple[int, str]] = []
    random_vector: bytes | None = None
    for index, avp in enumerate(avps):
        if not avp.hidden:
            # 4.1: with a reserved bit set it is an unrecognized AVP and no Random Vector
            if avp.type == RANDOM_VECTOR and not avp.vendor and not avp.reserved:
                random_vector = avp.value
            clear.append(avp)
            continue
        value: bytes | None = None
        if random_vector is None:
            problems.append((index, "no Random Vector before the hidden AVP"))
        elif secret is None:
            problems.append((index, "no secret to read the hidden AVP with"))
        elif avp.length is not None:
            problems.append((index, "the hidden AVP is not as long as its Length says"))
        elif len(avp.value) < _LENGTH_OCTETS:
            problems.append((index, "the hidden AVP is too short to hold its original length"))
        else:
            value = unhide(avp.type, avp.value, secret, random_vector)
            if value is None:
                problems.append((index, "the original length exceeds the hidden AVP"))
        clear.append(avp if value is None else avp._replace(value=value, hidden=False))
    return clear, problems


def _first_digest(attribute_type: int, secret: bytes, random_vector: bytes) -> bytes:
    if not 0 <= attribute_type <= 0xFFFF:
        raise ValueError(f"the attribute type is {attribute_type}, the field holds 0..65535")
    return _md5(attribute_type.to_bytes(2, "big") + secret + random_vector)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _exclusive_or(block: bytes, digest: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(block, digest, strict=False))
