"""Matching: what is equal, what a mismatch says, and that nothing a device sends makes it raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite.edits import Given
from harness.suite.match import (
    MISSING,
    Missing,
    describe_alternative,
    describe_matcher,
    equal,
    lookup,
    match,
    match_alternative,
)
from harness.suite.model import Alternative, Matcher
from harness.wire.fields import Value


@dataclass(frozen=True)
class Message:
    message: str = "StopCCN"
    avps: Mapping[str, Value] = field(default_factory=dict)
    header: Mapping[str, int | None] = field(default_factory=dict)


STOP = Message(
    avps={
        "result_code": {"result": 2, "error": 2, "message": "no"},
        "assigned_tunnel_id": 7,
        "sequencing_required": None,
        "9/1": b"\0\1",
    },
    header={"ns": 0, "nr": 65535, "tunnel_id": 0, "length": None},
)


def literal(value: Given) -> Matcher:
    return Matcher(equals=value, has_equals=True)


@pytest.mark.parametrize(
    ("matcher", "value", "text"),
    [
        (literal(7), 7, ""),
        (literal(7), 8, "x is 8, expected 7"),
        (literal("a"), "a", ""),
        (literal("a"), "b", "x is 'b', expected 'a'"),
        (literal("a"), "b\n\x1b", "x is 'b\\n\\x1b', expected 'a'"),
        (literal(b"\1\2"), b"\1\2", ""),
        (literal(b"\1"), b"\2", "x is 0x02, expected 0x01"),
        (literal(None), None, ""),
        (literal(None), b"\1", "x is 0x01, expected empty"),
        (literal(1), MISSING, "x is absent, expected 1"),
        (Matcher(present=True), None, ""),
        (Matcher(present=True), MISSING, "x is absent, expected present"),
        (Matcher(present=False), MISSING, ""),
        (Matcher(present=False), 0, "x is 0, expected absent"),
        (Matcher(one_of=(1, 2)), 2, ""),
        (Matcher(one_of=(1, 2)), 3, "x is 3, expected one of 1, 2"),
        (Matcher(none_of=(1, 2)), 3, ""),
        (Matcher(none_of=(1, 2)), 2, "x is 2, expected not 1 or 2"),
        (Matcher(none_of=(1,)), MISSING, "x is absent, expected not 1"),
        (Matcher(low=1, high=3), 1, ""),
        (Matcher(low=1, high=3), 0, "x is 0, expected 1 to 3"),
        (Matcher(low=1), 0, "x is 0, expected at least 1"),
        (Matcher(high=1), 2, "x is 2, expected at most 1"),
        (Matcher(low=1), "word", "x is 'word', expected at least 1"),
        (Matcher(low=1), b"", "x is 0x, expected at least 1"),
        (Matcher(low=256, high=256), b"\1\0", ""),
        (Matcher(pattern="^a.c$"), "abc", ""),
        (Matcher(pattern="^a.c$"), b"abc", ""),
        (Matcher(pattern="^a"), "b", "x is 'b', expected /^a/"),
        (Matcher(pattern="("), "b", "x is 'b', expected /(/"),
        (Matcher(pattern="a"), {"a": 1}, "x is {a: 1}, expected /a/"),
        (Matcher(length=(2, 3)), b"\1\2", ""),
        (Matcher(length=(2, 2)), "ü", ""),
        (Matcher(length=(2, 3)), "a", "x has 1 octets, expected 2 to 3 octets"),
        (Matcher(length=(2, 2)), 7, "x has no octets to count, expected 2 octets"),
        (Matcher(fields={"a": literal(1)}), {"a": 1, "b": 2}, ""),
        (Matcher(fields={"a": literal(1)}), {"a": 2}, "x.a is 2, expected 1"),
        (Matcher(fields={"a": literal(1)}), {}, "x.a is absent, expected 1"),
        (Matcher(fields={"a": literal(1)}), b"\0", "x is 0x00, expected {a 1}"),
        (Matcher(fields={"a": Matcher(present=False)}), {}, ""),
    ],
)
def test_a_mismatch_is_said_in_words(matcher: Matcher, value: Value | Missing, text: str) -> None:
    assert match(matcher, value, "x") == ([text] if text else [])


@pytest.mark.parametrize(
    ("expected", "value", "same"),
    [
        (7, b"\0\7", True),
        (b"\0\7", 7, True),
        (7, "7", True),
        (7, "07", True),
        (7, "7 ", False),
        (7, "\u0667", False),
        ("abc", b"abc", True),
        (b"abc", "abc", True),
        ("ü", b"\xc3\xbc", True),
        ("A", "a", False),
        (None, b"", True),
        (None, 0, False),
        (0, b"", False),
        (True, 1, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": b"\1"}, {"a": 1}, True),
        ({"a": 1}, 1, False),
        (1, {"a": 1}, False),
    ],
)
def test_what_is_equal(expected: Given, value: Value, same: bool) -> None:
    assert equal(expected, value) is same


def test_several_mismatches_of_a_message_are_all_told() -> None:
    alternative = Alternative(
        message="StopCCN",
        header={"ns": literal(1), "tunnel_id": literal(0)},
        where={
            "result_code": Matcher(fields={"result": literal(2), "error": literal(8)}),
            "host_name": Matcher(present=True),
        },
    )
    assert match_alternative(alternative, STOP) == [
        "header.ns is 0, expected 1",
        "result_code.error is 2, expected 8",
        "host_name is absent, expected present",
    ]
    assert describe_alternative(alternative) == (
        "StopCCN with header.ns 1, header.tunnel_id 0, "
        "result_code {result 2, error 8}, host_name present"
    )


@pytest.mark.parametrize(
    ("wanted", "received", "text"),
    [
        ("StopCCN", "StopCCN", ""),
        ("StopCCN", "CDN", "received CDN, expected StopCCN"),
        ("99", "99", ""),
        ("silence", "CDN", "received CDN, expected silence"),
        ("any", "CDN", ""),
        ("any", "99", ""),
        ("any", "ZLB", "received ZLB, expected any control message but a ZLB"),
        ("any", "data", "received data, expected any control message but a ZLB"),
        ("ack", "ZLB", ""),
        ("ack", "CDN", ""),
        ("ack", "data", "received data, expected an acknowledgement"),
        ("ZLB", "ZLB", ""),
        ("data", "data", ""),
    ],
)
def test_which_message_is_which(wanted: str, received: str, text: str) -> None:
    found = match_alternative(Alternative(message=wanted), Message(received))
    assert found == ([text] if text else [])


def test_sequence_numbers_wrap_and_other_header_fields_do_not() -> None:
    alternative = Alternative(message="any", header={"nr": literal(-1), "ns": literal(65536)})
    assert match_alternative(alternative, STOP) == []
    assert match_alternative(
        Alternative(message="any", header={"tunnel_id": literal(65536)}), STOP
    ) == ["header.tunnel_id is 0, expected 65536"]
    # and are told as they stand in a header
    wrong = Alternative(message="ZLB", header={"nr": literal(65536), "tunnel_id": literal(65536)})
    assert describe_alternative(wrong) == "ZLB with header.nr 0, header.tunnel_id 65536"
    wrong = Alternative(message="any", header={"ns": literal(65537)})
    assert match_alternative(wrong, STOP) == ["header.ns is 0, expected 1"]


def test_a_header_field_that_is_not_there_is_absent() -> None:
    for name in ("length", "flags"):
        absent = Alternative(message="any", header={name: Matcher(present=False)})
        assert match_alternative(absent, STOP) == []


def test_variables_are_filled_in() -> None:
    alternative = Alternative(
        message="StopCCN",
        header={"ns": literal("${ns+1}")},
        where={"result_code": Matcher(fields={"result": Matcher(none_of=("${r}",))})},
    )
    assert match_alternative(alternative, STOP, {"ns": 65535, "r": 1}) == []
    assert match_alternative(alternative, STOP, {"ns": 1, "r": 2}) == [
        "header.ns is 0, expected 2",
        "result_code.result is 2, expected not 2",
    ]


def test_a_variable_without_a_value_is_a_mismatch_and_no_crash() -> None:
    (text,) = match(literal("${gone}"), 7, "x", {})
    assert text.startswith("x cannot be judged: ${gone} has no value")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("message", "StopCCN"),
        ("assigned_tunnel_id", 7),
        ("result_code.error", 2),
        ("result_code", {"result": 2, "error": 2, "message": "no"}),
        ("result_code.gone", MISSING),
        ("assigned_tunnel_id.x", MISSING),
        ("host_name", MISSING),
        ("sequencing_required", None),
        ("9/1", b"\0\1"),
        ("header.nr", 65535),
        ("header.length", MISSING),
        ("header.gone", MISSING),
    ],
)
def test_looking_up_what_to_save(path: str, value: object) -> None:
    assert lookup(path, STOP) == value


def test_long_values_are_cut() -> None:
    (text,) = match(literal("a"), "b" * 1017, "x")
    assert len(text) < 160
    assert "(1019 characters)" in text


scalars = st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.booleans())
mappings = st.dictionaries(st.sampled_from("ab"), st.one_of(st.integers(), st.text(), st.binary()))
values = st.one_of(scalars, mappings, st.just(MISSING), st.just(1 << 100_000))
patterns = st.one_of(st.none(), st.text(alphabet="ab(.)^$[]{}", max_size=8))
bounds = st.one_of(st.none(), st.integers())
matchers = st.recursive(
    st.builds(
        Matcher,
        equals=st.one_of(scalars, mappings),
        has_equals=st.booleans(),
        present=st.one_of(st.none(), st.booleans()),
        one_of=st.lists(st.one_of(scalars, mappings), max_size=2).map(tuple),
        none_of=st.lists(st.one_of(scalars, mappings), max_size=2).map(tuple),
        low=bounds,
        high=bounds,
        pattern=patterns,
        length=st.one_of(st.none(), st.tuples(st.integers(), st.integers())),
    ),
    lambda inner: st.builds(
        Matcher, fields=st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(matchers, values)
def test_no_value_and_no_matcher_makes_it_raise(matcher: Matcher, value: object) -> None:
    for text in match(matcher, value, "x", {"a": 1}):  # type: ignore[arg-type]
        # what a device sends must not reach a terminal as it is
        assert text.isprintable()
    assert isinstance(describe_matcher(matcher), str)


@settings(deadline=None)
@given(st.one_of(st.none(), st.integers(), st.text(), st.binary(), mappings))
def test_every_value_is_equal_to_itself(value: Value) -> None:
    if value in ("", b""):
        return
    assert equal(value, value)
    assert match(Matcher(one_of=(value,)), value) == []
    assert match(Matcher(none_of=(value,)), value) != []


@settings(deadline=None)
@given(st.text(), mappings, st.dictionaries(st.text(), st.one_of(st.none(), st.integers())))
def test_any_message_can_be_judged(
    name: str, avps: Mapping[str, Value], header: Mapping[str, int | None]
) -> None:
    received = Message(name, avps, header)
    alternative = Alternative(
        message="SCCRP",
        header={"ns": Matcher(low=1)},
        where={"result_code": Matcher(fields={"result": literal(1)})},
    )
    assert match_alternative(alternative, received)
