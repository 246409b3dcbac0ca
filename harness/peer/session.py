"""One session of a reference peer: a call's state machine and its messages (RFC 2661 7.4, 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from harness.peer import lac_incoming, lac_outgoing, lns_incoming, lns_outgoing
from harness.peer.call import CallAction, CallEvent, CallState, CallTable
from harness.peer.examine import GENERAL_ERROR, INVALID_SESSION, Examined, Fault
from harness.spec.model import Role
from harness.wire import Value

if TYPE_CHECKING:
    from harness.peer.tunnel import Tunnel

ADMINISTRATIVE = 3
"""CDN result code: disconnected for administrative reasons (4.4.2)."""
NO_FACILITIES_TEMPORARY = 4
NO_FACILITIES_PERMANENT = 5
LOSS_OF_CARRIER = 1


class CallKind(Enum):
    """Which of the four call state tables a session follows."""

    LAC_INCOMING = "LAC incoming call"
    LNS_INCOMING = "LNS incoming call"
    LAC_OUTGOING = "LAC outgoing call"
    LNS_OUTGOING = "LNS outgoing call"


TABLES: Final[Mapping[CallKind, CallTable]] = {
    CallKind.LAC_INCOMING: lac_incoming.TABLE,
    CallKind.LNS_INCOMING: lns_incoming.TABLE,
    CallKind.LAC_OUTGOING: lac_outgoing.TABLE,
    CallKind.LNS_OUTGOING: lns_outgoing.TABLE,
}

_HAS_A_MEANING: Final = frozenset({"sequencing_required"})
"""Optional AVPs that bind their sender to something."""

_SENT: Final[Mapping[CallAction, str]] = {
    CallAction.SEND_ICRQ: "ICRQ",
    CallAction.SEND_ICRP: "ICRP",
    CallAction.SEND_ICCN: "ICCN",
    CallAction.SEND_OCRQ: "OCRQ",
    CallAction.SEND_OCRP: "OCRP",
    CallAction.SEND_OCCN: "OCCN",
}


@dataclass(slots=True, eq=False)
class Session:
    """A call of a tunnel. `peer_id` is 0 until the peer has assigned its Session ID.

    framing, fastest: the Framing Type and the Maximum BPS of the OCRQ that asked for it, if any.
    """

    tunnel: Tunnel
    kind: CallKind
    local_id: int
    peer_id: int = 0
    state: CallState = CallState.IDLE
    refusal: Fault | None = None
    number: str = ""
    framing: int = 0
    fastest: int | None = None
    serial: int = 0
    sequencing: bool = False
    call_errors: Value = None
    accm: Value = None

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        """Take one row of the state table; an event that the table does not name is ignored."""
        if examined is not None:
            self._learn(examined)
        transition = TABLES[self.kind].get((self.state, event))
        if transition is None:
            self.tunnel.log(f"session {self.local_id}: {event} in {self.state} ignored")
            return
        self.state = transition.state
        for action in transition.actions:
            self.act(action, now)

    def _learn(self, examined: Examined) -> None:
        peer_id = examined.integer("assigned_session_id")
        if peer_id and not self.peer_id:
            self.peer_id = peer_id
        if "sequencing_required" in examined.values:
            self.sequencing = True

    def act(self, action: CallAction, now: float) -> None:
        """Do what the table says."""
        if action is CallAction.SEND_OCRQ and self.tunnel.peer_bearer is None:
            self.tunnel.log("no OCRQ to a LAC that sent no Bearer Capabilities (6.9)")
            self.state = CallState.IDLE
            self.tunnel.forget_session(self)
        elif action in _SENT:
            name = _SENT[action]
            self.tunnel.send(name, self.message_values(name), session_id=self.peer_id)
        elif action is CallAction.SEND_CDN:
            self.send_cdn()
        elif action is CallAction.OPEN_TUNNEL:
            self.tunnel.when_open(self)
        elif action is CallAction.OPEN_BEARER:
            self.tunnel.ringing[self] = now + self.tunnel.config.answers_after
        elif action is CallAction.CLEAN_UP:
            self.tunnel.forget_session(self)

    def send_cdn(self) -> None:
        """Disconnect the call, for the reason that was found or else an administrative one."""
        fault = self.refusal
        result: dict[str, int | str | bytes]
        if fault is None:
            result = {"result": ADMINISTRATIVE}
        elif fault.result == GENERAL_ERROR:
            result = {"result": fault.result, "error": fault.error, "message": fault.text}
        else:
            result = {"result": fault.result, "error": 0, "message": fault.text}
        values: dict[str, Value] = {"result_code": result, "assigned_session_id": self.local_id}
        values = {**self._details("CDN"), **values}
        self.tunnel.send("CDN", values, session_id=self.peer_id)

    def message_values(self, name: str) -> dict[str, Value]:
        """The AVPs of a call message that this side sends."""
        config = self.tunnel.config
        values: dict[str, Value] = {}
        if name in {"ICRQ", "ICRP", "OCRQ", "OCRP"}:
            values["assigned_session_id"] = self.local_id
        if name in {"ICRQ", "OCRQ"}:
            values["call_serial_number"] = self.serial
        if name == "ICRQ":
            values["bearer_type"] = 1
            if self.number:
                values["called_number"] = self.number
        if name == "OCRQ":
            values["called_number"] = self.number or "5551234"
            values["bearer_type"] = self.tunnel.peer_bearer or 0
            values["framing_type"] = self.tunnel.peer_framing & 1 or self.tunnel.peer_framing
        if name in {"ICCN", "OCCN"}:
            framing = self.framing or self.tunnel.peer_framing
            values["framing_type"] = framing & 1 or framing
            values["tx_connect_speed"] = config.line_speed
            if self.fastest is not None:
                values["tx_connect_speed"] = min(config.line_speed, self.fastest)
            if config.rx_connect_speed is not None:
                values["rx_connect_speed"] = config.rx_connect_speed
            if config.sequencing_required:
                values["sequencing_required"] = None
        return {**self._details(name), **values}

    def _details(self, name: str) -> dict[str, Value]:
        """The optional AVPs of a message with the examples of the table, where they are wanted."""
        config = self.tunnel.config
        # the cause of 4.4.4 comes from the line, which an LNS does not have
        if not config.details or (name == "CDN" and config.role is Role.LNS):
            return {}
        specification = self.tunnel.endpoint.specification
        optional = specification.messages[name].optional
        return {
            avp: specification.avps[avp].example for avp in optional if avp not in _HAS_A_MEANING
        }

    def refuse(self, fault: Fault) -> None:
        """Remember why the next CDN is sent; the first reason counts."""
        if self.refusal is None:
            self.refusal = fault

    def out_of_sequence(self, name: str) -> Fault:
        """The reason of a CDN for a message that the state does not expect."""
        return Fault(INVALID_SESSION, f"{name} in state {self.state}")
