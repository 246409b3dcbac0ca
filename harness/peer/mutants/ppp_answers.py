"""Mutants whose PPP gives one of its answers wrong (5.3).

One that always answers wrong shows in the first step that looks; these show that each step does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from harness.peer.mutants.base import add
from harness.peer.variant import BOTH, LNS, Variant
from harness.wire import Packet

_LEAST: Final = 8
"""Octets of a PPP frame with FF03, the protocol, code, identifier and length."""
_REQUEST: Final = 1
_ECHO_REQUEST: Final = 9


def _is_answer(frame: bytes) -> bool:
    return len(frame) >= _LEAST and frame[4] not in (_REQUEST, _ECHO_REQUEST)


def _protocol(frame: bytes) -> bytes | None:
    return frame[:2] + b"\xc0\x25" + frame[4:]


def _code(frame: bytes) -> bytes | None:
    return frame[:4] + b"\x0b" + frame[5:]


def _identifier(frame: bytes) -> bytes | None:
    return frame[:5] + bytes((frame[5] ^ 0x80,)) + frame[6:]


def _nothing(frame: bytes) -> bytes | None:
    del frame
    return None


CHANGES: Final[Sequence[tuple[str, str, Callable[[bytes], bytes | None]]]] = (
    ("in-another-protocol", "comes in another protocol", _protocol),
    ("by-another-code", "has another code", _code),
    ("to-another-request", "has another identifier", _identifier),
    ("lost", "is lost", _nothing),
)
NUMBERS: Final[Sequence[tuple[int, str]]] = (
    (2, "second"),
    (3, "third"),
    (4, "fourth"),
    (6, "sixth"),
)


OF_NUMBERED_DATA: Final = 6
"""From this answer on only a case about sequence numbers of data (5.4) looks at them."""
SEEN_OF_A_LAC: Final = 3
"""So many answers of a LAC are looked at in a case about them."""


def nth_answer(number: int, change: Callable[[bytes], bytes | None]) -> type[Variant]:
    """A peer that gives its answer of this number otherwise, all calls counted together."""

    class Peer(Variant):
        def alter_data(self, packet: Packet) -> Iterable[Packet]:
            if not _is_answer(packet.payload):
                return (packet,)
            given = self.__dict__.get("answers_given", 0) + 1
            self.__dict__["answers_given"] = given
            changed = change(packet.payload) if given == number else packet.payload
            return () if changed is None else (packet._replace(payload=changed),)

    return Peer


def odd_echo(change: Callable[[bytes], bytes | None]) -> type[Variant]:
    """A peer whose Echo-Requests are something else."""

    class Peer(Variant):
        def alter_data(self, packet: Packet) -> Iterable[Packet]:
            payload = packet.payload
            if len(payload) >= _LEAST and payload[4] == _ECHO_REQUEST:
                payload = change(payload) or b""
            return (packet._replace(payload=payload),)

    return Peer


for _name, _told, _change in CHANGES[:2]:
    add(
        f"echo-request-{_name}",
        odd_echo(_change),
        "RFC2661-3.1-10",
        f"what should be an Echo-Request of LCP {_told}",
        broad=True,
    )
for _number, _word in NUMBERS:
    for _name, _told, _change in CHANGES[: 4 if _number < OF_NUMBERED_DATA else 3]:
        add(
            f"{_word}-ppp-answer-{_name}",
            nth_answer(_number, _change),
            "RFC2661-5.3-02" if _number < OF_NUMBERED_DATA else "RFC2661-5.4-02",
            f"the {_word} answer of PPP {_told}",
            roles=LNS if _number > SEEN_OF_A_LAC else BOTH,
            broad=True,
        )
