"""Mutants of a LAC that are right with one call in a tunnel, and wrong with two (7.3, 7.4.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.channel import MODULUS, Channel
from harness.peer.examine import INVALID_SESSION, Examined, Fault
from harness.peer.message_types import ICRQ
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import (
    LAC,
    Variant,
    with_calls,
    with_channel,
    with_session,
    with_tunnel,
)
from harness.wire import Packet, Value


def dialled(tunnel: Tunnel) -> list[Session]:
    """The incoming calls of a LAC, the oldest first."""
    return [one for one in tunnel.sessions.values() if one.kind is CallKind.LAC_INCOMING]


# -- messages of the peer that are taken for those of another call ---------------------------


def longest_waiting(name: str) -> type[Variant]:
    """A LAC that takes such a message for one about the call that waits for its ICRP longest."""

    class Queue(CallControl):
        def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
            found = super().find(tunnel, packet, examined)
            about = examined.message is not None and examined.message.name == name
            if found is None or not about or found.state is not CallState.WAIT_REPLY:
                return found
            return next(one for one in dialled(tunnel) if one.state is CallState.WAIT_REPLY)

    return with_calls(Queue)


for _name, _row in (("ICRP", "7.3-01"), ("CDN", "6.12-01")):
    add(
        f"{_name.lower()}-is-for-the-longest-waiting",
        longest_waiting(_name),
        f"RFC2661-{_row}",
        f"of calls that wait for their ICRP, {_name} is about the one that waits longest",
        roles=LAC,
    )


class WaitsAlone(CallControl):
    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        super().end(tunnel, packet, session, examined, now)
        if session is not None:
            for other in dialled(tunnel):
                if other.state is CallState.WAIT_REPLY:
                    tunnel.forget_session(other)


@mutant("RFC2661-6.12-01", "with a call that the LNS ends those that wait are forgotten", roles=LAC)
class CdnEndsThoseThatWait(with_calls(WaitsAlone)):  # type: ignore[misc]
    pass


class LastOneOut(CallControl):
    def end(
        self,
        tunnel: Tunnel,
        packet: Packet,
        session: Session | None,
        examined: Examined,
        now: float,
    ) -> None:
        super().end(tunnel, packet, session, examined, now)
        is_first = session is not None and session.kind is CallKind.LAC_INCOMING
        if is_first and dialled(tunnel) and tunnel.phase is Phase.OPEN:
            tunnel.close(None, now)


@mutant("RFC2661-6.12-01", "a tunnel is closed with the first of its dialled calls", roles=LAC)
class TunnelGoesWithFirstCall(with_calls(LastOneOut)):  # type: ignore[misc]
    pass


# -- ends of one call that are those of another ----------------------------------------------


def refusing(*events: CallEvent) -> type[Variant]:
    """A LAC that forgets its other dialled calls as one ends by such an event."""

    class Contagious(Session):
        def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
            others = [one for one in dialled(tunnel_of(self)) if one is not self]
            super().handle(event, now, examined)
            if event in events and self.kind is CallKind.LAC_INCOMING:
                for other in others:
                    self.tunnel.forget_session(other)

    return with_session(Contagious)


_OUT_OF_SEQUENCE: Final = (CallEvent.ICRQ, CallEvent.ICRQ_REFUSED, CallEvent.ICCN)

for _key, _events, _row, _text in (
    (
        "bad-reply-ends-other-calls",
        (CallEvent.ICRP_REFUSED,),
        "7.4.1-S06",
        "with a call whose ICRP is not acceptable the other dialled ones are forgotten",
    ),
    (
        "disorder-ends-other-calls",
        _OUT_OF_SEQUENCE,
        "7.4.1-S11",
        "with a call in which a message is out of sequence the other dialled ones are forgotten",
    ),
    (
        "hanging-up-ends-other-calls",
        (CallEvent.LOCAL_CLOSE,),
        "7.4.1-S12",
        "with a call that a LAC hangs up the other dialled ones are forgotten",
    ),
    (
        "cdn-ends-other-dialled-calls",
        (CallEvent.CDN,),
        "6.12-01",
        "with a dialled call that the LNS ends the other dialled ones are forgotten",
    ),
):
    add(_key, refusing(*_events), f"RFC2661-{_row}", _text, roles=LAC)


class NamesAnother(Session):
    def send_cdn(self) -> None:
        calls = dialled(tunnel_of(self))
        other = calls[0] if calls and self.kind is CallKind.LAC_INCOMING else self
        kept, self.local_id = self.local_id, other.local_id
        super().send_cdn()
        self.local_id = kept


@mutant("RFC2661-4.4.4-07", "every CDN of a LAC names its first dialled call", roles=LAC)
class CdnNamesFirstCall(with_session(NamesAnother)):  # type: ignore[misc]
    pass


class Misdirected(Tunnel):
    def send_cdn(self, values: Mapping[str, Value], local_id: int, peer_id: int) -> None:
        calls = dialled(self)
        known = calls[0].peer_id if calls and peer_id else peer_id
        super().send_cdn(values, local_id, known)


@mutant("RFC2661-4.4.4-05", "every CDN of a LAC goes to the first call of its tunnel", roles=LAC)
class CdnGoesToFirstCall(with_tunnel(Misdirected)):  # type: ignore[misc]
    pass


class HangsUpTheTunnel(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        others = [one for one in dialled(tunnel_of(self)) if one is not self]
        super().handle(event, now, examined)
        if event is CallEvent.LOCAL_CLOSE and others and self.kind is CallKind.LAC_INCOMING:
            tunnel_of(self).close(None, now)


@mutant("RFC2661-7.4-11", "a LAC that hangs up one of its calls closes their tunnel", roles=LAC)
class HangingUpClosesTunnel(with_session(HangsUpTheTunnel)):  # type: ignore[misc]
    pass


def surviving(which: slice) -> type[Variant]:
    """A LAC with calls that live on in a tunnel that the peer has closed."""

    class Survivor(Tunnel):
        def take_data(self, packet: Packet, now: float) -> None:
            kept: dict[int, Session] = self.endpoint.__dict__.setdefault("kept", {})
            calls = dialled(self)
            if self.phase is Phase.OPEN and len(calls) > 1:
                kept.clear()
                kept.update({one.local_id: one for one in calls[which]})
            elif self.phase is not Phase.OPEN and packet.header.session_id in kept:
                kept[packet.header.session_id].take_data(packet)
            super().take_data(packet, now)

    return with_tunnel(Survivor)


for _ended, _which in (("first", slice(1, None)), ("last", slice(0, -1))):
    add(
        f"stopccn-ends-{_ended}-call",
        surviving(_which),
        "RFC2661-6.4-01",
        f"of several dialled calls a StopCCN ends the {_ended} one alone",
        roles=LAC,
    )


class LeavesQuietly(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        waiting = [one for one in dialled(tunnel_of(self)) if one.state is CallState.WAIT_REPLY]
        if event is CallEvent.LOCAL_CLOSE and self in waiting and len(waiting) > 1:
            self.tunnel.forget_session(self)
        else:
            super().handle(event, now, examined)


@mutant("RFC2661-7.4-10", "one of two calls that wait for their ICRP ends without a CDN", roles=LAC)
class OneOfTwoEndsQuietly(with_session(LeavesQuietly)):  # type: ignore[misc]
    pass


# -- messages of its own that are those of another call --------------------------------------


def to_the_first(message: str) -> type[Variant]:
    """A LAC whose message of that name goes to the first dialled call of the tunnel."""

    class ToTheFirst(Tunnel):
        def send(
            self,
            name: str,
            values: Mapping[str, Value],
            *,
            session_id: int = 0,
            hide: Collection[str] = (),
        ) -> Packet:
            calls = dialled(self)
            if name == message and calls:
                session_id = next((one.peer_id for one in calls if one.peer_id), session_id)
            return super().send(name, values, session_id=session_id, hide=hide)

    return with_tunnel(ToTheFirst)


for _name, _row in (("ICRQ", "5.3-06"), ("WEN", "5.3-03")):
    add(
        f"{_name.lower()}-goes-to-the-first-call",
        to_the_first(_name),
        f"RFC2661-{_row}",
        f"every {_name} has the Session ID of the first call of its tunnel",
        roles=LAC,
    )


class ToWhoIsUp(Tunnel):
    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        up = [one.peer_id for one in dialled(self) if one.data is not None]
        if name == "ICCN" and up:
            session_id = up[0]
        return super().send(name, values, session_id=session_id, hide=hide)


@mutant("RFC2661-4.4.4-05", "an ICCN goes to the call that is connected already", roles=LAC)
class IccnGoesToConnectedCall(with_tunnel(ToWhoIsUp)):  # type: ignore[misc]
    pass


class OneStream(Session):
    def send_data(self, frame: bytes) -> None:
        first = next(iter(dialled(tunnel_of(self))), self)
        if first is self or first.data is None:
            super().send_data(frame)
        else:
            first.send_data(frame)


@mutant("RFC2661-5.2-02", "the data of all dialled calls goes out in the first one", roles=LAC)
class OneStreamForAllDialled(with_session(OneStream)):  # type: ignore[misc]
    pass


class OneId(Variant):
    def new_session(self, tunnel: Tunnel, kind: CallKind) -> Session:
        calls = dialled(tunnel)
        if kind is not CallKind.LAC_INCOMING or not calls:
            return super().new_session(tunnel, kind)
        session = self.make_session(tunnel, kind, calls[0].local_id)
        tunnel.sessions[session.local_id] = session
        return session


@mutant("RFC2661-4.4.4-03", "all dialled calls of a tunnel have the same Session ID", roles=LAC)
class DialledCallsShareId(OneId):
    pass


class StartsAnew(Channel):
    """Numbers the second ICRQ as if it opened a control connection."""

    asked = 0

    def send(self, packet: Packet) -> None:
        self.asked += packet.message_type == ICRQ
        if packet.message_type == ICRQ and self.asked == 2 and self.idle:
            self.ns = 0
        super().send(packet)


@mutant("RFC2661-5.8-03", "with a second call in a tunnel Ns begins anew", roles=LAC)
class SecondCallBeginsAnew(with_channel(StartsAnew)):  # type: ignore[misc]
    pass


class Unbounded(Channel):
    """Announces calls without a look at the window."""

    def poll(self, now: float) -> list[Packet]:
        kept = self.peer_window, self.slow_start
        if any(packet.message_type == ICRQ for packet in self.waiting):
            self.peer_window, self.slow_start = MODULUS, False
        packets = super().poll(now)
        self.peer_window, self.slow_start = kept
        return packets


@mutant("RFC2661-5.8-29", "calls are announced as they come, whatever the window", roles=LAC)
class AnnouncesBeyondWindow(with_channel(Unbounded)):  # type: ignore[misc]
    pass


# -- calls that wait for each other ----------------------------------------------------------


class InOrder(CallControl):
    def judge_connect(self, session: Session, name: str, examined: Examined) -> Fault | None:
        tunnel = tunnel_of(session)
        waiting = [one for one in dialled(tunnel) if one.state is CallState.WAIT_REPLY]
        if name == "ICRP" and session in waiting[1:]:
            return Fault(INVALID_SESSION, "another call comes first")
        return super().judge_connect(session, name, examined)


@mutant("RFC2661-7.3-01", "an ICRP is refused while an older call waits for its own", roles=LAC)
class ReplyOutOfOrderRefused(with_calls(InOrder)):  # type: ignore[misc]
    pass


class InTurn(Session):
    """A call that is announced when the one before it is up, or over."""

    def act(self, action: CallAction, now: float) -> None:
        before = [one for one in dialled(tunnel_of(self)) if one.local_id != self.local_id]
        busy = any(one.state is CallState.WAIT_REPLY for one in before)
        if action is CallAction.SEND_ICRQ and busy:
            self.state = CallState.WAIT_TUNNEL
            held: list[Session] = self.tunnel.endpoint.__dict__.setdefault("held", [])
            held.append(self)
            return
        super().act(action, now)

    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        super().handle(event, now, examined)
        held: list[Session] = self.tunnel.endpoint.__dict__.get("held", [])
        if held and event is not CallEvent.TUNNEL_OPEN and self.state is not CallState.WAIT_REPLY:
            held.pop(0).handle(CallEvent.TUNNEL_OPEN, now)


@mutant("RFC2661-7.3-01", "a LAC announces a call when the one before it is connected", roles=LAC)
class AnnouncesInTurn(with_session(InTurn)):  # type: ignore[misc]
    pass


class SecondOnlyAdrift(Variant):
    """Once a tunnel has two dialled calls, its data is that of the second."""

    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        calls = dialled(tunnel) if tunnel is not None else []
        if len(calls) > 1:
            header = packet.header._replace(session_id=calls[-1].local_id)
            packet = packet._replace(header=header)
        super().take_data(packet, source, now)


@mutant("RFC2661-3.1-18", "data of all dialled calls is taken for that of the last one", roles=LAC)
class DataIsOfLastCall(SecondOnlyAdrift):
    pass
