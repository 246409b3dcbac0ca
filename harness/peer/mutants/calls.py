"""Mutants of calls: state rows, scope of errors, ids, codes, WEN and SLI."""

from __future__ import annotations

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.calls import CallControl
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_calls, with_session
from harness.wire import Packet


def tunnel_of(session: Session) -> Tunnel:
    """The tunnel of a session, with all that a session should leave alone."""
    assert isinstance(session.tunnel, Tunnel)
    return session.tunnel


class Wide(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        if examined.fault is not None:
            tunnel.close(examined.fault, now)
        else:
            super().request(tunnel, name, examined, now)


@mutant("RFC2661-4.1-04", "a fault in a call request ends the whole tunnel")
class FaultyCallEndsTunnel(with_calls(Wide)):  # type: ignore[misc]
    pass


class NoCheck(CallControl):
    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        return None


@mutant("RFC2661-7.4.2-S02", "every call request is accepted, whatever is wrong with it", roles=LNS)
class AcceptsAnyCall(with_calls(NoCheck)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.5.1-S02", "every outgoing call is accepted, whatever it asks for", roles=LAC)
class AcceptsAnyOutgoingCall(with_calls(NoCheck)):  # type: ignore[misc]
    pass


class NoZeroId(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        if not packet.header.session_id:
            return None
        return super().find(tunnel, packet, examined)


@mutant("RFC2661-4.4.4-08", "a CDN with Session ID 0 ends nothing")
class CdnByAvpIgnored(with_calls(NoZeroId)):  # type: ignore[misc]
    pass


class ForTheTunnel(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        ends = examined.message is not None and examined.message.name == "CDN"
        if ends and not packet.header.session_id:
            tunnel.close(None, now)
        else:
            super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-4.4.4-08", "a CDN with Session ID 0 ends the whole tunnel")
class CdnByAvpEndsTunnel(with_calls(ForTheTunnel)):  # type: ignore[misc]
    pass


class TheFirst(CallControl):
    def by_peer_id(self, tunnel: Tunnel, peer_id: int) -> Session | None:
        named = super().by_peer_id(tunnel, peer_id)
        return named and next(iter(tunnel.sessions.values()))


@mutant("RFC2661-4.4.4-08", "a CDN with Session ID 0 ends the first call of the tunnel")
class CdnByAvpEndsTheFirst(with_calls(TheFirst)):  # type: ignore[misc]
    pass


class ByTheAvp(CallControl):
    def find(self, tunnel: Tunnel, packet: Packet, examined: Examined) -> Session | None:
        told = examined.integer("assigned_session_id")
        ends = examined.message is not None and examined.message.name == "CDN"
        named = self.by_peer_id(tunnel, told) if ends and told else None
        return named or super().find(tunnel, packet, examined)


@mutant("RFC2661-6.12-01", "a CDN ends the call that its AVP names, not its header", roles=LNS)
class CdnEndsTheCallOfItsAvp(with_calls(ByTheAvp)):  # type: ignore[misc]
    pass


class Greedy(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if examined.message is not None and examined.message.name == "CDN":
            tunnel.close(None, now)
        else:
            super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-6.12-01", "a CDN ends the whole tunnel")
class CdnEndsTunnel(with_calls(Greedy)):  # type: ignore[misc]
    pass


class All(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if examined.message is not None and examined.message.name == "CDN":
            for session in list(tunnel.sessions.values()):
                session.handle(CallEvent.LOCAL_CLOSE, now)
        super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-6.12-01", "a CDN ends every session of the tunnel")
class CdnEndsAllSessions(with_calls(All)):  # type: ignore[misc]
    pass


class NoNotify(CallControl):
    def notify(self, session: Session, name: str, examined: Examined, now: float) -> None:
        session.handle(CallEvent.LOCAL_CLOSE, now)


@mutant("RFC2661-5.8-36", "a WEN ends the call", roles=LNS)
class WenEndsCall(with_calls(NoNotify)):  # type: ignore[misc]
    pass


@mutant("RFC2661-6.14-02", "an SLI ends the call", roles=LAC)
class SliEndsCall(with_calls(NoNotify)):  # type: ignore[misc]
    pass


class QuietStray(CallControl):
    def stray(
        self, tunnel: Tunnel, packet: Packet, name: str, examined: Examined, now: float
    ) -> None:
        tunnel.log("ignored")


@mutant("RFC2661-7.4.2-S03", "an ICRP that answers nothing is ignored", roles=LNS)
class StrayReplyIgnored(with_calls(QuietStray)):  # type: ignore[misc]
    pass


class Connecting(CallControl):
    def stray(
        self, tunnel: Tunnel, packet: Packet, name: str, examined: Examined, now: float
    ) -> None:
        del packet, name, examined, now
        tunnel.vanish()


@mutant("RFC2661-7.4.2-S04", "an ICCN for no session ends the tunnel without a word", roles=LNS)
class StrayConnectEndsTunnel(with_calls(Connecting)):  # type: ignore[misc]
    pass


class Early(CallControl):
    def judge_request(
        self, tunnel: Tunnel, name: str, kind: CallKind | None, examined: Examined
    ) -> Fault | None:
        fault = super().judge_request(tunnel, name, kind, examined)
        return None if fault is not None and fault.error == 1 else fault


@mutant("RFC2661-5.2-01", "a call is accepted before the tunnel is up", roles=LNS)
class CallBeforeTunnel(with_calls(Early)):  # type: ignore[misc]
    pass


class OutOfState(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        known = {
            (CallState.WAIT_CONNECT, CallEvent.ICRQ),
            (CallState.ESTABLISHED, CallEvent.ICCN),
            (CallState.ESTABLISHED, CallEvent.ICRQ),
            (CallState.ESTABLISHED, CallEvent.ICRP),
            (CallState.ESTABLISHED, CallEvent.OCRQ),
            (CallState.WAIT_REPLY, CallEvent.OCCN),
        }
        if (self.state, event) not in known:
            super().handle(event, now, examined)


@mutant("RFC2661-7.4.2-S10", "messages out of sequence are ignored in a call", roles=LNS)
class IgnoresOutOfSequence(with_session(OutOfState)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.4.1-S11", "messages out of sequence are ignored in a call of a LAC", roles=LAC)
class LacIgnoresOutOfSequence(with_session(OutOfState)):  # type: ignore[misc]
    pass


class NoReply(Session):
    def act(self, action: CallAction, now: float) -> None:
        if action is not CallAction.SEND_ICRP:
            super().act(action, now)


@mutant("RFC2661-7.4-07", "an ICRQ is acknowledged and never answered", roles=LNS, broad=True)
class NeverRepliesToCall(with_session(NoReply)):  # type: ignore[misc]
    pass


class NoConnect(Session):
    def act(self, action: CallAction, now: float) -> None:
        if action not in (CallAction.SEND_ICCN, CallAction.SEND_OCCN):
            super().act(action, now)


@mutant("RFC2661-7.4-08", "an ICRP is acknowledged and no ICCN follows", roles=LAC, broad=True)
class NeverConnects(with_session(NoConnect)):  # type: ignore[misc]
    pass


class NoOutgoing(Session):
    def act(self, action: CallAction, now: float) -> None:
        if action is not CallAction.SEND_OCRP:
            super().act(action, now)


@mutant("RFC2661-7.5-02", "an OCRQ is acknowledged and no OCRP follows", roles=LAC, broad=True)
class NeverRepliesToOutgoing(with_session(NoOutgoing)):  # type: ignore[misc]
    pass


class SameId(Variant):
    def free_session_id(self, tunnel: Tunnel) -> int:
        return 77


@mutant("RFC2661-4.4.4-03", "every session gets the same id", roles=LNS)
class EqualSessionIds(SameId):
    pass
