"""Datagrams as text for a person: one line, or a hex dump. Safe for a terminal.

What a number means is not known here: `Names` brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.wire.model import AVP, MESSAGE_TYPE, Defect, Header, Packet, Parsed

_LISTED_AVPS: Final = 40
_LISTED_DEFECTS: Final = 3
_LISTED_OCTETS: Final = 2048
_NAME_LETTERS: Final = 48
_VALUE_LETTERS: Final = 48


@dataclass(frozen=True, slots=True)
class Names:
    """How messages and AVPs are called.

    `messages`: by Message Type. `avps`: by vendor and attribute type. `value`: shows the value of
    an AVP that is in clear, None where it has nothing to show.
    """

    messages: Mapping[int, str] = field(default_factory=dict)
    avps: Mapping[tuple[int, int], str] = field(default_factory=dict)
    value: Callable[[AVP], str | None] | None = None


def summary(parsed: Parsed, names: Names) -> str:
    """A datagram in one line of printable characters, its first defects at the end.

    A control message is `SCCRQ tid=0 sid=0 Ns=0 Nr=0 [protocol_version, host_name]`, an empty one
    `ZLB …`, a data message `data tid=1 sid=2 Ns=3 Nr=0 52 octets`. Long lists are cut.
    """
    packet = parsed.packet
    if packet is None:
        line = f"no L2TP, {len(parsed.raw)} octets"
    elif packet.header.control:
        line = _control(packet, names)
    else:
        line = _data(packet)
    if parsed.defects:
        line += f" ! {_defects(parsed.defects)}"
    return line


def hexdump(data: bytes, limit: int = _LISTED_OCTETS) -> str:
    """Octets in lines of sixteen: offset, hexadecimal, ASCII. At most `limit` octets are shown."""
    lines = []
    shown = data[:limit]
    for place in range(0, len(shown), 16):
        part = shown[place : place + 16]
        digits = f"{part[:8].hex(' ')}  {part[8:].hex(' ')}"
        letters = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in part)
        lines.append(f"{place:04x}  {digits:<48}  |{letters}|")
    if len(data) > len(shown):
        lines.append(f"… {len(data) - len(shown)} more of {len(data)} octets")
    return "\n".join(lines)


def printable(text: str, limit: int = 1024) -> str:
    """Text without anything that steers a terminal: the rest becomes escapes. Cut at `limit`.

    Besides control characters these are what reorders a line, separators but the blank, and lone
    surrogates.
    """
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text[:limit]
    )
    return shown if len(text) <= limit else f"{shown}…"


def _control(packet: Packet, names: Names) -> str:
    avps = packet.avps
    if packet.is_zlb:
        title = "ZLB"
    elif packet.message_type is None:
        title = "control"
    else:
        known = names.messages.get(packet.message_type)
        title = printable(known, _NAME_LETTERS) if known else f"message-{packet.message_type}"
        avps = avps[1:]
    line = f"{title} {_numbers(packet.header)}"
    if avps:
        listed = [_avp(avp, names) for avp in avps[:_LISTED_AVPS]]
        if len(avps) > _LISTED_AVPS:
            listed.append(f"… {len(avps) - _LISTED_AVPS} more")
        line += f" [{', '.join(listed)}]"
    return line


def _data(packet: Packet) -> str:
    header = packet.header
    line = f"data {_numbers(header)}"
    if header.offset_size is not None:
        line += f" offset={header.offset_size}"
    if header.priority:
        line += " priority"
    return f"{line} {len(packet.payload)} octets"


def _numbers(header: Header) -> str:
    line = f"tid={header.tunnel_id} sid={header.session_id}"
    if header.ns is not None:
        line += f" Ns={header.ns} Nr={header.nr}"
    return line


def _avp(avp: AVP, names: Names) -> str:
    known = names.avps.get((avp.vendor, avp.type))
    if known:
        title = printable(known, _NAME_LETTERS)
    elif avp.vendor:
        title = f"avp-{avp.vendor}/{avp.type}"
    else:
        title = "message_type" if avp.type == MESSAGE_TYPE else f"avp-{avp.type}"
    if avp.hidden:
        return f"{title} (hidden)"
    if names.value is not None:
        value = names.value(avp)
        if value is not None:
            return f"{title}={printable(value, _VALUE_LETTERS)}"
    return title


def _defects(defects: tuple[Defect, ...]) -> str:
    listed = [f"{defect.kind} at {defect.offset}" for defect in defects[:_LISTED_DEFECTS]]
    if len(defects) > _LISTED_DEFECTS:
        listed.append(f"… {len(defects) - _LISTED_DEFECTS} more")
    return ", ".join(listed)
