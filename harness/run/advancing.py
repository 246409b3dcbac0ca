"""The `advance` step: as many HELLOs as it takes to bring Ns to a given number.

Sequence numbers begin at 0, so what happens behind 65535 shows only after 65536 messages. These
are counted, not recorded: a note says how many there were.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from harness.peer.channel import HALF, MODULUS, after
from harness.peer.scripted import ScriptedTunnel
from harness.run.concerning import describe
from harness.run.context import Context
from harness.run.events import Note
from harness.spec.monitor import Unseen
from harness.suite.edits import Compose
from harness.suite.model import Advance
from harness.wire import Packet, build

PATIENCE: Final = 10.0
"""Seconds without an acknowledgement after which the IUT has failed."""

LONGEST: Final = 600.0
"""Seconds that it may take in all. An IUT that is far away, or takes its time with each
acknowledgement, has not failed, but what lies behind so many messages remains open."""

PACE_KNOWN: Final = 30.0
"""Seconds after which its pace says whether there is time enough."""

AGAIN: Final = 0.5
"""Seconds after which what may have been lost is sent once more."""

BARE: Final = 12
"""Octets of a control message that has nothing but its header (3.1)."""

CONTROL: Final = 0xC8
"""The bits T, L and S, which every control message has (3.1)."""

TUNNEL_ID: Final = slice(4, 6)
NS_OCTETS: Final = slice(8, 10)
NR_OCTETS: Final = slice(10, 12)


async def advance(context: Context, step: Advance) -> None:
    """Send HELLOs, at most a window full at a time, until the next Ns is the one asked for."""
    tunnel = context.tunnel(step)
    if not tunnel.channel.idle:
        context.inconclusive(step, "all acknowledged that was sent before", "not all is")
    hello = context.assembler.assemble(
        Compose(message="HELLO"), tunnel, context.session(step), step.place
    )
    number = after(step.to, tunnel.channel.ns)

    flood = _Flood(tunnel, hello.packet, number, partial(context.pass_over, tunnel))
    before = context.peer.aside
    context.peer.aside = first_of(flood.take, before)
    try:
        await _run(context, step, flood)
    finally:
        context.peer.aside = before
        flood.end()
    text = f"{number} HELLOs were sent and acknowledged; they are not in the record"
    context.emit(Note(context.case.id, context.at, text))
    context.passed(step, "advance", f"every HELLO up to Ns {step.to} is acknowledged", text)


def is_control_of(tunnel: ScriptedTunnel, data: bytes) -> bool:
    """Whether a datagram is a control message of the IUT in this tunnel, by its header (3.1)."""
    return (
        len(data) >= BARE
        and data[0] & CONTROL == CONTROL
        and int.from_bytes(data[TUNNEL_ID], "big") == tunnel.local_id
    )


def first_of(
    take: Callable[[bytes], bool], before: Callable[[bytes], bool] | None
) -> Callable[[bytes], bool]:
    """Whoever takes a datagram, of this one and what was there before it."""
    if before is None:
        return take
    return lambda data: take(data) or before(data)


class _Flood:
    """HELLOs under way. first: the Ns of the oldest that is not acknowledged yet.

    unseen: told which have been acknowledged since it was told last, and which never were.
    """

    def __init__(
        self, tunnel: ScriptedTunnel, hello: Packet, number: int, unseen: Callable[[Unseen], None]
    ) -> None:
        self.tunnel = tunnel
        self.octets = bytearray(build(hello))
        self.first = tunnel.channel.ns
        self.left = number
        self.under_way = 0
        self.told = self.first
        self.unseen = unseen

    def send(self) -> None:
        """Fill the window."""
        while self.under_way < min(self.left, self.tunnel.channel.peer_window):
            self._transmit((self.first + self.under_way) % MODULUS)
            self.under_way += 1

    def send_again(self) -> None:
        """Send what is under way once more."""
        for index in range(self.under_way):
            self._transmit((self.first + index) % MODULUS)

    def tell(self) -> None:
        """Account for what is acknowledged: what the IUT says of its own accord refers to it."""
        self.unseen(Unseen(after(self.first, self.told)))
        self.told = self.tunnel.channel.ns = self.first

    def end(self) -> None:
        """Account for all of them: what is still under way has been sent, and is not repeated."""
        self.tell()
        self.unseen(Unseen(0, self.under_way))
        self.tunnel.channel.ns = (self.first + self.under_way) % MODULUS

    def _transmit(self, ns: int) -> None:
        self.octets[NS_OCTETS] = ns.to_bytes(2, "big")
        self.octets[NR_OCTETS] = self.tunnel.channel.nr.to_bytes(2, "big")
        self.tunnel.link.send(bytes(self.octets), self.tunnel.remote)

    def take(self, data: bytes) -> bool:
        """Take a bare acknowledgement of ours; all else goes its usual way."""
        if not is_control_of(self.tunnel, data):
            return False
        acknowledged = after(int.from_bytes(data[NR_OCTETS], "big"), self.first)
        if acknowledged > self.under_way and acknowledged < HALF:
            return False
        if 0 < acknowledged < HALF:
            self.first = (self.first + acknowledged) % MODULUS
            self.under_way -= acknowledged
            self.left -= acknowledged
            if len(data) == BARE:
                self.send()
        if len(data) > BARE:
            self.tell()
            return False
        return True


async def _run(context: Context, step: Advance, flood: _Flood) -> None:
    tunnel = context.tunnel(step)
    flood.send()
    heard, patience = context.peer.now, context.scaled(PATIENCE)
    started, number = heard, flood.left
    while flood.left:
        before = flood.left
        await context.news(context.peer.now + context.scaled(AGAIN))
        if tunnel.ended is not None:
            # a tunnel without a call may be closed, be there HELLOs or not (P-37)
            told = describe(tunnel.ended)
            context.inconclusive(step, "every HELLO is acknowledged", told, [tunnel.ended.number])
        if context.peer.now - heard > patience:
            told = f"no acknowledgement of Ns {flood.first}"
            context.failed(step, "advance", "every HELLO is acknowledged", told)
        if flood.left < before:
            heard = context.peer.now
            flood.send()  # what came may have been more than an acknowledgement
        else:
            flood.send_again()
        elapsed, done = context.peer.now - started, number - flood.left
        if (
            elapsed > context.scaled(PACE_KNOWN)
            and elapsed * number > context.scaled(LONGEST) * done
        ):
            told = f"{done} of {number} are after {elapsed:.0f} s"
            context.inconclusive(step, "every HELLO is acknowledged in a reasonable time", told)
    tunnel.channel.ns = step.to
