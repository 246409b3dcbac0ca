"""Mutants of data messages, and of what LAC and LNS tell each other about line, client and PPP."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from harness.peer.call import CallAction, CallEvent, CallState
from harness.peer.data import DataChannel
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined
from harness.peer.line import Line
from harness.peer.mutants.base import mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.network import Address
from harness.peer.ppp import LCP, Code, frame
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_session
from harness.spec.monitor.data import fcs
from harness.wire import Packet, Value


@mutant("RFC2661-5.3-01", "PPP frames have the flags of HDLC around them")
class DataWithFlags(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        return (packet._replace(payload=b"\x7e" + packet.payload + b"\x7e"),)


@mutant("RFC2661-5.3-01", "PPP frames have an FCS behind them")
class DataWithFcs(Variant):
    def alter_data(self, packet: Packet) -> Iterable[Packet]:
        return (packet._replace(payload=packet.payload + fcs(packet.payload)),)


class Eager(Session):
    def act(self, action: CallAction, now: float) -> None:
        super().act(action, now)
        if action is CallAction.SEND_ICRP:
            self.begin_data()


@mutant("RFC2661-5.0-02", "PPP begins before the ICCN has come", roles=LNS)
class DataBeforeSession(with_session(Eager)):  # type: ignore[misc]
    pass


class Impatient(Session):
    def handle(self, event: CallEvent, now: float, examined: Examined | None = None) -> None:
        super().handle(event, now, examined)
        if self.state is CallState.WAIT_CONNECT:
            self.tunnel.ringing.setdefault(self, now + 10.0)

    def end_ringing(self, now: float) -> None:
        if self.state is CallState.WAIT_CONNECT:
            echo = frame(LCP, Code.ECHO_REQUEST, 1, bytes(4))
            early = DataChannel(required=False, follows=False).wrap(
                echo, self.tunnel.peer_id, self.peer_id
            )
            self.tunnel.endpoint.transmit(early, self.tunnel.address)


@mutant("RFC2661-5.0-02", "PPP looks for its peer ten seconds later, call up or not", roles=LNS)
class EchoBeforeSession(with_session(Impatient)):  # type: ignore[misc]
    pass


class PadKept(Session):
    def take_data(self, packet: Packet) -> None:
        super().take_data(packet._replace(payload=packet.header.offset_pad + packet.payload))


@mutant("RFC2661-3.1-22", "the offset padding counts as payload")
class OffsetPaddingKept(with_session(PadKept)):  # type: ignore[misc]
    pass


class TwoOctetsLess(Session):
    def take_data(self, packet: Packet) -> None:
        super().take_data(packet._replace(payload=packet.payload[2:]))


@mutant("RFC2661-5.3-01", "the first two octets of a frame are taken for FF03")
class AddressAndControlNeeded(with_session(TwoOctetsLess)):  # type: ignore[misc]
    pass


class Mixed(Session):
    def send_data(self, frame: bytes) -> None:
        first = next(iter(tunnel_of(self).sessions.values()))
        if first is self or first.data is None:
            super().send_data(frame)
        else:
            first.send_data(frame)


@mutant("RFC2661-5.2-02", "all data goes out in the first session of the tunnel", roles=LNS)
class OneStreamForAllSessions(with_session(Mixed)):  # type: ignore[misc]
    pass


def with_data(kind: type[DataChannel]) -> type[Variant]:
    """A reference peer with another data channel."""

    class Numbering(Session):
        def begin_data(self) -> None:
            super().begin_data()
            if self.data is not None and not isinstance(self.data, kind):
                old = self.data
                self.data = kind(old.required, old.follows, old.numbered, old.ns, old.expected)

    return with_session(Numbering)


class Never(DataChannel):
    def unwrap(self, packet: Packet) -> bytes | None:
        frame = super().unwrap(packet)
        self.numbered = False
        return frame


@mutant("RFC2661-5.4-08", "a LAC never begins to number its data", roles=LAC)
class NumbersNeverBegun(with_data(Never)):  # type: ignore[misc]
    pass


class Ever(DataChannel):
    def unwrap(self, packet: Packet) -> bytes | None:
        before = self.numbered
        frame = super().unwrap(packet)
        self.numbered = self.numbered or before
        return frame


@mutant("RFC2661-5.4-07", "a LAC never stops to number its data", roles=LAC)
class NumbersNeverStopped(with_data(Ever)):  # type: ignore[misc]
    pass


class Anew(DataChannel):
    def unwrap(self, packet: Packet) -> bytes | None:
        if not self.numbered and packet.header.ns is not None:
            self.ns = 0
        return super().unwrap(packet)


@mutant("RFC2661-5.4-09", "numbers that are switched on again begin at 0", roles=LAC)
class NumbersBeginAnew(with_data(Anew)):  # type: ignore[misc]
    pass


class Nervous(Session):
    def take_data(self, packet: Packet) -> None:
        if self.data is None:
            tunnel_of(self).vanish()
        super().take_data(packet)


@mutant("RFC2661-7.4-09", "data ahead of the ICCN ends the tunnel", roles=LNS)
class EarlyDataEndsTunnel(with_session(Nervous)):  # type: ignore[misc]
    pass


class Hasty(Session):
    def take_data(self, packet: Packet) -> None:
        if not self.tunnel.channel.idle:
            tunnel_of(self).vanish()
        super().take_data(packet)


@mutant("RFC2661-7.4-08", "data ahead of the acknowledgement of ICCN ends the tunnel", roles=LAC)
class QuickDataEndsTunnel(with_session(Hasty)):  # type: ignore[misc]
    pass


class Touchy(Tunnel):
    def take_data(self, packet: Packet, now: float) -> None:
        if packet.header.session_id not in self.sessions:
            self.vanish()
        super().take_data(packet, now)


@mutant("RFC2661-5.3-03", "data of no session ends the tunnel")
class StrayDataEndsTunnel(Variant):
    tunnel_type = Touchy


# -- what is told about line, client and PPP ------------------------------------------------------


class Reticent(Session):
    def message_values(self, name: str) -> dict[str, Value]:
        values = super().message_values(name)
        return {key: one for key, one in values.items() if not key.startswith(("proxy", "last_"))}


@mutant("RFC2661-4.4.5-01", "what the LAC knows of its client is kept from the LNS", roles=LAC)
class ProxyWithheld(with_session(Reticent)):  # type: ignore[misc]
    pass


@mutant("RFC2661-4.4.5-20", "a password goes out in clear text", roles=LAC)
class PasswordInClear(Variant):
    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        tunnel = super().make_tunnel(local_id, address)
        return Plain(self, tunnel.local_id, tunnel.address, tunnel.channel)


class Plain(Tunnel):
    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        return super().send(name, values, session_id=session_id)


class Gullible(Variant):
    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.config = replace(self.config, authenticates_ppp=False)


@mutant("RFC2661-9.5-02", "proxy authentication is taken over in spite of the setting", roles=LNS)
class ProxyAlwaysTrusted(Gullible):
    pass


class Chatty(Session):
    def tell_errors(self, now: float) -> None:
        self.line.told_at = None
        super().tell_errors(now)


@mutant("RFC2661-6.13-03", "every error is told at once", roles=LAC)
class WenForEachError(with_session(Chatty)):  # type: ignore[misc]
    pass


class Forgetful(Line):
    def tell(self, now: float) -> dict[str, int]:
        counters = super().tell(now)
        self.counters = dict.fromkeys(counters, 0)
        return counters


class Relative(Session):
    def begin_data(self) -> None:
        self.line = Forgetful()
        super().begin_data()


@mutant("RFC2661-6.13-01", "a WEN counts the errors since the one before", roles=LAC)
class WenCountsAnew(with_session(Relative)):  # type: ignore[misc]
    pass


class Groundless(Session):
    def begin_data(self) -> None:
        super().begin_data()
        self.line.untold = True
        self.tunnel.erring[self] = None


@mutant("RFC2661-6.13-02", "every call begins with a WEN without errors", roles=LAC)
class WenWithoutErrors(with_session(Groundless)):  # type: ignore[misc]
    pass


@mutant("RFC2661-6.13-04", "the counters of a WEN go on from call to call", roles=LAC)
class WenCountsAllCalls(Variant):
    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        session = super().make_session(tunnel, kind, local_id)
        session.line.counters = self.__dict__.setdefault("counters", session.line.counters)
        return session


class SwappedMasks(Tunnel):
    def send(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        session_id: int = 0,
        hide: Collection[str] = (),
    ) -> Packet:
        masks = values.get("accm")
        if isinstance(masks, Mapping):
            values = {"accm": {"send": masks["receive"], "receive": masks["send"]}}
        return super().send(name, values, session_id=session_id, hide=hide)


@mutant("RFC2661-6.14-01", "an SLI has its two masks in the wrong order", roles=LNS)
class SliWithSwappedMasks(Variant):
    tunnel_type = SwappedMasks


class Deaf(Session):
    def end_ringing(self, now: float) -> None:
        config = self.tunnel.config
        if config.answers_after <= config.rings_for:
            super().end_ringing(now)


@mutant("RFC2661-7.5.1-01", "a call that nobody answers is never given up", roles=LAC)
class RingsForEver(with_session(Deaf)):  # type: ignore[misc]
    pass


class Last(Session):
    def act(self, action: CallAction, now: float) -> None:
        super().act(action, now)
        if action is CallAction.CLEAN_UP and self.state is CallState.IDLE:
            self.end_tunnel()

    def end_tunnel(self) -> None:
        if not tunnel_of(self).sessions:
            tunnel_of(self).vanish()


@mutant("RFC2661-7.6-03", "with its last call a tunnel goes without a StopCCN", roles=LNS)
class TunnelGoesWithLastCall(with_session(Last)):  # type: ignore[misc]
    pass


def ends_first(endpoint: Endpoint, source: Address) -> Tunnel | None:
    """The tunnel that a host has opened first, of those that live."""
    return next((one for one in endpoint.tunnels.values() if one.address == source), None)


@mutant(
    "RFC2661-5.3-09", "a StopCCN with Tunnel ID 0 ends the first tunnel of its sender", roles=LNS
)
class StopccnEndsFirstTunnel(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        if not packet.header.tunnel_id and packet.message_type == 4:
            return ends_first(self, source)
        return super().find_tunnel(packet, source)


@mutant("RFC2661-7.2-01", "crossing SCCRQs make two tunnels whatever their Tie Breakers say")
class CollisionUnresolved(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        return True, []


@mutant("RFC2661-8.1-02", "one source port is served, the first that asks", roles=LNS)
class OnePortServed(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        served = self.__dict__.setdefault("served", source)
        if source == served:
            super().accept(packet, source, now)


@mutant("RFC2661-8.1-01", "datagrams of more than 1000 octets are cut", roles=LNS)
class LongDatagramsCut(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        super().receive(data[:1000], source, now)


class HangsUp(Variant):
    """A peer that ends a call because of a frame in it."""

    def offends(self, frame: bytes) -> bool:
        """Whether a PPP frame, from its protocol on, ends the call."""
        raise NotImplementedError

    def take_data(self, packet: Packet, source: Address, now: float) -> None:
        tunnel = self.tunnels.get(packet.header.tunnel_id)
        session = tunnel.sessions.get(packet.header.session_id) if tunnel is not None else None
        if session is not None and self.offends(packet.payload.removeprefix(b"\xff\x03")):
            self.hang_up(session, now)
        else:
            super().take_data(packet, source, now)


@mutant("RFC2661-5.3-02", "the call ends when EAP is asked for")
class EndsOnEap(HangsUp):
    def offends(self, frame: bytes) -> bool:
        return frame.startswith(b"\xc0\x21\x01") and frame.endswith(b"\x03\x04\xc2\x27")


@mutant("RFC2661-5.3-02", "the end of a compression is taken for that of the link")
class EndsWithCompression(HangsUp):
    def offends(self, frame: bytes) -> bool:
        return frame.startswith((b"\x80\xfd\x05", b"\x80\xfd\x06"))
