"""Tunnel authentication digests."""

from __future__ import annotations

import hashlib

import pytest

from harness.wire import challenge_response

CHALLENGE = bytes(range(0x10, 0x20))


def test_known_answer() -> None:
    expected = bytes.fromhex("83abc767118632beb4d21abef105de01")
    assert challenge_response(2, b"secret", CHALLENGE) == expected


def test_the_identifier_is_one_octet_the_type_of_the_answering_message() -> None:
    for message_type in (2, 3):
        expected = hashlib.md5(bytes([message_type]) + b"secret" + CHALLENGE).digest()
        assert challenge_response(message_type, b"secret", CHALLENGE) == expected
    two_octets = hashlib.md5(b"\x00\x02secret" + CHALLENGE).digest()
    assert challenge_response(2, b"secret", CHALLENGE) != two_octets


def test_a_challenge_of_any_length() -> None:
    assert len(challenge_response(3, b"", b"x")) == 16
    assert len(challenge_response(3, b"s" * 100, bytes(1017))) == 16


@pytest.mark.parametrize("message_type", [-1, 256])
def test_an_identifier_beyond_one_octet(message_type: int) -> None:
    with pytest.raises(ValueError, match="one octet"):
        challenge_response(message_type, b"secret", CHALLENGE)
