"""The words of the suite language: verdicts, preambles, what may be sent and expected, names."""

from __future__ import annotations

from collections.abc import Mapping

SEVERITIES = ("fail", "warn", "note", "inconc")
VERDICTS = ("pass", *SEVERITIES)
ESTABLISHED = ("tunnel", "session", "outgoing-session")
BEFORE: Mapping[str, tuple[str, ...]] = {
    "tunnel": ("SCCRP", "SCCCN"),
    "session": ("ICRP", "ICCN"),
    "outgoing-session": ("OCRP", "OCCN"),
}
"""Messages of the peer before which each preamble may stop."""

IMPAIRMENTS = ("drop", "duplicate", "delay", "reorder")
DIRECTIONS = ("sent", "received")
VECTOR_PLACES = ("ahead", "behind", "left-out")
LIVING = ("device", "tunnel")
ROLES = ("lac", "lns")
KNOWN_TAGS = ("slow", "negative", "positive", "hostile", "security", "endurance")

ZLB = "ZLB"
RAW = "raw"
DATA = "data"
ACK = "ack"
SILENCE = "silence"
ANY = "any"
SENT_WORDS = (ZLB, RAW, DATA)
RECEIVED_WORDS = (ZLB, ACK, SILENCE, ANY, DATA)
AVP_BEARERS_NOT = frozenset({ZLB, ACK, SILENCE, DATA})
"""What `expect` may name that carries no AVPs a `where` could look at."""

BUILT_IN_NAMES = (
    "iut_tunnel_id",
    "iut_session_id",
    "peer_tunnel_id",
    "peer_session_id",
    "expected_challenge_response",
    "sent_ns",
    "iut_next_ns",
)
"""What `${…}` may name in any step: ids as each side assigned them, the right answer to the last
Challenge of the scripted peer, the Ns of what it sent last, and the Ns that the IUT is to send
next."""

LOOP_VARIABLE = "index"
"""Inside `repeat`, the number of the round, from 0."""

LIMIT_VARIABLE = "limit"
"""In a case about a limit of the device, what that limit is."""

RESERVED_NAMES = frozenset({*BUILT_IN_NAMES, LOOP_VARIABLE, LIMIT_VARIABLE})
"""Names that neither an axis nor a `save` may take."""

HEADER_FIELDS = (
    "version",
    "length",
    "tunnel_id",
    "session_id",
    "ns",
    "nr",
    "flags",
    "port",
    "protocol",
    "code",
    "identifier",
    "octets",
)
"""What a header matcher and `save: header.…` may name. `port` is the UDP port of the sender; the
last four are those of the PPP frame in a data message."""

WHOSE = ("peer", "iut")
"""Whose Ns a step brings to a number."""
