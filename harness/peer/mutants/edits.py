"""Small changes to outgoing packets, from which mutants are put together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from harness.wire import AVP, Header, Packet

Edit = Callable[[Packet], Packet]

MESSAGE_TYPE: Final = 0
RESULT_CODE: Final = 1


def header(**changes: Any) -> Edit:
    """Header fields of control messages set to something else."""

    def edit(packet: Packet) -> Packet:
        if not packet.header.control:
            return packet
        changed: Header = packet.header._replace(**changes)
        return packet._replace(header=changed)

    return edit


def on(messages: Collection[int], edit: Edit) -> Edit:
    """An edit of some messages only."""

    def edited(packet: Packet) -> Packet:
        return edit(packet) if packet.message_type in messages else packet

    return edited


def on_zlb(edit: Edit) -> Edit:
    """An edit of acknowledgements only."""
    return lambda packet: edit(packet) if packet.is_zlb else packet


def on_messages(edit: Edit) -> Edit:
    """An edit of all control messages but ZLBs."""
    return lambda packet: packet if packet.is_zlb else edit(packet)


def avp(number: int, **changes: Any) -> Edit:
    """An AVP of this attribute type with other parts, wherever it stands."""

    def edit(packet: Packet) -> Packet:
        avps = tuple(
            one._replace(**changes) if one.type == number and not one.vendor else one
            for one in packet.avps
        )
        return packet._replace(avps=avps)

    return edit


def without(number: int) -> Edit:
    """The AVP of this type left out."""

    def edit(packet: Packet) -> Packet:
        return packet._replace(avps=tuple(one for one in packet.avps if one.type != number))

    return edit


def plus(extra: AVP) -> Edit:
    """One more AVP at the end."""
    return lambda packet: packet._replace(avps=(*packet.avps, extra))


def lengthened(number: int, octets: bytes) -> Edit:
    """The value of an AVP with octets behind it."""

    def edit(packet: Packet) -> Packet:
        avps = tuple(
            one._replace(value=one.value + octets) if one.type == number else one
            for one in packet.avps
        )
        return packet._replace(avps=avps)

    return edit


def shortened(number: int) -> Edit:
    """The value of an AVP without its last octet."""

    def edit(packet: Packet) -> Packet:
        avps = tuple(
            one._replace(value=one.value[:-1]) if one.type == number else one for one in packet.avps
        )
        return packet._replace(avps=avps)

    return edit


def type_last(packet: Packet) -> Packet:
    """The Message Type behind the other AVPs."""
    return packet._replace(avps=(*packet.avps[1:], *packet.avps[:1]))


def shift_ns(packet: Packet) -> Packet:
    """Ns one too high."""
    return packet._replace(header=packet.header._replace(ns=((packet.header.ns or 0) + 1) % 65536))


def lower_ns(packet: Packet) -> Packet:
    """Ns one too low."""
    return packet._replace(header=packet.header._replace(ns=((packet.header.ns or 0) - 1) % 65536))


def shift_nr(packet: Packet) -> Packet:
    """Nr one too high: it acknowledges what never came."""
    return packet._replace(header=packet.header._replace(nr=((packet.header.nr or 0) + 1) % 65536))
