"""What an ICCN says about the client that has dialled in (RFC 2661 4.4.5).

A reference LAC has no client: LCP and authentication with it are made up, and fit together as real
ones would. A reference LNS that takes an authentication over knows this client, and a second one.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.peer import ppp
from harness.wire import Value

NAME: Final = "client"
PASSWORD: Final = b"password"
PASSWORDS: Final[Mapping[bytes, bytes]] = {NAME.encode(): PASSWORD, b"second": b"pappassword"}
"""What the clients have, whom such an LNS knows."""

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
    PAP: ppp.PAP.to_bytes(2, "big"),
    MS_CHAP: b"\xc2\x23\x80",
}

_REPLIES: Final[Mapping[int, tuple[int, int, int, bytes]]] = {
    CHAP: (ppp.CHAP, 3, 4, b""),
    PAP: (ppp.PAP, 2, 3, b"\0"),
}
"""By what the client is told: the protocol, the codes of yes and no, a message of no octets."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An authentication that the LAC has begun with its client, up to the client's response.

    identifier: that of the response, in which CHAP copies that of the challenge.
    """

    kind: int
    name: bytes
    identifier: int
    challenge: bytes
    response: bytes

    @property
    def holds(self) -> bool:
        """Whether it is a client that is known, which has proved it."""
        return self.name in PASSWORDS and self.response == self.right

    @property
    def right(self) -> bytes:
        """The response that proves it (RFC 1994 4.1, RFC 1334 2.2.1)."""
        password = PASSWORDS.get(self.name, PASSWORD)
        return password if self.kind == PAP else _digest(self.identifier, self.challenge, password)

    def reply(self) -> bytes:
        """The frame that tells the client; it has the identifier of the client's response."""
        protocol, good, bad, message = _REPLIES[self.kind]
        return ppp.frame(protocol, good if self.holds else bad, self.identifier, message)


def begun(octets: Mapping[str, bytes]) -> Begun | None:
    """The authentication that an ICCN passes on; None where parts are missing, or of MS-CHAP."""
    names = ("type", "id", "name", "response")
    kind, identifier, name, response = (octets.get(f"proxy_authen_{one}") for one in names)
    if kind is None or identifier is None or name is None or response is None:
        return None
    number, challenge = int.from_bytes(kind, "big"), octets.get("proxy_authen_challenge", b"")
    if number not in _REPLIES or (number == CHAP and not challenge):
        return None
    return Begun(number, name, identifier[-1], challenge, response)


def _digest(identifier: int, challenge: bytes, password: bytes = PASSWORD) -> bytes:
    octets = bytes((identifier,)) + password + challenge
    return hashlib.md5(octets, usedforsecurity=False).digest()


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
        values["proxy_authen_challenge"] = challenge
        values["proxy_authen_response"] = _digest(identifier, challenge)
    else:
        values["proxy_authen_challenge"] = chance.randbytes(8)
        values["proxy_authen_response"] = chance.randbytes(49)
    return values


def is_complete(octets: Mapping[str, bytes]) -> bool:
    """Whether an ICCN has enough for the LNS to go on where LCP of the LAC has ended."""
    wanted = ("last_sent_lcp_confreq", "last_received_lcp_confreq")
    return all(name in octets and ppp.options(octets[name]) is not None for name in wanted)
