"""Mutants with defects that were met in the field: of what comes with more than usual, or often.

An end of a call or tunnel that says more than it has to is acknowledged and left unread; frames
begin at another octet than their Offset Size says; what waits behind sixteen others is lost,
and what came often enough crashes the peer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harness.peer.call import CallState
from harness.peer.channel import Channel
from harness.peer.message_types import CDN, ICRQ, OCRQ, SCCRQ, STOPCCN
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_channel, with_tunnel
from harness.wire import AVP, Packet

RESULT_CODE: Final = 1
DISCONNECT_CAUSE: Final = 46
"""PPP Disconnect Cause, of RFC 3145."""

WITH_ERROR: Final = 4
"""Octets of a Result Code AVP's value that ends with an Error Code; a message follows (4.4.2)."""

QUEUE: Final = 16
"""Messages."""


# -- an end that says more than it has to ----------------------------------------------------------


def unheeded(number: int, telling: Callable[[AVP], bool]) -> type[Variant]:
    """A peer that acknowledges and ignores messages of one type with such an AVP."""

    class Careless(Tunnel):
        def handle(self, packet: Packet, now: float) -> None:
            told = packet.message_type == number
            if not told or not any(telling(one) for one in packet.avps if not one.vendor):
                super().handle(packet, now)

    return with_tunnel(Careless)


def _error(avp: AVP) -> bool:
    return avp.type == RESULT_CODE and len(avp.value) == WITH_ERROR


def _message(avp: AVP) -> bool:
    return avp.type == RESULT_CODE and len(avp.value) > WITH_ERROR


def _cause(avp: AVP) -> bool:
    return avp.type == DISCONNECT_CAUSE and not avp.mandatory


def _crucial_cause(avp: AVP) -> bool:
    return avp.type == DISCONNECT_CAUSE and avp.mandatory


for _name, _number, _row, _with, _telling in (
    ("cdn", CDN, "6.12-02", "an-error-code", _error),
    ("cdn", CDN, "6.12-02", "a-message", _message),
    ("cdn", CDN, "6.12-02", "a-disconnect-cause", _cause),
    ("cdn", CDN, "6.12-02", "a-disconnect-cause-of-m-1", _crucial_cause),
    ("stopccn", STOPCCN, "6.4-01", "an-error-code", _error),
    ("stopccn", STOPCCN, "6.4-01", "a-message", _message),
):
    add(
        f"{_name}-with-{_with}-unheeded",
        unheeded(_number, _telling),
        f"RFC2661-{_row}",
        f"a {_name.upper()} with {_with.replace('-', ' ')} is acknowledged and ends nothing",
    )


# -- where the frame begins ------------------------------------------------------------------------


def beginning(at: Callable[[int], int]) -> type[Variant]:
    """A peer that takes the frame of a data message to begin so far behind the Offset Size."""

    class Astray(Variant):
        def take_data(self, packet: Packet, source: Address, now: float) -> None:
            header = packet.header
            if header.offset_size is not None:
                octets = header.offset_pad + packet.payload
                packet = packet._replace(payload=octets[at(header.offset_size) :])
            super().take_data(packet, source, now)

    return Astray


for _name, _at, _words in (
    ("two-too-far", lambda size: size + 2, "two octets behind the end of the offset"),
    ("of-one-octet", lambda size: size & 0xFF, "where the low octet of the Offset Size says"),
):
    add(
        f"offset-{_name}",
        beginning(_at),
        "RFC2661-3.1-22",
        f"a PPP frame begins {_words}",
    )


# -- a queue that is full -------------------------------------------------------------------------


class Small(Channel):
    """A queue of sixteen messages."""

    def send(self, packet: Packet) -> None:
        if self.pending < QUEUE:
            super().send(packet)


@mutant("RFC2661-5.8-29", "of what waits for the peer no more than 16 are kept", roles=LNS)
class QueueOf16(with_channel(Small)):  # type: ignore[misc]
    pass


# -- how often -------------------------------------------------------------------------------------


def crashing(number: int, most: int) -> type[Variant]:
    """A peer that dies of the next message of this type when there have been so many."""

    class Wearing(Variant):
        met = 0

        def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
            self.met += packet.message_type == number
            if self.met > most:
                raise IndexError("list index out of range")
            return super().find_tunnel(packet, source)

    return Wearing


for _name, _number, _row, _roles, _most in (
    ("calls", ICRQ, "5.0-03", LNS, 400),
    ("outgoing-calls", OCRQ, "5.0-03", LAC, 400),
    ("tunnels", SCCRQ, "5.0-04", LNS, 120),
):
    add(
        f"crashes-after-{_most}-{_name}",
        crashing(_number, _most),
        f"RFC2661-{_row}",
        f"it crashes when asked for more than {_most} {_name.replace('-', ' ')}, be it in turn",
        roles=_roles,
        broad=True,
    )


# -- a StopCCN that meets outgoing calls -----------------------------------------------------------


def stumbling(*, established: bool) -> type[Variant]:
    """A peer that dies of a StopCCN which meets outgoing calls that are up, or are not yet."""

    class CleansTwice(Tunnel):
        def handle(self, packet: Packet, now: float) -> None:
            calls = filter(_is_outgoing, self.sessions.values())
            met = any((one.state is CallState.ESTABLISHED) is established for one in calls)
            if packet.message_type == STOPCCN and met:
                raise ReferenceError("weakly-referenced object no longer exists")
            super().handle(packet, now)

    return with_tunnel(CleansTwice)


def _is_outgoing(session: Session) -> bool:
    return session.kind in {CallKind.LNS_OUTGOING, CallKind.LAC_OUTGOING}


for _name, _established, _words in (
    ("while-placing", False, "a call is being placed"),
    ("beside-an-outgoing-call", True, "an outgoing call is up"),
):
    add(
        f"stop-crashes-{_name}",
        stumbling(established=_established),
        "RFC2661-6.4-01",
        f"it crashes at a StopCCN while {_words}",
        broad=True,
    )
