"""Reading overlay.yaml: a base specification, and what a vendor's table changes in it.

The base's rows are derived anew from the messages as the overlay has them. A row that then says
something else than the base's belongs to the overlay, whatever its id; rows that the base does not
have get the overlay's own prefix.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from harness.errors import DataError, HarnessError
from harness.located import Node, load, suggest
from harness.resources import data_folder
from harness.spec.faults import Faults
from harness.spec.model import (
    BOTH_ROLES,
    MessageSpec,
    Overlay,
    Reading,
    Requirement,
    Role,
    Specification,
    StateRow,
)
from harness.spec.overlay import EITHER, receivers, sides
from harness.spec.requirements import derive
from harness.spec.tables import Results, read_names

FILE: Final = "overlay.yaml"

_REQUIRED: Final = ("name", "base", "prefix", "title", "source", "sides", "messages")
_KEYS: Final = (*_REQUIRED, "modes", "unlisted", "rows")
_MESSAGE_KEYS: Final = ("sender", "printed", "avps", "meaning")
_ROW_KEYS: Final = ("role", "text", "void")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PREFIX: Final = re.compile(r"[A-Z][A-Z0-9]*")

Rows = dict[str, Requirement]


def is_overlay(folder: Path) -> bool:
    """Whether the folder holds an overlay rather than tables of its own."""
    return (folder / FILE).is_file()


def overlay_folders(tables: Path) -> list[Path]:
    """The folders of overlays beside each other, by name."""
    return sorted(folder.parent for folder in tables.glob(f"*/{FILE}"))


def load_overlay(folder: Path, load_base: Callable[[Path], Specification]) -> Specification:
    """The base as the overlay in `folder` has it.

    Raises `DataError`, or `DataErrors` with all faults, each at its place.
    """
    root = load(folder / FILE)
    entry = root.mapping(_KEYS, required=_REQUIRED)
    base = load_base(_base_folder(folder, entry["base"]))
    faults = Faults()
    with faults.caught():
        _check_name(entry["name"], _NAME, base.name)
    with faults.caught():
        _check_name(entry["prefix"], _PREFIX, base.prefix)
    known = _read_sides(entry["sides"])
    readings = _read_messages(entry["messages"], base, known, faults)
    unlisted = read_names(entry["unlisted"]) if "unlisted" in entry else ()
    faults.errors += _check_listed(entry, base, unlisted)
    faults.raise_any()

    overlay = Overlay(
        name=entry["name"].text(),
        prefix=entry["prefix"].text(),
        title=entry["title"].text(),
        source=_one_line(entry["source"]),
        base=base,
        sides=MappingProxyType(known),
        modes=MappingProxyType(_read_modes(entry.get("modes"))),
        readings=MappingProxyType(readings),
        unlisted=unlisted,
    )
    messages = {name: _changed(spec, readings) for name, spec in base.messages.items()}
    rows = _derived(overlay, messages)
    if "rows" in entry:
        _change_rows(entry["rows"], overlay, rows, faults)
    faults.raise_any()
    faults.errors += _contradictions(entry, overlay, messages, rows)
    faults.raise_any()
    order = {section: place for place, section in enumerate(base.sections)}
    ordered = sorted(rows.values(), key=lambda row: order[row.section])
    return dataclasses.replace(
        base,
        name=overlay.name,
        title=f"{base.title}, as {overlay.title} has it",
        messages=MappingProxyType(messages),
        message_types=MappingProxyType({spec.type: spec for spec in messages.values()}),
        requirements=MappingProxyType({row.id: row for row in ordered}),
        overlay=overlay,
    )


def _base_folder(folder: Path, node: Node) -> Path:
    """The base beside the overlay, else that of the harness."""
    name = node.text()
    places = [folder.parent]
    try:
        places.append(data_folder("suites") / "spec")
    except HarnessError:  # an installation without suites still has those beside the overlay
        places = places[:1]
    if _NAME.fullmatch(name):
        for place in places:
            found = place / name
            if is_overlay(found):
                raise node.fail(
                    "spec.overlay-base", f"{name} is an overlay itself and can bear no other"
                )
            if found.is_dir():
                return found
    known = {
        path.name
        for place in places
        if place.is_dir()
        for path in place.iterdir()
        if path.is_dir() and not is_overlay(path)
    }
    raise node.fail(
        "spec.unknown-base", f"no specification is called {name!r}", hint=suggest(name, known)
    )


def _check_name(node: Node, pattern: re.Pattern[str], taken: str) -> None:
    text = node.text()
    if not pattern.fullmatch(text):
        raise node.fail("spec.overlay-name", f"{text!r} cannot stand in ids and paths")
    if text == taken:
        raise node.fail("spec.overlay-name", f"{text!r} is that of the base")


def _one_line(node: Node) -> str:
    return " ".join(node.text().split())


def _read_modes(node: Node | None) -> dict[str, str]:
    return {name: _one_line(text) for name, text in node.mapping().items()} if node else {}


def _read_sides(node: Node) -> dict[str, Role]:
    """The source's words for the roles, one for each."""
    words = {word: Role(item.choice(list(Role), "role")) for word, item in node.mapping().items()}
    if sorted(words.values()) != sorted(Role):
        raise node.fail(
            "spec.overlay-sides", "`sides` gives one word to the lac and one to the lns"
        )
    if EITHER in words:
        raise node.fail("spec.overlay-sides", f"{EITHER!r} is no side, it means both")
    return words


