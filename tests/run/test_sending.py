"""The `send` and `resend` steps: every edit, checked in the octets that go out."""

from __future__ import annotations

import pytest

from harness.run.events import Verdict
from harness.wire import AVP, Packet, hide, parse, reveal
from tests.run.fakes import say
from tests.run.stage import play

TYPE = "800800000000 {:04x}"
VERSION = "800800000002 0100"
NAME = "800c00000007 746573746572"
FRAMING = "800a00000003 00000003"
TUNNEL = "800800000009 1234"
ID = "set: {assigned_tunnel_id: 0x1234}"


def octets(*parts: str) -> str:
    """Hexadecimal digits without blanks."""
    return "".join(parts).replace(" ", "")


def message(*avps: str, flags: str = "c802", header: str = "0000000000000000") -> str:
    """A control message: its Length is filled in."""
    body = octets(*avps)
    size = len(octets(header)) // 2 + 4 + len(body) // 2
    return octets(flags, f"{size:04x}", header, body)


def sent(edits: str, name: str = "SCCRQ") -> str:
    """What a send with these edits puts on the wire, as hexadecimal digits."""
    lines = "".join(f"  {line}\n" for line in edits.splitlines() if line.strip())
    story = play(f"- send: {name}\n{lines}- silence: 1ms\n", {"SCCRQ": []})
    assert story.verdict is Verdict.PASS
    return story.frames[0].data.hex()


SCCRQ = (TYPE.format(1), VERSION, NAME, FRAMING, TUNNEL)


def test_the_valid_message_of_the_table() -> None:
    assert sent(ID) == message(*SCCRQ)


@pytest.mark.parametrize(
    ("edits", "avps"),
    [
        (
            "set: {assigned_tunnel_id: 0x1234, host_name: a, receive_window_size: 16}",
            (
                TYPE.format(1),
                VERSION,
                "800700000007 61",
                FRAMING,
                TUNNEL,
                "80080000000a 0010",
            ),
        ),
        (
            ID + "\nadd: [firmware_revision, {avp: vendor_name, value: x}]",
            (*SCCRQ, "000800000006 0690", "000700000008 78"),
        ),
        (
            ID + "\nadd: [{type: 9999, vendor: 9, mandatory: true, value: 0x0102}]",
            (*SCCRQ, "80080009270f 0102"),
        ),
        (
            ID + "\nadd: [{type: 77, hidden: true, reserved: 15, length: 3, value: 0xff}]",
            (*SCCRQ, "7c030000004d ff"),
        ),
        (
            ID + "\nadd: [{avp: tie_breaker, length: 999, value: 0x0102030405060708}]",
            (*SCCRQ, "03e700000005 0102030405060708"),
        ),
        (ID + "\nomit: [host_name, message_type]", (VERSION, FRAMING, TUNNEL)),
        (ID + "\ndouble: [host_name]", (*SCCRQ, NAME)),
        (
            ID + "\nreplace: {host_name: {mandatory: false, reserved: 5, value: z}}",
            (TYPE.format(1), VERSION, "140700000007 7a", FRAMING, TUNNEL),
        ),
        (
            ID + '\nreplace: {host_name: {type: 8, vendor: 311, hidden: true, value: "0x00"}}',
            (TYPE.format(1), VERSION, "c00701370008 00", FRAMING, TUNNEL),
        ),
        (
            ID + "\nreplace: {host_name: {length: 5}}",
            (TYPE.format(1), VERSION, "800500000007 746573746572", FRAMING, TUNNEL),
        ),
        (
            ID + "\nreplace: {host_name: {cut: 4, append: 0xffee}}",
            (TYPE.format(1), VERSION, "800a00000007 7465ffee", FRAMING, TUNNEL),
        ),
        (
            ID + "\norder: [assigned_tunnel_id, framing_capabilities]",
            (TYPE.format(1), TUNNEL, FRAMING, VERSION, NAME),
        ),
        (
            ID + "\norder: [host_name, message_type]",
            (NAME, TYPE.format(1), VERSION, FRAMING, TUNNEL),
        ),
        (ID + "\norder: reversed", (TYPE.format(1), TUNNEL, FRAMING, NAME, VERSION)),
    ],
)
def test_edits_of_avps(edits: str, avps: tuple[str, ...]) -> None:
    assert sent(edits) == message(*avps)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("version: 3", message(*SCCRQ, flags="c803")),
        ("priority: true", message(*SCCRQ, flags="c902")),
        ("reserved: 0x34f0", message(*SCCRQ, flags="fcf2")),
        ("flags: 0xffff", message(*SCCRQ, flags="ffff")),
        ("flags: 0x0002", message(*SCCRQ, flags="0002")),
        ("tunnel_id: 77, session_id: 5", message(*SCCRQ, header="004d000500000000")),
        ("tunnel_id: +3, session_id: -1", message(*SCCRQ, header="0003ffff00000000")),
        ("ns: 1, nr: 2", message(*SCCRQ, header="0000000000010002")),
        ("ns: +7, nr: -1", message(*SCCRQ, header="000000000007ffff")),
        ("ns: -1", message(*SCCRQ, header="00000000ffff0000")),
        ("length: 12", octets("c802000c0000000000000000", *SCCRQ)),
        ("length: +1", octets("c802003b0000000000000000", *SCCRQ)),
        ("length: -58", octets("c80200000000000000000000", *SCCRQ)),
        ("length: false", octets("88020000000000000000", *SCCRQ)),
        ("ns: false", octets("c002003600000000", *SCCRQ)),
        ("ns: false, length: false", octets("800200000000", *SCCRQ)),
        ("offset: 0", octets("ca02003c00000000000000000000", *SCCRQ)),
        ("offset: 2", octets("ca02003e000000000000000000020000", *SCCRQ)),
        ("offset: 2, length: +0", octets("ca02003e000000000000000000020000", *SCCRQ)),
        ("offset: 2, length: -1", octets("ca02003d000000000000000000020000", *SCCRQ)),
        ("ns: false, length: +1", octets("c002003700000000", *SCCRQ)),
    ],
)
def test_edits_of_the_header(header: str, expected: str) -> None:
    edits = f"{ID}\nheader: {{{header}}}"
    assert sent(edits) == expected
    # sent reliably, it is the same but for Ns and Nr, which are edited against their nature too
    assert sent(edits + "\nonce: false") == expected


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ("cut: 1", message(*SCCRQ)[:-2]),
        ("cut: 50", message(*SCCRQ)[:-100]),
        ("cut: 1000", ""),
        ("append: 0xdeadbeef", message(*SCCRQ) + "deadbeef"),
        ("cut: 2\nappend: 0x00", message(*SCCRQ)[:-4] + "00"),
        ("cut: 2\nonce: false", message(*SCCRQ)[:-4]),
        ("append: 0xdead\nonce: false", message(*SCCRQ) + "dead"),
        ("header: {flags: 0xc803}\nonce: false", message(*SCCRQ, flags="c803")),
    ],
)
def test_edits_of_the_octets(edits: str, expected: str) -> None:
    assert sent(f"{ID}\n{edits}") == expected


