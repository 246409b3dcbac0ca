"""What a reference LAC says in its ICCN about the client that has dialled in (RFC 2661 4.4.5).

There is no client: LCP and authentication with it are made up, and fit together as real ones would.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from typing import Final

from harness.peer import ppp
from harness.wire import Value

NAME: Final = "client"
PASSWORD: Final = b"password of the client"

TEXT, CHAP, PAP, NONE, MS_CHAP = 1, 2, 3, 4, 5
"""Proxy Authen Types (4.4.5)."""

KINDS: Final[Mapping[str, int | None]] = {
    "lcp": None,
    "text": TEXT,
    "chap": CHAP,
    "pap": PAP,
    "none": NONE,
    "ms-chap": MS_CHAP,
}
"""What may be passed on: LCP alone, or the Proxy Authen Type of the authentication behind it."""

AVPS: Final = (
    "initial_received_lcp_confreq",
    "last_sent_lcp_confreq",
    "last_received_lcp_confreq",
    "proxy_authen_type",
    "proxy_authen_name",
    "proxy_authen_challenge",
    "proxy_authen_id",
    "proxy_authen_response",
)
"""All of 4.4.5."""

SECRETS: Final = ("proxy_authen_name", "proxy_authen_response")
"""AVPs that are worth hiding: a name, and what may be a password."""

_PROTOCOLS: Final[Mapping[int, bytes]] = {
    CHAP: ppp.CHAP_WITH_MD5,
    PAP: b"\xc0\x23",
    MS_CHAP: b"\xc2\x23\x80",
}


def proxy_values(kind: str, chance: random.Random) -> dict[str, Value]:
    """The proxy AVPs of an ICCN."""
    number = KINDS[kind]
    asked = ppp.option(ppp.MRU, b"\x05\xd4") + ppp.option(ppp.MAGIC_NUMBER, chance.randbytes(4))
    wanted = ppp.option(ppp.MAGIC_NUMBER, chance.randbytes(4))
    if number is not None and number in _PROTOCOLS:
        wanted = ppp.option(ppp.AUTHENTICATION, _PROTOCOLS[number]) + wanted
    values: dict[str, Value] = {
        "initial_received_lcp_confreq": ppp.option(ppp.ACCM, bytes(4)) + asked,
        "last_sent_lcp_confreq": wanted,
        "last_received_lcp_confreq": asked,
    }
    if number is None:
        return values
    values["proxy_authen_type"] = number
    if number == NONE:
        return values
    identifier = chance.randrange(1, 256)
    values["proxy_authen_name"] = NAME
    if number != TEXT:
        values["proxy_authen_id"] = identifier
    if number in (TEXT, PAP):
        values["proxy_authen_response"] = PASSWORD
    elif number == CHAP:
        challenge = chance.randbytes(16)
        digest = hashlib.md5(bytes((identifier,)) + PASSWORD + challenge).digest()
        values["proxy_authen_challenge"] = challenge
        values["proxy_authen_response"] = digest
    else:
        values["proxy_authen_challenge"] = chance.randbytes(8)
        values["proxy_authen_response"] = chance.randbytes(49)
    return values


def is_complete(octets: Mapping[str, bytes]) -> bool:
    """Whether an ICCN has enough for the LNS to go on where LCP of the LAC has ended."""
    wanted = ("last_sent_lcp_confreq", "last_received_lcp_confreq")
    return all(name in octets and ppp.options(octets[name]) is not None for name in wanted)