def _roles(node: Node, known: Mapping[str, Role]) -> frozenset[Role]:
    word = node.choice([*known, EITHER], "side")
    return BOTH_ROLES if word == EITHER else frozenset({known[word]})


# Messages


def _read_messages(
    node: Node, base: Specification, known: Mapping[str, Role], faults: Faults
) -> dict[str, Reading]:
    """The readings; a sender that is the receiver of another message is found in a second pass."""
    entries = node.mapping()
    readings: dict[str, Reading] = {}
    for name, item in entries.items():
        with faults.caught():
            if name not in base.messages:
                raise DataError(
                    "spec.unknown-message",
                    f"{base.name} has no message {name!r}",
                    hint=suggest(name, base.messages),
                    place=node.key_places[name],
                )
            readings[name] = _read_message(name, item, base, known)
    for name, reading in readings.items():
        if reading.receiver_of:
            with faults.caught():
                other = readings.get(reading.receiver_of)
                if other is None or other.receiver_of:
                    raise DataError(
                        "spec.overlay-sender",
                        f"{name} needs a {reading.receiver_of} of which a side is the sender",
                        place=reading.place,
                    )
                readings[name] = dataclasses.replace(reading, senders=receivers(other.senders))
    return readings


def _read_message(name: str, node: Node, base: Specification, known: Mapping[str, Role]) -> Reading:
    entry = node.mapping(_MESSAGE_KEYS, required=("sender", "meaning"))
    senders, receiver_of = frozenset[Role](), ""
    if entry["sender"].is_mapping:
        relation = entry["sender"].mapping(("receiver_of",), required=("receiver_of",))
        receiver_of = relation["receiver_of"].choice(base.messages, "message")
        told = f"the receiver of {receiver_of}"
    else:
        told = entry["sender"].text()
        senders = _roles(entry["sender"], known)
    return Reading(
        message=name,
        sender=told,
        senders=senders,
        receiver_of=receiver_of,
        printed=entry["printed"].text() if "printed" in entry else "",
        avps=MappingProxyType(_read_avps(name, entry.get("avps"), base)),
        meaning=_one_line(entry["meaning"]),
        place=node.place,
    )


def _read_avps(message: str, node: Node | None, base: Specification) -> dict[str, str]:
    if node is None:
        return {}
    carried = [name for name, avp in base.avps.items() if avp.used_in(message)]
    for name in node.mapping():
        if name not in carried:
            raise DataError(
                "spec.unknown-avp",
                f"{message} does not carry {name!r}",
                hint=suggest(name, carried),
                place=node.key_places[name],
            )
    return {name: item.text() for name, item in node.mapping().items()}


def _check_listed(
    entry: Mapping[str, Node], base: Specification, unlisted: Iterable[str]
) -> Iterator[DataError]:
    """Every message of the base is either read by the overlay or said to be unlisted."""
    listed = entry["messages"].mapping()
    for node in entry["unlisted"].sequence() if "unlisted" in entry else ():
        name = node.text()
        if name not in base.messages:
            yield node.fail(
                "spec.unknown-message",
                f"{base.name} has no message {name!r}",
                hint=suggest(name, base.messages),
            )
        elif name in listed:
            yield node.fail("spec.overlay-listed", f"{name} stands in `messages`, too")
    missing = [name for name in base.messages if name not in listed and name not in unlisted]
    # a misspelt name makes the right one missing, too
    if missing and base.messages.keys() >= {*listed, *unlisted}:
        yield entry["messages"].fail(
            "spec.overlay-listed",
            f"the overlay is silent about {', '.join(missing)}",
            hint="name what the source does not have in `unlisted`",
        )


