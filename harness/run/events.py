"""What a run says, one event after the other: the only thing that reports are made from.

A run writes its events as one JSON object per line (NDJSON, ASCII): a header, then what happened,
then a footer. Cases run side by side, so their events mingle; each names its case.
`harness/run/record.py` writes the stream; `read_events` reads it back and trusts nothing in it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from harness.errors import EXIT_DEVICE, DataError, Place
from harness.run import plain
from harness.run.kinds import (
    CAPTURE_FILE,
    FORMAT,
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Direction,
    Endpoint,
    Event,
    Expectation,
    Footer,
    Frame,
    Header,
    Listed,
    Note,
    Row,
    RunError,
    StepStart,
    Unexpected,
    Verdict,
)
from harness.run.plain import Json, WrongValueError

__all__ = [
    "CAPTURE_FILE",
    "EVENTS_FILE",
    "FORMAT",
    "CaseEnd",
    "CaseStart",
    "Check",
    "DeviceLog",
    "Direction",
    "Endpoint",
    "Event",
    "Expectation",
    "Footer",
    "Frame",
    "Header",
    "Listed",
    "Note",
    "Row",
    "RunError",
    "StepStart",
    "Unexpected",
    "Verdict",
    "from_json",
    "read_events",
    "to_json",
    "to_line",
]

EVENTS_FILE: Final = "events.ndjson"

LONGEST_LINE: Final = 16 << 20
"""Octets. A frame of 65,535 octets makes a line of 132 kB; a header with all rows, 100 kB."""


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


# made once: json.dumps and json.loads would make theirs for every line
_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode: Final = json.JSONDecoder(parse_constant=_no_number).decode


def to_json(event: Event) -> Json:
    """The event as plain JSON values; `event` names its kind."""
    kind, slots = _WRITERS[type(event)]
    data: Json = {"event": kind}
    for name, write in slots:
        value = getattr(event, name)
        data[name] = value if write is None else write(value)
    return data


def to_line(event: Event) -> str:
    """The event as one line of NDJSON, ASCII, with its newline. ValueError on NaN or infinity."""
    return _encode(to_json(event)) + "\n"


def from_json(data: object, place: Place | None = None) -> Event:
    """The event that `data` describes.

    Keys that this version does not know are passed over, so that a newer harness may add some.
    DataError `events.*` at `place` for anything else that is not an event of this format.
    """
    if not isinstance(data, dict):
        raise DataError("events.not-an-event", "expected a JSON object", place=place)
    kind = data.get("event")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise DataError(
            "events.unknown-event",
            f"no event is called {plain.shown(kind)}",
            hint="the stream may come from a newer harness, or be no stream of a run at all",
            place=place,
        )
    if kind == "header" and data.get("format") != FORMAT:
        raise DataError(
            "events.format",
            f"the stream has format {plain.shown(data.get('format'))}, this harness reads {FORMAT}",
            hint="read it with the version of the harness that wrote it"
            f" ({plain.shown(data.get('harness'))})",
            place=place,
        )
    values: Json = {}
    for slot in reader.slots:
        if slot.name in data:
            try:
                values[slot.name] = slot.read(data[slot.name])
            except WrongValueError as error:
                raise DataError(
                    "events.value",
                    f"{kind}: {slot.name}: expected {error}, found {plain.shown(data[slot.name])}",
                    place=place,
                ) from None
        elif slot.required:
            raise DataError(
                "events.missing-key", f"{kind}: the key {slot.name!r} is missing", place=place
            )
    event: Event = reader.make(**values)
    return event


def _rows(value: object) -> dict[str, Row]:
    rows = {}
    for name, item in plain.entries(value, ()).items():
        row = plain.entries(item, ("section", "level", "text"))
        rows[name] = Row(
            plain.text(row["section"]),
            plain.text(row["level"]),
            plain.text(row["text"]),
            plain.text(row.get("table", "")),
            plain.text(row.get("excluded", "")),
            plain.boolean(row.get("binds", True)),
        )
    return rows


def _counts(value: object) -> dict[str, int]:
    return {key: plain.natural(item) for key, item in plain.entries(value, ()).items()}


def _texts(value: object) -> dict[str, str]:
    return {key: plain.text(item) for key, item in plain.entries(value, ()).items()}


_read_verdict: Callable[[object], Any] = plain.member(Verdict)


def _unexpected(value: object) -> tuple[Unexpected, ...]:
    found = []
    for item in plain.items(value):
        entry = plain.entries(item, ("case", "verdict", "reason"))
        verdict = _read_verdict(entry["verdict"])
        found.append(Unexpected(plain.text(entry["case"]), verdict, plain.text(entry["reason"])))
    return tuple(found)


def _listed(value: object) -> tuple[Listed, ...]:
    found = []
    for item in plain.items(value):
        entry = plain.entries(item, ("case", "verdict", "reason", "file", "line"))
        found.append(
            Listed(
                plain.text(entry["case"]),
                plain.text_or_null(entry.get("check")),
                _read_verdict(entry["verdict"]),
                plain.text(entry["reason"]),
                plain.text(entry.get("link", "")),
                plain.text(entry["file"]),
                plain.natural(entry["line"]),
                plain.texts(entry.get("seen_in", [])),
                plain.texts(entry.get("rows", [])),
                plain.boolean(entry.get("by_chance", False)),
            )
        )
    return tuple(found)


def _error(value: object) -> RunError | None:
    if value is None:
        return None
    entry = plain.entries(value, ("code", "cause"))
    hint = plain.text_or_null(entry.get("hint")) or ""
    code = plain.natural(entry.get("exit_code", EXIT_DEVICE))
    if not 0 < code < 256:
        raise WrongValueError("an exit code, 1..255")
    return RunError(plain.text(entry["code"]), plain.text(entry["cause"]), hint, code)


def _write_octets(value: bytes) -> str:
    return value.hex()


def _write_rows(value: Mapping[str, Row]) -> Json:
    return {name: dataclasses.asdict(row) for name, row in value.items()}


def _write_unexpected(value: tuple[Unexpected, ...]) -> list[Json]:
    return [dataclasses.asdict(item) for item in value]


def _write_listed(value: tuple[Listed, ...]) -> list[Json]:
    return [
        {**dataclasses.asdict(item), "seen_in": list(item.seen_in), "rows": list(item.rows)}
        for item in value
    ]


def _write_error(value: RunError | None) -> Json | None:
    return None if value is None else dataclasses.asdict(value)


class _Slot(NamedTuple):
    name: str
    read: Callable[[object], Any]
    write: Callable[[Any], Any] | None
    required: bool


class _Reader(NamedTuple):
    make: Any
    slots: tuple[_Slot, ...]


# A field is read and written by its annotation.
_BY_TYPE: Final[dict[str, tuple[Callable[[object], Any], Callable[[Any], Any] | None]]] = {
    "str": (plain.text, None),
    "str | None": (plain.text_or_null, None),
    "int": (plain.natural, None),
    "int | None": (plain.natural_or_null, None),
    "Seed": (plain.integer, None),
    "Timestamp": (plain.timestamp, None),
    "float": (plain.seconds, None),
    "bool": (plain.boolean, None),
    "bytes": (plain.octets, _write_octets),
    "Endpoint": (plain.endpoint, list),
    "tuple[str, ...]": (plain.texts, list),
    "tuple[int, ...]": (plain.naturals, list),
    "Verdict": (_read_verdict, str),
    "Expectation": (plain.member(Expectation), str),
    "Direction": (plain.member(Direction), str),
    "Mapping[str, int]": (_counts, dict),
    "Mapping[str, Row]": (_rows, _write_rows),
    "Mapping[str, str]": (_texts, dict),
    "tuple[Unexpected, ...]": (_unexpected, _write_unexpected),
    "tuple[Listed, ...]": (_listed, _write_listed),
    "RunError | None": (_error, _write_error),
}
_KINDS: Final[dict[str, Any]] = {
    "header": Header,
    "case-start": CaseStart,
    "frame": Frame,
    "step": StepStart,
    "check": Check,
    "note": Note,
    "device": DeviceLog,
    "case-end": CaseEnd,
    "footer": Footer,
}


def _slots_of(event: Any) -> tuple[_Slot, ...]:
    slots = []
    for slot in dataclasses.fields(event):
        read, write = _BY_TYPE[str(slot.type)]
        required = (
            slot.default is dataclasses.MISSING and slot.default_factory is dataclasses.MISSING
        )
        slots.append(_Slot(slot.name, read, write, required))
    return tuple(slots)


_READERS: Final = {kind: _Reader(event, _slots_of(event)) for kind, event in _KINDS.items()}
_WRITERS: Final[dict[Any, tuple[str, tuple[tuple[str, Callable[[Any], Any] | None], ...]]]] = {
    reader.make: (kind, tuple((slot.name, slot.write) for slot in reader.slots))
    for kind, reader in _READERS.items()
}


def read_events(path: Path) -> Iterator[Event]:
    """The events of a stream, one by one as they are read.

    A file that breaks off (a killed run) yields everything that was measured, then raises DataError
    `run.no-footer`, which also says when the last line is cut short. DataError `events.*` with
    file and line where the file is not a stream of events; `run.unreadable` when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _events_of(file, str(path))
    except OSError as error:
        raise DataError(
            "run.unreadable",
            f"{path}: {error.strerror or error}",
            hint=f"name the output folder of a run, such as out/xl2tpd-lns, or its {EVENTS_FILE}",
        ) from error


