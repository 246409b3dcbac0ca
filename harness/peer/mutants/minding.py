"""Mutants that make too much or too little of a call message that is not as it should be (7.1).

What may be wrong with such a message, and what is made of it, are short tables; pairs of the two
are mutants. They show that a step grades each of the answers that it names, and that a case looks
at the calls which have nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from harness.peer.call import CallAction, CallEvent
from harness.peer.calls import EVENTS, CallControl
from harness.peer.examine import INVALID_SESSION, Examined, Fault
from harness.peer.mutants.base import add
from harness.peer.network import Address
from harness.peer.session import TABLES, CallKind, Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import Variant, with_calls
from harness.spec.model import Role
from harness.wire import Packet, parse

FAULTY: Final = "faulty"
IMPROPER: Final = "improper"
STRAY: Final = "stray"
FOREIGN: Final = "foreign"

TROUBLES: Final[Sequence[tuple[str, str, str, Sequence[str]]]] = (
    (
        FAULTY,
        "7.1-09",
        "a call message with a fault in it",
        ("ends-the-tunnel", "ends-the-other-calls", "never-seen", "seen-late"),
    ),
    (
        IMPROPER,
        "7.1-04",
        "a message that its call does not expect",
        ("ends-the-tunnel", "ends-the-other-calls", "is-answered-by-a-reply", "seen-late"),
    ),
    (
        STRAY,
        "7.1-04",
        "a message for a call that is not there",
        (
            "ends-the-tunnel",
            "ends-the-other-calls",
            "is-answered-by-a-reply",
            "never-seen",
            "seen-late",
        ),
    ),
    (
        FOREIGN,
        "7.1-04",
        "a request for a call that is for the other side to make",
        ("ends-the-tunnel", "never-seen"),
    ),
)
"""What may be wrong, a row of 7.1 about it, in words, and what mutants make of it."""

_REQUESTED_FROM: Final = {"ICRQ": Role.LNS, "OCRQ": Role.LAC}


def trouble(
    calls: CallControl, tunnel: Tunnel, packet: Packet, examined: Examined
) -> tuple[str, Session | None]:
    """What is wrong with a call message, or nothing, and the call that it is about."""
    message = examined.message
    if message is None or message.scope != "session":
        return "", None
    session = calls.find(tunnel, packet, examined)
    if examined.fault is not None:
        return FAULTY, session
    if message.name in {"WEN", "SLI", "CDN"}:
        return ("" if session else STRAY), session
    if session is None:
        asked = _REQUESTED_FROM.get(message.name)
        if asked is None:
            return STRAY, None
        return ("" if asked is calls.endpoint.config.role else FOREIGN), None
    taken = TABLES[session.kind].get((session.state, EVENTS[message.name][0]))
    proper = taken is not None and CallAction.SEND_CDN not in taken.actions
    return ("" if proper else IMPROPER), session


Reaction = Callable[[CallControl, Tunnel, Session | None, float], bool]
"""What is done first; gives whether the message is then treated as it should be."""


def _ends_the_tunnel(
    calls: CallControl, tunnel: Tunnel, session: Session | None, now: float
) -> bool:
    del calls, session
    tunnel.close(Fault(INVALID_SESSION, "no such thing, please"), now)
    return False


def _ends_the_other_calls(
    calls: CallControl, tunnel: Tunnel, session: Session | None, now: float
) -> bool:
    del calls
    for other in list(tunnel.sessions.values()):
        if other is not session:
            other.handle(CallEvent.LOCAL_CLOSE, now)
    return True


def _answers_as_if_right(
    calls: CallControl, tunnel: Tunnel, session: Session | None, now: float
) -> bool:
    del now
    made = session or calls.endpoint.make_session(
        tunnel, CallKind.LNS_INCOMING, calls.endpoint.free_session_id(tunnel)
    )
    own = {"assigned_session_id": made.local_id}
    tunnel.send("ICRP", {**own}, session_id=made.peer_id)
    return False


REACTIONS: Final[Mapping[str, tuple[str, Reaction]]] = {
    "ends-the-tunnel": ("ends the tunnel", _ends_the_tunnel),
    "ends-the-other-calls": ("ends the other calls as well", _ends_the_other_calls),
    "is-answered-by-a-reply": ("is answered by an ICRP", _answers_as_if_right),
}

UNSEEN: Final[Mapping[str, tuple[str, int]]] = {
    "never-seen": ("is not even acknowledged", 100),
    "seen-late": ("is acknowledged only when it comes for the third time", 2),
}
"""What is not seen: in words, and how many copies of it are lost."""


def reacting(what: str, reaction: Reaction) -> type[Variant]:
    """A peer that does something of its own for one kind of trouble."""

    class Minding(CallControl):
        def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
            kind, session = trouble(self, tunnel, packet, examined)
            if kind != what or reaction(self, tunnel, session, now):
                super().handle(tunnel, packet, examined, now)

    return with_calls(Minding)


def losing(what: str, copies: int) -> type[Variant]:
    """A peer that does not see the first copies of a message that is in one kind of trouble."""

    class Blind(Variant):
        def receive(self, data: bytes, source: Address, now: float) -> None:
            packet = parse(data).packet
            if packet is None or not self.overlooks(packet):
                super().receive(data, source, now)

        def overlooks(self, packet: Packet) -> bool:
            tunnel = self.tunnels.get(packet.header.tunnel_id)
            header = packet.header
            if not header.control or packet.is_zlb or tunnel is None:
                return False
            if tunnel.phase is not Phase.OPEN or header.ns != tunnel.channel.nr:
                return False
            kind, _ = trouble(self.calls, tunnel, packet, tunnel.examine(packet))
            seen: dict[tuple[int, int], int] = self.__dict__.setdefault("overlooked", {})
            key = (header.tunnel_id, header.ns)
            seen[key] = seen.get(key, 0) + (kind == what)
            return kind == what and seen[key] <= copies

    return Blind


def _register() -> None:
    for what, row, words, made in TROUBLES:
        for name in made:
            if name in REACTIONS:
                told, reaction = REACTIONS[name]
                kind = reacting(what, reaction)
            else:
                told, copies = UNSEEN[name]
                kind = losing(what, copies)
            add(f"{what}-{name}", kind, f"RFC2661-{row}", f"{words} {told}", broad=True)


_register()
