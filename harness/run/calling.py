"""The `calls` step: so many incoming calls in one tunnel that a device may have no place left.

They are asked for a window full at a time, and counted rather than recorded, as the HELLOs of
`advance` are: a note says how many there were. Data that comes in them is not recorded either,
until the script sends something in a call. What does not belong to them goes its usual way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from harness.peer.channel import HALF, MODULUS, after
from harness.peer.examine import examine
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedSession, ScriptedTunnel
from harness.run.advancing import (
    AGAIN,
    BARE,
    NR_OCTETS,
    NS_OCTETS,
    PATIENCE,
    first_of,
    is_control_of,
)
from harness.run.context import Context
from harness.run.events import Note
from harness.spec.monitor import Unseen
from harness.suite.edits import Compose
from harness.suite.model import Calls
from harness.wire import Packet, build, parse, zlb

SESSION_ID: Final = slice(6, 8)
ICRP: Final = 11
ID_OCTETS: Final = 2

ASSIGNED_SESSION_ID: Final = 14
SERIAL_NUMBER: Final = 15
CONTROL_BIT: Final = 0x80
LENGTH_BIT: Final = 0x40
DATA_HEADER: Final = 8
"""Octets of a data message from which its ids can be read whether it has a Length or not (3.1)."""

HEAD: Final = 6
"""Octets of an AVP before its value."""


async def calls(context: Context, step: Calls) -> None:
    """Ask for the calls, and see each of them accepted with an id that no other has."""
    tunnel = context.tunnel(step)
    if not tunnel.channel.idle:
        context.inconclusive(step, "all acknowledged that was sent before", "not all is")
    sessions = [tunnel.session(f"s{index}") for index in range(step.count)]
    icrq = context.assembler.assemble(Compose(message="ICRQ"), tunnel, sessions[0], step.place)

    requests = _Requests(tunnel, build(icrq.packet), sessions, partial(context.pass_over, tunnel))
    before = context.peer.aside
    outside = first_of(requests.is_data, before)
    context.peer.aside = first_of(requests.take, outside)
    try:
        await _run(context, step, requests)
    finally:
        context.peer.aside = outside
        requests.end()
    text = f"{step.count} calls were asked for and accepted; they are not in the record"
    context.emit(Note(context.case.id, context.at, text))
    given = Counter(session.peer_id for session in sessions)
    expected = "each call is accepted, with a Session ID of its own"
    twice = [number for number, times in given.items() if times > 1]
    if twice:
        # what `otherwise` says is about calls that do not come up: these did
        told = f"{twice[0]} is that of {given[twice[0]]} calls"
        context.failed(replace(step, otherwise=None), "calls", expected, told)
    context.passed(step, "calls", expected, text)


class _Requests:
    """ICRQs under way. first: the Ns of the oldest that is not acknowledged; it is that of a call.

    accepted: how many calls there are. unseen: told which messages of ours have been acknowledged
    since it was told last, or never were, and which of the IUT have come.
    """

    def __init__(
        self,
        tunnel: ScriptedTunnel,
        icrq: bytes,
        sessions: Sequence[ScriptedSession],
        unseen: Callable[[Unseen, Unseen], None],
    ) -> None:
        self.tunnel = tunnel
        self.octets = bytearray(icrq)
        found = places(icrq)
        self.places = found[ASSIGNED_SESSION_ID], found[SERIAL_NUMBER]
        self.sessions = sessions
        for session in sessions:
            session.counted = True
        self.by_id = {session.local_id: session for session in sessions}
        self.first = tunnel.channel.ns
        self.acknowledged = 0
        self.under_way = 0
        self.accepted = 0
        self.unseen = unseen
        self.told = (0, 0)

    @property
    def done(self) -> bool:
        """Whether all calls are accepted, and all requests acknowledged."""
        return self.accepted == self.acknowledged == len(self.sessions)

    def send(self) -> bool:
        """Fill the window. False: nothing was sent."""
        left = len(self.sessions) - self.acknowledged
        before = self.under_way
        while self.under_way < min(left, self.tunnel.channel.peer_window):
            self._transmit(self.under_way)
            self.under_way += 1
        return self.under_way > before

    def send_again(self) -> None:
        """Send what is under way once more, or say again what has come."""
        for index in range(self.under_way):
            self._transmit(index)
        if not self.under_way:
            self._acknowledge()

    def tell(self) -> None:
        """Account for what is acknowledged, on both sides."""
        ours, theirs = self.told
        self.unseen(
            Unseen(self.acknowledged - ours, calls=True), Unseen(self.accepted - theirs, calls=True)
        )
        self.told = self.acknowledged, self.accepted
        self.tunnel.channel.ns = self.first

    def end(self) -> None:
        """Account for all of them: what is still under way has been sent, and is not repeated."""
        self.tell()
        self.unseen(Unseen(0, self.under_way, calls=True), Unseen(0))
        self.tunnel.channel.ns = (self.first + self.under_way) % MODULUS

    def take(self, data: bytes) -> bool:
        """Take an ICRP for one of the calls, or a bare acknowledgement; all else goes its way."""
        if not is_control_of(self.tunnel, data):
            return False
        progress = after(int.from_bytes(data[NR_OCTETS], "big"), self.first)
        if progress <= self.under_way:
            self.first = (self.first + progress) % MODULUS
            self.under_way -= progress
            self.acknowledged += progress
        if len(data) == BARE:
            self.send()
            return True
        session = self.by_id.get(int.from_bytes(data[SESSION_ID], "big"))
        assigned = self._assigned(data)
        if session is None or not assigned:
            self.tell()
            return False
        self._accept(session, assigned, int.from_bytes(data[NS_OCTETS], "big"))
        return True

    def is_refusal(self, observed: Observed) -> bool:
        """Whether a message ends the tunnel, or one of the calls."""
        return observed.name == "StopCCN" or (
            observed.name == "CDN" and observed.header.session_id in self.by_id
        )

    def is_data(self, data: bytes) -> bool:
        """Whether it is data for a call that the script has nothing to do with: the PPP of tens of
        thousands of calls may ask now and then whether somebody is there.
        """
        if len(data) < DATA_HEADER or data[0] & CONTROL_BIT:
            return False
        at = 4 if data[0] & LENGTH_BIT else 2
        if int.from_bytes(data[at : at + 2], "big") != self.tunnel.local_id:
            return False
        session = self.by_id.get(int.from_bytes(data[at + 2 : at + 4], "big"))
        return session is not None and session.counted

    def _accept(self, session: ScriptedSession, assigned: int, ns: int) -> None:
        channel = self.tunnel.channel
        if ns == channel.nr:
            channel.nr = (channel.nr + 1) % MODULUS
            session.peer_id = assigned
            self.accepted += 1
        if not self.send() and after(ns, channel.nr) >= HALF:
            self._acknowledge()

    def _assigned(self, data: bytes) -> int:
        """The Assigned Session ID of an ICRP; 0: it is none, or has none that can be read."""
        packet = parse(data).packet
        if packet is None or packet.message_type != ICRP:
            return 0
        return assigned_session_id(packet, self.tunnel)

    def _transmit(self, index: int) -> None:
        number = self.acknowledged + index
        ns = (self.first + index) % MODULUS
        session, serial = self.places
        self.octets[NS_OCTETS] = ns.to_bytes(2, "big")
        self.octets[NR_OCTETS] = self.tunnel.channel.nr.to_bytes(2, "big")
        self.octets[session] = self.sessions[number].local_id.to_bytes(2, "big")
        self.octets[serial] = (number + 1).to_bytes(4, "big")
        self.tunnel.link.send(bytes(self.octets), self.tunnel.remote)

    def _acknowledge(self) -> None:
        ns = (self.first + self.under_way) % MODULUS
        packet = zlb(self.tunnel.peer_id, ns, self.tunnel.channel.nr)
        self.tunnel.link.send(build(packet), self.tunnel.remote)


def assigned_session_id(packet: Packet, tunnel: ScriptedTunnel) -> int:
    """The Assigned Session ID of a message; 0: it has none that can be read."""
    for avp in packet.avps:
        if avp.type == ASSIGNED_SESSION_ID and not avp.hidden and len(avp.value) == ID_OCTETS:
            return int.from_bytes(avp.value, "big")
    examined = examine(tunnel.peer.specification, packet, tunnel.hidden_with)
    return examined.integer("assigned_session_id") or 0


def places(octets: bytes) -> dict[int, slice]:
    """Where the values of the AVPs of a message are, by Attribute Type."""
    packet = parse(octets).packet
    assert packet is not None
    at, found = BARE, {}
    for avp in packet.avps:
        found[avp.type] = slice(at + HEAD, at + HEAD + len(avp.value))
        at += HEAD + len(avp.value)
    return found


async def _run(context: Context, step: Calls, requests: _Requests) -> None:
    tunnel = context.tunnel(step)
    requests.send()
    heard, patience = context.peer.now, context.scaled(PATIENCE)
    expected = "each call is accepted, with a Session ID of its own"
    while not requests.done:
        before = requests.accepted
        await context.news(context.peer.now + context.scaled(AGAIN))
        answers = [one for one in tunnel.inbox if requests.is_refusal(one)]
        told = ""
        if answers:
            told = f"{answers[0].name} after {requests.accepted} calls"
        elif context.peer.now - heard > patience:
            told = f"no answer after {requests.accepted} calls"
        if told:
            frames = [one.number for one in answers[:1]]
            context.failed(step, "calls", expected, told, frames)
        if requests.accepted > before:
            heard = context.peer.now
            requests.send()
        else:
            requests.send_again()
