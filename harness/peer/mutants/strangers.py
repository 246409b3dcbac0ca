"""Mutants for which a message of one tunnel, or of none, is about a call of another (3.1, 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from harness.peer import ppp
from harness.peer.call import CallEvent
from harness.peer.message_types import HELLO
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant, with_session, with_tunnel
from harness.wire import Packet

Effect = Callable[[Tunnel | None, Session, bytes, float], None]
"""What is done with a frame that came in the first tunnel, of which the session is none."""

_LCP: Final = ppp.LCP.to_bytes(2, "big")
_PAP: Final = ppp.PAP.to_bytes(2, "big")


def answered_there(_here: Tunnel | None, session: Session, frame: bytes, _now: float) -> None:
    """The peer of the session gets the answer."""
    assert session.ppp is not None
    for answer in session.ppp.take(frame):
        session.send_data(answer)


def answered_here(here: Tunnel | None, session: Session, frame: bytes, _now: float) -> None:
    """The sender of the frame gets the answer, with the Session ID of the other one's call."""
    assert here is not None
    assert session.ppp is not None
    assert session.data is not None
    for answer in session.ppp.take(frame):
        packet = session.data.wrap(answer, here.peer_id, session.peer_id)
        here.endpoint.transmit(packet, here.address)


def ended(_here: Tunnel | None, session: Session, _frame: bytes, now: float) -> None:
    """The call is disconnected."""
    session.handle(CallEvent.LOCAL_CLOSE, now)
    session.tunnel.flush(now)


def told_ended(_here: Tunnel | None, session: Session, _frame: bytes, now: float) -> None:
    """Its peer is told that the call has ended, which it has not."""
    session.send_cdn()
    session.tunnel.flush(now)


def all_ended(_here: Tunnel | None, session: Session, _frame: bytes, now: float) -> None:
    """The tunnel of the call is closed."""
    tunnel_of(session).close(None, now)


def unplugged(_here: Tunnel | None, session: Session, _frame: bytes, _now: float) -> None:
    """The call has no PPP any more, and nobody is told."""
    session.ppp = None


def taking(protocol: bytes, in_a_tunnel: bool, effect: Effect) -> type[Variant]:
    """A peer that looks for the session of a frame everywhere."""

    class Peer(Variant):
        def take_data(self, packet: Packet, source: Address, now: float) -> None:
            here = self.tunnels.get(packet.header.tunnel_id)
            wanted = packet.header.session_id
            frame = packet.payload.removeprefix(ppp.ADDRESS_AND_CONTROL)
            there = [
                one.sessions[wanted] for one in self.tunnels.values() if wanted in one.sessions
            ]
            own = here is not None and wanted in here.sessions
            apt = frame.startswith(protocol) and (here is not None) is in_a_tunnel
            if own or not there or not apt or there[0].ppp is None:
                super().take_data(packet, source, now)
                return
            effect(here, there[0], packet.payload, now)

    return Peer


_OF_LCP: Final[Mapping[str, tuple[str, Effect]]] = {
    "is-answered-there": ("is answered there", answered_there),
    "is-answered-here": ("is answered to who has sent it", answered_here),
    "ends-it": ("ends that call", ended),
    "unplugs-it": ("leaves that call without PPP", unplugged),
}
_OF_PAP: Final[Mapping[str, tuple[str, Effect]]] = {
    "ends-it": ("ends that call", ended),
    "is-answered-by-a-cdn": ("draws a CDN, and that call goes on", told_ended),
    "ends-its-tunnel": ("ends the tunnel of that call", all_ended),
    "unplugs-it": ("leaves that call without PPP", unplugged),
}
_FRAMES: Final[Sequence[tuple[str, bytes, bool, Mapping[str, tuple[str, Effect]]]]] = (
    ("lcp-of-another-tunnel", _LCP, True, _OF_LCP),
    ("pap-of-another-tunnel", _PAP, True, _OF_PAP),
    ("pap-of-no-tunnel", _PAP, False, _OF_PAP),
)
for _name, _protocol, _in_a_tunnel, _effects in _FRAMES:
    for _what, (_told, _effect) in _effects.items():
        _where = "another tunnel" if _in_a_tunnel else "no tunnel"
        add(
            f"{_name}-{_what}",
            taking(_protocol, _in_a_tunnel, _effect),
            "RFC2661-5.3-03",
            f"a frame in {_where} with the Session ID of a call {_told}",
            roles=LNS,
        )


