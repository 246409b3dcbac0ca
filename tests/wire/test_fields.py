"""Values of AVPs by fields: both ways, and what does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import Field, FieldKind, Value, decode_value, encode_value
from harness.wire.fields import check_fields, reserved_problems

UINT, OCTETS, TEXT = FieldKind.UINT, FieldKind.OCTETS, FieldKind.TEXT

NUMBER = (Field("assigned_tunnel_id", UINT, 2),)
NAME = (Field("host_name", TEXT),)
CHALLENGE = (Field("challenge", OCTETS),)
TIE_BREAKER = (Field("tie_breaker", OCTETS, 8),)
VERSION = (Field("version", UINT, 1), Field("revision", UINT, 1))
RESULT = (
    Field("result", UINT, 2),
    Field("error", UINT, 2, optional=True),
    Field("message", TEXT, optional=True),
)
ACCM = (Field("reserved", UINT, 2, constant=0), Field("send", UINT, 4), Field("receive", UINT, 4))
PROXY_ID = (Field("reserved", UINT, 1, constant=0), Field("id", UINT, 1))
ONLY_RESERVED = (Field("reserved", UINT, 2, constant=7),)
OPTIONAL_RESERVED = (
    Field("number", UINT, 1),
    Field("reserved", UINT, 1, optional=True, constant=9),
    Field("other", UINT, 1, optional=True),
)

BOTH_WAYS: list[tuple[tuple[Field, ...], Value, str]] = [
    ((), None, ""),
    (NUMBER, 7, "0007"),
    (NUMBER, 65535, "ffff"),
    (NAME, "lac", "6c6163"),
    (NAME, "é", "c3a9"),
    (NAME, "", ""),
    (CHALLENGE, b"\x00\xff", "00ff"),
    (TIE_BREAKER, bytes(8), "0000000000000000"),
    (VERSION, {"version": 1, "revision": 0}, "0100"),
    (RESULT, {"result": 2}, "0002"),
    (RESULT, {"result": 2, "error": 8}, "00020008"),
    (RESULT, {"result": 2, "error": 8, "message": "AVP 99"}, "00020008415650203939"),
    (ACCM, {"send": 0xFFFFFFFF, "receive": 1}, "0000ffffffff00000001"),
    (PROXY_ID, 5, "0005"),
    (ONLY_RESERVED, None, "0007"),
    (OPTIONAL_RESERVED, {"number": 1}, "01"),
    (OPTIONAL_RESERVED, {"number": 1, "other": 2}, "010902"),
]


@pytest.mark.parametrize(("fields", "value", "octets"), BOTH_WAYS)
def test_both_ways(fields: tuple[Field, ...], value: Value, octets: str) -> None:
    assert encode_value(fields, value) == bytes.fromhex(octets)
    assert decode_value(fields, bytes.fromhex(octets)) == value


@pytest.mark.parametrize(
    ("fields", "value", "octets"),
    [
        (NUMBER, {"assigned_tunnel_id": 7}, "0007"),
        (NUMBER, b"\x01", "01"),
        (NUMBER, "0x010203", "010203"),
        (NUMBER, "0x", ""),
        (NAME, "0X6c", "6c"),
        (NAME, b"\xff", "ff"),
        (NAME, "0xyz", "3078797a"),
        (NAME, {"host_name": "0x00ff"}, "00ff"),
        (CHALLENGE, "0x00FF", "00ff"),
        (RESULT, "0x0002", "0002"),
        (RESULT, {"result": 2, "error": 0, "message": b"\xff"}, "00020000ff"),
        ((), "0x01", "01"),
        ((), b"", ""),
        (ACCM, b"", ""),
    ],
)
def test_other_ways_to_say_it(fields: tuple[Field, ...], value: Value, octets: str) -> None:
    assert encode_value(fields, value) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("fields", "value", "text"),
    [
        (NUMBER, 65536, "assigned_tunnel_id is 65536, 2 octets hold 0..65535"),
        (NUMBER, -1, "is -1"),
        (NUMBER, True, "is an integer, found True"),
        (NUMBER, "7", "is an integer, found '7'"),
        (NUMBER, None, "field assigned_tunnel_id is missing"),
        (NUMBER, {"tunnel_id": 7}, "unknown field 'tunnel_id' .known: assigned_tunnel_id"),
        (NUMBER, "0x123", "odd number"),
        (NAME, 7, "host_name is text, found 7"),
        (NAME, "\udc80", "not text of Unicode"),
        (CHALLENGE, "abc", "quoted"),
        (CHALLENGE, 0, "quoted"),
        (TIE_BREAKER, {"tie_breaker": b"1234567"}, "has 8 octets, found 7"),
        (VERSION, 1, "several fields .version, revision"),
        (VERSION, {"version": 1}, "field revision is missing"),
        (RESULT, {"result": 2, "message": "x"}, "field message needs field error before it"),
        (RESULT, {"error": 2}, "field result is missing"),
        (ACCM, {"reserved": 1, "send": 0, "receive": 0}, "unknown field 'reserved'"),
        ((), 7, "no value"),
        ((), {"x": 7}, "known: none"),
        (ONLY_RESERVED, 7, "no value"),
    ],
)
def test_values_that_do_not_fit(fields: tuple[Field, ...], value: Value, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        encode_value(fields, value)


@pytest.mark.parametrize(
    ("fields", "octets", "text"),
    [
        ((), "00", "too long"),
        (NUMBER, "", "too short: assigned_tunnel_id needs 2 at octet 0"),
        (NUMBER, "00", "too short"),
        (NUMBER, "000700", "3 octets are too long: the value ends after 2"),
        (TIE_BREAKER, "00", "too short"),
        (RESULT, "", "too short"),
        (RESULT, "000200", "too short: error needs 2 at octet 2"),
        (ACCM, "0000ffffffff000000", "too short: receive"),
        (ACCM, "0000ffffffff0000000000", "too long"),
    ],
)
def test_octets_of_a_wrong_length(fields: tuple[Field, ...], octets: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        decode_value(fields, bytes.fromhex(octets))


def test_text_that_is_not_utf_8_is_shown() -> None:
    assert decode_value(NAME, b"lac\xff\x00") == "lac\\xff\x00"


def test_an_optional_bare_value_may_be_absent() -> None:
    fields = (Field("advisory", TEXT, optional=True),)
    assert decode_value(fields, b"") is None
    assert encode_value(fields, None) == b""


def test_reserved_fields_are_not_shown_but_reported() -> None:
    octets = bytes.fromhex("0001ffffffff00000001")
    assert decode_value(ACCM, octets) == {"send": 0xFFFFFFFF, "receive": 1}
    assert reserved_problems(ACCM, octets) == ["reserved field reserved is 0x0001"]
    assert reserved_problems(ACCM, bytes(10)) == []
    assert reserved_problems(ONLY_RESERVED, b"\x00\x07") == []
    with pytest.raises(ValueError, match="too short"):
        reserved_problems(ACCM, b"")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([fields for fields, _, _ in BOTH_WAYS]), st.binary(max_size=12))
def test_what_decodes_encodes_to_the_same(fields: tuple[Field, ...], data: bytes) -> None:
    # text is the exception: what is not UTF-8 is shown with a backslash, and what looks like raw
    # octets is taken for them
    if not data.isascii() and any(field.kind is TEXT for field in fields):
        return
    try:
        value = decode_value(fields, data)
    except ValueError:
        return
    if not reserved_problems(fields, data) and b"0x" not in data.lower():
        assert encode_value(fields, value) == data


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("n", UINT), "needs a number of octets"),
        (("n", UINT, 0), "at least 1 octet"),
        (("n", OCTETS, None, False, 0), "needs a number of octets"),
        (("n", UINT, 1, False, 256), "n is 256"),
    ],
)
def test_fields_that_contradict_themselves(arguments: tuple[object, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Field(*arguments)  # type: ignore[arg-type]


def test_lists_of_fields_that_no_reader_can_part() -> None:
    assert check_fields(RESULT) == []
    assert check_fields((Field("a", UINT, 1), Field("a", UINT, 1))) == ["field a stands twice"]
    rest = check_fields((Field("a", TEXT), Field("b", UINT, 1)))
    assert rest == ["field a takes all that is left, yet fields follow"]
    optional = check_fields((Field("a", UINT, 1, optional=True), Field("b", UINT, 1)))
    assert optional == ["field a is optional, yet required fields follow"]
