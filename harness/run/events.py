"""What a run says, one event after the other: the only thing that reports are made from.

A run writes its events as one JSON object per line (NDJSON, ASCII): a header, then what happened,
then a footer. Cases run side by side, so their events mingle; each names its case.
`harness/run/record.py` writes the stream; `read_events` reads it back and trusts nothing in it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from harness.errors import DataError, Place
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
    Note,
    Row,
    RunError,
    StepStart,
    Unexpected,
    Verdict,
)

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

Json = dict[str, Any]

# made once: json.dumps would make an encoder for every line
_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def to_json(event: Event) -> Json:
    """The event as plain JSON values; `event` names its kind."""
    kind, slots = _WRITERS[type(event)]
    plain: Json = {"event": kind}
    for name, write in slots:
        value = getattr(event, name)
        plain[name] = value if write is None else write(value)
    return plain


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
            f"no event is called {_shown(kind)}",
            hint="the stream may come from a newer harness, or be no stream of a run at all",
            place=place,
        )
    if kind == "header" and data.get("format") != FORMAT:
        raise DataError(
            "events.format",
            f"this stream has format {_shown(data.get('format'))}; this harness reads {FORMAT}",
            hint="read it with the version of the harness that wrote it"
            f" ({_shown(data.get('harness'))})",
            place=place,
        )
    values: Json = {}
    for slot in reader.slots:
        if slot.name in data:
            try:
                values[slot.name] = slot.read(data[slot.name])
            except _WrongValueError as error:
                raise DataError(
                    "events.value",
                    f"{kind}: {slot.name}: expected {error}, found {_shown(data[slot.name])}",
                    place=place,
                ) from None
        elif slot.required:
            raise DataError(
                "events.missing-key", f"{kind}: the key {slot.name!r} is missing", place=place
            )
    event: Event = reader.make(**values)
    return event


class _WrongValueError(Exception):
    """The text says what was expected."""


def _shown(value: object) -> str:
    text = ascii(value) if not isinstance(value, (dict, list)) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongValueError("text")
    return value


def _text_or_null(value: object) -> str | None:
    return None if value is None else _text(value)


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise _WrongValueError("a whole number, 0 or more")
    return value


def _natural_or_null(value: object) -> int | None:
    return None if value is None else _natural(value)


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _WrongValueError("a whole number")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("true or false")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _WrongValueError("seconds")
    if not math.isfinite(value) or abs(value) > 1e12:
        raise _WrongValueError("seconds within reason")
    return float(value)


def _octets(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError:
        raise _WrongValueError("octets in hex") from None


def _endpoint(value: object) -> Endpoint:
    if isinstance(value, list) and len(value) == 2:
        host, port = value
        if isinstance(host, str) and type(port) is int and 0 <= port <= 0xFFFF:
            return host, port
    raise _WrongValueError("[address, port]")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _WrongValueError("a list")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(value))


def _naturals(value: object) -> tuple[int, ...]:
    return tuple(_natural(item) for item in _list(value))


def _member(members: type[StrEnum]) -> Callable[[object], StrEnum]:
    known = {member.value: member for member in members}

    def read(value: object) -> StrEnum:
        found = known.get(value) if isinstance(value, str) else None
        if found is None:
            raise _WrongValueError("one of " + ", ".join(known))
        return found

    return read


def _object(value: object, required: tuple[str, ...]) -> Json:
    if not isinstance(value, dict):
        raise _WrongValueError("an object")
    for key in required:
        if key not in value:
            raise _WrongValueError(f"an object with {key!r}")
    return value


def _rows(value: object) -> dict[str, Row]:
    rows = {}
    for name, item in _object(value, ()).items():
        row = _object(item, ("section", "level", "text"))
        rows[name] = Row(_text(row["section"]), _text(row["level"]), _text(row["text"]))
    return rows


def _counts(value: object) -> dict[str, int]:
    return {key: _natural(item) for key, item in _object(value, ()).items()}


_read_verdict: Callable[[object], Any] = _member(Verdict)


def _unexpected(value: object) -> tuple[Unexpected, ...]:
    found = []
    for item in _list(value):
        entry = _object(item, ("case", "verdict", "reason"))
        verdict = _read_verdict(entry["verdict"])
        found.append(Unexpected(_text(entry["case"]), verdict, _text(entry["reason"])))
    return tuple(found)


def _error(value: object) -> RunError | None:
    if value is None:
        return None
    entry = _object(value, ("code", "cause"))
    hint = _text_or_null(entry.get("hint")) or ""
    return RunError(_text(entry["code"]), _text(entry["cause"]), hint)


def _write_octets(value: bytes) -> str:
    return value.hex()


def _write_rows(value: Mapping[str, Row]) -> Json:
    return {name: dataclasses.asdict(row) for name, row in value.items()}


def _write_unexpected(value: tuple[Unexpected, ...]) -> list[Json]:
    return [dataclasses.asdict(item) for item in value]


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
    "str": (_text, None),
    "str | None": (_text_or_null, None),
    "int": (_natural, None),
    "int | None": (_natural_or_null, None),
    "float": (_seconds, None),
    "bool": (_boolean, None),
    "bytes": (_octets, _write_octets),
    "Endpoint": (_endpoint, list),
    "tuple[str, ...]": (_texts, list),
    "tuple[int, ...]": (_naturals, list),
    "Verdict": (_read_verdict, str),
    "Expectation": (_member(Expectation), str),
    "Direction": (_member(Direction), str),
    "Mapping[str, int]": (_counts, dict),
    "Mapping[str, Row]": (_rows, _write_rows),
    "tuple[Unexpected, ...]": (_unexpected, _write_unexpected),
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
        # a seed may be negative
        read, write = (_integer, None) if slot.name == "seed" else _BY_TYPE[str(slot.type)]
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
        raise DataError("run.unreadable", f"{path}: {error.strerror or error}") from error


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
            data = json.loads(line.decode("utf-8"), parse_constant=_no_number)
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


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _no_footer(place: Place, how: str) -> DataError:
    return DataError(
        "run.no-footer",
        f"the run did not end: the stream has no footer, {how}",
        hint="what was measured until then stands above; run the rest again",
        place=place,
    )
