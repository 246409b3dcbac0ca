"""The PPP that a reference peer has at the end of each call: the least that shows data at work.

LCP is opened and answered (RFC 1661), and an LNS that authenticates by itself sends a CHAP
challenge (RFC 1994). No I/O, no clock and no timers: what is lost, the other end has to send again.
Frames go in and come out as the payloads of data messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

ADDRESS_AND_CONTROL: Final = b"\xff\x03"
LCP: Final = 0xC021
PAP: Final = 0xC023
CHAP: Final = 0xC223
CHAP_WITH_MD5: Final = b"\xc2\x23\x05"

MRU: Final = 1
ACCM: Final = 2
AUTHENTICATION: Final = 3
MAGIC_NUMBER: Final = 5
OPTIONS: Final = frozenset({MRU, ACCM, AUTHENTICATION, MAGIC_NUMBER, 7, 8})
"""Configuration options that are accepted as they come; 7 and 8 compress the header (RFC 1661)."""

_HEADER: Final = 4


class Code(IntEnum):
    """Packets of LCP; those of CHAP that are sent here share a number with one of them."""

    REQUEST = 1
    ACK = 2
    NAK = 3
    REJECT = 4
    TERMINATE = 5
    TERMINATED = 6
    ECHO_REQUEST = 9
    ECHO_REPLY = 10


def frame(protocol: int, code: int, identifier: int, data: bytes = b"") -> bytes:
    """A PPP frame as it goes into a data message: no flags, no escapes, no FCS (RFC 2661 5.3)."""
    length = (_HEADER + len(data)).to_bytes(2, "big")
    head = ADDRESS_AND_CONTROL + protocol.to_bytes(2, "big")
    return head + bytes((code, identifier)) + length + data


def options(data: bytes) -> list[tuple[int, bytes]] | None:
    """The options of a CONFREQ by number, from its first option on; None where they are none."""
    found = []
    while data:
        if len(data) < 2 or not 2 <= data[1] <= len(data):
            return None
        found.append((data[0], data[2 : data[1]]))
        data = data[data[1] :]
    return found


def option(number: int, value: bytes) -> bytes:
    """One option as it stands in a CONFREQ."""
    return bytes((number, 2 + len(value))) + value


@dataclass(slots=True)
class PppEnd:
    """One end of PPP.

    magic: its Magic Number, 4 octets. challenge: with what it authenticates the other end once LCP
    is open; empty: it does not. accm: the mask that the other end asked for last, if any. echoes:
    whether it asks, once LCP is open, if the other end is there.
    """

    magic: bytes
    challenge: bytes = b""
    accm: int | None = None
    echoes: bool = False
    requested: bool = False
    acknowledged: bool = False
    agreed: bool = False

    def request(self) -> bytes:
        """Its Configure-Request."""
        self.requested = True
        asked = option(MAGIC_NUMBER, self.magic)
        if self.challenge:
            asked = option(AUTHENTICATION, CHAP_WITH_MD5) + asked
        return frame(LCP, Code.REQUEST, 1, asked)

    def take(self, payload: bytes) -> list[bytes]:
        """The frames that answer a frame."""
        payload = payload.removeprefix(ADDRESS_AND_CONTROL)
        if len(payload) < 2 + _HEADER or int.from_bytes(payload[:2], "big") != LCP:
            return []
        code, identifier = payload[2], payload[3]
        length = int.from_bytes(payload[4:6], "big")
        if not _HEADER <= length <= len(payload) - 2:
            return []
        data = payload[6 : 2 + length]
        if code == Code.REQUEST:
            return self._configure(identifier, data)
        if code == Code.ACK and self.requested and identifier == 1:
            self.acknowledged = True
            return self._opened()
        if code == Code.TERMINATE:
            return [frame(LCP, Code.TERMINATED, identifier, data)]
        if code == Code.ECHO_REQUEST:
            return [frame(LCP, Code.ECHO_REPLY, identifier, self.magic + data[4:])]
        return []

    def _configure(self, identifier: int, data: bytes) -> list[bytes]:
        asked = options(data)
        if asked is None:
            return []
        out = [] if self.requested else [self.request()]
        unknown = b"".join(option(*one) for one in asked if one[0] not in OPTIONS)
        if unknown:
            return [*out, frame(LCP, Code.REJECT, identifier, unknown)]
        masks = [value for number, value in asked if number == ACCM and len(value) == 4]
        self.accm = int.from_bytes(masks[-1], "big") if masks else None
        self.agreed = True
        return [*out, frame(LCP, Code.ACK, identifier, data), *self._opened()]

    def _opened(self) -> list[bytes]:
        if not (self.agreed and self.acknowledged):
            return []
        out = []
        if self.challenge:
            value = bytes((len(self.challenge),)) + self.challenge
            out.append(frame(CHAP, Code.REQUEST, 1, value))
        if self.echoes:
            out.append(frame(LCP, Code.ECHO_REQUEST, 1, self.magic))
        return out


def is_echo_request(payload: bytes) -> bool:
    """Whether a frame asks if the other end of the link is there."""
    payload = payload.removeprefix(ADDRESS_AND_CONTROL)
    return payload[:3] == LCP.to_bytes(2, "big") + bytes((Code.ECHO_REQUEST,))