def test_octets_that_are_given() -> None:
    assert sent('raw: "0xc802 000c 0001"', "raw") == "c802000c0001"
    assert sent("payload: 0xff03c021", "data") == "000200000000ff03c021"
    assert sent("payload: 0xff\nheader: {session_id: 9, offset: 1}", "data") == (
        "020200000009000100ff"
    )
    assert sent("header: {ns: 3, nr: 4, length: 14}\npayload: 0xff", "data") == (
        "4802000e0000000000030004ff"
    )


@pytest.mark.parametrize("number", [0, 5, 17, 99, 65535])
def test_unknown_messages_by_number(number: int) -> None:
    assert sent("", str(number)) == message(TYPE.format(number))
    more = sent("set: {host_name: tester}\nadd: [{type: 3, value: 0x00}]", str(number))
    assert more == message(TYPE.format(number), NAME, "000700000003 00")


def test_a_zlb_and_its_header() -> None:
    assert sent("", "ZLB") == "c802000c0000000000000000"
    assert sent("header: {ns: +5, nr: 2, session_id: 1}", "ZLB") == "c802000c0000000100050002"


# -- hiding ------------------------------------------------------------------------------------

VECTOR = bytes(range(16))


def avps_of(edits: str) -> tuple[AVP, ...]:
    """The AVPs that go out."""
    packet = parse(bytes.fromhex(sent(f"{ID}\n{edits}"))).packet
    assert packet is not None
    return packet.avps


def test_hidden_avps_follow_a_random_vector() -> None:
    edits = f"hide: {{avps: [assigned_tunnel_id], random_vector: 0x{VECTOR.hex()}}}"
    *rest, vector, hidden = avps_of(edits)
    assert [one.type for one in rest] == [0, 2, 7, 3]
    assert (vector.type, vector.value, vector.mandatory) == (36, VECTOR, True)
    assert hidden == AVP(9, hide(9, b"\x12\x34", b"secret", VECTOR), mandatory=True, hidden=True)


def test_one_random_vector_serves_all_unless_each_gets_its_own() -> None:
    both = "avps: [host_name, assigned_tunnel_id]"
    assert [one.type for one in avps_of(f"hide: {{{both}}}")] == [0, 2, 36, 7, 3, 9]
    each = avps_of(f"hide: {{{both}, each_its_own: true}}")
    assert [one.type for one in each] == [0, 2, 36, 7, 3, 36, 9]
    assert each[2].value != each[5].value
    for found in (avps_of(f"hide: {{{both}}}"), each):
        clear, problems = reveal(found, b"secret")
        assert problems == []
        assert {one.type: one.value for one in clear}[7] == b"tester"


