"""Mutants that keep an id of their peer from being used again (7.1, 7.4.2)."""

from __future__ import annotations

from harness.peer.calls import CallControl, CallSite
from harness.peer.examine import Examined, Fault
from harness.peer.message_types import ICRQ
from harness.peer.mutants.base import add
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant
from harness.wire import Packet

ID_IN_USE = 6
"""An error of its own, as the general error it is told by (4.4.2)."""


class Blocking(CallControl):
    """Takes some Session IDs of the peer for those of calls that are still there."""

    refuses = False
    """Whether a request with such an id is refused, rather than ignored."""

    def __init__(self, endpoint: CallSite) -> None:
        super().__init__(endpoint)
        self.blocked: set[tuple[Tunnel, int]] = set()

    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if self.refuses or not self.is_blocked(tunnel, examined):
            super().request(tunnel, name, examined, now)

    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        if self.is_blocked(tunnel, examined):
            return Fault(ID_IN_USE, "there is a call with this id")
        return super().judge_request(tunnel, name, kind, examined)

    def is_blocked(self, tunnel: Tunnel, examined: Examined) -> bool:
        """Whether a request has an id that it takes for one in use."""
        return (tunnel, examined.integer("assigned_session_id")) in self.blocked


class HalfMade(Blocking):
    """Makes a call of a request that it cannot read to its end, and says nothing."""

    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        unread = any(one.length is not None and not one.mandatory for one in packet.avps)
        if packet.message_type == ICRQ and unread:
            self.blocked.add((tunnel, examined.integer("assigned_session_id") or 0))
        else:
            super().handle(tunnel, packet, examined, now)


class HungUp(Session):
    """Is not forgotten when this side ends it."""

    def send_cdn(self) -> None:
        super().send_cdn()
        if isinstance(self.tunnel, Tunnel) and isinstance(self.tunnel.endpoint.calls, Blocking):
            self.tunnel.endpoint.calls.blocked.add((self.tunnel, self.peer_id))


def blocking(kind: type[Blocking], session: type[Session] = Session) -> type[Variant]:
    """A peer with these calls."""

    class Holding(Variant):
        calls_type = kind
        session_type = session

    return Holding


def refusing(kind: type[Blocking]) -> type[Blocking]:
    """The same, which refuses what has a blocked id."""

    class Refusing(kind):  # type: ignore[valid-type,misc]
        refuses = True

    return Refusing


for _name, _row, _text, _kind in (
    (
        "half-made-call",
        "RFC2661-7.1-08",
        "a call is half made of an ICRQ that cannot be read to its end, and its id ignored",
        blocking(HalfMade),
    ),
    (
        "half-made-call-in-the-way",
        "RFC2661-7.1-08",
        "a call is half made of an ICRQ that cannot be read to its end, and its id refused",
        blocking(refusing(HalfMade)),
    ),
    (
        "id-of-a-call-hung-up-ignored",
        "RFC2661-7.4.2-02",
        "a request with the id of a call that was hung up is acknowledged and ignored",
        blocking(Blocking, HungUp),
    ),
    (
        "id-of-a-call-hung-up-refused",
        "RFC2661-7.4.2-02",
        "a request with the id of a call that was hung up is refused",
        blocking(refusing(Blocking), HungUp),
    ),
):
    add(_name, _kind, _row, _text, roles=LNS)
