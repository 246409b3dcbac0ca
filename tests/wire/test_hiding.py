"""Hiding of AVP values: known answers, the definition itself, and what cannot be read."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import AVP, Packet, build, hide, hide_avp, message, parse, reveal, unhide
from harness.wire.model import RANDOM_VECTOR

SECRET = b"secret"
VECTOR = bytes(range(16))
RANDOM = AVP(RANDOM_VECTOR, VECTOR)

KNOWN = {
    "Assigned Tunnel ID": (9, bytes.fromhex("0007"), b"", "be6a1dc0"),
    "Called Number": (21, b"0123456789", b"", "136958a744fcbfd78b677023"),
    "one full block": (21, b"01234567890123", b"", "136d58a744fcbfd78b677023564d6f44"),
    "two blocks with padding": (
        33,
        b"pappassword",
        bytes(7),
        "f270a08ec510bcf7645dab939366842efe04e70a",
    ),
}

secrets = st.binary(max_size=40)
types = st.integers(0, 0xFFFF)


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name: str) -> None:
    attribute, value, padding, expected = KNOWN[name]
    hidden = bytes.fromhex(expected)
    assert hide(attribute, value, SECRET, VECTOR, padding) == hidden
    assert unhide(attribute, hidden, SECRET, VECTOR) == value


def test_known_avps_on_the_wire() -> None:
    avps = (
        RANDOM,
        hide_avp(AVP(9, b"\x00\x07"), SECRET, VECTOR),
        hide_avp(AVP(33, b"pappassword"), SECRET, VECTOR, padding=bytes(7)),
    )
    assert build(message(1, *avps))[20:].hex() == (
        "801600000024000102030405060708090a0b0c0d0e0f"
        "c00a00000009be6a1dc0"
        "c01a00000021f270a08ec510bcf7645dab939366842efe04e70a"
    )


def test_padding_changes_the_avp_length_and_not_the_original_length() -> None:
    """The example of 4.3: 4 octets of value and 12 of padding make an AVP of 24."""
    avp = hide_avp(AVP(3, bytes(4)), SECRET, VECTOR, padding=bytes(12))
    assert avp.size == 24
    assert unhide(3, avp.value, SECRET, VECTOR) == bytes(4)


@settings(max_examples=200, deadline=None)
@given(types, st.binary(max_size=1015), secrets, secrets, st.binary(max_size=40))
def test_what_is_hidden_can_be_read(
    attribute: int, value: bytes, secret: bytes, vector: bytes, padding: bytes
) -> None:
    hidden = hide(attribute, value, secret, vector, padding)
    assert len(hidden) == 2 + len(value) + len(padding)
    assert unhide(attribute, hidden, secret, vector) == value


@settings(max_examples=100, deadline=None)
@given(types, st.binary(max_size=200), secrets, secrets)
def test_each_block_is_the_definition_of_4_3(
    attribute: int, value: bytes, secret: bytes, vector: bytes
) -> None:
    clear = len(value).to_bytes(2, "big") + value
    hidden = hide(attribute, value, secret, vector)
    for start in range(0, len(clear), 16):
        if start:
            stream = secret + hidden[start - 16 : start]
        else:
            stream = attribute.to_bytes(2, "big") + secret + vector
        mask = hashlib.md5(stream).digest()
        for place in range(start, min(start + 16, len(clear))):
            assert hidden[place] == clear[place] ^ mask[place - start]


@settings(max_examples=200, deadline=None)
@given(types, st.binary(max_size=60), secrets, secrets)
def test_any_octets_may_claim_to_be_hidden(
    attribute: int, hidden: bytes, secret: bytes, vector: bytes
) -> None:
    value = unhide(attribute, hidden, secret, vector)
    assert value is None or len(value) <= len(hidden) - 2


@pytest.mark.parametrize("hidden", [b"", b"\x00"])
def test_too_short_for_the_original_length(hidden: bytes) -> None:
    assert unhide(9, hidden, SECRET, VECTOR) is None


def test_an_original_length_beyond_the_room() -> None:
    clear = b"\x00\x03" + b"\x00\x07"
    mask = hashlib.md5(b"\x00\x09" + SECRET + VECTOR).digest()
    hidden = bytes(one ^ two for one, two in zip(clear, mask, strict=False))
    assert unhide(9, hidden, SECRET, VECTOR) is None
    _, problems = reveal([RANDOM, AVP(9, hidden, hidden=True)], SECRET)
    assert problems == [(1, "the original length exceeds the hidden AVP")]


def test_the_attribute_type_goes_into_the_digest_in_network_order() -> None:
    swapped = hide(0x0900, b"\x00\x07", SECRET, VECTOR)
    assert swapped != bytes.fromhex("be6a1dc0")


@pytest.mark.parametrize("attribute", [-1, 65536])
def test_an_attribute_type_that_does_not_fit(attribute: int) -> None:
    with pytest.raises(ValueError, match="attribute type"):
        hide(attribute, b"", SECRET, VECTOR)
    with pytest.raises(ValueError, match="attribute type"):
        unhide(attribute, b"abcd", SECRET, VECTOR)


def test_a_value_that_no_length_can_hold() -> None:
    with pytest.raises(ValueError, match="65536"):
        hide(9, bytes(65536), SECRET, VECTOR)


def test_hiding_keeps_all_but_value_and_h_bit() -> None:
    avp = AVP(9, b"\x00\x07", vendor=9, mandatory=False, reserved=3, length=8)
    hidden = hide_avp(avp, SECRET, VECTOR)
    assert hidden == AVP(
        9, bytes.fromhex("be6a1dc0"), vendor=9, mandatory=False, hidden=True, reserved=3
    )


def test_each_hidden_avp_uses_the_random_vector_before_it() -> None:
    other = bytes(16)
    avps = [
        AVP(0, b"\x00\x01"),
        RANDOM,
        hide_avp(AVP(9, b"\x00\x07"), SECRET, VECTOR),
        AVP(RANDOM_VECTOR, other),
        hide_avp(AVP(11, bytes(30)), SECRET, other),
        AVP(7, b"lac"),
        hide_avp(AVP(13, bytes(16)), SECRET, other),
        AVP(RANDOM_VECTOR, b""),
        hide_avp(AVP(3, bytes(4)), SECRET, b""),
    ]
    packet = parse(build(message(1, *avps[1:]))).packet
    assert packet is not None
    clear, problems = reveal(packet.avps, SECRET)
    assert problems == []
    assert clear == [
        avps[0],
        RANDOM,
        AVP(9, b"\x00\x07"),
        avps[3],
        AVP(11, bytes(30)),
        avps[5],
        AVP(13, bytes(16)),
        avps[7],
        AVP(3, bytes(4)),
    ]


def test_an_older_random_vector_is_not_used() -> None:
    hidden = hide_avp(AVP(11, bytes(30)), SECRET, VECTOR)
    clear, problems = reveal([RANDOM, AVP(RANDOM_VECTOR, bytes(16)), hidden], SECRET)
    assert problems or clear[2].value != bytes(30)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        pytest.param([], "no Random Vector", id="none"),
        pytest.param([RANDOM._replace(vendor=9)], "no Random Vector", id="of a vendor"),
        pytest.param([RANDOM._replace(reserved=1)], "no Random Vector", id="with a reserved bit"),
        pytest.param([RANDOM._replace(hidden=True)], "no Random Vector", id="hidden itself"),
    ],
)
def test_a_hidden_avp_before_any_random_vector(before: list[AVP], text: str) -> None:
    hidden = hide_avp(AVP(9, b"\x00\x07"), SECRET, VECTOR)
    clear, problems = reveal([*before, hidden, RANDOM], SECRET)
    place = len(before)
    assert clear[place] == hidden
    assert problems[-1][0] == place
    assert text in problems[-1][1]


def test_without_a_secret_hidden_avps_stay_hidden() -> None:
    avps = [RANDOM, hide_avp(AVP(9, b"\x00\x07"), SECRET, VECTOR), AVP(7, b"lac")]
    clear, problems = reveal(avps, None)
    assert clear == avps
    assert problems == [(1, "no secret to read the hidden AVP with")]


def test_an_empty_secret_is_a_secret() -> None:
    avps = [RANDOM, hide_avp(AVP(9, b"\x00\x07"), b"", VECTOR)]
    assert reveal(avps, b"") == ([RANDOM, AVP(9, b"\x00\x07")], [])


def test_a_hidden_avp_that_is_cut_short() -> None:
    whole = build(message(1, RANDOM, hide_avp(AVP(11, bytes(30)), SECRET, VECTOR)))
    packet = parse(whole[:-3]).packet
    assert isinstance(packet, Packet)
    clear, problems = reveal(packet.avps, SECRET)
    assert clear[2].hidden
    assert problems == [(2, "the hidden AVP is not as long as its Length says")]
