"""`${name}`: typed where it stands alone, text within a text, octets within `0x…`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError, Place
from harness.suite.edits import Compose, HeaderEdit
from harness.suite.model import DeviceAction, Establish, Expect, Matcher, Send
from harness.suite.variables import (
    NoValueError,
    Variables,
    hexadecimal,
    names_used,
    pieces,
    references,
    resolve,
    substitute,
    substitute_text,
)
from tests.suite.reading import step_of

VARIABLES: Variables = {
    "n": 7,
    "last": 65535,
    "their_id": 65535,
    "t": "text",
    "o": b"\1\2",
    "c": {"result": 2, "message": "x"},
    "e": None,
}
SAVED = "- expect: SCCRP\n  save: {n: header.ns, t: host_name, o: challenge, last: header.nr}"

values = st.one_of(
    st.integers(),
    st.text(),
    st.binary(),
    st.none(),
    st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.binary())),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${n}", 7),
        ("${ n }", 7),
        ("${n+1}", 8),
        ("${n-8}", -1),
        ("${n:2}", b"\0\7"),
        ("${last+1:2}", b"\0\0"),
        ("${their_id+1}", 1),
        ("${their_id-1}", 65534),
        ("${o:2}", b"\1\2"),
        ("${t}", "text"),
        ("${o}", b"\1\2"),
        ("${c}", {"result": 2, "message": "x"}),
        ("${e}", None),
        ("n=${n}, ${t}", "n=7, text"),
        ("${n}${n}", "77"),
        ("<${o}>", "<0x0102>"),
        ("0x00${o}", b"\0\1\2"),
        ("0x00 ${n:2} ${o}", b"\0\0\7\1\2"),
    ],
)
def test_substitution(text: str, value: object) -> None:
    found = substitute(text, VARIABLES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${x}", "suite.no-value"),
        ("a ${x}", "suite.no-value"),
        ("${t+1}", "suite.value-shape"),
        ("${o:3}", "suite.value-shape"),
        ("${t:2}", "suite.value-shape"),
        ("0x00${n}", "suite.value-shape"),
        ("0x00${t}", "suite.value-shape"),
    ],
)
def test_a_value_that_is_not_there_or_does_not_fit(text: str, code: str) -> None:
    place = Place("a.yaml", 3, 4)
    with pytest.raises(NoValueError) as caught:
        substitute(text, VARIABLES, place)
    assert caught.value.code == code
    assert caught.value.place == place


def test_a_field_cannot_be_a_whole_value() -> None:
    assert substitute({"result": "${n}"}, VARIABLES) == {"result": 7}
    with pytest.raises(NoValueError):
        substitute({"result": "${c}"}, VARIABLES)


@pytest.mark.parametrize(
    "text", ["${", "${}", "${a b}", "${1}", "${a+}", "${a}${", "${a:9}", "${{a}}"]
)
def test_malformed_placeholders_are_no_references(text: str) -> None:
    with pytest.raises(ValueError):
        references(text)


def test_references() -> None:
    assert references("${a} and ${b_2+1} and ${a:2}") == ("a", "b_2", "a")


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0x", b""), ("0x00ff", b"\0\xff"), ("0X 00_ff\n01", b"\0\xff\1"), ("00", None), ("", None)],
)
def test_hexadecimal(text: str, octets: bytes | None) -> None:
    assert hexadecimal(text) == octets


@pytest.mark.parametrize("text", ["0x1", "0xgg", "0x-1", "0x\u0660\u0660"])
def test_what_begins_with_0x_has_to_be_octets(text: str) -> None:
    with pytest.raises(ValueError):
        hexadecimal(text)


@settings(deadline=None)
@given(st.text(alphabet="${}abc0x+-:1 "), st.dictionaries(st.sampled_from("abc"), values))
def test_substitution_gives_a_value_or_says_why_not(text: str, variables: Variables) -> None:
    with contextlib.suppress(NoValueError):
        substitute(text, variables)
    with contextlib.suppress(NoValueError):
        assert isinstance(substitute_text(text, variables), str)


@settings(deadline=None)
@given(st.text(alphabet="${}abc0x+-:1 "))
def test_pieces_put_together_are_the_text(text: str) -> None:
    found = pieces(text)
    assert not found[-1].name
    if not any(piece.name for piece in found):
        assert found[0].front == text


@settings(deadline=None)
@given(values)
def test_a_value_goes_through_a_variable_unchanged(value: object) -> None:
    assert substitute("${v}", {"v": value}) is value  # type: ignore[dict-item]


@settings(deadline=None)
@given(st.integers(0, 65535), st.binary(max_size=20))
def test_a_datagram_put_together_from_variables(number: int, octets: bytes) -> None:
    found = substitute("0xc802${n:2}${o}", {"n": number, "o": octets})
    assert found == b"\xc8\x02" + number.to_bytes(2, "big") + octets


def test_a_step_is_resolved_everywhere() -> None:
    step = step_of(
        '- send: ICRQ\n  tunnel: "t${n}"\n  session: "s${n+1}"\n  from: "f${n}"\n'
        '  set: {called_number: "${t}", assigned_session_id: "${n}"}\n'
        '  add: [{type: 9999, value: "${o}"}]\n'
        '  replace: {call_serial_number: {value: "${n}"}}\n'
        '  header: {ns: "${last+2}", nr: +1, tunnel_id: "${n}"}\n'
        '  hide: {avps: called_number, secret: "s${n}"}',
        SAVED,
    )
    assert names_used(step) == {"n", "t", "o", "last"}
    done = resolve(step, VARIABLES)
    assert isinstance(done, Send)
    assert (done.tunnel, done.session, done.from_) == ("t7", "s8", "f7")
    compose = done.compose
    assert compose.set == {"called_number": "text", "assigned_session_id": 7}
    assert compose.add[0].value == b"\1\2"
    assert compose.replace["call_serial_number"].value == 7
    assert compose.header == HeaderEdit(ns=1, nr="+1", tunnel_id=7)
    assert compose.hide is not None
    assert compose.hide.secret == "s7"
    assert not names_used(done)


def test_the_other_steps_are_resolved() -> None:
    raw = resolve(step_of('- send: raw\n  raw: "0x${n:1}"', SAVED), VARIABLES)
    assert isinstance(raw, Send)
    assert raw.compose.raw == b"\7"
    device = resolve(step_of('- device: {action: a, values: {x: "${o}"}}', SAVED), VARIABLES)
    assert isinstance(device, DeviceAction)
    assert device.values == {"x": "0x0102"}
    establish = resolve(
        step_of('- establish: tunnel\n  with: {SCCRQ: {set: {host_name: "h${n}"}}}', SAVED),
        VARIABLES,
    )
    assert isinstance(establish, Establish)
    assert establish.messages["SCCRQ"].set == {"host_name": "h7"}
    expect = resolve(
        step_of(
            '- expect: SCCRP\n  where: {host_name: {regex: "^${t}$"}}\n'
            '  header: {ns: {in: ["${n}", 1]}}',
            SAVED,
        ),
        {**VARIABLES, "t": "a.c"},
    )
    assert isinstance(expect, Expect)
    assert expect.alternatives[0].where["host_name"] == Matcher(pattern=r"^a\.c$")
    assert expect.alternatives[0].header["ns"] == Matcher(one_of=(7, 1))


def test_header_fields_have_to_become_numbers() -> None:
    step = step_of('- send: HELLO\n  header: {ns: "${t}"}', SAVED)
    with pytest.raises(HarnessError) as caught:
        resolve(step, VARIABLES)
    assert caught.value.place == step.place


def test_a_message_without_variables_stays_what_it_is() -> None:
    step = step_of("- send: SCCRQ\n  set: {host_name: x}\n  append: 0x00")
    assert resolve(step, {}) == step
    assert isinstance(step, Send)
    assert step.compose == Compose(message="SCCRQ", set={"host_name": "x"}, append=b"\0")


@pytest.mark.parametrize(
    ("text", "given", "result"),
    [
        ("${id+1}", b"\x00\xff", b"\x01\x00"),
        ("${id-1}", b"\x00\x00", b"\xff\xff"),
        ("${id+1}", b"\xff" * 8, b"\x00" * 8),
        ("${id-1:2}", b"\x01\x00", b"\x00\xff"),
        ("0x00${id+1}", b"\x09", b"\x00\x0a"),
    ],
)
def test_octets_are_a_number_of_their_width(text: str, given: bytes, result: bytes) -> None:
    assert substitute(text, {"id": given}) == result
