"""State tables as data: what each machine of RFC 2661 section 7 is written in.

A table maps (state, event) to the actions to take, in order, and the state to enter. Every table
stands in its own module, in the order in which the RFC prints its rows, and knows nothing of
sockets, clocks, YAML or which side is under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[State, Action]):
    """What to do, in order, and the state entered by it."""

    actions: tuple[Action, ...]
    state: State


def rows(
    states: tuple[State, ...],
    events: tuple[Event, ...],
    actions: tuple[Action, ...],
    new_state: State,
) -> Mapping[tuple[State, Event], Transition[State, Action]]:
    """One printed row of a state table: each of its states with each of its events."""
    transition = Transition(actions, new_state)
    return {(state, event): transition for state in states for event in events}
