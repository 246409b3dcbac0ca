"""The tables against facts typed a second time, straight from the sections of RFC 2661."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.spec import Role, Specification

LAC, LNS = Role.LAC, Role.LNS
BOTH = {LAC, LNS}

# attribute type: name, M bit, may be hidden, AVP Length before hiding (None: 6 plus what it
# holds), and the messages in the heading of its section.
AVPS = {
    0: ("message_type", 1, False, 8, "*"),
    1: ("result_code", 1, False, None, "CDN StopCCN"),
    2: ("protocol_version", 1, False, 8, "SCCRP SCCRQ"),
    3: ("framing_capabilities", 1, True, 10, "SCCRP SCCRQ"),
    4: ("bearer_capabilities", 1, True, 10, "SCCRP SCCRQ"),
    5: ("tie_breaker", 0, False, 14, "SCCRQ"),
    6: ("firmware_revision", 0, True, 8, "SCCRP SCCRQ"),
    7: ("host_name", 1, False, None, "SCCRP SCCRQ"),
    8: ("vendor_name", 0, True, None, "SCCRP SCCRQ"),
    9: ("assigned_tunnel_id", 1, True, 8, "SCCRP SCCRQ StopCCN"),
    10: ("receive_window_size", 1, False, 8, "SCCRQ SCCRP"),
    11: ("challenge", 1, True, None, "SCCRP SCCRQ"),
    12: ("q931_cause_code", 1, False, None, "CDN"),
    13: ("challenge_response", 1, True, 22, "SCCCN SCCRP"),
    14: ("assigned_session_id", 1, True, 8, "CDN ICRP ICRQ OCRP OCRQ"),
    15: ("call_serial_number", 1, True, 10, "ICRQ OCRQ"),
    16: ("minimum_bps", 1, True, 10, "OCRQ"),
    17: ("maximum_bps", 1, True, 10, "OCRQ"),
    18: ("bearer_type", 1, True, 10, "ICRQ OCRQ"),
    19: ("framing_type", 1, True, 10, "ICCN OCCN OCRQ"),
    21: ("called_number", 1, True, None, "ICRQ OCRQ"),
    22: ("calling_number", 1, True, None, "ICRQ"),
    23: ("sub_address", 1, True, None, "ICRQ OCRQ"),
    24: ("tx_connect_speed", 1, True, 10, "ICCN OCCN"),
    25: ("physical_channel_id", 0, True, 10, "ICRQ OCRP"),
    26: ("initial_received_lcp_confreq", 0, True, None, "ICCN"),
    27: ("last_sent_lcp_confreq", 0, True, None, "ICCN"),
    28: ("last_received_lcp_confreq", 0, True, None, "ICCN"),
    29: ("proxy_authen_type", 0, True, 8, "ICCN"),
    30: ("proxy_authen_name", 0, True, None, "ICCN"),
    31: ("proxy_authen_challenge", 0, True, None, "ICCN"),
    32: ("proxy_authen_id", 0, True, 8, "ICCN"),
    33: ("proxy_authen_response", 0, True, None, "ICCN"),
    34: ("call_errors", 1, True, 32, "WEN"),
    35: ("accm", 1, True, 16, "SLI"),
    36: ("random_vector", 1, False, None, "*"),
    37: ("private_group_id", 0, True, None, "ICCN"),
    38: ("rx_connect_speed", 0, True, 10, "ICCN OCCN"),
    39: ("sequencing_required", 1, False, 6, "ICCN OCCN"),
}

# type: name, section, senders, number of mandatory and of optional AVPs
MESSAGES = {
    1: ("SCCRQ", "6.1", BOTH, 5, 6),
    2: ("SCCRP", "6.2", BOTH, 5, 6),
    3: ("SCCCN", "6.3", BOTH, 1, 1),
    4: ("StopCCN", "6.4", BOTH, 3, 0),
    6: ("HELLO", "6.5", BOTH, 1, 0),
    7: ("OCRQ", "6.9", {LNS}, 8, 1),
    8: ("OCRP", "6.10", {LAC}, 2, 1),
    9: ("OCCN", "6.11", {LAC}, 3, 2),
    10: ("ICRQ", "6.6", {LAC}, 3, 5),
    11: ("ICRP", "6.7", {LNS}, 2, 0),
    12: ("ICCN", "6.8", {LAC}, 3, 11),
    14: ("CDN", "6.12", BOTH, 3, 1),
    15: ("WEN", "6.13", {LAC}, 2, 0),
    16: ("SLI", "6.14", {LNS}, 2, 0),
}


def test_every_attribute_from_0_to_39_but_20_is_there(spec: Specification) -> None:
    assert {avp.type for avp in spec.avps.values()} == set(range(40)) - {20}
    assert all(avp.vendor == 0 for avp in spec.avps.values())


@pytest.mark.parametrize("number", AVPS)
def test_avp(spec: Specification, number: int) -> None:
    name, mandatory, hideable, length, messages = AVPS[number]
    avp = spec.avp_numbers[0, number]
    assert avp.name == name
    assert avp is spec.avp(number)
    assert avp is spec.avp(name)
    assert avp.mandatory is bool(mandatory)
    assert avp.hideable is hideable
    assert set(avp.messages) == set(messages.split())
    if length is not None:
        assert avp.min_length == avp.max_length == length - 6


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("result_code", 2),
        ("host_name", 1),
        ("vendor_name", 0),
        ("challenge", 1),
        ("q931_cause_code", 3),
        ("called_number", 0),
        ("proxy_authen_challenge", 1),
    ],
)
def test_least_length_of_an_avp_that_varies(spec: Specification, name: str, least: int) -> None:
    assert (spec.avps[name].min_length, spec.avps[name].max_length) == (least, 1017)


@pytest.mark.parametrize("number", MESSAGES)
def test_message(spec: Specification, number: int) -> None:
    name, section, senders, mandatory, optional = MESSAGES[number]
    message = spec.message(number)
    assert message is not None
    assert message is spec.message(name)
    assert message.section == section
    assert message.senders == senders
    assert len(message.mandatory) == mandatory
    assert len(message.optional) == optional


def test_there_are_14_messages_and_no_reserved_type(spec: Specification) -> None:
    assert len(spec.messages) == 14
    assert [spec.message(number) for number in (0, 5, 13, 17)] == [None] * 4


def test_scope(spec: Specification) -> None:
    tunnel = {name for name, message in spec.messages.items() if message.scope == "tunnel"}
    assert tunnel == {"SCCRQ", "SCCRP", "SCCCN", "StopCCN", "HELLO"}


def test_mandatory_avps(spec: Specification) -> None:
    assert spec.messages["OCRQ"].mandatory == (
        "message_type",
        "assigned_session_id",
        "call_serial_number",
        "minimum_bps",
        "maximum_bps",
        "bearer_type",
        "framing_type",
        "called_number",
    )
    assert set(spec.messages["SCCRQ"].mandatory) == set(spec.messages["SCCRP"].mandatory)
    assert "tie_breaker" not in spec.messages["SCCRP"].optional


def test_codes(spec: Specification) -> None:
    assert list(spec.result_codes["StopCCN"]) == list(range(8))
    assert list(spec.result_codes["CDN"]) == list(range(12))
    assert list(spec.error_codes) == list(range(9))
    assert "authorized" in spec.result_codes["StopCCN"][4].text
    assert "lacking for the moment" in spec.result_codes["CDN"][4].text
    assert spec.result_codes["StopCCN"][0].reserved
    with_error = [
        (name, number)
        for name, codes in spec.result_codes.items()
        for number, code in codes.items()
        if code.error_code
    ]
    assert with_error == [("StopCCN", 2), ("StopCCN", 5), ("CDN", 2)]


def test_state_tables_have_the_60_printed_rows(spec: Specification) -> None:
    printed = Counter(row.section for row in spec.states)
    assert printed == {"7.2.1": 16, "7.4.1": 12, "7.4.2": 10, "7.5.1": 10, "7.5.2": 12}
    assert len(spec.states) == 60


def test_a_few_state_rows(spec: Specification) -> None:
    rows = {row.id: row for row in spec.states}
    stop = rows["RFC2661-7.2.1-S16"]
    assert stop.messages == ("StopCCN",)
    assert stop.states == spec.machines["control-connection"]
    assert stop.sends == ()
    tie = rows["RFC2661-7.2.1-S08"]
    assert (tie.states, tie.condition) == (("wait-ctl-reply",), "loses-tie")
    refuse = rows["RFC2661-7.4.2-S02"]
    assert (refuse.sends, refuse.next_state) == (("CDN",), "idle")
    assert refuse.role == {LNS}
    late = rows["RFC2661-7.4.1-S08"]
    assert (set(late.messages), late.actions) == ({"CDN", "ICCN"}, ("clean-up",))
    quiet = rows["RFC2661-7.5.2-S07"]
    assert (quiet.actions, quiet.next_state) == ((), "established")


def test_values(spec: Specification) -> None:
    assert spec.avps["protocol_version"].check("SCCRQ", b"\x01\x00") == []
    assert spec.avps["protocol_version"].check("SCCRQ", b"\x02\x00")
    assert spec.avps["framing_capabilities"].check("SCCRP", b"\0\0\0\x03") == []
    assert spec.avps["framing_capabilities"].check("SCCRP", b"\0\0\0\x04")
    assert spec.avps["assigned_tunnel_id"].check("SCCRQ", b"\0\0")
    assert spec.avps["assigned_tunnel_id"].check("StopCCN", b"\0\0") == []
    assert spec.avps["assigned_session_id"].check("ICRP", b"\0\0")
    assert spec.avps["assigned_session_id"].check("CDN", b"\0\0") == []
    assert spec.avps["receive_window_size"].check("SCCRQ", b"\0\0")
    assert spec.avps["receive_window_size"].check("SCCRQ", b"\xff\xff") == []
    assert spec.avps["proxy_authen_id"].check("ICCN", b"\x01\x07")
    assert spec.avps["proxy_authen_id"].decode(b"\x00\x07") == 7
    assert spec.avps["sequencing_required"].check("ICCN", b"") == []
    assert spec.avps["sequencing_required"].check("ICCN", b"\0")
    assert spec.avps["result_code"].check("CDN", b"\0\x03") == []
    assert spec.avps["result_code"].check("CDN", b"\0\x02\0\x04") == []
    assert spec.avps["result_code"].check("CDN", b"\0\x02\0")
    assert spec.avps["q931_cause_code"].check("CDN", b"\0\x10")
    assert spec.avps["q931_cause_code"].decode(b"\0\x10\x45busy") == {
        "cause": 16,
        "message": 0x45,
        "advisory": "busy",
    }
