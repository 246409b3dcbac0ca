"""Which session a call message is about, whether it is acceptable, and what then happens.

The state tables decide what to do; this module finds the session and names the event
(RFC 2661 4.4.4, 5.2, 7.4, 7.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from harness.peer.call import CallEvent, CallState
from harness.peer.examine import INVALID_SESSION, NO_RESOURCES, OUT_OF_RANGE, Examined, Fault
from harness.peer.session import (
    INVALID_DESTINATION,
    NO_FACILITIES_PERMANENT,
    NO_FACILITIES_TEMPORARY,
    CallKind,
    Session,
)
from harness.peer.tunnel import Tunnel, TunnelSite
from harness.spec.model import Role
from harness.wire import Packet

EVENTS: Final[Mapping[str, tuple[CallEvent, CallEvent]]] = {
    "ICRQ": (CallEvent.ICRQ, CallEvent.ICRQ_REFUSED),
    "ICRP": (CallEvent.ICRP, CallEvent.ICRP_REFUSED),
    "ICCN": (CallEvent.ICCN, CallEvent.ICCN_REFUSED),
    "OCRQ": (CallEvent.OCRQ, CallEvent.OCRQ_REFUSED),
    "OCRP": (CallEvent.OCRP, CallEvent.OCRP_REFUSED),
    "OCCN": (CallEvent.OCCN, CallEvent.OCCN_REFUSED),
}

DIALLED: Final = "0123456789*#"
"""What a line takes of a Called Number; all else is decoration (4.4.4)."""

_REQUESTS: Final[Mapping[tuple[Role, str], CallKind]] = {
    (Role.LNS, "ICRQ"): CallKind.LNS_INCOMING,
    (Role.LAC, "OCRQ"): CallKind.LAC_OUTGOING,
}


class CallSite(TunnelSite, Protocol):
    """An endpoint as its call control sees it."""

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        """A new session."""

    def new_session(self, tunnel: Tunnel, kind: CallKind) -> Session:
        """A session that the tunnel has from now on, with an id of its own."""


class CallControl:
    """Call messages of all tunnels of one endpoint."""

    def __init__(self, endpoint: CallSite) -> None:
        self.endpoint = endpoint

    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        """Take a message that is about a session."""
        assert examined.message is not None
        name = examined.message.name
        session = self.find(tunnel, packet, examined)
        if name == "CDN":
            self.end(tunnel, packet, session, examined, now)
        elif name in {"WEN", "SLI"}:
            if session is not None:
                self.notify(session, name, examined, now)
        elif session is None and name in {"ICRQ", "OCRQ"}:
            self.request(tunnel, name, examined, now)
        elif session is None:
            self.stray(tunnel, packet, name, examined, now)
        else:
            self.call_event(session, name, examined, now)

    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        """The peer has ended a call, which may have ended here already."""
        known = session.peer_id if session is not None else 0
        peer_id = known or examined.integer("assigned_session_id") or 0
        tunnel.about_calls.drop(packet.header.session_id, peer_id)
        if session is not None:
            session.handle(CallEvent.CDN, now, examined)

    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        """The session that the header names, or for session id 0 the Assigned Session ID AVP."""
        session_id = packet.header.session_id
        if session_id:
            return tunnel.sessions.get(session_id)
        peer_id = examined.integer("assigned_session_id")
        if examined.message is None or examined.message.name != "CDN" or not peer_id:
            return None
        return self.by_peer_id(tunnel, peer_id)

    def by_peer_id(self, tunnel: Tunnel, peer_id: int) -> Session | None:
        """The session to which the peer gave this id."""
        for session in tunnel.sessions.values():
            if session.peer_id == peer_id:
                return session
        return None

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        """An ICRQ or OCRQ that opens a session."""
        kind = _REQUESTS.get((self.endpoint.config.role, name))
        refusal = self.judge_request(tunnel, name, kind, examined)
        session = self.endpoint.new_session(tunnel, kind or CallKind.LNS_INCOMING)
        called = examined.values.get("called_number")
        session.number = called if isinstance(called, str) else ""
        session.framing = examined.integer("framing_type") or 0
        session.fastest = examined.integer("maximum_bps")
        if refusal is not None:
            session.refuse(refusal)
        if kind is None:
            # The other side's request: no state table has it, so it is only turned down.
            session.peer_id = examined.integer("assigned_session_id") or 0
            session.send_cdn()
            tunnel.forget_session(session)
            return
        accepted, refused = EVENTS[name]
        session.handle(refused if refusal else accepted, now, examined)

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        """Why a request cannot be accepted, or None."""
        config = self.endpoint.config
        if examined.fault is not None:
            return examined.fault
        if kind is None:
            text = f"{name} is not for a {config.role.upper()}"
            return Fault(0, text, result=NO_FACILITIES_PERMANENT)
        if tunnel.state.value != "established":
            return Fault(1, f"{name} before the control connection is established")
        if len(tunnel.sessions) >= config.max_sessions:
            return Fault(NO_RESOURCES, "no session left", result=NO_FACILITIES_TEMPORARY)
        peer_id = examined.integer("assigned_session_id")
        if peer_id and self.by_peer_id(tunnel, peer_id) is not None:
            return Fault(INVALID_SESSION, f"session id {peer_id} is in use")
        if name == "OCRQ":
            return self.judge_outgoing(examined)
        return None

    def judge_outgoing(self, examined: Examined) -> Fault | None:
        """Whether the call that an OCRQ asks for can be placed (4.4.3, 4.4.4)."""
        config = self.endpoint.config
        framing = examined.integer("framing_type") or 0
        bearer = examined.integer("bearer_type") or 0
        low, high = examined.integer("minimum_bps") or 0, examined.integer("maximum_bps") or 0
        if not config.places_calls:
            return Fault(0, "no calls are placed", result=NO_FACILITIES_PERMANENT)
        if framing & ~config.framing or bearer & ~config.bearer:
            text = "framing or bearer type was not offered"
            return Fault(0, text, result=NO_FACILITIES_PERMANENT)
        if low > high:
            return Fault(OUT_OF_RANGE, f"minimum BPS {low} above maximum BPS {high}")
        if low > config.line_speed:
            return Fault(0, "no line is so fast", result=NO_FACILITIES_PERMANENT)
        number = examined.values.get("called_number")
        if isinstance(number, str) and not any(letter in DIALLED for letter in number):
            return Fault(0, "there is nothing to dial in this number", result=INVALID_DESTINATION)
        return None

    def call_event(self, session: Session, name: str, examined: Examined, now: float) -> None:
        """A message for a session that exists."""
        accepted, refused = EVENTS[name]
        fault = examined.fault or self.judge_connect(session, name, examined)
        if fault is not None:
            session.refuse(fault)
        else:
            session.refusal = session.out_of_sequence(name)
        session.handle(refused if fault else accepted, now, examined)
        if session.state is not CallState.IDLE:
            session.refusal = None  # the call goes on: the reason was for another outcome

    def judge_connect(self, session: Session, name: str, examined: Examined) -> Fault | None:
        """Whether the framing of a connected call was offered (4.4.3)."""
        if name not in {"ICCN", "OCCN"}:
            return None
        framing = examined.integer("framing_type") or 0
        if framing & ~session.tunnel.config.framing:
            return Fault(OUT_OF_RANGE, f"framing type {framing} was not offered")
        return None

    def notify(self, session: Session, name: str, examined: Examined, now: float) -> None:
        """WEN and SLI change no state, but a fault in them ends the call (4.1, 7.1)."""
        if examined.fault is not None:
            session.refuse(examined.fault)
            session.handle(CallEvent.LOCAL_CLOSE, now)
        elif name == "WEN":
            session.call_errors = examined.values.get("call_errors")
        else:
            session.accm = examined.values.get("accm")

    def stray(
        self, tunnel: Tunnel, packet: Packet, name: str, examined: Examined, now: float
    ) -> None:
        """A message for a session that is not there: the idle rows of the state tables."""
        incoming = name in {"ICRP", "ICCN"}
        if self.endpoint.config.role is Role.LNS:
            kind = CallKind.LNS_INCOMING if incoming else CallKind.LNS_OUTGOING
        else:
            kind = CallKind.LAC_INCOMING if incoming else CallKind.LAC_OUTGOING
        peer_id = examined.integer("assigned_session_id")
        if peer_id:
            tunnel.about_calls.take_id(packet.header.session_id, peer_id)
        local_id = packet.header.session_id or self.endpoint.free_session_id(tunnel)
        session = self.endpoint.make_session(tunnel, kind, local_id)
        session.refuse(Fault(INVALID_SESSION, f"{name} for no session"))
        session.handle(EVENTS[name][0], now, examined)