def _events_of(file: BinaryIO, name: str) -> Iterator[Event]:
    number = 0
    seen: Event | None = None
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        place = Place(name, number, 1)
        if len(line) > LONGEST_LINE:
            raise DataError(
                "events.line", f"a line is longer than {LONGEST_LINE} octets", place=place
            )
        if isinstance(seen, Footer):
            raise DataError(
                "events.after-footer", "something stands behind the footer", place=place
            )
        try:
            data = _decode(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            if line.endswith(b"\n"):
                raise DataError("events.not-json", f"not JSON: {error}", place=place) from None
            raise _no_footer(place, "its last line is cut short") from None
        event = from_json(data, place)
        if (seen is None) != isinstance(event, Header):
            cause = "a second header" if seen else "the stream does not begin with a header"
            raise DataError("events.header", cause, place=place)
        seen = event
        yield event
    if seen is None:
        raise DataError("events.empty", "the file is empty", place=Place(name))
    if not isinstance(seen, Footer):
        raise _no_footer(Place(name, number, 1), "nothing follows its last event")


def _no_footer(place: Place, how: str) -> DataError:
    return DataError(
        "run.no-footer",
        f"the run did not end: the stream has no footer, {how}",
        hint="what was measured until then stands above; run the rest again",
        place=place,
    )