def test_a_random_vector_may_stand_where_it_must_not() -> None:
    both = f"avps: [host_name, assigned_tunnel_id], random_vector: 0x{VECTOR.hex()}"
    ahead = avps_of(f"hide: {{{both}}}")
    behind = avps_of(f"hide: {{{both}, vector: behind}}")
    assert behind == (*ahead[:2], *ahead[3:], ahead[2])
    assert avps_of(f"hide: {{{both}, vector: left-out}}") == (*ahead[:2], *ahead[3:])
    alone = "avps: [assigned_tunnel_id], vector: left-out"
    (without,) = [one for one in avps_of(f"hide: {{{alone}}}") if one.hidden]
    assert without.value == hide(9, b"\x12\x34", b"secret", b"")


def test_a_random_vector_may_be_empty() -> None:
    found = avps_of('hide: {avps: [host_name], random_vector: "0x"}')
    assert (found[2].type, found[2].value) == (36, b"")


@pytest.mark.parametrize("padding", [0, 1, 13, 40])
def test_padding_and_another_secret(padding: int) -> None:
    hiding = f"hide: {{avps: [host_name], padding: {padding}, secret: other}}"
    found = avps_of(hiding)
    hidden = next(one for one in found if one.hidden)
    assert len(hidden.value) == 2 + 6 + padding
    assert {one.type: one.value for one in reveal(found, b"other")[0]}[7] == b"tester"
    assert {one.type: one.value for one in reveal(found, b"secret")[0]}[7] != b"tester"


def test_the_secret_of_the_case_hides() -> None:
    steps = f"- send: SCCRQ\n  {ID}\n  hide: [host_name]\n- silence: 1ms\n"
    packet = play(steps, {"SCCRQ": []}, extra="secret: own").sent("SCCRQ")[0]
    assert {one.type: one.value for one in reveal(packet.avps, b"own")[0]}[7] == b"tester"
    nothing = play(steps, {"SCCRQ": []}, secret=None)
    assert nothing.verdict is Verdict.ERROR
    assert "there is no secret to hide an AVP with" in nothing.end.reason


# -- what the peer fills in --------------------------------------------------------------------


def test_ids_numbers_and_answers_are_filled_in() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
- send: SCCCN
- send: ICRQ
  session: a
- expect: ICRP
  session: a
- send: ICCN
  session: a
- send: ICRQ
  session: b
- expect: ICRP
  session: b
- send: CDN
  session: a
- send: data
  session: b
  payload: 0xff
- alive: tunnel
"""
    challenge = bytes(range(7))
    story = play(steps, {"SCCRQ": [say("SCCRP", values={"challenge": challenge})]})
    assert story.verdict is Verdict.PASS
    ours = value(story.sent("SCCRQ")[0], 9)
    scccn = story.sent("SCCCN")[0]
    assert scccn.header.tunnel_id == 501
    assert len(value(scccn, 13)) == 16
    first, second = story.sent("ICRQ")
    assert first.header.session_id == second.header.session_id == 0
    assert value(first, 14) != value(second, 14)
    assert value(first, 15) == bytes([0, 0, 0, 1])
    assert value(second, 15) == bytes([0, 0, 0, 2])
    assert story.sent("ICCN")[0].header.session_id == 700
    assert value(story.sent("CDN")[0], 14) == value(first, 14)
    assert story.sent("data")[0].header[2:4] == (501, 700)
    assert ours != b"\0\0"


def test_the_answer_to_a_challenge_is_right() -> None:
    def verdict(secret: str) -> Verdict:
        steps = "- establish: tunnel\n- alive: tunnel\n"
        extra = f"secret: {secret}\nconfiguration: authenticated"
        return play(steps, extra=extra).verdict

    assert verdict("secret") is Verdict.PASS
    assert verdict("wrong") is Verdict.INCONC


def value(packet: Packet, attribute: int) -> bytes:
    """The value of an AVP."""
    return next(one.value for one in packet.avps if (one.vendor, one.type) == (0, attribute))


def test_numbers_that_run_over_wrap() -> None:
    steps = """
- send: SCCRQ
- expect: SCCRP
  save: {id: assigned_tunnel_id}
- send: HELLO
  header: {tunnel_id: "${id+65000}"}
- silence: 1ms
"""
    story = play(steps, {})
    assert story.sent("HELLO")[0].header.tunnel_id == (501 + 65000) % 65536
    story = play(steps, {"SCCRQ": [say("SCCRP", values={"assigned_tunnel_id": 60000})]})
    assert story.sent("HELLO")[0].header.tunnel_id == (60000 + 65000) % 65536


def test_the_ids_are_those_of_the_call_whose_name_is_made_of_a_variable() -> None:
    each = "- repeat:\n    count: 2\n    steps:\n"
    steps = (
        "- establish: tunnel\n"
        + each
        + "    - {send: ICRQ, session: 's${index}'}\n"
        + "    - {expect: ICRP, session: 's${index}'}\n"
        + each
        + "    - send: WEN\n"
        + "      session: 's${index}'\n"
        + "      header: {session_id: '${iut_session_id}'}\n"
    )
    story = play(steps)
    given = [one.header.session_id for one in story.sent("WEN")]
    assert len(set(given)) == 2
    assert 0 not in given
