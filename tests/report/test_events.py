"""The event stream: both ways, cut short, damaged, hostile, from another version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DataError
from harness.run.events import (
    LONGEST_LINE,
    Event,
    Frame,
    Header,
    Note,
    from_json,
    read_events,
    to_json,
    to_line,
)
from tests.report import runs, strategies


@given(strategies.events)
def test_every_event_comes_back_from_its_line(event: Event) -> None:
    text = to_line(event)
    assert text.isascii()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert from_json(json.loads(text)) == event


@given(strategies.events, st.data())
def test_keys_of_a_newer_harness_are_passed_over(event: Event, data: st.DataObject) -> None:
    plain = to_json(event) | {"a_new_key": data.draw(st.none() | strategies.hostile)}
    assert from_json(plain) == event


@given(strategies.runs())
def test_a_stream_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    path = runs.write(tmp_path_factory.mktemp("run") / "events.ndjson", events)
    assert list(read_events(path)) == events


def test_keys_that_were_added_later_have_defaults() -> None:
    old = to_json(runs.header())
    for key in ("rows", "capture", "virtual_time"):
        del old[key]
    assert from_json(old) == runs.header(rows={})


def _drain(path: Path) -> tuple[list[Event], DataError]:
    seen: list[Event] = []
    with pytest.raises(DataError) as raised:
        seen.extend(read_events(path))
    return seen, raised.value


def test_every_cut_of_a_stream_keeps_all_that_was_measured(tmp_path: Path) -> None:
    events = runs.every_kind()
    text = "".join(map(to_line, events)).encode()
    ends = [0]
    for event in events:
        ends.append(ends[-1] + len(to_line(event)))
    path = tmp_path / "events.ndjson"
    step = 37
    cuts = sorted({*range(1, ends[-2], step), *ends[1:-1], *(end + 1 for end in ends[1:-1])})
    for cut in cuts:
        path.write_bytes(text[:cut])
        seen, error = _drain(path)
        # a line whose newline alone is missing is whole
        whole = sum(1 for end in ends[1:] if end - 1 <= cut)
        assert seen == events[:whole]
        assert error.code == "run.no-footer"
        assert error.place is not None
        assert ("cut short" in error.cause) == (cut not in ends and cut + 1 not in ends)


def test_a_footer_without_its_newline_is_whole(tmp_path: Path) -> None:
    path = runs.write(tmp_path / "e", runs.every_kind())
    path.write_bytes(path.read_bytes()[:-1])
    assert list(read_events(path)) == runs.every_kind()


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "events.empty", "empty"),
        (b"\n", "events.not-json", "not JSON"),
        (b"{}\n", "events.unknown-event", "None"),
        (b"[]\n", "events.not-an-event", "object"),
        (b'{"event": "verdict"}\n', "events.unknown-event", "'verdict'"),
        (b'{"event": ["header"]}\n', "events.unknown-event", "a list"),
        (b'{"event": "header", "format": 2, "harness": "9.1"}\n', "events.format", "format 2"),
        (b'{"event": "header"}\n', "events.format", "None"),
        (b'{"event": "header", "format": 1}\n', "events.missing-key", "'harness'"),
        (b"\xff\xfe\n", "events.not-json", "not JSON"),
        (b"[" * 100_000 + b"\n", "events.not-json", "not JSON"),
        (b'{"event": "note", "case": "c", "at": 0, "text": ""}\n', "events.header", "begin"),
        (b'{"at": NaN}\n', "events.not-json", "NaN"),
        (b'{"at": ' + b"9" * 5000 + b"}\n", "events.not-json", "digits"),
    ],
)
def test_what_is_no_stream_is_said_so(tmp_path: Path, content: bytes, code: str, said: str) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(content)
    seen, error = _drain(path)
    assert seen == []
    assert error.code == code
    assert said in error.cause
    assert str(path) in str(error)


def test_damage_in_the_middle_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(to_line(runs.header()) + "{'no'}\n" + to_line(Note("c", 0.0, "n")))
    seen, error = _drain(path)
    assert seen == [runs.header()]
    assert error.code == "events.not-json"
    assert error.place is not None
    assert error.place.line == 2


def test_a_second_header_and_a_line_behind_the_footer_are_errors(tmp_path: Path) -> None:
    path = runs.write(tmp_path / "e", [runs.header(), runs.header()])
    assert _drain(path)[1].code == "events.header"
    events = runs.every_kind()
    path = runs.write(tmp_path / "e", [*events, Note("c", 0.0, "n")])
    seen, error = _drain(path)
    assert seen == events
    assert error.code == "events.after-footer"


def test_an_endless_line_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    with path.open("wb") as file:
        file.truncate(LONGEST_LINE * 3)
    assert _drain(path)[1].code == "events.line"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert _drain(tmp_path / "none")[1].code == "run.unreadable"
    assert _drain(tmp_path)[1].code == "run.unreadable"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("case", 7),
        ("case", None),
        ("number", -1),
        ("number", 1.5),
        ("number", True),
        ("number", 1 << 80),
        ("at", "now"),
        ("at", -0.5),
        ("at", 1e300),
        ("at", 10**400),
        ("at", True),
        ("direction", "sideways"),
        ("direction", None),
        ("source", ["127.0.0.1"]),
        ("source", ["localhost", 1701]),
        ("source", ["127.0.0.1", 65536]),
        ("source", ["127.0.0.1", True]),
        ("source", {"host": 1}),
        ("data", "0g"),
        ("data", "abc"),
        ("data", 12),
        ("step", "1"),
    ],
)
def test_a_wrong_value_names_its_key(key: str, value: object) -> None:
    plain = to_json(runs.sent("c", 1, 0.5)) | {key: value}
    with pytest.raises(DataError) as raised:
        from_json(plain)
    assert raised.value.code == "events.value"
    assert f"frame: {key}: expected" in raised.value.cause
    assert len(raised.value.cause) < 200


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("started", "yesterday"),
        ("started", "2026-01-01T00:00:00"),
        ("started", "0001-01-01T00:00:00+00:00"),
        ("selection", "all"),
        ("selection", [1]),
        ("rows", []),
        ("rows", {"a": {"section": "1", "level": "MUST"}}),
        ("seed", 1 << 70),
    ],
)
def test_a_wrong_value_in_the_header(key: str, value: object) -> None:
    with pytest.raises(DataError, match=f"header: {key}: expected"):
        from_json(to_json(runs.header()) | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verdicts", {"pass": -1}),
        ("unexpected", [{"case": "c"}]),
        ("unexpected", [{"case": "c", "verdict": "bad", "reason": ""}]),
        ("interrupted", 0),
        ("error", "it broke"),
        ("error", {"code": "x", "cause": "y", "exit_code": 0}),
    ],
)
def test_a_wrong_value_in_the_footer(key: str, value: object) -> None:
    with pytest.raises(DataError, match=f"footer: {key}: expected"):
        from_json(to_json(runs.footer([])) | {key: value})


def test_numbers_that_are_no_json_are_not_written() -> None:
    with pytest.raises(ValueError):
        to_line(Note("c", float("nan"), "n"))
    with pytest.raises(ValueError):
        to_line(Note("c", float("inf"), "n"))


def test_data_is_hex_and_types_are_those_of_the_classes() -> None:
    frame = runs.sent("c", 1, 0)
    assert to_json(frame)["data"] == frame.data.hex()
    again = from_json(to_json(frame))
    assert isinstance(again, Frame)
    assert isinstance(again.at, float)
    assert isinstance(runs.header(), Header)
