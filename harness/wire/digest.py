"""The response to a tunnel authentication challenge (RFC 2661 5.1.1, 4.4.3; RFC 1994 4.1)."""

from __future__ import annotations

import hashlib


def challenge_response(message_type: int, secret: bytes, challenge: bytes) -> bytes:
    """The 16 octets of a Challenge Response AVP: MD5 over identifier, secret and challenge.

    `message_type` is that of the message that carries the response, 2 for an SCCRP and 3 for an
    SCCCN; it is the identifier, one octet. Raises ValueError outside 0..255.
    """
    if not 0 <= message_type <= 255:
        raise ValueError(f"the identifier is one octet, message type {message_type} does not fit")
    identifier = bytes((message_type,))
    return hashlib.md5(identifier + secret + challenge, usedforsecurity=False).digest()
