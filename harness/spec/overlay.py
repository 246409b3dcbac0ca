"""A vendor's table laid over a specification: the same messages, read in another way.

The result is a `Specification` like any other, so that suites, monitor and reports judge by it
without knowing; its `overlay` remembers the base and what was changed. Read by `overlay_table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from harness.errors import Place
from harness.spec.model import Requirement, Role, Specification

EITHER: Final = "either"
"""In place of a side: both of them."""

Aspect = Literal["sender", "name", "avp", "unlisted", "row"]
"""Of a departure: who sends a message, how it or one of its AVPs is called, that the source does
not list it, or a requirement row."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the source says of one message.

    `sender`: in the source's words, such as `client` or `the receiver of SCCRP`. `receiver_of`:
    that message, where the source names the sender so. `printed`: the source's name for it, empty
    where it is the base's. `avps`: the source's names of AVPs by the base's. `meaning`: in own
    words.
    """

    message: str
    sender: str
    senders: frozenset[Role]
    receiver_of: str
    printed: str
    avps: Mapping[str, str]
    meaning: str
    place: Place


class Departure(NamedTuple):
    """Where the overlay says something else than the base. `subject`: a message, or a row's id."""

    subject: str
    aspect: Aspect
    base: str
    overlay: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """What stands over a base specification, and where it comes from.

    `prefix` begins the ids of the rows that the base does not have. `sides`: the source's words for
    the roles. `modes`: ways of use that the source tells apart. `readings`: by message, in the
    source's order. `unlisted`: messages of the base that the source lacks.
    """

    name: str
    prefix: str
    title: str
    source: str
    base: Specification
    sides: Mapping[str, Role]
    modes: Mapping[str, str]
    readings: Mapping[str, Reading]
    unlisted: tuple[str, ...]

    def side(self, role: Role) -> str:
        """The source's word for a role."""
        return next((word for word, known in self.sides.items() if known is role), role.value)


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
