"""Messages that a script has made, whatever they are: read, and changed, as octets."""

from __future__ import annotations

from typing import Final

from harness.wire import parse

_ASSIGNED_TUNNEL_ID: Final = 9
_CONTROL: Final = 0x80
_LENGTH: Final = 0x40
_SEQUENCE: Final = 0x08


def names_tunnel(data: bytes, local_id: int, *, plainly: bool = False) -> bool:
    """Whether a message has this Assigned Tunnel ID, or one that is hidden unless `plainly`."""
    packet = parse(data).packet
    if packet is None:
        return False
    own = local_id.to_bytes(2, "big")
    return any(
        (avp.vendor, avp.type) == (0, _ASSIGNED_TUNNEL_ID)
        and (avp.value == own if plainly or not avp.hidden else True)
        for avp in packet.avps
    )


def with_nr(data: bytes, nr: int) -> bytes:
    """The octets of a control message with another Nr, if it has one (3.1)."""
    if len(data) < 2 or not data[0] & _CONTROL or not data[0] & _SEQUENCE:
        return data
    place = (2 if data[0] & _LENGTH else 0) + 8
    if len(data) < place + 2:
        return data
    return data[:place] + nr.to_bytes(2, "big") + data[place + 2 :]
