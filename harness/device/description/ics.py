"""The capabilities that a device may claim in its ICS and that a case may require."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAPABILITIES: Final[Mapping[str, str]] = {
    "tunnel_authentication": "answers a Challenge, and can be made to send one (RFC 2661 5.1.1)",
    "hidden_avps": "deciphers AVPs whose H bit is set, in any message from the SCCRQ on (4.3)",
    "incoming_calls": "an LNS that accepts an ICRQ, or a LAC that can be made to send one (7.4)",
    "outgoing_calls": "an LNS that can be made to send an OCRQ, or a LAC that accepts one (7.5)",
    "tie_breaker": "resolves two SCCRQs that cross by the Tie Breaker AVP (4.4.3)",
    "sequencing": "sends sequenced data after a Sequencing Required AVP (5.4)",
    "ppp": "has a PPP of its own, or a stand-in, that answers LCP on an established call",
    "multiple_sessions": "carries more than one call in a control connection at a time",
    "initiates_tunnel": "can be made to send an SCCRQ by the action `dial`",
    "accepts_tunnel": "a LAC that answers an SCCRQ by an SCCRP, as every LNS does (6.1)",
}
"""Every capability with its meaning. A device that says nothing of one does not claim it."""

OF_EVERY_LNS: Final = frozenset({"accepts_tunnel"})
"""What an LNS has without saying so."""

CapabilityValue = bool | int | str
