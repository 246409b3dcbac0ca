"""Control connection establishment and teardown: the table of RFC 2661 7.2.1."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from harness.peer.machine import Transition, rows


class State(StrEnum):
    """States of a control connection."""

    IDLE = "idle"
    WAIT_CTL_REPLY = "wait-ctl-reply"
    WAIT_CTL_CONN = "wait-ctl-conn"
    ESTABLISHED = "established"


class Event(StrEnum):
    """What can happen to a control connection."""

    LOCAL_OPEN = "local open request"
    SCCRQ = "receive SCCRQ, acceptable"
    SCCRQ_REFUSED = "receive SCCRQ, not acceptable"
    SCCRQ_TIE_LOST = "receive SCCRQ, lose tie-breaker"
    SCCRP = "receive SCCRP, acceptable"
    SCCRP_REFUSED = "receive SCCRP, not acceptable"
    SCCCN = "receive SCCCN, acceptable"
    SCCCN_REFUSED = "receive SCCCN, not acceptable"
    STOPCCN = "receive StopCCN"
    ADMIN_CLOSE = "admin tunnel close"


class Action(StrEnum):
    """What a control connection does."""

    SEND_SCCRQ = "send SCCRQ"
    SEND_SCCRP = "send SCCRP"
    SEND_SCCCN = "send SCCCN"
    SEND_STOPCCN = "send StopCCN"
    TUNNEL_OPEN = "send tunnel-open event to waiting sessions"
    REQUEUE_SCCRQ = "re-queue SCCRQ for idle state"
    CLEAN_UP = "clean up"


_REFUSE = (Action.SEND_STOPCCN, Action.CLEAN_UP)

TABLE: Final[Mapping[tuple[State, Event], Transition[State, Action]]] = {
    **rows((State.IDLE,), (Event.LOCAL_OPEN,), (Action.SEND_SCCRQ,), State.WAIT_CTL_REPLY),
    **rows((State.IDLE,), (Event.SCCRQ,), (Action.SEND_SCCRP,), State.WAIT_CTL_CONN),
    **rows((State.IDLE,), (Event.SCCRQ_REFUSED,), _REFUSE, State.IDLE),
    **rows((State.IDLE,), (Event.SCCRP, Event.SCCRP_REFUSED), _REFUSE, State.IDLE),
    **rows((State.IDLE,), (Event.SCCCN, Event.SCCCN_REFUSED), (Action.CLEAN_UP,), State.IDLE),
    **rows(
        (State.WAIT_CTL_REPLY,),
        (Event.SCCRP,),
        (Action.SEND_SCCCN, Action.TUNNEL_OPEN),
        State.ESTABLISHED,
    ),
    **rows((State.WAIT_CTL_REPLY,), (Event.SCCRP_REFUSED,), _REFUSE, State.IDLE),
    **rows(
        (State.WAIT_CTL_REPLY,),
        (Event.SCCRQ_TIE_LOST,),
        (Action.CLEAN_UP, Action.REQUEUE_SCCRQ),
        State.IDLE,
    ),
    **rows((State.WAIT_CTL_REPLY,), (Event.SCCCN, Event.SCCCN_REFUSED), _REFUSE, State.IDLE),
    **rows((State.WAIT_CTL_CONN,), (Event.SCCCN,), (Action.TUNNEL_OPEN,), State.ESTABLISHED),
    **rows((State.WAIT_CTL_CONN,), (Event.SCCCN_REFUSED,), _REFUSE, State.IDLE),
    **rows(
        (State.WAIT_CTL_CONN,),
        (Event.SCCRP, Event.SCCRP_REFUSED, Event.SCCRQ, Event.SCCRQ_REFUSED),
        _REFUSE,
        State.IDLE,
    ),
    **rows((State.ESTABLISHED,), (Event.LOCAL_OPEN,), (Action.TUNNEL_OPEN,), State.ESTABLISHED),
    **rows((State.ESTABLISHED,), (Event.ADMIN_CLOSE,), _REFUSE, State.IDLE),
    **rows(
        (State.ESTABLISHED,),
        (
            Event.SCCRQ,
            Event.SCCRQ_REFUSED,
            Event.SCCRP,
            Event.SCCRP_REFUSED,
            Event.SCCCN,
            Event.SCCCN_REFUSED,
        ),
        _REFUSE,
        State.IDLE,
    ),
    **rows(tuple(State), (Event.STOPCCN,), (Action.CLEAN_UP,), State.IDLE),
    # Not printed in the table: a tunnel that is still being set up may be closed as well (5.7).
    **rows((State.WAIT_CTL_REPLY, State.WAIT_CTL_CONN), (Event.ADMIN_CLOSE,), _REFUSE, State.IDLE),
}
