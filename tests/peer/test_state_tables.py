"""The machines against the printed state tables of RFC 2661 section 7, row by row and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import pytest

from harness.peer import control_connection, lac_incoming, lac_outgoing, lns_incoming, lns_outgoing
from harness.peer.call import CallEvent, CallState
from harness.peer.calls import EVENTS
from harness.peer.control_connection import Event, State
from harness.peer.machine import Transition
from harness.spec.model import StateRow
from tests.peer.world import specification

TABLES: dict[str, Mapping[Any, Transition[Any, Any]]] = {
    "control-connection": control_connection.TABLE,
    "lac-incoming-call": lac_incoming.TABLE,
    "lns-incoming-call": lns_incoming.TABLE,
    "lac-outgoing-call": lac_outgoing.TABLE,
    "lns-outgoing-call": lns_outgoing.TABLE,
}

# What the specification's table calls an event that is no message, and the machines' name of it.
INNER_EVENTS: dict[tuple[str, str], StrEnum] = {
    ("control-connection", "local-open"): Event.LOCAL_OPEN,
    ("control-connection", "admin-close"): Event.ADMIN_CLOSE,
    ("lac-incoming-call", "bearer-ring"): CallEvent.BEARER_RING,
    ("lac-incoming-call", "tunnel-open"): CallEvent.TUNNEL_OPEN,
    ("lac-incoming-call", "bearer-drop-or-local-close"): CallEvent.LOCAL_CLOSE,
    ("lac-incoming-call", "local-close-or-bearer-drop"): CallEvent.LOCAL_CLOSE,
    ("lns-incoming-call", "local-close"): CallEvent.LOCAL_CLOSE,
    ("lac-outgoing-call", "bearer-answer"): CallEvent.BEARER_ANSWER,
    ("lac-outgoing-call", "bearer-failure"): CallEvent.BEARER_FAILURE,
    ("lac-outgoing-call", "bearer-drop-or-local-close"): CallEvent.LOCAL_CLOSE,
    ("lns-outgoing-call", "local-open"): CallEvent.LOCAL_OPEN,
    ("lns-outgoing-call", "tunnel-open"): CallEvent.TUNNEL_OPEN,
    ("lns-outgoing-call", "local-close"): CallEvent.LOCAL_CLOSE,
}

SET_UP: dict[str, tuple[StrEnum, StrEnum]] = {
    "SCCRQ": (Event.SCCRQ, Event.SCCRQ_REFUSED),
    "SCCRP": (Event.SCCRP, Event.SCCRP_REFUSED),
    "SCCCN": (Event.SCCCN, Event.SCCCN_REFUSED),
    **EVENTS,
}

ACTIONS = {
    "clean-up": "clean up",
    "tunnel-open": "send tunnel-open event to waiting sessions",
    "requeue SCCRQ": "re-queue SCCRQ for idle state",
    "open-tunnel": "initiate local tunnel open",
    "open-bearer": "open bearer",
    "prepare-for-data": "prepare for data",
}

# Rows that the machines have beyond the printed ones, each with its reason in the machine's file.
BEYOND: set[tuple[str, StrEnum, StrEnum]] = {
    ("control-connection", State.WAIT_CTL_REPLY, Event.ADMIN_CLOSE),
    ("control-connection", State.WAIT_CTL_CONN, Event.ADMIN_CLOSE),
    ("lac-outgoing-call", CallState.WAIT_CS_ANSWER, CallEvent.LOCAL_CLOSE),
    ("lns-outgoing-call", CallState.WAIT_CONNECT, CallEvent.OCCN_REFUSED),
}


def events(row: StateRow) -> Iterator[StrEnum]:
    """The machine's events that a printed row speaks of."""
    if row.event != "receive":
        yield INNER_EVENTS[row.machine, row.event]
        return
    for name in row.messages:
        if name == "StopCCN":
            yield Event.STOPCCN
        elif name == "CDN":
            yield CallEvent.CDN
        elif row.condition == "loses-tie":
            yield Event.SCCRQ_TIE_LOST
        else:
            accepted, refused = SET_UP[name]
            if row.condition != "not-acceptable":
                yield accepted
            # A row without a condition is about any such message, good or bad, unless it leads on:
            # nothing goes on with a bad one.
            if row.condition == "not-acceptable" or (row.condition is None and not forward(row)):
                yield refused


def forward(row: StateRow) -> bool:
    """Whether an unconditional row leads on rather than back to idle."""
    return row.next_state != "idle"


def actions(row: StateRow) -> tuple[str, ...]:
    return tuple(ACTIONS.get(action, action) for action in row.actions)


ROWS = specification().states


def test_all_printed_rows_are_here() -> None:
    assert len(ROWS) == 60


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_the_machine_does_what_the_printed_row_says(row: StateRow) -> None:
    table = TABLES[row.machine]
    for state, event in itertools.product(row.states, events(row)):
        transition = table[state, event]
        assert tuple(transition.actions) == actions(row), (state, event)
        assert transition.state == row.next_state, (state, event)


@pytest.mark.parametrize("machine", TABLES)
def test_the_machine_knows_no_row_that_is_not_printed(machine: str) -> None:
    printed = {
        (state, event)
        for row in ROWS
        if row.machine == machine
        for state, event in itertools.product(row.states, events(row))
    }
    beyond = {(state, event) for table, state, event in BEYOND if table == machine}
    assert set(TABLES[machine]) == printed | beyond


@pytest.mark.parametrize("machine", TABLES)
def test_the_machine_has_the_printed_states_and_can_leave_each(machine: str) -> None:
    states = set(specification().machines[machine])
    table = TABLES[machine]
    assert {state for state, _ in table} == states
    assert {transition.state for transition in table.values()} == states


@pytest.mark.parametrize("machine", TABLES)
def test_whatever_ends_cleans_up(machine: str) -> None:
    for (state, event), transition in TABLES[machine].items():
        if transition.state == "idle":
            assert "clean up" in transition.actions, (state, event)
