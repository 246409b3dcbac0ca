"""Datagrams as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import AVP, Header, Packet, build, message, parse, zlb
from harness.wire.text import Names, hexdump, printable, summary

NAMES = Names({1: "SCCRQ"}, {(0, 7): "host_name", (0, 9): "assigned_tunnel_id"})

SUMMARIES: list[tuple[Packet | bytes, str]] = [
    (
        message(1, AVP(7, b"lac"), AVP(9, b"\x00\x07")),
        "SCCRQ tid=0 sid=0 Ns=0 Nr=0 [host_name, assigned_tunnel_id]",
    ),
    (message(1, tunnel_id=1, session_id=2, ns=3, nr=4), "SCCRQ tid=1 sid=2 Ns=3 Nr=4"),
    (message(99), "message-99 tid=0 sid=0 Ns=0 Nr=0"),
    (zlb(1, 2, 3), "ZLB tid=1 sid=0 Ns=2 Nr=3"),
    (
        message(1, AVP(9, bytes(4), hidden=True), AVP(2, b"", vendor=3561), AVP(99)),
        "SCCRQ tid=0 sid=0 Ns=0 Nr=0 [assigned_tunnel_id (hidden), avp-3561/2, avp-99]",
    ),
    (
        Packet(Header(control=False, tunnel_id=1, session_id=2, length=None), payload=bytes(52)),
        "data tid=1 sid=2 52 octets",
    ),
    (
        Packet(
            Header(control=False, ns=3, nr=0, offset_size=2, offset_pad=b"\x00\x00", priority=True),
            payload=b"\xff",
        ),
        "data tid=0 sid=0 Ns=3 Nr=0 offset=2 priority 1 octets",
    ),
    (
        Packet(Header(ns=0, nr=0), (AVP(7, b"lac"), AVP(0, b"\x00\x01"))),
        "control tid=0 sid=0 Ns=0 Nr=0 [host_name, message_type] ! message-type-not-first at 12",
    ),
    (b"\xc8", "no L2TP, 1 octets ! header-truncated at 0"),
    (
        bytes.fromhex("fff1 0063 0000 0000 0000 0000 0001 00 bc05 0000 0007"),
        "control tid=0 sid=0 Ns=0 Nr=0 [host_name] ! version at 1, reserved-header-bits at 0,"
        " control-with-offset at 0, … 5 more",
    ),
]


@pytest.mark.parametrize(("packet", "expected"), SUMMARIES)
def test_summary(packet: Packet | bytes, expected: str) -> None:
    data = packet if isinstance(packet, bytes) else build(packet)
    assert summary(parse(data), NAMES) == expected


def test_without_names_there_are_numbers() -> None:
    line = summary(parse(build(message(1, AVP(7, b"lac")))), Names())
    assert line == "message-1 tid=0 sid=0 Ns=0 Nr=0 [avp-7]"


def test_values_are_shown_where_the_names_can_show_them() -> None:
    def show(avp: AVP) -> str | None:
        return avp.value.decode("latin-1") if avp.type == 7 else None

    names = Names({1: "SCCRQ"}, {(0, 7): "host_name"}, show)
    packet = message(1, AVP(7, b"l\x1b[31m\n\x9b"), AVP(9, b"\x00\x07"), AVP(7, b"x", hidden=True))
    assert summary(parse(build(packet)), names) == (
        "SCCRQ tid=0 sid=0 Ns=0 Nr=0 [host_name=l\\x1b[31m\\n\\x9b, avp-9, host_name (hidden)]"
    )


def test_long_lists_and_values_are_cut() -> None:
    names = Names({}, {}, lambda avp: "v" * 1000)
    line = summary(parse(build(message(1, *[AVP(7)] * 100))), names)
    assert line.endswith("…, … 60 more]")
    assert len(line) < 3000


def test_printable() -> None:
    assert printable("a\x1b\x7f\x9b\u202e\u2028\udc80\n ä✓") == (
        "a\\x1b\\x7f\\x9b\\u202e\\u2028\\udc80\\n ä✓"
    )
    assert printable("abcdef", 3) == "abc…"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_printable_text_never_steers_a_terminal(text: str) -> None:
    assert printable(text).isprintable()


def test_hexdump() -> None:
    assert hexdump(b"\xc8\x02\x00\x0c\x00\x01\x00\x00\x00\x02\x00\x03ABCDE") == (
        "0000  c8 02 00 0c 00 01 00 00  00 02 00 03 41 42 43 44  |............ABCD|\n"
        "0010  45                                                |E|"
    )
    assert hexdump(b"") == ""
    assert hexdump(bytes(40), 16).splitlines()[1:] == ["… 24 more of 40 octets"]
