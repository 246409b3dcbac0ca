"""From a folder of tables to a `Specification`. Every fault has file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from harness.errors import DataError, Place
from harness.located import Node, load, suggest
from harness.spec.avp_table import read_avps
from harness.spec.faults import Faults
from harness.spec.model import (
    ALL_MESSAGES,
    AvpSpec,
    MessageSpec,
    Requirement,
    Specification,
)
from harness.spec.overlay_table import is_overlay, load_overlay
from harness.spec.requirements import check_about, derive, read_requirements
from harness.spec.tables import read_messages, read_results, read_states

FILES = (
    "specification.yaml",
    "messages.yaml",
    "avps.yaml",
    "results.yaml",
    "requirements.yaml",
    "states.yaml",
)
_TOP_KEYS = ("name", "prefix", "title", "published", "sections")


class _Roots(NamedTuple):
    specification: Node
    messages: Node
    avps: Node
    results: Node
    requirements: Node
    states: Node


def load_specification(folder: Path) -> Specification:
    """Read the tables of one specification.

    `folder` holds the files of `FILES`, or an overlay on such a one. Raises `DataError`, or
    `DataErrors` with every fault that can be seen at once: first within the files, then between
    them.
    """
    if not folder.is_dir():
        beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
        raise DataError(
            "spec.no-folder",
            f"{folder} is not a folder with a specification",
            hint=suggest(folder.name, [path.name for path in beside if path.is_dir()]),
        )
    if is_overlay(folder):
        return load_overlay(folder, load_specification)
    roots = _Roots(*(load(folder / file) for file in FILES))
    top = roots.specification.mapping(_TOP_KEYS, required=_TOP_KEYS)
    sections = {number: node.text() for number, node in top["sections"].mapping().items()}
    prefix = top["prefix"].text()

    faults = Faults()
    with faults.caught():
        messages = read_messages(roots.messages)
    with faults.caught():
        avps = read_avps(roots.avps)
    with faults.caught():
        results = read_results(roots.results)
    with faults.caught():
        states = read_states(roots.states)
    with faults.caught():
        typed = read_requirements(roots.requirements)
    faults.raise_any()

    # names first: a misspelt one would make the tables disagree as well
    faults.errors.extend(_check_names(roots, messages, avps))
    faults.errors.extend(check_about(roots.requirements, typed, {*messages, *avps}))
    faults.raise_any()
    faults.errors.extend(_check_agreement(roots.avps, avps, messages))
    faults.errors.extend(_check_examples(roots.messages, messages, avps))
    faults.raise_any()

    rows = [*typed, *derive(prefix, messages, avps, results, states.rows)]
    faults.errors.extend(_check_rows(rows, sections, prefix))
    faults.raise_any()
    order = {number: place for place, number in enumerate(sections)}
    rows.sort(key=lambda row: order[row.section])
    name = top["name"].text()
    return Specification(
        name=name,
        prefix=prefix,
        title=top["title"].text(),
        sections=MappingProxyType(sections),
        messages=MappingProxyType(messages),
        avps=MappingProxyType(avps),
        result_codes=results.result_codes,
        error_codes=results.error_codes,
        requirements=MappingProxyType({row.id: replace(row, table=name) for row in rows}),
        states=states.rows,
        machines=states.machines,
        message_types=MappingProxyType({spec.type: spec for spec in messages.values()}),
        avp_numbers=MappingProxyType({(spec.vendor, spec.type): spec for spec in avps.values()}),
    )


def _unknown(nodes: Iterable[Node], known: Iterable[str], what: str) -> Iterator[DataError]:
    """An error for each text that is not a known name."""
    names = list(known)
    for node in nodes:
        name = node.text()
        if name not in names:
            yield node.fail(
                f"spec.unknown-{what}", f"unknown {what} {name!r}", hint=suggest(name, names)
            )


def _check_names(
    roots: _Roots, messages: Mapping[str, MessageSpec], avps: Mapping[str, AvpSpec]
) -> Iterator[DataError]:
    """Names of messages and AVPs that the tables use without having them."""
    for node in roots.messages.mapping().values():
        entry = node.mapping()
        yield from _unknown(entry["mandatory"].sequence(), avps, "avp")
        yield from _unknown(entry["optional"].sequence(), avps, "avp")
    for name, node in roots.avps.mapping().items():
        entry = node.mapping()
        if ALL_MESSAGES not in avps[name].messages:
            yield from _unknown(entry["messages"].sequence(), messages, "message")
        value = entry["value"].mapping() if "value" in entry else {}
        for rule in value["rules"].sequence() if "rules" in value else ():
            parts = rule.mapping()
            if "messages" in parts:
                known = avps[name].messages
                yield from _unknown(parts["messages"].sequence(), known, "message")
    results = roots.results.mapping()["results"]
    for name in results.mapping():
        if name not in messages:
            yield _no_message(name, messages, results.key_places[name])
    for node in roots.states.mapping()["rows"].sequence():
        entry = node.mapping()
        if "messages" in entry:
            yield from _unknown(entry["messages"].sequence(), messages, "message")
        for action in entry["actions"].sequence():
            verb, _, name = action.text().partition(" ")
            if verb == "send" and name not in messages:
                yield _no_message(name, messages, action.place)


def _no_message(name: str, messages: Iterable[str], place: Place) -> DataError:
    return DataError(
        "spec.unknown-message",
        f"unknown message {name!r}",
        hint=suggest(name, messages),
        place=place,
    )


def _check_agreement(
    root: Node, avps: Mapping[str, AvpSpec], messages: Mapping[str, MessageSpec]
) -> Iterator[DataError]:
    """An AVP lists the messages that list it, and no others."""
    for name, node in root.mapping().items():
        if ALL_MESSAGES in avps[name].messages:
            continue
        listed = {
            message.name
            for message in messages.values()
            if name in message.mandatory or name in message.optional
        }
        for message in sorted(listed ^ set(avps[name].messages)):
            where = "messages.yaml" if message in listed else "avps.yaml"
            yield node.mapping()["messages"].fail(
                "spec.disagree", f"only {where} says that {message} carries {name}"
            )


def _check_examples(
    root: Node, messages: Mapping[str, MessageSpec], avps: Mapping[str, AvpSpec]
) -> Iterator[DataError]:
    """The example of a message has all it must have, and each value fits its AVP."""
    for name, node in root.mapping().items():
        example = node.mapping()["example"]
        carried = [*messages[name].mandatory[1:], *messages[name].optional]
        given = example.mapping()
        foreign = [avp for avp in given if avp not in carried]
        for avp in foreign:
            yield DataError(
                "spec.example",
                f"{name} does not carry {avp!r}",
                hint=suggest(avp, carried),
                place=example.key_places[avp],
            )
        for avp in carried:
            if avp in given:
                yield from _check_value(given[avp], avps[avp], name)
        missing = [avp for avp in messages[name].mandatory[1:] if avp not in given]
        if missing and not foreign:
            yield example.fail("spec.example", f"the example lacks {', '.join(missing)}")


def _check_value(node: Node, avp: AvpSpec, message: str) -> Iterator[DataError]:
    try:
        octets = avp.encode(node.plain())
    except ValueError as error:
        yield node.fail("spec.example", f"{avp.name}: {error}")
        return
    for problem in avp.check(message, octets):
        yield node.fail("spec.example", problem)


def _check_rows(
    rows: Iterable[Requirement], sections: Mapping[str, str], prefix: str
) -> Iterator[DataError]:
    """Ids that stand twice or do not begin with their section, and sections that do not exist."""
    seen: dict[str, Place] = {}
    for row in rows:
        if row.id in seen:
            yield DataError(
                "spec.duplicate-id", f"{row.id} stands at {seen[row.id]} already", place=row.place
            )
        seen[row.id] = row.place
        if row.section not in sections:
            yield DataError(
                "spec.unknown-section",
                f"{row.id}: there is no section {row.section!r}",
                hint=suggest(row.section, sections),
                place=row.place,
            )
        elif not row.id.startswith(f"{prefix}-{row.section}-"):
            yield DataError(
                "spec.section", f"{row.id} is not an id of section {row.section}", place=row.place
            )
