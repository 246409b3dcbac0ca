"""A received message as matchers see it: AVPs by name, header fields by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.peer.observed import Observed
from harness.spec.model import Specification
from harness.wire import Header, Value, reveal


@dataclass(frozen=True, slots=True)
class Received:
    """Message name, AVP values (raw octets where they do not fit the table), header fields."""

    message: str
    avps: Mapping[str, Value]
    header: Mapping[str, int | None]


def view(specification: Specification, observed: Observed, secret: bytes | None) -> Received:
    """What arrived, hidden AVPs in clear where the secret allows; the first of each AVP counts."""
    packet = observed.parsed.packet
    if packet is None:
        return Received(observed.name, {}, {})
    avps: dict[str, Value] = {}
    for avp in reveal(packet.avps, secret)[0]:
        spec = specification.avp(avp.type, avp.vendor)
        name = spec.name if spec else f"{avp.vendor}/{avp.type}"
        value: Value = avp.value
        if spec is not None and not avp.hidden:
            try:
                value = spec.decode(avp.value)
            except ValueError:
                value = avp.value  # malformed: it stands as the octets that came
        avps.setdefault(name, value)
    port = observed.source[1]
    fields = header_fields(packet.header, observed.parsed.raw, port)
    if not packet.header.control:
        fields.update(ppp_fields(packet.payload))
    return Received(observed.name, avps, fields)


def header_fields(header: Header, raw: bytes, port: int) -> dict[str, int | None]:
    """The header's fields, and the UDP port of the sender, as matchers and `save` name them."""
    return {
        "flags": int.from_bytes(raw[:2], "big"),
        "version": header.version,
        "length": header.length,
        "tunnel_id": header.tunnel_id,
        "session_id": header.session_id,
        "ns": header.ns,
        "nr": header.nr,
        "port": port,
    }


def ppp_fields(payload: bytes) -> dict[str, int | None]:
    """Protocol, code and identifier of a PPP frame, FF03 in front of it or not (RFC 1661).

    A compressed protocol has one octet. None for what is not there. `octets` is how long the frame
    is, FF03 included: whatever it says of itself, this is what came.
    """
    frame = payload.removeprefix(b"\xff\x03")
    size = 1 if frame[:1] and frame[0] & 1 else 2
    if len(frame) < size:
        return {"protocol": None, "code": None, "identifier": None, "octets": len(payload)}
    body = frame[size:]
    return {
        "protocol": int.from_bytes(frame[:size], "big"),
        "code": body[0] if body else None,
        "identifier": body[1] if len(body) > 1 else None,
        "octets": len(payload),
    }
