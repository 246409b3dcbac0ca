"""Mutants in the AVPs of what is sent: bits, lengths, values, misplaced and missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.message_types import (
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
    STOPCCN,
)
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, add_listed, altered
from harness.peer.mutants.base import add
from harness.peer.variant import BOTH, LAC, LNS
from harness.wire import AVP

AVPS: Final[Sequence[Listed]] = (
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
add_listed(AVPS)