class Led(Tunnel):
    """A tunnel in which a HELLO may say where the data of any call goes."""

    def handle(self, packet: Packet, now: float) -> None:
        assigned = self.examine(packet).integer("assigned_session_id")
        if packet.message_type == HELLO and assigned:
            tunnels: Mapping[int, Tunnel] = self.endpoint.__dict__["tunnels"]
            for one in tunnels.values():
                named = one.sessions.get(packet.header.session_id)
                if named is not None:
                    named.peer_id = assigned
        super().handle(packet, now)


@mutant("RFC2661-4.4.4-05", "a HELLO with an Assigned Session ID leads a call astray", roles=LNS)
class HelloLeadsAstray(Variant):
    tunnel_type = Led


# -- frames ahead of a call, or of none -----------------------------------------------------------


def answer_to(frame: bytes) -> bytes | None:
    """What LCP says to an Echo-Request, or to a code that it does not know (RFC 1661 5.6, 5.8)."""
    frame = frame.removeprefix(ppp.ADDRESS_AND_CONTROL)
    if not frame.startswith(_LCP) or len(frame) < 6:
        return None
    if frame[2] == ppp.Code.ECHO_REQUEST:
        return ppp.frame(ppp.LCP, ppp.Code.ECHO_REPLY, frame[3], frame[6:])
    return ppp.frame(ppp.LCP, 7, 1, frame[2:]) if frame[2] > ppp.Code.ECHO_REPLY + 1 else None


def hasty(echoes: bool) -> type[Session]:
    """A session whose PPP answers to such frames before there is a call."""

    class Hasty(Session):
        def take_data(self, packet: Packet) -> None:
            answer = answer_to(packet.payload) if self.data is None else None
            asks = ppp.is_echo_request(packet.payload)
            if answer is None or asks is not echoes:
                super().take_data(packet)
                return
            header = packet.header._replace(
                tunnel_id=self.tunnel.peer_id, session_id=self.peer_id, priority=asks
            )
            self.tunnel.endpoint.transmit(Packet(header, payload=answer), self.tunnel.address)

    return Hasty


def anywhere(echoes: bool, unplugs: bool = False) -> type[Tunnel]:
    """A tunnel in which such frames with Session ID 0 are answered in the call that came last."""

    class Anywhere(Tunnel):
        def take_data(self, packet: Packet, now: float) -> None:
            last = next(reversed(self.sessions.values()), None)
            answer = answer_to(packet.payload)
            asks = ppp.is_echo_request(packet.payload)
            if packet.header.session_id or last is None or answer is None or asks is not echoes:
                super().take_data(packet, now)
            elif not unplugs:
                last.send_data(answer)
            else:
                last.ppp = None

    return Anywhere


for _echoes, _word in ((True, "echo"), (False, "unknown-code")):
    add(
        f"{_word}-answered-before-the-call",
        with_session(hasty(_echoes)),
        "RFC2661-5.0-02",
        f"LCP answers before the call is there, to {_word.replace('-', ' ')}",
        roles=LNS,
    )
    add(
        f"{_word}-of-session-0-answered",
        with_tunnel(anywhere(_echoes)),
        "RFC2661-5.3-03",
        f"LCP answers in the last call what is for session 0, to {_word.replace('-', ' ')}",
    )
    add(
        f"{_word}-of-session-0-unplugs-the-last-call",
        with_tunnel(anywhere(_echoes, unplugs=True)),
        "RFC2661-5.3-03",
        f"{_word.replace('-', ' ')} in session 0 leaves the last call without PPP",
    )
