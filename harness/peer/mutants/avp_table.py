"""Mutants by the table of AVPs: a mandatory one left out, M bits wrong, lengths off by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.message_types import (
    CDN,
    ICCN,
    ICRP,
    ICRQ,
    OCCN,
    OCRP,
    OCRQ,
    SCCRP,
    SCCRQ,
    SLI,
    STOPCCN,
    WEN,
)
from harness.peer.mutants import edits
from harness.peer.mutants.altering import altered
from harness.peer.mutants.base import add
from harness.peer.variant import BOTH, LAC, LNS
from harness.spec.model import Role

_MANDATORY: Final[Sequence[tuple[int, str, str, str, int, frozenset[Role]]]] = (
    (SCCRQ, "6.1", "SCCRQ", "protocol_version", 2, LAC),
    (SCCRQ, "6.1", "SCCRQ", "host_name", 7, LAC),
    (SCCRQ, "6.1", "SCCRQ", "framing_capabilities", 3, LAC),
    (SCCRQ, "6.1", "SCCRQ", "assigned_tunnel_id", 9, LAC),
    (SCCRP, "6.2", "SCCRP", "protocol_version", 2, LNS),
    (SCCRP, "6.2", "SCCRP", "host_name", 7, LNS),
    (SCCRP, "6.2", "SCCRP", "framing_capabilities", 3, LNS),
    (SCCRP, "6.2", "SCCRP", "assigned_tunnel_id", 9, LNS),
    (STOPCCN, "6.4", "StopCCN", "assigned_tunnel_id", 9, BOTH),
    (STOPCCN, "6.4", "StopCCN", "result_code", 1, BOTH),
    (ICRQ, "6.6", "ICRQ", "assigned_session_id", 14, LAC),
    (ICRQ, "6.6", "ICRQ", "call_serial_number", 15, LAC),
    (ICRP, "6.7", "ICRP", "assigned_session_id", 14, LNS),
    (ICCN, "6.8", "ICCN", "tx_connect_speed", 24, LAC),
    (ICCN, "6.8", "ICCN", "framing_type", 19, LAC),
    (OCRQ, "6.9", "OCRQ", "assigned_session_id", 14, LNS),
    (OCRQ, "6.9", "OCRQ", "call_serial_number", 15, LNS),
    (OCRQ, "6.9", "OCRQ", "minimum_bps", 16, LNS),
    (OCRQ, "6.9", "OCRQ", "maximum_bps", 17, LNS),
    (OCRQ, "6.9", "OCRQ", "bearer_type", 18, LNS),
    (OCRQ, "6.9", "OCRQ", "framing_type", 19, LNS),
    (OCRQ, "6.9", "OCRQ", "called_number", 21, LNS),
    (OCRP, "6.10", "OCRP", "assigned_session_id", 14, LAC),
    (OCCN, "6.11", "OCCN", "tx_connect_speed", 24, LAC),
    (OCCN, "6.11", "OCCN", "framing_type", 19, LAC),
    (CDN, "6.12", "CDN", "result_code", 1, BOTH),
    (CDN, "6.12", "CDN", "assigned_session_id", 14, BOTH),
    (WEN, "6.13", "WEN", "call_errors", 34, LAC),
    (SLI, "6.14", "SLI", "accm", 35, LNS),
)

_BITS: Final[Sequence[tuple[int, str, str, bool, frozenset[Role]]]] = (
    (1, "4.4.2", "result_code", True, BOTH),
    (2, "4.4.3", "protocol_version", True, BOTH),
    (3, "4.4.3", "framing_capabilities", True, BOTH),
    (4, "4.4.3", "bearer_capabilities", True, BOTH),
    (6, "4.4.3", "firmware_revision", False, BOTH),
    (7, "4.4.3", "host_name", True, BOTH),
    (8, "4.4.3", "vendor_name", False, BOTH),
    (9, "4.4.3", "assigned_tunnel_id", True, BOTH),
    (10, "4.4.3", "receive_window_size", True, BOTH),
    (11, "4.4.3", "challenge", True, BOTH),
    (13, "4.4.3", "challenge_response", True, BOTH),
    (14, "4.4.4", "assigned_session_id", True, BOTH),
    (15, "4.4.4", "call_serial_number", True, BOTH),
    (16, "4.4.4", "minimum_bps", True, LNS),
    (17, "4.4.4", "maximum_bps", True, LNS),
    (18, "4.4.4", "bearer_type", True, BOTH),
    (19, "4.4.4", "framing_type", True, BOTH),
    (21, "4.4.4", "called_number", True, BOTH),
    (24, "4.4.4", "tx_connect_speed", True, LAC),
    (12, "4.4.4", "q931_cause_code", True, LAC),
    (22, "4.4.4", "calling_number", True, LAC),
    (23, "4.4.4", "sub_address", True, BOTH),
    (25, "4.4.4", "physical_channel_id", False, LAC),
    (37, "4.4.4", "private_group_id", False, LAC),
    (38, "4.4.4", "rx_connect_speed", False, LAC),
    (36, "4.4.1", "random_vector", True, BOTH),
    (5, "4.4.3", "tie_breaker", False, BOTH),
    (26, "4.4.5", "initial_received_lcp_confreq", False, LAC),
    (27, "4.4.5", "last_sent_lcp_confreq", False, LAC),
    (28, "4.4.5", "last_received_lcp_confreq", False, LAC),
    (29, "4.4.5", "proxy_authen_type", False, LAC),
    (30, "4.4.5", "proxy_authen_name", False, LAC),
    (31, "4.4.5", "proxy_authen_challenge", False, LAC),
    (32, "4.4.5", "proxy_authen_id", False, LAC),
    (33, "4.4.5", "proxy_authen_response", False, LAC),
    (34, "4.4.6", "call_errors", True, LAC),
    (35, "4.4.6", "accm", True, LNS),
)

_FIXED: Final[Sequence[tuple[int, str, str, frozenset[Role]]]] = (
    (2, "4.4.3", "protocol_version", BOTH),
    (3, "4.4.3", "framing_capabilities", BOTH),
    (9, "4.4.3", "assigned_tunnel_id", BOTH),
    (10, "4.4.3", "receive_window_size", BOTH),
    (13, "4.4.3", "challenge_response", BOTH),
    (14, "4.4.4", "assigned_session_id", BOTH),
    (24, "4.4.4", "tx_connect_speed", LAC),
    (19, "4.4.4", "framing_type", LAC),
    (25, "4.4.4", "physical_channel_id", LAC),
    (38, "4.4.4", "rx_connect_speed", LAC),
    (5, "4.4.3", "tie_breaker", BOTH),
    (29, "4.4.5", "proxy_authen_type", LAC),
    (32, "4.4.5", "proxy_authen_id", LAC),
    (34, "4.4.6", "call_errors", LAC),
    (35, "4.4.6", "accm", LNS),
)

_CONFREQS: Final[Sequence[tuple[int, str, str]]] = (
    (26, "04", "initial_received_lcp_confreq"),
    (27, "05", "last_sent_lcp_confreq"),
    (28, "06", "last_received_lcp_confreq"),
)


def _tables() -> None:
    for kind, section, message, name, number, roles in _MANDATORY:
        add(
            f"{message}-without-{name}".lower(),
            altered(edits.on((kind,), edits.without(number))),
            f"RFC2661-{section}-{message}-{name}",
            f"{message} is sent without {name}",
            roles=roles,
        )
    for number, row, name in _CONFREQS:
        add(
            f"{name}-with-header",
            altered(edits.on((ICCN,), edits.avp(number, value=b"\1\1\0\x08\1\4\5\xd4"))),
            f"RFC2661-4.4.5-{row}",
            f"{name} begins with the header of LCP",
            roles=LAC,
        )
    for number, section, name, right, roles in _BITS:
        add(
            f"{name}-m-bit",
            altered(edits.avp(number, mandatory=not right)),
            f"RFC2661-{section}-{name}-M",
            f"{name} is sent with M = {int(not right)}",
            roles=roles,
        )
    for number, section, name, roles in _FIXED:
        add(
            f"{name}-too-long",
            altered(edits.lengthened(number, b"\0")),
            f"RFC2661-{section}-{name}-length",
            f"{name} is sent with one octet too many",
            roles=roles,
        )
        add(
            f"{name}-too-short",
            altered(edits.shortened(number)),
            f"RFC2661-{section}-{name}-length",
            f"{name} is sent with one octet too few",
            roles=roles,
        )


_tables()
