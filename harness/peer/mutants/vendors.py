"""Mutants that read a vendor's AVP with M = 0 as the attribute of the IETF with its number (4.1).

Where both stand in a message, some take the first of them, some the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.examine import Examined
from harness.peer.message_types import ICCN, ICRP, ICRQ, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ
from harness.peer.mutants.base import add
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import AVP, Packet


def vendors_read(number: int, *, last_wins: bool) -> type[Variant]:
    """A peer that does not look at the Vendor ID in messages of one type."""

    class Unaware(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            if packet.message_type == number and any(map(_optional, packet.avps)):
                first, *others = (
                    one._replace(vendor=0) if _optional(one) else one for one in packet.avps
                )
                if last_wins:
                    others.reverse()
                packet = packet._replace(avps=(first, *others))
            return super().examine(packet)

    return with_tunnel(Unaware)


def _optional(avp: AVP) -> bool:
    return bool(avp.vendor) and not avp.mandatory


MESSAGES: Final[Sequence[tuple[str, int, frozenset[Role]]]] = (
    ("SCCRQ", SCCRQ, BOTH),
    ("SCCRP", SCCRP, BOTH),
    ("SCCCN", SCCCN, BOTH),
    ("ICRQ", ICRQ, LNS),
    ("ICRP", ICRP, LAC),
    ("ICCN", ICCN, LNS),
    ("OCRQ", OCRQ, LAC),
    ("OCRP", OCRP, LNS),
)
"""A message, its number, and who receives it."""

for _name, _number, _roles in MESSAGES:
    for _which in ("first", "last"):
        if (_name, _which) == ("ICCN", "last"):
            continue  # there is no more than one of it
        add(
            f"vendor-ids-of-{_name.lower()}-unread-{_which}-wins",
            vendors_read(_number, last_wins=_which == "last"),
            "RFC2661-4.1-14",
            f"in an {_name} an AVP of any vendor with M = 0 is one of the IETF; the {_which} wins",
            roles=_roles,
        )