def _changed(spec: MessageSpec, readings: Mapping[str, Reading]) -> MessageSpec:
    reading = readings.get(spec.name)
    if reading is None or reading.senders == spec.senders:
        return spec
    return dataclasses.replace(spec, senders=reading.senders, place=reading.place)


# Rows


def _derived(overlay: Overlay, messages: Mapping[str, MessageSpec]) -> Rows:
    """The rows of the base as they follow from the overlay's messages."""
    base = overlay.base
    results = Results(base.result_codes, base.error_codes)
    made = {row.id: row for row in derive(base.prefix, messages, base.avps, results, base.states)}
    rows: Rows = {}
    for name, row in base.requirements.items():
        if not row.derived:
            rows[name] = row
        elif name in made:
            rows[name] = _owned(overlay, made.pop(name))
        else:
            # only the row about the sole sender of a message can be gone
            message = row.about[0]
            reading = overlay.readings[message]
            reason = f"{overlay.title} has {message} sent by {sides(reading.senders)}"
            rows[name] = dataclasses.replace(
                row, excluded=reason, void=True, table=overlay.name, place=reading.place
            )
    for name, row in made.items():
        own = f"{overlay.prefix}{name.removeprefix(base.prefix)}"
        rows[own] = dataclasses.replace(row, id=own, table=overlay.name)
    return rows


def _owned(overlay: Overlay, row: Requirement) -> Requirement:
    """The base's own row where it says the same, else this one as a row of the overlay."""
    base = overlay.base.requirements[row.id]
    same = dataclasses.replace(row, place=base.place, table=base.table) == base
    return base if same else dataclasses.replace(row, table=overlay.name)


def _change_rows(node: Node, overlay: Overlay, rows: Rows, faults: Faults) -> None:
    for name, item in node.mapping().items():
        with faults.caught():
            place = node.key_places[name]
            base = overlay.base.requirements.get(name)
            if base is None:
                raise DataError(
                    "spec.unknown-row",
                    f"{overlay.base.name} has no row {name!r}",
                    hint=suggest(name, overlay.base.requirements),
                    place=place,
                )
            if rows[name].table == overlay.name:
                raise DataError(
                    "spec.overlay-row", f"{name} follows from `messages` already", place=place
                )
            entry = item.mapping(_ROW_KEYS)
            if not entry or ("void" in entry and len(entry) > 1):
                raise item.fail(
                    "spec.overlay-row", "a row is `void`, or gets another `role` or `text`"
                )
            changed = dataclasses.replace(base, place=place)
            if "void" in entry:
                changed = dataclasses.replace(changed, excluded=_one_line(entry["void"]), void=True)
            if "role" in entry:
                changed = dataclasses.replace(changed, role=_roles(entry["role"], overlay.sides))
            if "text" in entry:
                changed = dataclasses.replace(changed, text=_one_line(entry["text"]))
            rows[name] = _owned(overlay, changed)
            if rows[name] is base:
                raise DataError(
                    "spec.overlay-row", f"{name} says the same in {overlay.base.name}", place=place
                )


def _contradictions(
    entry: Mapping[str, Node],
    overlay: Overlay,
    messages: Mapping[str, MessageSpec],
    rows: Mapping[str, Requirement],
) -> Iterator[DataError]:
    """State rows by which a side sends or accepts what the overlay's messages do not let it."""
    node = entry.get("rows", entry["messages"])
    for state in overlay.base.states:
        row = rows[state.id]
        if row.void:
            continue
        wrong = next(misfits(state, row.role, messages), "")
        if wrong:
            yield DataError(
                "spec.overlay-state",
                f"{state.id} has {wrong}, which `messages` rules out",
                hint="give the row another `role`, or make it `void`",
                place=node.key_places.get(state.id, node.place),
            )


def misfits(
    state: StateRow, roles: frozenset[Role], messages: Mapping[str, MessageSpec]
) -> Iterator[str]:
    """What a state row has its sides send, or accept, although the messages' senders differ."""
    for role in sorted(roles):
        peer = receivers(frozenset({role}))
        for name in state.sends:
            if role not in messages[name].senders:
                yield f"the {role.upper()} send {name}"
        for name in state.messages if state.condition == "acceptable" else ():
            if not messages[name].senders & peer:
                yield f"the {role.upper()} accept {name}"
