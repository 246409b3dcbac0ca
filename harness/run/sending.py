"""From a `send` step to octets: the valid message of the table, then the edits, in their order.

set, replace, omit, add, double, order, hide, header, cut, append: each works on what the one
before left.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import DataError, Place
from harness.peer.compose import complete, compose_avp
from harness.peer.scripted import ScriptedSession, ScriptedTunnel
from harness.peer.scripted_tunnel import Octets
from harness.spec.model import Specification
from harness.suite.edits import AvpEdit, Compose, HeaderEdit, Hide
from harness.wire import AUTO, AVP, Header, Packet, Value, build, challenge_response, hide_avp

RANDOM_VECTOR: Final = 36
RANDOM_VECTOR_OCTETS: Final = 16
ID_OCTETS: Final = 2
_EITHER: Final = 3
"""Both bits of a framing or a bearer type (4.4.4)."""
ANSWERS: Final[Mapping[str, int]] = {"SCCRP": 2, "SCCCN": 3}
"""Messages that owe an answer to a challenge, and the id of the digest (RFC 2661 4.4.3)."""

REQUESTS: Final = frozenset({"ICRQ", "OCRQ"})
"""Messages that ask for a session, and so have Session ID 0 (RFC 2661 4.4.4)."""

Named = tuple[str, AVP]


@dataclass(frozen=True, slots=True)
class Assembled:
    """A message ready to go.

    packet: with its natural header. data: the datagram, with all edits. octets: makes the datagram
    from the packet with other values of Ns and Nr, for each transmission.
    """

    name: str
    packet: Packet
    data: bytes
    octets: Octets


class Assembler:
    """Builds messages for one case."""

    def __init__(
        self, specification: Specification, chance: random.Random, secret: str | None
    ) -> None:
        self.specification = specification
        self.chance = chance
        self.secret = secret.encode() if secret else None
        self._serial = 0

    def assemble(
        self, compose: Compose, tunnel: ScriptedTunnel, session: ScriptedSession, place: Place
    ) -> Assembled:
        """The datagram of a `send`. DataError `suite.value` when a value fits no field."""
        try:
            return self._assemble(compose, tunnel, session)
        except ValueError as error:
            raise DataError("suite.value", str(error), place=place) from error

    def _assemble(
        self, compose: Compose, tunnel: ScriptedTunnel, session: ScriptedSession
    ) -> Assembled:
        name = compose.message
        if name == "raw":
            raw = compose.raw if isinstance(compose.raw, bytes) else b""
            return Assembled(name, Packet(Header(ns=None)), _cut(compose, raw), build)
        if name == "data":
            header = Header(
                control=False,
                tunnel_id=tunnel.peer_id,
                session_id=session.peer_id,
                length=None,
            )
            packet = Packet(header, payload=compose.payload)
        else:
            packet = self._control(compose, tunnel, session)

        def octets(natural: Packet) -> bytes:
            return finished(compose, natural, tunnel)

        return Assembled(name, packet, octets(packet), octets)

    def _control(
        self, compose: Compose, tunnel: ScriptedTunnel, session: ScriptedSession
    ) -> Packet:
        name = compose.message
        header = Header(
            tunnel_id=tunnel.peer_id, ns=tunnel.channel.ns, nr=tunnel.channel.acknowledged_nr
        )
        if name == "ZLB":
            return Packet(header)
        message = self.specification.message(name)
        avps: list[Named]
        if message is None:
            number = AVP(0, int(name).to_bytes(2, "big"))
            avps = [("message_type", number)]
            values: dict[str, Value] = dict(compose.set)
        else:
            if name in REQUESTS and (compose.header is None or compose.header.session_id is None):
                session.peer_id = 0  # it asks for a new session, whatever there was before
            if message.scope == "session":
                header = header._replace(session_id=session.peer_id)
            given = {**self.natural(name, tunnel, session), **compose.set}
            values = complete(message, given)
            avps = []
        avps += [
            (one, compose_avp(self.specification, one, value)) for one, value in values.items()
        ]
        avps = [
            (one, self._edited(one, avp, compose.replace[one]) if one in compose.replace else avp)
            for one, avp in avps
            if one not in compose.omit
        ]
        avps += [self._added(edit) for edit in compose.add]
        avps += [_again(avps, name) for name in compose.double]
        self._take_note(name, avps, tunnel, session)
        avps = _ordered(avps, compose)
        if compose.hide is not None:
            avps = self._hidden(avps, compose.hide, tunnel)
        return Packet(header, tuple(avp for _, avp in avps))

    def natural(
        self, name: str, tunnel: ScriptedTunnel, session: ScriptedSession
    ) -> dict[str, Value]:
        """What the scripted peer puts into a message unless told otherwise."""
        values: dict[str, Value] = {}
        if name in {"SCCRQ", "SCCRP", "StopCCN"}:
            values["assigned_tunnel_id"] = tunnel.local_id
        if name in {"ICRQ", "ICRP", "OCRQ", "OCRP", "CDN"}:
            values["assigned_session_id"] = session.local_id
        if name in REQUESTS:
            self._serial += 1
            values["call_serial_number"] = self._serial
        values |= self._offered(name, tunnel)
        if name in ANSWERS and tunnel.peer_challenge is not None and self.secret is not None:
            values["challenge_response"] = challenge_response(
                ANSWERS[name], self.secret, tunnel.peer_challenge
            )
        return values

    def _offered(self, name: str, tunnel: ScriptedTunnel) -> dict[str, Value]:
        """Of what a call asks for by custom, that which the peer has announced (4.4.3)."""
        message = self.specification.message(name)
        offers = {"framing_type": tunnel.peer_framing, "bearer_type": tunnel.peer_bearer}
        values: dict[str, Value] = {}
        for avp, announced in offers.items():
            usual = message.example.get(avp) if message is not None else None
            if isinstance(usual, int) and announced is not None and not usual & ~_EITHER:
                values[avp] = usual & announced or announced & _EITHER or usual
        return values

    def _take_note(
        self, name: str, avps: Sequence[Named], tunnel: ScriptedTunnel, session: ScriptedSession
    ) -> None:
        """What a message assigns or asks counts from then on, whichever edit put it there."""
        told: dict[str, bytes] = {}
        for _, avp in avps:
            spec = self.specification.avp(avp.type, avp.vendor)
            if spec is not None:
                told.setdefault(spec.name, avp.value)
        tunnel_id = told.get("assigned_tunnel_id", b"")
        if name in {"SCCRQ", "SCCRP"} and len(tunnel_id) == ID_OCTETS:
            tunnel.local_id = int.from_bytes(tunnel_id, "big")
        session_id = told.get("assigned_session_id", b"")
        if name in {"ICRQ", "ICRP", "OCRQ", "OCRP"} and len(session_id) == ID_OCTETS:
            session.local_id = int.from_bytes(session_id, "big")
        if "challenge" in told:
            tunnel.challenge = told["challenge"]

    def _edited(self, name: str, avp: AVP, edit: AvpEdit) -> AVP:
        value = avp.value
        if edit.has_value:
            value = self.specification.avps[name].encode(edit.value)
        value = _resized(value, edit)
        return AVP(
            type=avp.type if edit.type is None else edit.type,
            value=value,
            vendor=avp.vendor if edit.vendor is None else edit.vendor,
            mandatory=avp.mandatory if edit.mandatory is None else edit.mandatory,
            hidden=avp.hidden if edit.hidden is None else edit.hidden,
            reserved=avp.reserved if edit.reserved is None else edit.reserved,
            length=avp.length if edit.length is None else edit.length,
        )

    def _added(self, edit: AvpEdit) -> Named:
        if edit.name is not None:
            spec = self.specification.avps[edit.name]
            value = edit.value if edit.has_value else spec.example
            avp = compose_avp(self.specification, edit.name, value)
            return edit.name, self._edited(edit.name, avp, edit)
        given = edit.value
        octets = given.encode() if isinstance(given, str) else given
        if octets is not None and not isinstance(octets, bytes):
            raise ValueError(f"{given!r}: the value of an unknown AVP is octets")
        type_ = edit.type or 0
        mandatory = bool(edit.mandatory)
        base = AVP(type_, _resized(octets or b"", edit), edit.vendor or 0, mandatory=mandatory)
        extra = base._replace(
            hidden=bool(edit.hidden), reserved=edit.reserved or 0, length=edit.length
        )
        return f"{extra.vendor}/{type_}", extra

    def _hidden(self, avps: list[Named], hide: Hide, tunnel: ScriptedTunnel) -> list[Named]:
        secret = hide.secret.encode() if hide.secret is not None else tunnel.secret
        if secret is None:
            raise ValueError("there is no secret to hide an AVP with")
        vector = b"" if hide.vector == "left-out" and hide.random_vector is None else None
        out: list[Named] = []
        behind: list[Named] = []
        for name, avp in avps:
            if name not in hide.avps:
                out.append((name, avp))
                continue
            if vector is None or hide.each_its_own:
                vector = hide.random_vector
                if vector is None:
                    vector = self.chance.randbytes(RANDOM_VECTOR_OCTETS)
                if hide.vector != "left-out":
                    place = behind if hide.vector == "behind" else out
                    place.append(("random_vector", AVP(RANDOM_VECTOR, vector)))
            padding = self.chance.randbytes(hide.padding)
            out.append((name, hide_avp(avp, secret, vector, padding)))
        return out + behind


def finished(compose: Compose, packet: Packet, tunnel: ScriptedTunnel) -> bytes:
    """The octets of a packet, once the edits of the header and of the octets are made."""
    edit = compose.header
    if edit is not None:
        packet = packet._replace(header=edit_header(packet, edit, tunnel))
    data = build(packet)
    if edit is not None and edit.flags is not None:
        data = edit.flags.to_bytes(2, "big") + data[2:]
    return _cut(compose, data)


def _cut(compose: Compose, data: bytes) -> bytes:
    if compose.cut is not None:
        data = data[: max(0, len(data) - compose.cut)]
    return data + compose.append


def _resized(value: bytes, edit: AvpEdit) -> bytes:
    if edit.size is not None:
        times = -(-edit.size // len(value)) if value else 0
        value = (value * times)[: edit.size]
    return value[: max(0, len(value) - edit.cut)] + edit.append


def _again(avps: list[Named], name: str) -> Named:
    for one in avps:
        if one[0] == name:
            return one
    raise ValueError(f"there is no {name} that could be sent twice")


def _ordered(avps: list[Named], compose: Compose) -> list[Named]:
    if compose.reverse:
        return [*avps[:1], *reversed(avps[1:])]
    if not compose.order:
        return avps
    order = compose.order if "message_type" in compose.order else ("message_type", *compose.order)
    rank = {name: index for index, name in enumerate(order)}
    return sorted(avps, key=lambda one: rank.get(one[0], len(rank)))


def edit_header(packet: Packet, edit: HeaderEdit, tunnel: ScriptedTunnel) -> Header:
    """The header with the edited fields, the others as they were."""
    header = packet.header
    ns = _number(edit.ns, header.ns or 0, header.ns)
    nr = _number(edit.nr, tunnel.channel.acknowledged_nr, header.nr)
    header = header._replace(
        version=header.version if edit.version is None else edit.version,
        tunnel_id=_number(edit.tunnel_id, header.tunnel_id, header.tunnel_id) or 0,
        session_id=_number(edit.session_id, header.session_id, header.session_id) or 0,
        ns=ns,
        nr=0 if nr is None and ns is not None else nr,
        priority=header.priority if edit.priority is None else edit.priority,
        reserved=header.reserved if edit.reserved is None else edit.reserved,
        offset_size=header.offset_size if edit.offset is None else edit.offset,
        offset_pad=header.offset_pad if edit.offset is None else bytes(edit.offset),
    )
    whole = len(build(packet._replace(header=header._replace(length=AUTO))))
    return header._replace(length=_number(edit.length, whole, header.length))


def _number(given: int | str | bool | None, natural: int, current: int | None) -> int | None:
    """A header field: `+1` is relative to its nature, False takes it away, True brings it back."""
    if given is None:
        return current
    if given is False:
        return None
    if given is True:
        return natural
    number = natural + int(given) if isinstance(given, str) else given
    return number % 65536  # a number that another was added to may have run over
