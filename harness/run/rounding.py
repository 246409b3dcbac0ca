"""The `advance` step with `of: iut`: so many calls that the Ns of an LNS comes to a number.

Each call is asked for, and ended by a CDN as soon as it is accepted, so that each costs the IUT one
number and leaves nothing behind. They are counted, not recorded, as the HELLOs of `advance` are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from harness.peer.channel import HALF, MODULUS, after
from harness.peer.message_types import CDN, ICRP
from harness.peer.scripted import ScriptedTunnel
from harness.run.advancing import (
    AGAIN,
    BARE,
    LONGEST,
    NR_OCTETS,
    NS_OCTETS,
    PACE_KNOWN,
    PATIENCE,
    first_of,
    is_control_of,
)
from harness.run.calling import (
    ASSIGNED_SESSION_ID,
    SERIAL_NUMBER,
    SESSION_ID,
    assigned_session_id,
    places,
)
from harness.run.concerning import describe
from harness.run.context import Context
from harness.run.events import Note
from harness.spec.monitor import Unseen
from harness.suite.edits import Compose
from harness.suite.model import Advance
from harness.wire import Packet, build, parse, zlb

EXPECTED: Final = "each call is accepted or refused, and its end acknowledged"
ROUND: Final = "round"
"""The call of whose messages those of all others are made."""

ANSWERS: Final = frozenset({ICRP, CDN})


async def advance_iut(context: Context, step: Advance) -> None:
    """Ask for calls, at most a window full of messages at a time, until the IUT is there."""
    tunnel = context.tunnel(step)
    if not tunnel.channel.idle:
        context.inconclusive(step, "all acknowledged that was sent before", "not all is")
    session = tunnel.session(ROUND)
    session.counted = True
    icrq, cdn = (
        build(context.assembler.assemble(Compose(message=one), tunnel, session, step.place).packet)
        for one in ("ICRQ", "CDN")
    )

    rounds = _Rounds(tunnel, icrq, cdn, step.to, partial(context.pass_over, tunnel))
    before = context.peer.aside
    context.peer.aside = first_of(rounds.take, before)
    try:
        await _run(context, step, rounds)
    finally:
        context.peer.aside = before
        rounds.end()
    text = f"{rounds.taken} calls were asked for and ended; they are not in the record"
    if rounds.staying:
        text += f"; {rounds.staying} have not been ended, for want of a Session ID of their own"
    context.emit(Note(context.case.id, context.at, text))
    context.passed(step, "advance", EXPECTED, text)


class _Rounds:
    """ICRQs and CDNs under way. first: the Ns of the oldest that is not acknowledged.

    taken: how many messages of the IUT have come. asked: the calls that are not answered yet.
    ending: those that are, by the ids of both sides, whose CDN has to be sent. staying: how many
    cannot be ended, as the id that they got is none, or that of another call.
    """

    def __init__(
        self,
        tunnel: ScriptedTunnel,
        icrq: bytes,
        cdn: bytes,
        to: int,
        unseen: Callable[[Unseen, Unseen], None],
    ) -> None:
        self.tunnel = tunnel
        self.icrq, self.cdn = bytearray(icrq), bytearray(cdn)
        self.places = places(icrq)
        self.cdn_id = places(cdn)[ASSIGNED_SESSION_ID]
        self.to = to
        self.number = after(to, tunnel.channel.nr)
        self.first = tunnel.channel.ns
        self.under_way: deque[bytes] = deque()
        self.asked: set[int] = set()
        self.ending: deque[tuple[int, int]] = deque()
        self.acknowledged = self.taken = self.serial = 0
        self.told = (0, 0)
        self.unseen = unseen
        self.others = {one.local_id for one in tunnel.sessions.values() if one.name != ROUND}
        self.ids = self._ids()
        self.taken_ids = {0, *(one.peer_id for one in tunnel.sessions.values())}
        self.staying = 0

    @property
    def left(self) -> int:
        """How many numbers the IUT has still to use."""
        return after(self.to, self.tunnel.channel.nr)

    @property
    def done(self) -> bool:
        """Whether the IUT is there, and all that was asked for has ended."""
        return not (self.left or self.asked or self.ending or self.under_way)

    def send(self) -> bool:
        """Fill the window: ends first, then requests. False: nothing was sent."""
        before = len(self.under_way)
        while len(self.under_way) < self.tunnel.channel.peer_window:
            if self.ending:
                self._add(self._end(*self.ending.popleft()))
            elif len(self.asked) < self.left:
                self._add(self._request())
            else:
                break
        return len(self.under_way) > before

    def send_again(self) -> None:
        """Send what is under way once more, or say again what has come."""
        for index, octets in enumerate(self.under_way):
            self._transmit(index, octets)
        if not self.under_way:
            self._acknowledge()

    def tell(self) -> None:
        """Account for what is acknowledged, on both sides."""
        ours, theirs = self.told
        self.unseen(
            Unseen(self.acknowledged - ours, calls=True), Unseen(self.taken - theirs, calls=True)
        )
        self.told = self.acknowledged, self.taken
        self.tunnel.channel.ns = self.first

    def end(self) -> None:
        """Account for all of them: what is still under way has been sent, and is not repeated."""
        self.tell()
        self.unseen(Unseen(0, len(self.under_way), calls=True), Unseen(0))
        self.tunnel.channel.ns = (self.first + len(self.under_way)) % MODULUS

    def take(self, data: bytes) -> bool:
        """Take an answer to a request, or a bare acknowledgement; all else goes its way."""
        if not is_control_of(self.tunnel, data):
            return False
        progress = after(int.from_bytes(data[NR_OCTETS], "big"), self.first)
        if progress <= len(self.under_way):
            for _ in range(progress):
                self.under_way.popleft()
            self.first = (self.first + progress) % MODULUS
            self.acknowledged += progress
        if len(data) == BARE:
            self.send()
            return True
        packet = parse(data).packet
        local = int.from_bytes(data[SESSION_ID], "big")
        if packet is None or packet.message_type not in ANSWERS or local in self.others:
            self.tell()
            return False
        self._answer(packet, local, int.from_bytes(data[NS_OCTETS], "big"))
        return True

    def _answer(self, packet: Packet, local: int, ns: int) -> None:
        channel = self.tunnel.channel
        if ns == channel.nr:
            channel.nr = (channel.nr + 1) % MODULUS
            self.taken += 1
            self.asked.discard(local)
            if packet.message_type == ICRP:
                self._accepted(local, assigned_session_id(packet, self.tunnel))
        if not self.send() and after(ns, channel.nr) >= HALF:
            self._acknowledge()

    def _accepted(self, local: int, assigned: int) -> None:
        if assigned in self.taken_ids:
            # a CDN to that id would end something else, with 0 perhaps the tunnel
            self.staying += 1
        else:
            self.ending.append((local, assigned))

    def _ids(self) -> Iterator[int]:
        """Session IDs one after the other; none comes again until all have had their turn."""
        while True:
            yield from (one for one in range(1, MODULUS) if one not in self.others)

    def _request(self) -> bytes:
        local = next(self.ids)
        self.asked.add(local)
        self.serial += 1
        self.icrq[self.places[ASSIGNED_SESSION_ID]] = local.to_bytes(2, "big")
        self.icrq[self.places[SERIAL_NUMBER]] = self.serial.to_bytes(4, "big")
        return bytes(self.icrq)

    def _end(self, local: int, assigned: int) -> bytes:
        self.cdn[SESSION_ID] = assigned.to_bytes(2, "big")
        self.cdn[self.cdn_id] = local.to_bytes(2, "big")
        return bytes(self.cdn)

    def _add(self, octets: bytes) -> None:
        self._transmit(len(self.under_way), octets)
        self.under_way.append(octets)

    def _transmit(self, index: int, octets: bytes) -> None:
        datagram = bytearray(octets)
        datagram[NS_OCTETS] = ((self.first + index) % MODULUS).to_bytes(2, "big")
        datagram[NR_OCTETS] = self.tunnel.channel.nr.to_bytes(2, "big")
        self.tunnel.link.send(bytes(datagram), self.tunnel.remote)

    def _acknowledge(self) -> None:
        ns = (self.first + len(self.under_way)) % MODULUS
        packet = zlb(self.tunnel.peer_id, ns, self.tunnel.channel.nr)
        self.tunnel.link.send(build(packet), self.tunnel.remote)


async def _run(context: Context, step: Advance, rounds: _Rounds) -> None:
    tunnel = context.tunnel(step)
    started = heard = again = context.peer.now
    rounds.send()
    while not rounds.done:
        before = rounds.left, rounds.acknowledged
        await context.news(context.peer.now + context.scaled(AGAIN))
        if tunnel.ended is not None:
            told = describe(tunnel.ended)
            context.inconclusive(step, EXPECTED, told, [tunnel.ended.number])
        if rounds.left > rounds.number:
            context.inconclusive(step, EXPECTED, "the IUT has sent more than was asked for")
        if context.peer.now - heard > context.scaled(PATIENCE):
            context.failed(step, "advance", EXPECTED, f"no answer after {rounds.taken} calls")
        if (rounds.left, rounds.acknowledged) != before:
            heard = again = context.peer.now
            rounds.send()
        elif context.peer.now - again >= context.scaled(AGAIN):
            again = context.peer.now
            rounds.send_again()
        elapsed = context.peer.now - started
        if elapsed > context.scaled(PACE_KNOWN) and elapsed * rounds.number > (
            context.scaled(LONGEST) * rounds.taken
        ):
            told = f"{rounds.taken} of {rounds.number} are after {elapsed:.0f} s"
            context.inconclusive(step, f"{EXPECTED}, in a reasonable time", told)
