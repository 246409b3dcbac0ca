"""A vendor's table laid over a specification: the same messages, read in another way.

The result is a `Specification` like any other, so that suites, monitor and reports judge by it
without knowing; its `overlay` remembers the base and what was changed. Read by `overlay_table`.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from harness.spec.model import Overlay, Reading, Requirement, Role, Specification

EITHER: Final = "either"
"""In place of a side: both of them."""

Aspect = Literal["sender", "name", "avp", "unlisted", "row"]
"""Of a departure: who sends a message, how it or one of its AVPs is called, that the source does
not list it, or a requirement row."""


class Departure(NamedTuple):
    """Where the overlay says something else than the base. `subject`: a message, or a row's id."""

    subject: str
    aspect: Aspect
    base: str
    overlay: str


def departures(specification: Specification) -> tuple[Departure, ...]:
    """Where a specification departs from its base: messages first, then rows. None without one."""
    overlay = specification.overlay
    if overlay is None:
        return ()
    found = []
    for reading in overlay.readings.values():
        found += _of_message(overlay, reading)
    found += [
        Departure(name, "unlisted", "has it", "does not list it; the base's rows hold")
        for name in overlay.unlisted
    ]
    for row in specification.requirements.values():
        if row.table == overlay.name:
            base = overlay.base.requirements.get(row.id)
            found.append(Departure(row.id, "row", _told(base), _told(row)))
    return tuple(found)


def row_departure(specification: Specification, row: str) -> Departure | None:
    """How the row departs from the base's; None if it is the base's."""
    found = (each for each in departures(specification) if each.subject == row)
    return next(found, None)


def message_departures(specification: Specification, message: str) -> tuple[Departure, ...]:
    """How the reading of a message departs from the base's."""
    return tuple(each for each in departures(specification) if each.subject == message)


def sides(roles: frozenset[Role]) -> str:
    """`LAC`, `LNS`, or `either side`."""
    if len(roles) == 1:
        (role,) = roles
        return role.upper()
    return "either side" if roles else "neither side"


def _of_message(overlay: Overlay, reading: Reading) -> list[Departure]:
    base = overlay.base.messages[reading.message]
    found = []
    if reading.senders != base.senders or _relation_departs(overlay, reading):
        told = sides(reading.senders)
        if reading.sender != EITHER:
            told = f"{reading.sender} ({told})"
        found.append(Departure(reading.message, "sender", _base_sender(overlay, reading), told))
    if reading.printed and reading.printed != reading.message:
        found.append(Departure(reading.message, "name", base.name, reading.printed))
    for avp, printed in reading.avps.items():
        title = overlay.base.avps[avp].title
        if printed != title:
            found.append(Departure(reading.message, "avp", title, printed))
    return found


def _relation_departs(overlay: Overlay, reading: Reading) -> bool:
    """Whether the base has the sender of a message receive the one that the source says.

    Both may give a message to the same role, and yet have it answer another one's.
    """
    if not reading.receiver_of:
        return False
    messages = overlay.base.messages
    return not messages[reading.message].senders & receivers(messages[reading.receiver_of].senders)


def _base_sender(overlay: Overlay, reading: Reading) -> str:
    told = sides(overlay.base.messages[reading.message].senders)
    if _relation_departs(overlay, reading):
        return f"the sender of {reading.receiver_of} ({told})"
    return told


def receivers(senders: frozenset[Role]) -> frozenset[Role]:
    """The roles to which a message of these senders goes."""
    return frozenset(role for role in Role if senders - {role})


def _told(row: Requirement | None) -> str:
    if row is None:
        return "has no such row"
    if row.void:
        return f"takes it back: {row.excluded}"
    return f"{sides(row.role)}: {row.text}"
