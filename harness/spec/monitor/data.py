"""Data messages: header, ids, sequence numbers (RFC 2661 3.1, 5.0, 5.3, 5.4)."""

from __future__ import annotations

import struct
from typing import Final

from harness.spec.model import Role
from harness.spec.monitor.connection import judge_addresses
from harness.spec.monitor.header import judge_data_header
from harness.spec.monitor.judge import Endpoint, Judge
from harness.spec.monitor.numbering import MODULUS, unwrap
from harness.spec.monitor.registry import Found, Registry
from harness.spec.monitor.rules import RuleId
from harness.spec.monitor.tunnel import Call, Flow, Tunnel

RECENT: Final = 32
"""Data messages of one direction whose payloads are remembered."""

WRAP: Final = 60.0
"""Seconds after which a number may come again because all others have been used."""

MODE: Final = 5
MODE_TIME: Final = 1.0
"""So many data messages of the LNS, over so many seconds, with or without sequence numbers, have
reached the LAC."""

ROUTES: Final = 65536
"""Tunnel IDs with their addresses whose tunnel is remembered."""

_LENGTH: Final = 0x4000
_SEQUENCE: Final = 0x0800
_OFFSET: Final = 0x0200
_PRIORITY: Final = 0x0100
_REGULAR: Final = _LENGTH | _SEQUENCE | _PRIORITY | 2
"""The flags that a data message may have without being looked at more closely."""

_LCP: Final = b"\xc0\x21"
_ECHO_REQUEST: Final = 9
_FLAG: Final = b"\x7e"
_ESCAPED: Final = b"\xff\x7d\x23"
"""FF03 as HDLC has it on an asynchronous line."""

_two = struct.Struct(">HH").unpack_from
_one = struct.Struct(">H").unpack_from


