"""Mutants in what is sent: header, AVP bits and lengths, missing and misplaced AVPs, codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from harness.peer.mutants import edits
from harness.peer.mutants.base import BOTH, LAC, LNS, Variant, add
from harness.peer.mutants.edits import (
    CDN,
    HELLO,
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
    STOPCCN,
    WEN,
    Edit,
)
from harness.spec.model import Role
from harness.wire import AVP, Packet

Listed = tuple[str, str, str, Edit, frozenset[Role]]


def altered(edit: Edit) -> type[Variant]:
    """A reference peer whose every packet goes through an edit."""

    class Altered(Variant):
        def alter(self, packet: Packet) -> Iterable[Packet]:
            return (edit(packet),)

    return Altered


def _listed(rows: Sequence[Listed]) -> None:
    for name, row, text, edit, roles in rows:
        add(name, altered(edit), row, text, roles=roles, broad=True)


HEADER: Final[Sequence[Listed]] = (
    (
        "header-without-length",
        "RFC2661-3.1-04",
        "control messages have L = 0",
        edits.header(length=None),
        BOTH,
    ),
    (
        "header-reserved-bit",
        "RFC2661-3.1-05",
        "a reserved header bit is set",
        edits.header(reserved=0x0010),
        BOTH,
    ),
    (
        "header-offset-bit",
        "RFC2661-3.1-08",
        "control messages have an Offset Size",
        edits.header(offset_size=0),
        BOTH,
    ),
    (
        "header-priority-bit",
        "RFC2661-3.1-11",
        "control messages have the P bit",
        edits.header(priority=True),
        BOTH,
    ),
    (
        "header-version-3",
        "RFC2661-3.1-12",
        "Ver is 3",
        edits.header(version=3),
        BOTH,
    ),
    (
        "header-length-low",
        "RFC2661-3.1-14",
        "Length does not count the header",
        lambda packet: (
            packet._replace(
                header=packet.header._replace(length=12 + sum(one.size for one in packet.avps) - 12)
            )
            if packet.avps
            else packet
        ),
        BOTH,
    ),
    (
        "tunnel-id-zero-always",
        "RFC2661-4.4.3-19",
        "the header has Tunnel ID 0 although the peer has assigned one",
        edits.header(tunnel_id=0),
        BOTH,
    ),
    (
        "session-id-zero-always",
        "RFC2661-4.4.4-05",
        "the header has Session ID 0 although the peer has assigned one",
        edits.header(session_id=0),
        BOTH,
    ),
    (
        "hello-with-session-id",
        "RFC2661-6.5-08",
        "a HELLO has a Session ID",
        edits.on((HELLO,), edits.header(session_id=1)),
        BOTH,
    ),
    (
        "zlb-with-octets",
        "RFC2661-5.8-08",
        "a ZLB carries an AVP",
        edits.on_zlb(edits.plus(AVP(0, b"\0\6"))),
        BOTH,
    ),
    (
        "zlb-ns-one-low",
        "RFC2661-5.8-09",
        "the Ns of a ZLB is that of the last message sent",
        edits.on_zlb(edits.lower_ns),
        BOTH,
    ),
    (
        "zlb-ns-one-high",
        "RFC2661-5.8-09",
        "the Ns of a ZLB is one more than the next to be used",
        edits.on_zlb(edits.shift_ns),
        BOTH,
    ),
    (
        "nr-one-high",
        "RFC2661-5.8-10",
        "Nr acknowledges a message that never came",
        edits.shift_nr,
        BOTH,
    ),
    (
        "first-ns-is-one",
        "RFC2661-5.8-02",
        "Ns begins at 1",
        edits.shift_ns,
        BOTH,
    ),
)

FORMAT: Final[Sequence[Listed]] = (
    (
        "message-type-last",
        "RFC2661-4.4.1-01",
        "the Message Type is the last AVP",
        edits.on_messages(edits.type_last),
        BOTH,
    ),
    (
        "message-type-not-mandatory",
        "RFC2661-4.4.1-message_type-M",
        "the Message Type AVP has M = 0",
        edits.on_messages(edits.avp(0, mandatory=False)),
        BOTH,
    ),
    (
        "message-type-hidden-bit",
        "RFC2661-4.4.1-message_type-H",
        "the Message Type AVP has H = 1",
        edits.on_messages(edits.avp(0, hidden=True)),
        BOTH,
    ),
    (
        "avp-reserved-bits",
        "RFC2661-4.1-02",
        "an AVP has a reserved bit set",
        edits.avp(9, reserved=2),
        BOTH,
    ),
    (
        "avp-length-one-low",
        "RFC2661-4.1-08",
        "the Length of the last AVP is one too low",
        lambda packet: (
            packet._replace(
                avps=(
                    *packet.avps[:-1],
                    packet.avps[-1]._replace(length=packet.avps[-1].size - 1),
                )
            )
            if len(packet.avps) > 1
            else packet
        ),
        BOTH,
    ),
    (
        "hidden-without-secret",
        "RFC2661-4.3-04",
        "an AVP has H = 1 without a Random Vector before it",
        edits.avp(3, hidden=True),
        BOTH,
    ),
    (
        "vendor-of-host-name-in-sccrq",
        "RFC2661-6.1-SCCRQ-host_name",
        "the Host Name AVP of an SCCRQ has a Vendor ID",
        edits.on((SCCRQ,), edits.avp(7, vendor=9)),
        LAC,
    ),
    (
        "vendor-of-host-name-in-sccrp",
        "RFC2661-6.2-SCCRP-host_name",
        "the Host Name AVP of an SCCRP has a Vendor ID",
        edits.on((SCCRP,), edits.avp(7, vendor=9)),
        LNS,
    ),
    (
        "reserved-message-type",
        "RFC2661-3.2-01",
        "HELLO goes out as the reserved message type 5",
        edits.on((HELLO,), edits.avp(0, value=b"\0\5")),
        BOTH,
    ),
    (
        "avp-in-wrong-message",
        "RFC2661-4.4.4-assigned_session_id-messages",
        "an ICCN or OCCN carries an Assigned Session ID",
        edits.on((ICCN, OCCN), edits.plus(AVP(14, b"\0\7"))),
        LAC,
    ),
    (
        "tunnel-id-in-scccn",
        "RFC2661-4.4.3-assigned_tunnel_id-messages",
        "an SCCCN carries an Assigned Tunnel ID",
        edits.on((SCCCN,), edits.plus(AVP(9, b"\0\7"))),
        BOTH,
    ),
    (
        "host-name-empty",
        "RFC2661-4.4.3-host_name-length",
        "the Host Name has no octet",
        edits.avp(7, value=b""),
        BOTH,
    ),
    (
        "protocol-version-2",
        "RFC2661-4.4.3-protocol_version-value",
        "the Protocol Version is 2.0",
        edits.avp(2, value=b"\2\0"),
        BOTH,
    ),
    (
        "tunnel-id-zero-assigned",
        "RFC2661-5.3-05",
        "the Assigned Tunnel ID is 0",
        edits.on((SCCRP, SCCRQ), edits.avp(9, value=b"\0\0")),
        BOTH,
    ),
    (
        "session-id-zero-assigned",
        "RFC2661-5.3-04",
        "the Assigned Session ID is 0",
        edits.on((ICRP, ICRQ, OCRP, OCRQ), edits.avp(14, value=b"\0\0")),
        BOTH,
    ),
    (
        "another-called-number",
        "RFC2661-7.4-05",
        "the called number of an ICRQ is not the one that was called",
        edits.on((ICRQ,), edits.avp(21, value=b"0")),
        LAC,
    ),
    (
        "window-size-zero",
        "RFC2661-4.4.3-receive_window_size-value",
        "the Receive Window Size is 0",
        edits.avp(10, value=b"\0\0"),
        BOTH,
    ),
    (
        "framing-reserved-bits",
        "RFC2661-4.4.3-framing_capabilities-value",
        "reserved bits of the Framing Capabilities are set",
        edits.avp(3, value=b"\x80\0\0\3"),
        BOTH,
    ),
    (
        "stopccn-result-zero",
        "RFC2661-4.4.2-result_code-value",
        "a StopCCN has result 0",
        edits.on((STOPCCN,), edits.avp(1, value=b"\0\0")),
        BOTH,
    ),
    (
        "cdn-result-zero",
        "RFC2661-4.4.2-result_code-value",
        "a CDN has result 0",
        edits.on((CDN,), edits.avp(1, value=b"\0\0")),
        BOTH,
    ),
    (
        "result-2-without-error",
        "RFC2661-4.4.2-03",
        "a StopCCN with result 2 has no error code",
        edits.on((STOPCCN,), edits.avp(1, value=b"\0\2")),
        BOTH,
    ),
    (
        "error-message-not-utf8",
        "RFC2661-4.4.2-02",
        "an Error Message is not UTF-8",
        edits.on((STOPCCN,), edits.avp(1, value=b"\0\2\0\6\xff\xfe")),
        LNS,
    ),
    (
        "stopccn-other-tunnel-id",
        "RFC2661-4.4.3-21",
        "the Assigned Tunnel ID in a StopCCN is not the one first sent",
        edits.on((STOPCCN,), edits.avp(9, value=b"\x12\x34")),
        BOTH,
    ),
    (
        "cdn-other-session-id",
        "RFC2661-4.4.4-07",
        "the Assigned Session ID in a CDN is not the one first sent",
        edits.on((CDN,), edits.avp(14, value=b"\x12\x34")),
        BOTH,
    ),
)

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


add(
    "unknown-avp-sent",
    altered(edits.on((SCCRP, SCCRQ), edits.plus(AVP(4321, b"x", mandatory=False)))),
    "RFC2661-10.1-01",
    "an attribute that nobody assigned is sent under Vendor ID 0",
    equivalent="it is worth a note only: the IANA has assigned attributes since, no table has them",
)
for _kind, _called in ((STOPCCN, "stopccn"), (CDN, "cdn")):
    add(
        f"{_called}-result-always-1",
        altered(edits.on((_kind,), edits.avp(1, value=b"\0\1"))),
        "RFC2661-4.4.2-07" if _kind == STOPCCN else "RFC2661-4.4.2-CDN-4",
        f"every {_called.upper()} has result 1, whatever the reason",
        roles=LNS,
        broad=True,
    )
add(
    "protocol-revision-1",
    altered(edits.avp(2, value=b"\1\1")),
    "RFC2661-4.4.3-protocol_version-value",
    "the Protocol Version is 1.1",
    broad=True,
)
for _number, _name in (
    (27, "last_sent_lcp_confreq"),
    (28, "last_received_lcp_confreq"),
    (29, "proxy_authen_type"),
    (30, "proxy_authen_name"),
    (31, "proxy_authen_challenge"),
    (32, "proxy_authen_id"),
    (33, "proxy_authen_response"),
):
    add(
        f"iccn-without-{_name}".replace("_", "-"),
        altered(edits.on((ICCN,), edits.without(_number))),
        "RFC2661-4.4.5-01",
        f"a LAC that has {_name} does not pass it on",
        roles=LAC,
    )
add(
    "same-call-serial-number",
    altered(edits.on((ICRQ,), edits.avp(15, value=b"\0\0\0\1"))),
    "RFC2661-4.4.4-09",
    "all calls have the same Call Serial Number",
    roles=LAC,
)
_listed(HEADER)
_listed(FORMAT)
_tables()
