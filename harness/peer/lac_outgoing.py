"""Outgoing calls as the LAC sees them: the table of RFC 2661 7.5.1."""

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
WAIT_CS_ANSWER = CallState.WAIT_CS_ANSWER
ESTABLISHED = CallState.ESTABLISHED
CLEAN_UP = (CallAction.CLEAN_UP,)

TABLE: Final[CallTable] = {
    **rows(
        (IDLE,),
        (CallEvent.OCRQ,),
        (CallAction.SEND_OCRP, CallAction.OPEN_BEARER),
        WAIT_CS_ANSWER,
    ),
    **rows((IDLE,), (CallEvent.OCRQ_REFUSED,), REFUSE, IDLE),
    **rows((IDLE,), ANY_OCRP, REFUSE, IDLE),
    **rows((IDLE,), (*ANY_OCCN, CallEvent.CDN), CLEAN_UP, IDLE),
    **rows((WAIT_CS_ANSWER,), (CallEvent.BEARER_ANSWER,), (CallAction.SEND_OCCN,), ESTABLISHED),
    **rows((WAIT_CS_ANSWER,), (CallEvent.BEARER_FAILURE,), REFUSE, IDLE),
    **rows((WAIT_CS_ANSWER,), (*ANY_OCRQ, *ANY_OCRP, *ANY_OCCN), REFUSE, IDLE),
    **rows((ESTABLISHED,), (*ANY_OCRQ, *ANY_OCRP, *ANY_OCCN), REFUSE, IDLE),
    **rows((WAIT_CS_ANSWER, ESTABLISHED), (CallEvent.CDN,), CLEAN_UP, IDLE),
    **rows((ESTABLISHED,), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
    # Not printed in the table: the LAC may give a call up while it is being placed (5.6).
    **rows((WAIT_CS_ANSWER,), (CallEvent.LOCAL_CLOSE,), REFUSE, IDLE),
}
