"""A conversation written down frame by frame: right by default, wrong where a test says so."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from harness.spec.load import load_specification
from harness.spec.model import Specification
from harness.spec.monitor import LIVE, Endpoint, Finding, Monitor, RuleTable, View, load_rules
from harness.wire import AVP, Header, Packet, Value, build, zlb

FOLDER = Path(__file__).parents[2] / "suites" / "spec" / "rfc2661"

LAC: Endpoint = ("192.0.2.1", 40001)
LNS: Endpoint = ("192.0.2.2", 1701)
SECRET = b"secret"
COUNTERS = (
    "crc_errors",
    "framing_errors",
    "hardware_overruns",
    "buffer_overruns",
    "timeout_errors",
    "alignment_errors",
)


@functools.cache
def specification() -> Specification:
    """The tables of RFC 2661."""
    return load_specification(FOLDER)


@functools.cache
def rules() -> RuleTable:
    """The rules of RFC 2661."""
    return load_rules(FOLDER, specification())


def avp(name: str, value: Value = None) -> AVP:
    """An AVP of the table, as it has to be."""
    spec = specification().avps[name]
    octets = spec.encode(spec.example if value is None and spec.fields else value)
    return AVP(spec.type, octets, spec.vendor, mandatory=spec.mandatory)


@dataclass(frozen=True)
class Seen:
    """One frame. Numbers count from 1."""

    number: int
    at: float
    source: Endpoint
    destination: Endpoint
    data: bytes
    deliberate: bool = False


@dataclass
class End:
    """One end: its address, the tunnel and session ids that it has chosen, its numbers."""

    address: Endpoint
    tunnel_id: int
    session_id: int
    ns: int = 0
    nr: int = 0
    data_ns: int = 0


@dataclass
class Talk:
    """Two ends of a tunnel, the initiator `lac` and the responder `lns`.

    Everything that is sent arrives at once, so that Nr of the other end follows.
    """

    lac: End = field(default_factory=lambda: End(LAC, 11, 21))
    lns: End = field(default_factory=lambda: End(LNS, 12, 22))
    at: float = 1000.0
    frames: list[Seen] = field(default_factory=list)

    def other(self, end: End) -> End:
        """The peer of an end."""
        return self.lns if end is self.lac else self.lac

    # -- frames --------------------------------------------------------------------------------

    def put(
        self,
        data: bytes,
        source: Endpoint,
        destination: Endpoint,
        *,
        deliberate: bool = False,
    ) -> Seen:
        """Any octets."""
        self.at += 0.002
        seen = Seen(len(self.frames) + 1, round(self.at, 6), source, destination, data, deliberate)
        self.frames.append(seen)
        return seen

    def send(self, end: End, packet: Packet, *, deliberate: bool = False) -> Seen:
        """A packet as it is."""
        data = build(packet)
        return self.put(data, end.address, self.other(end).address, deliberate=deliberate)

    def message(
        self,
        end: End,
        name: str,
        values: dict[str, Value] | None = None,
        *,
        extra: tuple[AVP, ...] = (),
        omit: tuple[str, ...] = (),
        session: bool | None = None,
        header: dict[str, object] | None = None,
        avps: tuple[AVP, ...] | None = None,
        deliberate: bool = False,
        arrives: bool = True,
    ) -> Seen:
        """A message of the table, with its natural numbers and ids where nothing is said.

        `arrives`: the other end has it, and acknowledges it from now on.
        """
        packet = self.packet(end, name, values, extra=extra, omit=omit, session=session, avps=avps)
        packet = packet._replace(header=packet.header._replace(**(header or {})))  # type: ignore[arg-type]
        end.ns = (end.ns + 1) % 65536
        if arrives:
            self.other(end).nr = end.ns
        return self.send(end, packet, deliberate=deliberate)

    def packet(
        self,
        end: End,
        name: str,
        values: dict[str, Value] | None = None,
        *,
        extra: tuple[AVP, ...] = (),
        omit: tuple[str, ...] = (),
        session: bool | None = None,
        avps: tuple[AVP, ...] | None = None,
    ) -> Packet:
        """What `message` sends."""
        spec = specification().messages[name]
        peer = self.other(end)
        natural: dict[str, Value] = {
            "assigned_tunnel_id": end.tunnel_id,
            "assigned_session_id": end.session_id,
        }
        given = {key: value for key, value in natural.items() if key in spec.mandatory}
        given |= {"message_type": spec.type, **dict(spec.example), **given, **(values or {})}
        listed = [*spec.mandatory, *spec.optional]
        names = [one for one in listed if one in given and one not in omit]
        names += [one for one in given if one not in listed and one not in omit]
        if avps is None:
            avps = tuple(avp(one, given[one]) for one in names) + extra
        in_session = spec.scope == "session" and name not in ("ICRQ", "OCRQ")
        session = in_session if session is None else session
        return Packet(
            Header(
                tunnel_id=0 if name == "SCCRQ" else peer.tunnel_id,
                session_id=peer.session_id if session else 0,
                ns=end.ns,
                nr=end.nr,
            ),
            avps,
        )

    def again(self, seen: Seen, *, nr: int | None = None, wait: float = 0.0) -> Seen:
        """A frame once more, with a fresh Nr or a stated one."""
        self.at += wait
        end = self.lac if seen.source == self.lac.address else self.lns
        fresh = (end.nr if nr is None else nr).to_bytes(2, "big")
        data = seen.data[:10] + fresh + seen.data[12:]
        return self.put(data, seen.source, seen.destination)

    def ack(self, end: End, **header: int) -> Seen:
        """A ZLB."""
        packet = zlb(self.other(end).tunnel_id, end.ns, end.nr)
        return self.send(end, packet._replace(header=packet.header._replace(**header)))  # type: ignore[arg-type]

    def data(
        self,
        end: End,
        payload: bytes = b"\xff\x03\x00\x21data",
        *,
        numbered: bool = False,
        **header: object,
    ) -> Seen:
        """A data message of the session."""
        peer = self.other(end)
        head = Header(
            control=False,
            tunnel_id=peer.tunnel_id,
            session_id=peer.session_id,
            ns=end.data_ns if numbered else None,
            nr=0 if numbered else None,
        )
        if numbered:
            end.data_ns += 1
        return self.send(end, Packet(head._replace(**header), payload=payload))  # type: ignore[arg-type]

    # -- the usual -----------------------------------------------------------------------------

    def tunnel(
        self,
        request: dict[str, Value] | None = None,
        reply: dict[str, Value] | None = None,
        connected: dict[str, Value] | None = None,
    ) -> Talk:
        """SCCRQ, SCCRP, SCCCN and a ZLB."""
        self.message(self.lac, "SCCRQ", request)
        self.message(self.lns, "SCCRP", reply)
        self.message(self.lac, "SCCCN", connected)
        self.ack(self.lns)
        return self

    def call(self, **connected: Value) -> Talk:
        """An incoming call."""
        self.message(self.lac, "ICRQ")
        self.message(self.lns, "ICRP")
        self.message(self.lac, "ICCN", connected)
        self.ack(self.lns)
        return self

    def outgoing(self) -> Talk:
        """An outgoing call."""
        self.message(self.lns, "OCRQ")
        self.message(self.lac, "OCRP")
        self.message(self.lac, "OCCN")
        self.ack(self.lns)
        return self

    def hang_up(self, end: End) -> Talk:
        """A CDN and its acknowledgement."""
        self.message(end, "CDN")
        self.ack(self.other(end))
        return self

    def close(self, end: End) -> Talk:
        """A StopCCN and its acknowledgement."""
        self.message(end, "StopCCN")
        self.ack(self.other(end))
        return self

    def wait(self, seconds: float) -> Talk:
        """Nothing happens for a while."""
        self.at += seconds
        return self


def judge(talk: Talk, *, view: View = LIVE, **options: object) -> list[Finding]:
    """Everything that is found in a conversation."""
    monitor = Monitor(rules(), view=view, **options)  # type: ignore[arg-type]
    found: list[Finding] = []
    for one in talk.frames:
        found += monitor.datagram(
            one.at,
            one.source,
            one.destination,
            one.data,
            one.number,
            deliberate=one.deliberate,
        )
    return found + monitor.end(talk.at)
