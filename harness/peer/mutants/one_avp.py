"""Mutants that crash at one AVP of one message, or do not take the message because of it.

Many real ones did, each where its code for just this attribute lacked a bound (4.1, 4.3, 7.1). The
tables say what is the matter with the AVP, what it is and where it stands: each row shows that
such a one was sent, and looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from harness.peer.message_types import (
    CDN,
    ICCN,
    ICRP,
    ICRQ,
    OCCN,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SCCRQ,
    SLI,
)
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import AVP, Packet, parse, reveal

AVP_HEADER: Final = 6
"""Octets of the shortest AVP (4.1)."""

CHALLENGE: Final = (11,)
CALLED_NUMBER: Final = (21,)
PROXY_AUTHEN_RESPONSE: Final = (33,)
ANY: Final = range(1, 65536)
"""Any attribute but the Message Type."""

BROADBAND_FORUM: Final = 3561

Flaw = Callable[[AVP], bool]


def too_short(avp: AVP) -> bool:
    """With a Length that leaves no room for its own header."""
    return avp.length is not None and avp.length < AVP_HEADER


def too_long(avp: AVP) -> bool:
    """With a Length beyond its message."""
    return avp.length is not None and avp.length > avp.size


def empty(avp: AVP) -> bool:
    """Without a value, and with the Length of that."""
    return avp.length is None and not avp.value


def there(_avp: AVP) -> bool:
    """It is enough that it is there."""
    return True


def with_m(avp: AVP) -> bool:
    """With M = 1."""
    return avp.mandatory


def crashing(
    messages: Collection[int], types: Collection[int], flaw: Flaw, vendor: int = 0
) -> type[Variant]:
    """A peer that crashes at an AVP of these types in these messages if it has the flaw."""

    class Crashing(Variant):
        def receive(self, data: bytes, source: Address, now: float) -> None:
            packet = parse(data).packet
            if packet is not None and packet.message_type in messages:
                for avp in packet.avps:
                    if avp.vendor == vendor and avp.type in types and flaw(avp):
                        raise IndexError("beyond the value of an AVP")
            super().receive(data, source, now)

    return Crashing


def hidden_crashing(messages: Collection[int], types: Collection[int]) -> type[Variant]:
    """A peer that copies as much of a hidden value as its deciphered length says (4.3)."""

    class Copying(Variant):
        def receive(self, data: bytes, source: Address, now: float) -> None:
            packet = parse(data).packet
            if packet is not None and packet.message_type in messages:
                for index, reason in reveal(packet.avps, self.config.secret)[1]:
                    if packet.avps[index].type in types and "exceeds" in reason:
                        raise IndexError("beyond the hidden value")
            super().receive(data, source, now)

    return Copying


def dropping(message: int, attribute: int) -> type[Variant]:
    """A peer that acknowledges a message and forgets it for an M bit that is not the table's."""

    class Dropping(Tunnel):
        def handle(self, packet: Packet, now: float) -> None:
            spec = self.endpoint.specification.avp(attribute, 0)
            if packet.message_type == message and spec is not None:
                for avp in packet.avps:
                    known = avp.type == attribute and not avp.vendor
                    if known and avp.mandatory is not spec.mandatory:
                        return
            super().handle(packet, now)

    return with_tunnel(Dropping)


REQUESTS: Final = (ICRQ, OCRQ)

HIDDEN: Final[Sequence[tuple[str, str, Collection[int], Collection[int], frozenset[Role]]]] = (
    ("Challenge of an SCCRQ", "7.1-09", (SCCRQ,), CHALLENGE, BOTH),
    ("Challenge of an SCCRP", "7.1-09", (SCCRP,), CHALLENGE, BOTH),
    ("Called Number of a request", "7.1-09", REQUESTS, CALLED_NUMBER, BOTH),
    ("Proxy Authen Response", "7.1-08", (ICCN,), PROXY_AUTHEN_RESPONSE, LNS),
)
"""An AVP whose original length may be beyond what is there, a row, where it stands, its types."""

