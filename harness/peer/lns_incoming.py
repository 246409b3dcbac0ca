"""Incoming calls as the LNS sees them: the table of RFC 2661 7.4.2."""

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
WAIT_CONNECT = CallState.WAIT_CONNECT
ESTABLISHED = CallState.ESTABLISHED
CLEAN_UP = (CallAction.CLEAN_UP,)

TABLE: Final[CallTable] = {
    **rows((IDLE,), (CallEvent.ICRQ,), (CallAction.SEND_ICRP,), WAIT_CONNECT),
    **rows((IDLE,), (CallEvent.ICRQ_REFUSED,), REFUSE, IDLE),
    **rows((IDLE,), ANY_ICRP, REFUSE, IDLE),
    **rows((IDLE,), ANY_ICCN, CLEAN_UP, IDLE),
    **rows((WAIT_CONNECT,), (CallEvent.ICCN,), (CallAction.PREPARE_FOR_DATA,), ESTABLISHED),
    **rows((WAIT_CONNECT,), (CallEvent.ICCN_REFUSED,), REFUSE, IDLE),
    **rows((WAIT_CONNECT,), (*ANY_ICRQ, *ANY_ICRP), REFUSE, IDLE),
    **rows((IDLE, WAIT_CONNECT, ESTABLISHED), (CallEvent.CDN,), CLEAN_UP, IDLE),
    **rows((WAIT_CONNECT, ESTABLISHED), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
    **rows((ESTABLISHED,), (*ANY_ICRQ, *ANY_ICRP, *ANY_ICCN), REFUSE, IDLE),
}
