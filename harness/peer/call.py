"""The words that the four call state tables share (RFC 2661 7.4 and 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from harness.peer.machine import Transition


class CallState(StrEnum):
    """States of a session; each table uses those that the RFC gives its machine."""

    IDLE = "idle"
    WAIT_TUNNEL = "wait-tunnel"
    WAIT_REPLY = "wait-reply"
    WAIT_CONNECT = "wait-connect"
    WAIT_CS_ANSWER = "wait-cs-answer"
    ESTABLISHED = "established"


class CallEvent(StrEnum):
    """What can happen to a session."""

    BEARER_RING = "bearer ring or ready to indicate incoming conn."
    LOCAL_OPEN = "local open request"
    TUNNEL_OPEN = "tunnel-open"
    BEARER_ANSWER = "bearer answer, framing detected"
    BEARER_FAILURE = "bearer failure"
    LOCAL_CLOSE = "local close request or bearer line drop"
    ICRQ = "receive ICRQ, acceptable"
    ICRQ_REFUSED = "receive ICRQ, not acceptable"
    ICRP = "receive ICRP, acceptable"
    ICRP_REFUSED = "receive ICRP, not acceptable"
    ICCN = "receive ICCN, acceptable"
    ICCN_REFUSED = "receive ICCN, not acceptable"
    OCRQ = "receive OCRQ, acceptable"
    OCRQ_REFUSED = "receive OCRQ, not acceptable"
    OCRP = "receive OCRP, acceptable"
    OCRP_REFUSED = "receive OCRP, not acceptable"
    OCCN = "receive OCCN, acceptable"
    OCCN_REFUSED = "receive OCCN, not acceptable"
    CDN = "receive CDN"


class CallAction(StrEnum):
    """What a session does."""

    OPEN_TUNNEL = "initiate local tunnel open"
    SEND_ICRQ = "send ICRQ"
    SEND_ICRP = "send ICRP"
    SEND_ICCN = "send ICCN"
    SEND_OCRQ = "send OCRQ"
    SEND_OCRP = "send OCRP"
    SEND_OCCN = "send OCCN"
    SEND_CDN = "send CDN"
    OPEN_BEARER = "open bearer"
    PREPARE_FOR_DATA = "prepare for data"
    CLEAN_UP = "clean up"


CallTable = Mapping[tuple[CallState, CallEvent], Transition[CallState, CallAction]]

REFUSE = (CallAction.SEND_CDN, CallAction.CLEAN_UP)

ANY_ICRQ = (CallEvent.ICRQ, CallEvent.ICRQ_REFUSED)
ANY_ICRP = (CallEvent.ICRP, CallEvent.ICRP_REFUSED)
ANY_ICCN = (CallEvent.ICCN, CallEvent.ICCN_REFUSED)
ANY_OCRQ = (CallEvent.OCRQ, CallEvent.OCRQ_REFUSED)
ANY_OCRP = (CallEvent.OCRP, CallEvent.OCRP_REFUSED)
ANY_OCCN = (CallEvent.OCCN, CallEvent.OCCN_REFUSED)