FLAWS: Final[
    Sequence[tuple[str, str, Collection[int], Collection[int], Flaw, int, frozenset[Role]]]
] = (
    ("an AVP of an SCCRP is too short", "7.1-09", (SCCRP,), ANY, too_short, 0, BOTH),
    ("an AVP of an SCCRP is too long", "7.1-09", (SCCRP,), ANY, too_long, 0, BOTH),
    ("a Called Number is too short", "7.1-09", REQUESTS, CALLED_NUMBER, too_short, 0, BOTH),
    ("a Called Number is too long", "7.1-09", REQUESTS, CALLED_NUMBER, too_long, 0, BOTH),
    ("the Challenge of an SCCRP is empty", "4.4.3-25", (SCCRP,), CHALLENGE, empty, 0, BOTH),
    ("an SCCRQ has a later AVP with M", "4.1-05", (SCCRQ,), (67, 79, 81, 84), with_m, 0, BOTH),
    ("an ICCN wants LCP options", "4.1-06", (ICCN,), (49, 50), there, 0, LNS),
    ("an OCCN wants LCP options", "4.1-06", (OCCN,), (49, 50), there, 0, LNS),
    ("an SLI tells LCP options", "4.1-06", (SLI,), (51, 52), there, 0, LAC),
    ("an OCRP has a later AVP", "4.1-06", (OCRP,), (45, 48, 94, 95), there, 0, LNS),
    ("an ICRP tells an MRU", "4.1-06", (ICRP,), (94, 95), there, 0, LAC),
    (
        "a rate of the line has M",
        "4.1-04",
        (ICRQ,),
        (*range(130, 143), 145),
        with_m,
        BROADBAND_FORUM,
        LNS,
    ),
    ("a later message has its AVP", "4.4.1-03", (17, 18, 19, 28), (54, 55, 97), there, 0, BOTH),
)
"""When it crashes, a row, the messages and types, what is the matter, the vendor, and as what."""

BITS: Final[Sequence[tuple[str, str, int, int, frozenset[Role]]]] = (
    ("an SCCCN for its Message Type", "7.2.1-S10", SCCCN, 0, BOTH),
    ("an OCRP for its Message Type", "7.5.2-S04", OCRP, 0, LNS),
    ("an OCRP for its Physical Channel ID", "7.5.2-S04", OCRP, 25, LNS),
    ("an OCCN for its Rx Connect Speed", "7.5.2-S07", OCCN, 38, LNS),
    ("an OCCN for its Sequencing Required", "7.5.2-S07", OCCN, 39, LNS),
    ("a CDN for its Q.931 Cause Code", "6.12-02", CDN, 12, BOTH),
)
"""What is forgotten because of which AVP with another M bit than the table's, a row, numbers."""


def _name(words: str) -> str:
    return words.lower().replace(" ", "-").replace(".", "")


for _what, _row, _messages, _types, _roles in HIDDEN:
    add(
        f"crashes-as-the-hidden-{_name(_what)}-is-too-long",
        hidden_crashing(_messages, _types),
        f"RFC2661-{_row}",
        f"the hidden {_what} crashes the peer if its original length is beyond what is there",
        roles=_roles,
    )
for _what, _row, _messages, _types, _flaw, _vendor, _roles in FLAWS:
    add(
        f"crashes-as-{_name(_what)}",
        crashing(_messages, _types, _flaw, _vendor),
        f"RFC2661-{_row}",
        f"it crashes when {_what}",
        roles=_roles,
    )
for _what, _row, _message, _type, _roles in BITS:
    add(
        f"forgets-{_name(_what)}",
        dropping(_message, _type),
        f"RFC2661-{_row}",
        f"acknowledges and forgets {_what}, whose M bit is not as in the table",
        roles=_roles,
    )


@mutant("RFC2661-7.1-09", "an SCCRQ with an AVP that cannot be read is not answered")
class SilentAsAnAvpCannotBeRead(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        unreadable = reveal(packet.avps, self.config.secret)[1]
        if not unreadable and all(avp.length is None for avp in packet.avps):
            super().accept(packet, source, now)
