"""Mutants that take an AVP with a reserved bit set for a good one where M = 0 (RFC 2661 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.examine import Examined
from harness.peer.message_types import ICRP, ICRQ, SCCCN, SCCRP, SCCRQ
from harness.peer.mutants.base import add
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet

CHALLENGE: Final = 11
CHALLENGE_RESPONSE: Final = 13
ASSIGNED_SESSION_ID: Final = 14

USED: Final[Sequence[tuple[str, int, str, int, frozenset[Role]]]] = (
    ("SCCRQ", SCCRQ, "Challenge", CHALLENGE, BOTH),
    ("SCCRP", SCCRP, "Challenge", CHALLENGE, BOTH),
    ("SCCRP", SCCRP, "Challenge Response", CHALLENGE_RESPONSE, BOTH),
    ("SCCCN", SCCCN, "Challenge Response", CHALLENGE_RESPONSE, BOTH),
    ("ICRQ", ICRQ, "Assigned Session ID", ASSIGNED_SESSION_ID, LNS),
    ("ICRP", ICRP, "Assigned Session ID", ASSIGNED_SESSION_ID, LAC),
)
"""A message, an AVP of it, and who receives it."""


def using(message: int, attribute: int) -> type[Variant]:
    """A peer that looks at the reserved bits of an AVP only where M = 1."""

    class Lenient(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            if packet.message_type != message:
                return super().examine(packet)
            avps = tuple(
                one._replace(reserved=0)
                if one.type == attribute and not one.vendor and not one.mandatory
                else one
                for one in packet.avps
            )
            return super().examine(packet._replace(avps=avps))

    return with_tunnel(Lenient)


def _table() -> None:
    for name, number, avp, attribute, roles in USED:
        add(
            f"uses-reserved-{avp.lower().replace(' ', '-')}-in-{name.lower()}",
            using(number, attribute),
            "RFC2661-4.1-03",
            f"the {avp} of an {name} is used although it has a reserved bit set, if M = 0",
            roles=roles,
        )


_table()
