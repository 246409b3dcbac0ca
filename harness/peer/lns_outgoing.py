"""Outgoing calls as the LNS sees them: the table of RFC 2661 7.5.2."""

from __future__ import annotations

from typing import Final

from harness.peer.call import (
    ANY_OCCN,
    ANY_OCRP,
    ANY_OCRQ,
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
WAIT_CONNECT = CallState.WAIT_CONNECT
ESTABLISHED = CallState.ESTABLISHED
CLEAN_UP = (CallAction.CLEAN_UP,)

TABLE: Final[CallTable] = {
    **rows((IDLE,), (CallEvent.LOCAL_OPEN,), (CallAction.OPEN_TUNNEL,), WAIT_TUNNEL),
    **rows((IDLE,), (*ANY_OCCN, *ANY_OCRP, CallEvent.CDN), CLEAN_UP, IDLE),
    **rows((WAIT_TUNNEL,), (CallEvent.TUNNEL_OPEN,), (CallAction.SEND_OCRQ,), WAIT_REPLY),
    **rows((WAIT_REPLY,), (CallEvent.OCRP,), (), WAIT_CONNECT),
    **rows((WAIT_REPLY,), (CallEvent.OCRP_REFUSED,), REFUSE, IDLE),
    **rows((WAIT_REPLY,), (*ANY_OCCN, *ANY_OCRQ), REFUSE, IDLE),
    **rows((WAIT_CONNECT,), (CallEvent.OCCN,), (), ESTABLISHED),
    # The printed table knows no unacceptable OCCN; 7.1 has an invalid message end the call.
    **rows((WAIT_CONNECT,), (CallEvent.OCCN_REFUSED,), REFUSE, IDLE),
    **rows((WAIT_CONNECT,), (*ANY_OCRQ, *ANY_OCRP), REFUSE, IDLE),
    **rows((IDLE, WAIT_REPLY, WAIT_CONNECT, ESTABLISHED), (CallEvent.CDN,), CLEAN_UP, IDLE),
    **rows((ESTABLISHED,), (*ANY_OCRQ, *ANY_OCRP, *ANY_OCCN), REFUSE, IDLE),
    **rows((WAIT_REPLY, WAIT_CONNECT, ESTABLISHED), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
    **rows((WAIT_TUNNEL,), (CallEvent.LOCAL_CLOSE,), CLEAN_UP, IDLE),
}
