"""Mutants in the headers of what is sent: bits, Length, ids, Ns and Nr (3.1, 5.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.peer.message_types import HELLO
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, add_listed
from harness.peer.variant import BOTH
from harness.wire import AVP

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


add_listed(HEADER)
