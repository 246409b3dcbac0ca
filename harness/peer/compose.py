"""Valid messages from the spec table: what a peer sends before anybody edits it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.spec.model import MessageSpec, Specification
from harness.wire import AVP, Header, Packet, Value

OWN_AVP = AVP(1, b"\x00\x01", vendor=32473, mandatory=False)
"""An AVP of our own; the number is the one that RFC 5612 gives to examples. M = 0 (4.2)."""


def compose_avp(specification: Specification, name: str, value: Value) -> AVP:
    """An AVP of the table with its M bit as required. ValueError when the value does not fit."""
    spec = specification.avps[name]
    return AVP(
        type=spec.type, value=spec.encode(value), vendor=spec.vendor, mandatory=spec.mandatory
    )


def compose(
    specification: Specification,
    message: str,
    values: Mapping[str, Value],
    *,
    tunnel_id: int = 0,
    session_id: int = 0,
) -> Packet:
    """A message of the table with all mandatory AVPs, and the optional ones that `values` names.

    Mandatory AVPs that `values` leaves out take the table's example. AVPs stand in the order of
    the table, then those that the message does not list. A value of None leaves an AVP out.
    Ns and Nr are 0: the reliable channel fills them in.
    """
    spec = specification.messages[message]
    header = Header(tunnel_id=tunnel_id, session_id=session_id, ns=0, nr=0)
    avps = [
        compose_avp(specification, name, value)
        for name, value in complete(spec, values).items()
        if value is not None or not specification.avps[name].fields
    ]
    return Packet(header, tuple(avps))


def complete(spec: MessageSpec, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a whole message by AVP name, in the order in which they are sent."""
    given = {**spec.example, **values, "message_type": spec.type}
    listed = (*spec.mandatory, *spec.optional)
    names = [name for name in listed if name in given]
    names += [name for name in values if name not in listed and name != "message_type"]
    return {name: given[name] for name in names}
