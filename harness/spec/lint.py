"""What can be wrong with a specification that loads: loose ends that only a reader would see.

Loading has already made sure that names, sections and numbers exist. The linter looks at whether
the tables are told well: frozen ids, numbering, texts, reasons, states nobody reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from harness.errors import DataError
from harness.spec.ids import check_ids
from harness.spec.model import Requirement, Specification

LONGEST_TEXT = 240
"""Characters. A longer text holds several rules, or was not put in own words."""

SHORTEST_REASON = 30
"""Characters. A shorter reason for an exclusion does not say why."""

_KEY_WORDS = re.compile(r"\b(MUST|SHOULD|MAY|SHALL|REQUIRED|RECOMMENDED|OPTIONAL)\b")


def lint(spec: Specification, folder: Path) -> list[DataError]:
    """All that is wrong; `folder` is where the specification was loaded from.

    Of an overlay only its own rows are looked at: the base is linted where it stands.
    """
    if spec.overlay is not None:
        rows = {name: row for name, row in spec.requirements.items() if row.table == spec.name}
        own = replace(spec, requirements=rows)
        return [*check_ids(spec, folder), *_texts(own), *_reasons(own)]
    return [
        *check_ids(spec, folder),
        *_numbering(spec),
        *_texts(spec),
        *_reasons(spec),
        *_mentions(spec),
        *_results(spec),
        *_states(spec),
    ]


def _typed(spec: Specification) -> list[Requirement]:
    """The typed rows in the order of their file."""
    rows = [row for row in spec.requirements.values() if not row.derived]
    return sorted(rows, key=lambda row: row.place.line)


def _numbering(spec: Specification) -> Iterator[DataError]:
    """Typed rows count 01, 02, … within each section, and sections follow the RFC's order."""
    order = {section: place for place, section in enumerate(spec.sections)}
    last = -1
    for section, rows in groupby(_typed(spec), key=lambda row: row.section):
        for number, row in enumerate(rows, 1):
            expected = f"{spec.prefix}-{section}-{number:02}"
            if row.id != expected:
                yield DataError(
                    "spec.numbering", f"{row.id} stands where {expected} would", place=row.place
                )
            if number == 1 and order[section] < last:
                yield DataError(
                    "spec.order", f"section {section} stands behind a later one", place=row.place
                )
        last = order[section]
    for section, states in groupby(spec.states, key=lambda row: row.section):
        for number, state in enumerate(states, 1):
            expected = f"{spec.prefix}-{section}-S{number:02}"
            if state.id != expected:
                yield DataError(
                    "spec.numbering", f"{state.id} stands where {expected} would", place=state.place
                )


def _texts(spec: Specification) -> Iterator[DataError]:
    said: dict[str, str] = {}
    for row in spec.requirements.values():
        text = row.text

        def wrong(cause: str, row: Requirement = row) -> DataError:
            return DataError("spec.text", f"{row.id}: {cause}", place=row.place)

        if not text:
            yield wrong("the text is empty")
            continue
        if len(text) > LONGEST_TEXT:
            yield wrong(f"the text has {len(text)} characters, {LONGEST_TEXT} are enough")
        if not text.endswith("."):
            yield wrong("the text does not end like a sentence")
        if _KEY_WORDS.search(text):
            yield wrong("the key word stands in `level`, the text says what is so")
        if text in said and not row.derived:
            yield wrong(f"says the same as {said[text]}")
        said[text] = row.id


def _reasons(spec: Specification) -> Iterator[DataError]:
    for row in spec.requirements.values():
        if row.excluded is not None and not SHORTEST_REASON <= len(row.excluded) <= LONGEST_TEXT:
            yield DataError(
                "spec.reason",
                f"{row.id}: a reason has {SHORTEST_REASON} to {LONGEST_TEXT} characters",
                place=row.place,
            )


def _mentions(spec: Specification) -> Iterator[DataError]:
    """Messages and AVPs named in a text stand in `about`: a search by name finds the row."""
    named = {name: name for name in spec.messages}
    named |= {avp.title: avp.name for avp in spec.avps.values()}
    # the longest first, for a Challenge Response is no Challenge
    titles = sorted(named, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, titles))})\b")
    for row in _typed(spec):
        for word in dict.fromkeys(pattern.findall(row.text)):
            if named[word] not in row.about:
                yield DataError(
                    "spec.about",
                    f"{row.id} speaks of {word}, `about` lacks {named[word]}",
                    place=row.place,
                )


def _results(spec: Specification) -> Iterator[DataError]:
    result = spec.avps.get("result_code")
    if result is None:
        return
    for message in result.messages:
        if not spec.result_codes.get(message):
            yield DataError(
                "spec.results", f"{message} carries a result, yet has no codes", place=result.place
            )


def _states(spec: Specification) -> Iterator[DataError]:
    """A state that no row leaves, or that none enters (but the first), is a slip of typing."""
    for machine, states in spec.machines.items():
        rows = [row for row in spec.states if row.machine == machine]
        left = {state for row in rows for state in row.states}
        entered = {row.next_state for row in rows} | set(states[:1])
        place = rows[0].place if rows else None
        causes = [f"{state} has no row" for state in states if state not in left]
        causes += [f"{state} is never entered" for state in states if state not in entered]
        for cause in causes:
            yield DataError("spec.states", f"{machine}: {cause}", place=place)
