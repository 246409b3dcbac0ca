"""Incoming calls as the LAC sees them: the table of RFC 2661 7.4.1."""

from __future__ import annotations

from typing import Final

from harness.peer.call import (
    ANY_ICCN,
    ANY_ICRP,
    ANY_ICRQ,
    REFUSE,
    CallAction,
    CallEvent,
    CallState,
    CallTable,
)
from harness.peer.machine import rows

IDLE = CallState.IDLE
WAIT_TUNNEL = CallState.WAIT_TUNNEL
WAIT_REPLY = CallState.WAIT_REPLY
ESTABLISHED = CallState.ESTABLISHED
CLEAN_UP = (CallAction.CLEAN_UP,)

TABLE: Final[CallTable] = {
    **rows((IDLE,), (CallEvent.BEARER_RING,), (CallAction.OPEN_TUNNEL,), WAIT_TUNNEL),
    **rows((IDLE,), (*ANY_ICCN, *ANY_ICRP, CallEvent.CDN), CLEAN_UP, IDLE),
    **rows((WAIT_TUNNEL,), (CallEvent.LOCAL_CLOSE,), CLEAN_UP, IDLE),
    **rows((WAIT_TUNNEL,), (CallEvent.TUNNEL_OPEN,), (CallAction.SEND_ICRQ,), WAIT_REPLY),
    **rows((WAIT_REPLY,), (CallEvent.ICRP,), (CallAction.SEND_ICCN,), ESTABLISHED),
    **rows((WAIT_REPLY,), (CallEvent.ICRP_REFUSED,), REFUSE, IDLE),
    **rows((WAIT_REPLY,), ANY_ICRQ, REFUSE, IDLE),
    **rows((WAIT_REPLY,), (CallEvent.CDN, *ANY_ICCN), CLEAN_UP, IDLE),
    **rows((WAIT_REPLY,), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
    **rows((ESTABLISHED,), (CallEvent.CDN,), CLEAN_UP, IDLE),
    **rows((ESTABLISHED,), (*ANY_ICRQ, *ANY_ICRP, *ANY_ICCN), REFUSE, IDLE),
    **rows((ESTABLISHED,), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
}