class DataMessages:
    """The rules of data messages. Quick: most datagrams of a capture are such."""

    def __init__(
        self,
        judge: Judge,
        registry: Registry,
        opaque: set[str],
        perhaps: set[tuple[str, int]],
    ) -> None:
        self.judge = judge
        self.registry = registry
        self.opaque = opaque
        self.perhaps = perhaps
        self._routes: dict[tuple[Endpoint, Endpoint, int], Found | None] = {}
        self._tunnels = -1

    def take(self, data: bytes) -> None:
        """Judge a data message of version 2."""
        judge = self.judge
        word: int
        (word,) = _one(data)
        regular = not word & ~_REGULAR and not judge.accounts
        place = 4 if word & _LENGTH else 2
        header = place + 4 + (4 if word & _SEQUENCE else 0)
        if len(data) < header or (word & _LENGTH and _one(data, 2)[0] != len(data)) or not regular:
            judge_data_header(judge, data)
            if len(data) < header:
                return
        tunnel_id, session_id = _two(data, place)
        found = self._route(tunnel_id)
        if found is None:
            return
        tunnel, index = found
        if not tunnel.whole:
            return
        call = tunnel.calls.get((1 - index, session_id))
        if call is None:
            self._judge_unknown(tunnel, index, session_id)
            return
        if tunnel.entangled:
            return
        ns = _one(data, place + 4)[0] if word & _SEQUENCE else None
        self._judge(tunnel, call, index, ns, data, header)
        payload = data[header : header + 4]
        if word & _OFFSET:
            return
        if _LCP in payload or payload[:1] == _FLAG or payload[:3] == _ESCAPED:
            self._judge_framing(data[header:])
            if not word & _PRIORITY:
                self._judge_echo(data, header)

    def forget_routes(self) -> None:
        """The tunnels have changed."""
        self._routes.clear()

    def _route(self, tunnel_id: int) -> Found | None:
        """The tunnel of the frame at hand; its addresses are judged when it is new."""
        frame = self.judge.frame
        key = (frame.source, frame.destination, tunnel_id)
        if key in self._routes:
            return self._routes[key]
        strict = not self.judge.view.complete
        found = self.registry.addressed(frame.source, frame.destination, tunnel_id, strict=strict)
        if found is None:
            self._judge_no_tunnel(tunnel_id)
            return None
        tunnel, index = found
        if tunnel.whole and not tunnel.entangled:
            judge_addresses(self.judge, tunnel, index)
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        self._routes[key] = found
        return found

    def _judge_no_tunnel(self, tunnel_id: int) -> None:
        judge = self.judge
        sure = judge.view.complete and not self.registry.forgot
        host = judge.frame.destination[0]
        sure = sure and host not in self.opaque and (host, tunnel_id) not in self.perhaps
        if judge.violated(RuleId.TUNNEL_ID, sure):
            text = f"a data message has Tunnel ID {tunnel_id}, which the peer has not assigned"
            judge.blame(RuleId.TUNNEL_ID, text)

    def _judge_unknown(self, tunnel: Tunnel, index: int, session_id: int) -> None:
        judge = self.judge
        peer = tunnel.sides[1 - index]
        sure = not (tunnel.forgot or tunnel.entangled or peer.opaque or peer.session_ids_unknown)
        sure = sure and not peer.numbering.gaps and peer.numbering.started
        # In a capture, what assigned the id may just not have been seen.
        if not judge.view.complete and session_id:
            sure = sure and bool(tunnel.calls)
        if judge.violated(RuleId.SESSION_ID, sure):
            text = f"a data message has Session ID {session_id}, which the peer has not assigned"
            judge.blame(RuleId.SESSION_ID, text, certain=session_id == 0)

    # -- the messages of a session ------------------------------------------------------------

    def _judge(
        self, tunnel: Tunnel, call: Call, index: int, ns: int | None, data: bytes, header: int
    ) -> None:
        judge = self.judge
        frame = judge.frame
        if call.shared:
            return
        if call.connected is None and not call.unsure:
            if judge.violated(RuleId.DATA_BEFORE_SESSION, judge.view.complete):
                text = "a data message is sent before the session is established"
                judge.blame(RuleId.DATA_BEFORE_SESSION, text)
            elif call.early[index] is None and not frame.excused:
                call.early[index] = frame
        else:
            judge.violated(RuleId.DATA_BEFORE_SESSION, False)
        self._judge_closed(tunnel, call, index)
        required = call.sequencing and not call.unsure
        if required and judge.violated(RuleId.DATA_SEQUENCING_REQUIRED, ns is None):
            text = "a data message has no sequence numbers, which were required"
            judge.blame(RuleId.DATA_SEQUENCING_REQUIRED, text)
        flow = call.flows[index]
        if flow is None:
            flow = call.flows[index] = Flow()
        if not frame.excused:
            self._judge_mode(tunnel, call, index, flow, numbered=ns is not None)
            if ns is not None:
                self._judge_ns(call, flow, ns, data[header:])

    def _judge_closed(self, tunnel: Tunnel, call: Call, index: int) -> None:
        judge = self.judge
        ended = call.ended[index]
        closed = tunnel.sides[index].stopped
        if ended is None and closed is None:
            return
        horizon = judge.view.horizon
        for case, frame in (("session", ended[1] if ended else None), ("tunnel", closed)):
            if frame is None:
                continue
            row = judge.row(RuleId.DATA_AFTER_CLOSE, case)
            late = judge.frame.at - frame.at > horizon or judge.view.complete
            if judge.violated(RuleId.DATA_AFTER_CLOSE, late and not frame.excused, row):
                text = f"a data message of a {case} that its sender has ended"
                judge.blame(RuleId.DATA_AFTER_CLOSE, text, rows=(row,), earlier=(frame.number,))

    def _judge_mode(
        self, tunnel: Tunnel, call: Call, index: int, flow: Flow, *, numbered: bool
    ) -> None:
        """The LNS decides about sequence numbers, and the LAC follows (5.4)."""
        judge = self.judge
        frame = judge.frame
        if flow.numbered is not numbered:
            flow.numbered, flow.since, flow.count = numbered, frame, 0
        flow.count += 1
        if call.sequencing or call.unsure or tunnel.sides[index].role is not Role.LAC:
            return
        lead = call.flows[1 - index]
        if lead is None or lead.since is None or lead.numbered is None:
            return
        settled = lead.count >= MODE and frame.at - lead.since.at >= MODE_TIME
        row = judge.row(RuleId.DATA_SEQUENCING_FOLLOWED, "with" if lead.numbered else "without")
        odd = settled and lead.numbered is not numbered
        if judge.violated(RuleId.DATA_SEQUENCING_FOLLOWED, odd, row):
            has = "has no" if lead.numbered else "has"
            text = f"data of the LAC {has} sequence numbers, otherwise than that of the LNS"
            earlier = (lead.since.number,)
            judge.blame(RuleId.DATA_SEQUENCING_FOLLOWED, text, rows=(row,), earlier=earlier)

    def _judge_ns(self, call: Call, flow: Flow, ns: int, payload: bytes) -> None:
        judge = self.judge
        frame = judge.frame
        first = flow.next < 0
        # The count begins at 0 with the session, which a capture may not have seen.
        near = 0 if first else flow.next
        number = unwrap(ns, near)
        digest = hash(payload)
        wrong = ""
        earlier = [flow.highest.number] if flow.highest else []
        if judge.view.complete:
            if number != near:
                wrong = f"Ns of a data message is {ns}, {near % MODULUS} is the next"
        elif not first and number < near:
            same = flow.recent.get(number)
            if same is not None and same[0] != digest and frame.at - same[1].at < WRAP:
                wrong = f"Ns {ns} of a data message was that of another one"
                earlier = [same[1].number]
            elif (
                same is None
                and flow.highest is not None
                and frame.at - flow.highest.at > judge.view.horizon
            ):
                wrong = f"Ns of a data message is {ns}, it was {(near - 1) % MODULUS} already"
        if judge.violated(RuleId.DATA_NS, bool(wrong) and not call.unsure):
            judge.blame(RuleId.DATA_NS, wrong, earlier=earlier)
        if first or number >= near or wrong:
            flow.next = number + 1
            flow.highest = frame
        flow.recent[number] = (digest, frame)
        if len(flow.recent) > RECENT:
            del flow.recent[next(iter(flow.recent))]

    def _judge_framing(self, payload: bytes) -> None:
        """What a serial line has around a frame stays there: flags, escapes, FCS (5.3)."""
        judge = self.judge
        wrong = ""
        if payload[:1] == _FLAG:
            wrong = "a data message begins with a flag of HDLC"
        elif payload[:3] == _ESCAPED:
            wrong = "a data message begins with an escaped octet"
        else:
            start = 4 if payload.startswith(b"\xff\x03") else 2
            end = start + (_one(payload, start + 2)[0] if len(payload) >= start + 4 else 0)
            told = payload[end : end + 2]
            whole = (payload[:end], b"\xff\x03" + payload[:end])
            if end > start and len(told) == 2 and told in map(fcs, whole):
                wrong = "a PPP frame in a data message has an FCS behind it"
        if judge.violated(RuleId.DATA_FRAMING, bool(wrong)):
            judge.blame(RuleId.DATA_FRAMING, wrong)

    def _judge_echo(self, data: bytes, header: int) -> None:
        payload = data[header : header + 5]
        if payload.startswith(b"\xff\x03"):
            payload = payload[2:]
        if payload[:2] != _LCP or payload[2:3] != bytes((_ECHO_REQUEST,)):
            return
        judge = self.judge
        if judge.violated(RuleId.DATA_ECHO_PRIORITY, True):
            judge.blame(RuleId.DATA_ECHO_PRIORITY, "an LCP Echo-Request has no P bit")


def fcs(octets: bytes) -> bytes:
    """The 16-bit frame check sequence of HDLC, as it stands behind a frame (RFC 1662 C.2)."""
    state = 0xFFFF
    for octet in octets:
        state ^= octet
        for _ in range(8):
            state = state >> 1 ^ (0x8408 if state & 1 else 0)
    return (state ^ 0xFFFF).to_bytes(2, "little")
