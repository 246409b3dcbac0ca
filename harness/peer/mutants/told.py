"""Mutants that tell something wrong in one AVP, or leave it out where it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from harness.peer.calls import CallControl
from harness.peer.examine import Examined, Fault
from harness.peer.message_types import CDN, ICCN, ICRQ, OCRP, SCCRP, STOPCCN
from harness.peer.mutants import edits
from harness.peer.mutants.altering import Listed, add_listed
from harness.peer.mutants.base import add
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant
from harness.wire import AVP, Packet

BEARER_CAPABILITIES: Final = 4
ASSIGNED_TUNNEL_ID: Final = 9
ASSIGNED_SESSION_ID: Final = 14
BEARER_TYPE: Final = 18
PROXY_AUTHEN_TYPE: Final = 29
SEQUENCING_REQUIRED: Final = 39

INVALID_DESTINATION: Final = b"\0\6"


def _busy_out_of_range(packet: Packet) -> Packet:
    def told(one: AVP) -> AVP:
        wrong = one.type == edits.RESULT_CODE and one.value[:2] == INVALID_DESTINATION
        return one._replace(value=b"\0\x08\0\3") if wrong else one

    return packet._replace(avps=tuple(told(one) for one in packet.avps))


LISTED: Final[Sequence[Listed]] = (
    (
        "cdn-assigns-session-zero",
        "RFC2661-4.4.4-04",
        "a CDN has the Assigned Session ID 0",
        edits.on((CDN,), edits.avp(ASSIGNED_SESSION_ID, value=bytes(2))),
        BOTH,
    ),
    (
        "stopccn-assigns-tunnel-zero",
        "RFC2661-4.4.3-18",
        "a StopCCN has the Assigned Tunnel ID 0",
        edits.on((STOPCCN,), edits.avp(ASSIGNED_TUNNEL_ID, value=bytes(2))),
        BOTH,
    ),
    (
        "iccn-of-unknown-authentication",
        "RFC2661-4.4.5-01",
        "an ICCN has a Proxy Authen Type although nobody was authenticated",
        lambda packet: (
            edits.plus(AVP(PROXY_AUTHEN_TYPE, b"\0\2", mandatory=False))(packet)
            if packet.message_type == ICCN
            and all(one.type != PROXY_AUTHEN_TYPE for one in packet.avps)
            else packet
        ),
        LAC,
    ),
    (
        "sequencing-unasked",
        "RFC2661-4.4.4-26",
        "data is numbered, but Sequencing Required is left out",
        edits.on((ICCN,), edits.without(SEQUENCING_REQUIRED)),
        LAC,
    ),
    (
        "icrq-of-no-bearer",
        "RFC2661-7.4-02",
        "an ICRQ has a Bearer Type with a reserved bit set",
        edits.on((ICRQ,), edits.avp(BEARER_TYPE, value=b"\0\0\0\x80")),
        LAC,
    ),
    (
        "wrong-number-as-busy-and-out-of-range",
        "RFC2661-4.4.2-CDN-6",
        "a number that nobody has is said to be busy, with the error of a value",
        edits.on((CDN,), _busy_out_of_range),
        LAC,
    ),
)

add_listed(LISTED)


# -- the bearers of an LNS ------------------------------------------------------------------------


class Closing(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if name == "OCRQ":
            tunnel.close(Fault(0, "what is an OCRQ?", result=1), now)
        else:
            super().request(tunnel, name, examined, now)


class Ignoring(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if name != "OCRQ":
            super().request(tunnel, name, examined, now)


def announcing(calls: type[CallControl]) -> type[Variant]:
    """An LNS that announces bearers, and does something else with an OCRQ than to place a call."""

    class Peer(Variant):
        calls_type = calls

        def alter(self, packet: Packet) -> Iterable[Packet]:
            said = edits.on((SCCRP,), edits.avp(BEARER_CAPABILITIES, value=b"\0\0\0\3"))
            return (said(packet),)

    return Peer


for _name, _calls, _text in (
    ("end-the-tunnel", Closing, "an OCRQ ends the tunnel"),
    ("are-silent", Ignoring, "an OCRQ is not answered"),
):
    add(
        f"bearers-of-others-{_name}",
        announcing(_calls),
        "RFC2661-4.4.3-06",
        f"bearers are announced on which no call is placed: {_text}",
        roles=LNS,
    )


class Unannounced(Variant):
    def alter(self, packet: Packet) -> Iterable[Packet]:
        if packet.message_type == SCCRP:
            return (edits.without(BEARER_CAPABILITIES)(packet),)
        if packet.message_type == CDN:
            return (edits.avp(edits.MESSAGE_TYPE, value=OCRP.to_bytes(2, "big"))(packet),)
        return (packet,)


add(
    "call-out-on-bearers-untold",
    Unannounced,
    "RFC2661-4.4.3-07",
    "calls are placed although nothing was said of bearers",
    roles=LNS,
)


class Closed(Variant):
    calls_type = Closing

    def alter(self, packet: Packet) -> Iterable[Packet]:
        return (edits.on((SCCRP,), edits.without(BEARER_CAPABILITIES))(packet),)


add(
    "bearers-untold-end-the-tunnel",
    Closed,
    "RFC2661-4.4.3-06",
    "nothing is said of bearers, and an OCRQ ends the tunnel",
    roles=LNS,
)
