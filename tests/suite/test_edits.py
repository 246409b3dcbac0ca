"""What is written of a message to send becomes in the model."""

from __future__ import annotations

import pytest

from tests.suite.reading import cases_of, errors_of, expect, in_case, send


def value_of(avp: str, written: str) -> object:
    return send(f"- send: SCCRQ\n  set: {{{avp}: {written}}}").compose.set[avp]


@pytest.mark.parametrize(
    ("avp", "written", "value"),
    [
        ("assigned_tunnel_id", "7", 7),
        ("assigned_tunnel_id", "0x0007", 7),
        ("assigned_tunnel_id", '"0x000007"', b"\0\0\7"),
        ("assigned_tunnel_id", '"0x"', b""),
        ("host_name", "tester", "tester"),
        ("host_name", '"0x00ff"', b"\0\xff"),
        ("host_name", "0x00ff", b"\0\xff"),
        ("called_number", "0123", "0123"),
        ("called_number", "5551234", "5551234"),
        ("challenge", "0x00", b"\0"),
        ("challenge", "0x0001", b"\0\1"),
        ("challenge", '"0x00 01_02"', b"\0\1\2"),
        ("challenge", "text", b"text"),
        ("result_code", "{result: 2, error: 8}", {"result": 2, "error": 8}),
        ("result_code", "0x0002", b"\0\2"),
        ("result_code", '{result: 1, error: 0, message: "bye"}',
         {"result": 1, "error": 0, "message": "bye"}),
        ("sequencing_required", "", None),
        ("sequencing_required", "0x01", b"\1"),
        ("accm", "{send: 0xffffffff, receive: 0}", {"send": 0xFFFFFFFF, "receive": 0}),
    ],
)  # fmt: skip
def test_a_value_keeps_what_was_written(avp: str, written: str, value: object) -> None:
    given = value_of(avp, written)
    assert given == value
    assert type(given) is type(value)


def test_a_value_that_waits_for_a_variable_stays_text() -> None:
    step = send(
        '- send: ICRQ\n  set: {called_number: "n${id}", assigned_session_id: "${id}"}',
        "- expect: SCCRP\n  save: {id: assigned_tunnel_id}",
    )
    assert step.compose.set == {"called_number": "n${id}", "assigned_session_id": "${id}"}


def test_avps_to_add() -> None:
    add = send(
        "- send: SCCRQ\n"
        "  add: [challenge, {avp: host_name, value: x, length: 3, mandatory: false},\n"
        "        {type: 9, value: 0x000007}, {type: 9, value: 7, vendor: 0},\n"
        "        {type: 9, vendor: 9, value: text, hidden: true, reserved: 15}, {type: 5}]"
    ).compose.add
    assert add[0].name == "challenge"
    assert not add[0].has_value
    assert (add[1].name, add[1].value, add[1].length, add[1].mandatory) == (
        "host_name",
        "x",
        3,
        False,
    )
    # by number, octets are meant as they stand
    assert (add[2].name, add[2].type, add[2].value) == (None, 9, b"\0\0\7")
    assert (add[3].type, add[3].value) == (9, 7)
    assert (add[4].vendor, add[4].value, add[4].hidden, add[4].reserved) == (9, b"text", True, 15)
    assert (add[5].value, add[5].has_value) == (None, False)


def test_edits_of_a_message() -> None:
    step = send(
        "- send: SCCRQ\n  omit: host_name\n  order: [assigned_tunnel_id]\n"
        "  replace: {protocol_version: {value: {version: 2, revision: 0}, type: 3}}\n"
        "  hide: {avps: assigned_tunnel_id, padding: 3, random_vector: 0x0102, secret: s,\n"
        "         each_its_own: true}\n  repeat: 2\n  from: other\n  tunnel: t2\n  session: s9"
    )
    compose = step.compose
    assert compose.omit == ("host_name",)
    assert compose.order == ("assigned_tunnel_id",)
    assert not compose.reverse
    assert compose.replace["protocol_version"].type == 3
    assert compose.replace["protocol_version"].value == {"version": 2, "revision": 0}
    assert compose.hide is not None
    assert compose.hide.avps == ("assigned_tunnel_id",)
    assert (compose.hide.padding, compose.hide.random_vector) == (3, b"\1\2")
    assert (compose.hide.secret, compose.hide.each_its_own) == ("s", True)
    assert (step.repeat, step.from_, step.tunnel, step.session) == (2, "other", "t2", "s9")
    assert send("- send: SCCRQ\n  order: reversed").compose.reverse


