"""Reading a message against the spec table: in which order what is found wrong, and how bad."""

from __future__ import annotations

import pytest

from harness.peer.compose import compose, compose_avp
from harness.peer.examine import Examined, Fault, examine
from harness.wire import AVP, Header, Packet, Value, build, hide_avp, message, parse
from tests.peer.world import specification

SECRET = b"secret"
VECTOR = AVP(36, bytes(range(16)))


def look(packet: Packet, secret: bytes | None = SECRET) -> Examined:
    """As it comes off the wire."""
    parsed = parse(build(packet)).packet
    assert parsed is not None
    return examine(specification(), parsed, secret)


def sccrq(*add: AVP) -> Packet:
    packet = compose(specification(), "SCCRQ", {"assigned_tunnel_id": 7})
    return packet._replace(avps=packet.avps + add)


def error(fault: Fault | None) -> int | None:
    return None if fault is None else fault.error


@pytest.mark.parametrize("name", specification().messages)
def test_every_message_that_is_composed_can_be_read(name: str) -> None:
    examined = look(compose(specification(), name, {}))
    assert examined.message is specification().messages[name]
    assert examined.fault is None
    assert not examined.ignored


@pytest.mark.parametrize("name", specification().messages)
def test_a_message_without_one_of_its_mandatory_avps_is_at_fault(name: str) -> None:
    packet = compose(specification(), name, {})
    for index in range(1, len(packet.avps)):
        left = packet._replace(avps=packet.avps[:index] + packet.avps[index + 1 :])
        assert error(look(left).fault) == 3


def test_values_are_read_by_name() -> None:
    values: dict[str, Value] = {
        "assigned_tunnel_id": 7,
        "host_name": "höst",
        "result_code": {"result": 2, "error": 6, "message": "out of modems"},
    }
    read = look(compose(specification(), "SCCRQ", values))
    assert read.integer("assigned_tunnel_id") == 7
    assert read.values["host_name"] == "höst"
    assert read.octets["host_name"] == "höst".encode()
    assert read.integer("host_name") is None
    assert read.integer("tie_breaker") is None


def test_the_first_of_two_avps_of_a_name_counts() -> None:
    assert look(sccrq(AVP(9, b"\0\x09"))).integer("assigned_tunnel_id") == 7


@pytest.mark.parametrize(
    ("avp", "code"),
    [
        (AVP(9999), 8),
        (AVP(20), 8),
        (AVP(9, b"\0\1", vendor=9), 8),
        (AVP(10, b"\0\4", reserved=8), 8),
        (AVP(10, b"\0\4\0"), 2),
        (AVP(10, b""), 2),
        (AVP(10, b"\0\4", length=40), 2),
        (AVP(10, b"\0\0"), 3),
        (AVP(3, b"\0\0\0\4"), 3),
        (AVP(10, b"\0\4", hidden=True), 3),
    ],
)
def test_a_bad_avp_is_at_fault_if_it_is_mandatory_and_ignored_if_not(avp: AVP, code: int) -> None:
    assert error(look(sccrq(avp)).fault) == code
    without = look(sccrq(avp._replace(mandatory=False)))
    assert without.fault is None
    assert len(without.ignored) == 1


def test_a_mandatory_avp_that_is_only_there_in_a_bad_form_is_missing() -> None:
    packet = compose(specification(), "SCCRQ", {})
    avps = [avp for avp in packet.avps if avp.type != 9]
    bad = AVP(9, b"\0", mandatory=False)
    examined = look(packet._replace(avps=(*avps, bad)))
    assert error(examined.fault) == 3
    assert examined.fault is not None
    assert "assigned_tunnel_id" in examined.fault.text


def test_octets_that_are_no_avp_are_at_fault() -> None:
    packet = sccrq()
    length = packet.header.size + sum(avp.size for avp in packet.avps) + 3
    header = packet.header._replace(length=length)
    assert error(look(packet._replace(header=header, trailing=b"abc")).fault) == 2
    # behind what the Length covers they are none of its business
    header = packet.header._replace(length=length - 3)
    assert look(packet._replace(header=header, trailing=b"abc")).fault is None


def test_hidden_values_are_read_with_the_secret() -> None:
    window = compose_avp(specification(), "vendor_name", "hidden vendor")
    hidden = hide_avp(window, SECRET, VECTOR.value, padding=b"0123456789")
    examined = look(sccrq(VECTOR, hidden))
    assert examined.fault is None
    assert examined.values["vendor_name"] == "hidden vendor"
    for secret in (None, b"another"):
        examined = look(sccrq(VECTOR, hidden), secret)
        assert "vendor_name" not in examined.values
        assert examined.ignored
        assert examined.fault is None
    mandatory = hidden._replace(mandatory=True)
    assert error(look(sccrq(VECTOR, mandatory), None).fault) == 3


@pytest.mark.parametrize(
    ("packet", "number", "known", "mandatory", "code"),
    [
        (message(999), 999, False, True, None),
        (Packet(Header(ns=0), (AVP(0, b"\3\xe7", mandatory=False),)), 999, False, False, None),
        (Packet(Header(ns=0), (AVP(7, b"x"),)), None, False, True, 3),
        (Packet(Header(ns=0), (AVP(0, b"\0\1\0"),)), None, False, True, 3),
        (Packet(Header(ns=0), (AVP(0, b"\0\1", hidden=True),)), None, False, True, 3),
        (Packet(Header(ns=0), (AVP(0, b"\0\1", vendor=9),)), None, False, True, 3),
        (Packet(Header(ns=0), (AVP(0, b"\0\1", reserved=1),)), 1, False, True, 8),
        (Packet(Header(ns=0), (AVP(0, b"\0\1", length=9),)), 1, False, True, 2),
    ],
)
def test_what_cannot_be_told_from_the_first_avp(
    packet: Packet, number: int | None, known: bool, mandatory: bool, code: int | None
) -> None:
    examined = look(packet)
    assert examined.number == number
    assert (examined.message is not None) == known
    assert examined.mandatory == mandatory
    assert error(examined.fault) == code


@pytest.mark.parametrize("code", [0, 12, 65535])
def test_any_result_code_and_version_is_left_to_the_machines(code: int) -> None:
    packet = compose(specification(), "StopCCN", {"result_code": {"result": code}})
    assert look(packet).fault is None
    version: Value = {"version": 9, "revision": 9}
    assert look(compose(specification(), "SCCRQ", {"protocol_version": version})).fault is None


def test_composing_keeps_the_order_of_the_table_and_leaves_out_what_is_none() -> None:
    values: dict[str, Value] = {"vendor_name": "v", "challenge": b"c", "host_name": None}
    packet = compose(specification(), "SCCRQ", values)
    assert [avp.type for avp in packet.avps] == [0, 2, 3, 9, 11, 8]
    packet = compose(
        specification(), "ICCN", {"sequencing_required": None, "tie_breaker": bytes(8)}
    )
    assert [avp.type for avp in packet.avps] == [0, 24, 19, 39, 5]


def test_a_value_that_does_not_fit_cannot_be_composed() -> None:
    with pytest.raises(ValueError, match="assigned_tunnel_id"):
        compose(specification(), "SCCRQ", {"assigned_tunnel_id": 65536})
