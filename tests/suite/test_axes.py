"""Axes: their combinations, and ids that stay the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import Place
from harness.located import Node, loads
from harness.suite.axes import shown_value
from harness.suite.model import Case, Send
from tests.suite.reading import cases_of, table

USES = '- send: SCCRQ\n  note: "for {uses}"\n- alive:'


def cases(each: str, *names: str) -> tuple[Case, ...]:
    uses = " ".join(f"${{{name}}}" for name in names)
    return cases_of(USES.format(uses=uses), f"each: {each}")


def suffixes(each: str, *names: str) -> list[str]:
    return [case.id.removeprefix("sample/one") for case in cases(each, *names)]


def test_a_case_without_axes_has_a_plain_id() -> None:
    (case,) = cases_of("- alive:")
    assert case.id == "sample/one"
    assert case.axes == {}


def test_several_axes_give_the_product_in_the_order_written() -> None:
    assert suffixes("{b: [1, 2], a: [x, y]}", "a", "b") == [
        "[b=1,a=x]",
        "[b=1,a=y]",
        "[b=2,a=x]",
        "[b=2,a=y]",
    ]


def test_a_range_has_both_ends() -> None:
    assert suffixes("{n: {range: [0, 2]}}", "n") == ["[n=0]", "[n=1]", "[n=2]"]
    assert suffixes("{n: {range: [-1, 5, 3]}}", "n") == ["[n=-1]", "[n=2]", "[n=5]"]


def test_rows_stand_as_they_are() -> None:
    assert suffixes("[{a: 1, b: x}, {b: y, a: 2}]", "a", "b") == ["[a=1,b=x]", "[a=2,b=y]"]


def test_a_label_stands_for_its_row() -> None:
    found = cases("[{label: first, a: 1}, {label: second, a: 1}]", "a")
    assert [case.id for case in found] == ["sample/one[label=first]", "sample/one[label=second]"]
    assert found[0].axes == {"label": "first", "a": "1"}


def test_paired_axes_within_a_product() -> None:
    assert suffixes('{"a, b": [[1, x], [2, y]], c: [0, 1]}', "a", "b", "c") == [
        "[a=1,b=x,c=0]",
        "[a=1,b=x,c=1]",
        "[a=2,b=y,c=0]",
        "[a=2,b=y,c=1]",
    ]


def test_axes_from_the_tables() -> None:
    specification = table()
    messages = suffixes("{m: {messages: all}}", "m")
    assert messages == [f"[m={name}]" for name in specification.messages]
    assert suffixes("{m: {messages: {sender: lns, scope: session, except: CDN}}}", "m") == [
        "[m=ICRP]",
        "[m=OCRQ]",
        "[m=SLI]",
    ]
    required = suffixes("{a: {avps: {message: SCCRQ, optional: false}}}", "a")
    assert required == [
        "[a=protocol_version]",
        "[a=host_name]",
        "[a=framing_capabilities]",
        "[a=assigned_tunnel_id]",
    ]
    optional = suffixes("{a: {avps: {message: SCCRQ, optional: true, mandatory: false}}}", "a")
    assert optional == ["[a=tie_breaker]", "[a=firmware_revision]", "[a=vendor_name]"]
    every = suffixes("{a: {avps: all}}", "a")
    assert len(every) == len(specification.avps) - 1
    hideable = suffixes("{a: {avps: {hideable: false, except: [random_vector]}}}", "a")
    assert "[a=host_name]" in hideable
    assert "[a=random_vector]" not in hideable
    assert "[a=message_type]" not in hideable
    fixed = suffixes("{a: {avps: {message: CDN, fixed: true}}}", "a")
    assert fixed == ["[a=assigned_session_id]"]
    codes = suffixes("{c: {result_codes: CDN}}", "c")
    assert codes == [f"[c={number}]" for number in range(1, 12)]
    assert suffixes("{c: {error_codes: all}}", "c")[0] == "[c=0]"


def test_a_value_keeps_its_type() -> None:
    found = cases_of(
        '- send: SCCRQ\n  set: {result_code: "${code}", receive_window_size: "${size}"}\n- alive:',
        "each: [{code: {result: 1, error: 2}, size: 3}]",
    )
    (case,) = found
    step = case.steps[0]
    assert isinstance(step, Send)
    assert step.compose.set == {"result_code": {"result": 1, "error": 2}, "receive_window_size": 3}
    assert case.id == "sample/one[code=result:1+error:2,size=3]"


def test_octets_keep_their_width_through_an_axis() -> None:
    (case,) = cases_of(
        '- send: raw\n  raw: "0xc802${short}${n:2}${n+1:2}"\n- alive:',
        "each: [{short: 0x000c, n: 65535}]",
    )
    step = case.steps[0]
    assert isinstance(step, Send)
    assert step.compose.raw == bytes.fromhex("c802000cffff0000")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("7", "7"),
        ("0x0010", "0x0010"),
        ("-1", "-1"),
        ("true", "true"),
        ("null", "null"),
        ("host_name", "host_name"),
        ('"0x0010"', "0x0010"),
        ('"7"', "7~249660"),
        ('"a:"', "a:~099ee8"),
        ('""', "~54ea55"),
        ('"a, b]"', "a-b~85048d"),
        ("0x" + "ab" * 100, "0xababababababababab~a15060"),
        ('"ü/=["', "~f6dfec"),
        ("[1, x]", "1+x"),
    ],
)
def test_how_a_value_stands_in_an_id(written: str, shown: str) -> None:
    found = shown_value(loads(written))
    assert found == shown
    assert len(found) <= 40


def text_node(text: str) -> Node:
    return Node(text, Place("x"), {}, text)


@settings(deadline=None)
@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_different_texts_have_different_ids_without_odd_characters(texts: list[str]) -> None:
    first, second = (shown_value(text_node(text)) for text in texts)
    assert first != second
    assert not set(first) & set(",=[]/ \n\t\"'")
    assert first.isascii()
    assert shown_value(text_node(texts[0])) == first


@settings(deadline=None)
@given(st.integers())
def test_numbers_stand_as_they_are_unless_very_long(number: int) -> None:
    node = Node(number, Place("x"), {}, str(number))
    assert shown_value(node) == str(number) or len(str(number)) > 32