def test_header_edits() -> None:
    header = send(
        '- send: HELLO\n  header: {version: 3, length: +2, tunnel_id: -1, session_id: "+1",\n'
        "    ns: 0x10, nr: false, priority: true, offset: 4, reserved: 0x3000, flags: 0xc802}"
    ).compose.header
    assert header is not None
    assert (header.version, header.length, header.tunnel_id, header.session_id) == (
        3,
        "+2",
        "-1",
        "+1",
    )
    assert (header.ns, header.nr, header.priority) == (16, False, True)
    assert (header.offset, header.reserved, header.flags) == (4, 0x3000, 0xC802)


@pytest.mark.parametrize(
    ("step", "once"),
    [
        ("- send: SCCRQ", False),
        ("- send: SCCRQ\n  once: true", True),
        ("- send: SCCRQ\n  header: {ns: 1}", True),
        ("- send: SCCRQ\n  header: {ns: 1}\n  once: false", False),
        ("- send: SCCRQ\n  cut: 1", True),
        ("- send: SCCRQ\n  append: 0x00", True),
        ("- send: raw\n  raw: 0x00", True),
        ("- send: ZLB", True),
        ("- send: data", True),
    ],
)
def test_a_message_broken_below_its_avps_goes_out_once(step: str, once: bool) -> None:
    assert send(step).once is once


@pytest.mark.parametrize(
    ("written", "message"), [("99", "99"), ("1", "SCCRQ"), ("SCCRQ", "SCCRQ"), ("ZLB", "ZLB")]
)
def test_messages_have_names_and_unknown_ones_numbers(written: str, message: str) -> None:
    assert send(f"- send: {written}").compose.message == message
    assert expect(f"- expect: {written}").alternatives[0].message == message


def test_raw_octets_and_payload() -> None:
    assert send('- send: raw\n  raw: "0xc802 000c"').compose.raw == b"\xc8\x02\x00\x0c"
    waiting = send(
        '- send: raw\n  raw: "0xc802${ns:2}"', "- expect: HELLO\n  save: {ns: header.ns}"
    )
    assert waiting.compose.raw == "0xc802${ns:2}"
    assert send("- send: data\n  payload: 0xff03").compose.payload == b"\xff\x03"


def test_an_avp_can_be_resized_and_sent_twice() -> None:
    compose = send(
        "- send: SCCRQ\n  double: [host_name, challenge]\n"
        "  add: [challenge, {avp: firmware_revision, cut: 1, append: 0x0102},\n"
        "        {type: 9999, value: x, size: 1017}]\n"
        "  replace: {protocol_version: {cut: 2}}"
    ).compose
    assert compose.double == ("host_name", "challenge")
    assert (compose.add[1].cut, compose.add[1].append) == (1, b"\1\2")
    assert (compose.add[1].size, compose.add[2].size) == (None, 1017)
    assert compose.replace["protocol_version"].cut == 2


def test_only_an_avp_that_is_there_can_be_sent_twice() -> None:
    (error,) = errors_of(in_case("- send: SCCRQ\n  double: vendor_name\n- expect: SCCRP"))
    assert error.code == "suite.not-carried"


def test_the_avps_outside_of_a_message() -> None:
    cases = cases_of(
        '- send: HELLO\n  add: ["${avp}"]\n- expect: ack',
        "each: {avp: {avps: {outside: SCCRQ, except: accm}}}",
    )
    found = {case.axes["avp"] for case in cases}
    assert "result_code" in found
    assert not found & {"host_name", "random_vector", "message_type", "accm"}
