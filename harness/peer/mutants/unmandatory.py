"""Mutants for which M = 0 on a Message Type takes away more than it says (4.4.1, 7.1).

It says that a message whose type is not known may be ignored. These heed their states only where
M = 1, trip over what is unknown, or begin something because of it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from harness.peer.call import CallState
from harness.peer.calls import CallControl
from harness.peer.control_connection import State
from harness.peer.examine import Examined, Fault
from harness.peer.message_types import ICRP, ICRQ, OCRQ, SCCRP, SCCRQ, STOPCCN
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LNS, Variant, with_calls, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet, parse

TYPE_ZERO: Final = 0
ASSIGNED_SESSION_ID: Final = 14
NOBODY: Final = 65535
"""A Tunnel ID that no peer has assigned."""

_ENDS_OR_TELLS: Final = frozenset({"CDN", "WEN", "SLI"})


def is_optional(packet: Packet) -> bool:
    """Whether a message has M = 0 on its Message Type."""
    return packet.message_type is not None and not packet.avps[0].mandatory


class ToNoTunnel(Variant):
    """Does something with a message to Tunnel ID 0 that belongs to no tunnel."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        stray = packet is not None and packet.header.control and not packet.header.tunnel_id
        if packet is not None and stray and packet.message_type not in (SCCRQ, STOPCCN, None):
            self.stray(packet, source, now)
        super().receive(data, source, now)

    def stray(self, packet: Packet, source: Address, now: float) -> None:
        raise NotImplementedError

    def begin(
        self, name: str, source: Address, now: float, peer_id: int = 0, session_id: int = 0
    ) -> None:
        """Send a message in a tunnel that is made up for it."""
        tunnel = self.new_tunnel(source)
        tunnel.peer_id = peer_id
        tunnel.channel.nr = 1
        told = {"ICRP": {"assigned_session_id": 77}}.get(name)
        tunnel.send(name, told or tunnel.introduction(name), session_id=session_id)
        tunnel.flush(now)


# -- known messages --------------------------------------------------------------------------------


@mutant("RFC2661-7.1-04", "a known message with M = 0 to no tunnel crashes the peer")
class CrashesOnStrayWithoutM(ToNoTunnel):
    def stray(self, packet: Packet, source: Address, now: float) -> None:
        if is_optional(packet) and self.specification.message(packet.message_type or 0):
            raise AttributeError("no tunnel")


@mutant("RFC2661-7.2.1-S04", "an SCCRP with M = 0 to no tunnel is answered by an SCCCN")
class StrayReplyWithoutMConnects(ToNoTunnel):
    def stray(self, packet: Packet, source: Address, now: float) -> None:
        if is_optional(packet) and packet.message_type == SCCRP:
            self.begin("SCCCN", source, now, self.assigned_tunnel_id(packet))


class CallWithoutTunnel(ToNoTunnel):
    """Takes a call that is in no tunnel. optional: only one whose message has M = 0."""

    optional: ClassVar[bool]

    def stray(self, packet: Packet, source: Address, now: float) -> None:
        if packet.message_type == ICRQ and is_optional(packet) is self.optional:
            told = (one.value for one in packet.avps if one.type == ASSIGNED_SESSION_ID)
            self.begin("ICRP", source, now, session_id=int.from_bytes(next(told, b""), "big"))


@mutant("RFC2661-5.0-01", "an ICRQ with M = 0 to no tunnel gets an ICRP", roles=LNS)
class CallWithoutMNeedsNoTunnel(CallWithoutTunnel):
    optional = True


@mutant("RFC2661-5.0-01", "an ICRQ to no tunnel gets an ICRP", roles=LNS)
class CallNeedsNoTunnel(CallWithoutTunnel):
    optional = False


@mutant("RFC2661-3.1-15", "a HELLO to no tunnel crashes the peer")
class CrashesOnStrayHello(ToNoTunnel):
    def stray(self, packet: Packet, source: Address, now: float) -> None:
        if not is_optional(packet) and packet.header.ns == 0:
            raise AttributeError("no tunnel")


class EarlyCrash(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if tunnel.state is State.WAIT_CTL_CONN and not examined.mandatory:
            raise AttributeError("no call")
        super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-7.1-04", "a call message with M = 0 before the SCCCN crashes the peer")
class CrashesOnEarlyCallWithoutM(with_calls(EarlyCrash)):  # type: ignore[misc]
    pass


class EarlyCall(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        state = tunnel.state
        if not examined.mandatory and packet.message_type in (ICRQ, OCRQ):
            tunnel.state = State.ESTABLISHED
        super().handle(tunnel, packet, examined, now)
        tunnel.state = state


@mutant("RFC2661-5.0-01", "a request with M = 0 opens a call before the SCCCN")
class CallWithoutMBeforeScccn(with_calls(EarlyCall)):  # type: ignore[misc]
    pass


class Completing(Tunnel):
    """Takes an SCCRP for the SCCCN that is due. optional: only one with M = 0."""

    optional: ClassVar[bool] = True
    only_challenged: ClassVar[bool] = False

    def set_up(self, examined: Examined, now: float) -> None:
        reply = examined.message is not None and examined.message.name == "SCCRP"
        due = self.state is State.WAIT_CTL_CONN and examined.mandatory is not self.optional
        challenged = self.challenge is not None or not self.only_challenged
        if not (reply and due and challenged and self.authenticate("SCCRP", examined) is None):
            super().set_up(examined, now)
            return
        self.state = State.ESTABLISHED
        self.send("SCCCN", {})


class CompletingWithM(Completing):
    optional = False
    only_challenged = True


@mutant("RFC2661-7.2.1-S12", "an SCCRP with M = 0 is taken for the SCCCN", roles=LNS)
class ReplyWithoutMCompletes(with_tunnel(Completing)):  # type: ignore[misc]
    pass


@mutant("RFC2661-5.1.1-03", "a response that is right for an SCCRP proves its sender", roles=LNS)
class ReflectedResponseCompletes(with_tunnel(CompletingWithM)):  # type: ignore[misc]
    pass


class Uncritical(Tunnel):
    """Does not judge an SCCCN with M = 0."""

    def judge(self, name: str, examined: Examined) -> Fault | None:
        if name == "SCCCN" and not examined.mandatory:
            return self.authenticate(name, examined)
        return super().judge(name, examined)


@mutant("RFC2661-7.2.1-S11", "an SCCCN with M = 0 is accepted, whatever is in it", roles=LNS)
class ScccnWithoutMIsGood(with_tunnel(Uncritical)):  # type: ignore[misc]
    pass


class StrayCrash(Tunnel):
    """Trips over M = 0 in a tunnel that is up; a message that begins or ends something is none."""

    def handle(self, packet: Packet, now: float) -> None:
        examined = self.examine(packet)
        name = examined.message.name if examined.message is not None else ""
        session = self.sessions.get(packet.header.session_id)
        established = self.state is State.ESTABLISHED and not examined.mandatory
        if established and name in {"SCCCN", "ICRP", "OCCN"} and session is None:
            self.trip()
        super().handle(packet, now)

    def trip(self) -> None:
        raise AttributeError("no call")


@mutant("RFC2661-7.1-04", "a stray message with M = 0 in a tunnel that is up crashes the peer")
class CrashesOnStrayWithoutMInATunnel(with_tunnel(StrayCrash)):  # type: ignore[misc]
    pass


class StrayAnswer(StrayCrash):
    def trip(self) -> None:
        self.send("ICCN", {"tx_connect_speed": 1, "framing_type": 1})


@mutant("RFC2661-7.1-04", "a stray message with M = 0 in a tunnel that is up gets an ICCN")
class StrayWithoutMConnectsACall(with_tunnel(StrayAnswer)):  # type: ignore[misc]
    pass


class CallCrash(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        session = tunnel.sessions.get(packet.header.session_id)
        up = session is not None and session.state is CallState.ESTABLISHED
        name = examined.message.name if examined.message is not None else ""
        if up and not examined.mandatory and name not in _ENDS_OR_TELLS:
            raise AttributeError("no section")
        super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-7.1-04", "a message with M = 0 that a call does not expect crashes the peer")
class CrashesOnCallMessageWithoutM(with_calls(CallCrash)):  # type: ignore[misc]
    pass


class AnsweringAnew(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        session = tunnel.sessions.get(packet.header.session_id)
        answer = {ICRQ: "ICRP", ICRP: "ICCN"}.get(packet.message_type or 0)
        up = session is not None and session.state is CallState.ESTABLISHED
        role = self.endpoint.config.role
        if session is None or not up or examined.mandatory or answer != _ANSWERS[role]:
            super().handle(tunnel, packet, examined, now)
        else:
            tunnel.send(answer, session.message_values(answer), session_id=session.peer_id)


_ANSWERS: Final = {Role.LNS: "ICRP", Role.LAC: "ICCN"}


@mutant("RFC2661-7.1-04", "an ICRQ or ICRP with M = 0 about a call that is up is answered anew")
class CallMessageWithoutMAnsweredAnew(with_calls(AnsweringAnew)):  # type: ignore[misc]
    pass


# -- unknown and reserved types --------------------------------------------------------------------

LAST_OF_THE_TABLE: Final = 4095
"""The unknown types above are looked up beyond the end of a table."""


class Lookup(Tunnel):
    def unknown_message(self, examined: Examined, now: float) -> None:
        if not examined.mandatory and (examined.number or 0) > LAST_OF_THE_TABLE and self.known:
            raise IndexError("message type out of range")
        super().unknown_message(examined, now)

    known = False

    def handle(self, packet: Packet, now: float) -> None:
        avps = self.endpoint.specification.avp
        self.known = any(avps(one.type, one.vendor) is not None for one in packet.avps[1:])
        super().handle(packet, now)


@mutant("RFC2661-4.4.1-03", "a known AVP in a message of a high unknown type crashes the peer")
class CrashesOnKnownAvpOfUnknownMessage(with_tunnel(Lookup)):  # type: ignore[misc]
    pass


@mutant("RFC2661-4.4.1-03", "a message of an unknown type, M = 0, to no tunnel crashes the peer")
class CrashesOnStrayOfUnknownType(ToNoTunnel):
    def stray(self, packet: Packet, source: Address, now: float) -> None:
        if is_optional(packet) and (packet.message_type or 0) > LAST_OF_THE_TABLE:
            raise IndexError("message type out of range")


def begun_by_zero(*, serves: bool) -> type[Variant]:
    """A peer that opens a tunnel to whoever says 0, where it serves its peers, or where not."""

    class Begun(ToNoTunnel):
        def stray(self, packet: Packet, source: Address, now: float) -> None:
            if packet.message_type == TYPE_ZERO and self.config.serves is serves:
                self.begin("SCCRQ", source, now, NOBODY)

    return Begun


add(
    "type-zero-begins-a-tunnel",
    begun_by_zero(serves=True),
    "RFC2661-3.2-01",
    "a message of type 0 to no tunnel is answered by an SCCRQ",
    roles=BOTH,
)
add(
    "type-zero-begins-a-tunnel-where-closed",
    begun_by_zero(serves=False),
    "RFC2661-3.2-01",
    "a message of type 0 to no tunnel gets an SCCRQ, where its sender is not served",
    roles=BOTH,
)


class CallOfTypeZero(Tunnel):
    def unknown_message(self, examined: Examined, now: float) -> None:
        if self.about is not None and examined.number == TYPE_ZERO and not examined.mandatory:
            session = self.sessions[self.about]
            name = "OCRQ" if self.config.role is Role.LNS else "ICRQ"
            self.send(name, session.message_values(name), session_id=session.peer_id)
        super().unknown_message(examined, now)

    about: int | None = None

    def handle(self, packet: Packet, now: float) -> None:
        self.about = packet.header.session_id if packet.header.session_id in self.sessions else None
        super().handle(packet, now)


@mutant("RFC2661-3.2-01", "a message of type 0 about a call makes the peer ask for another")
class TypeZeroAsksForACall(with_tunnel(CallOfTypeZero)):  # type: ignore[misc]
    pass


# -- where the Message Type stands -----------------------------------------------------------------


@mutant("RFC2661-4.4.1-01", "unknown AVPs of M = 0 ahead of the Message Type are passed over")
class TypeBehindUnknownAvps(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        packet = parse(data).packet
        if packet is not None and packet.header.control and packet.avps:
            first = packet.avps[0]
            if not first.mandatory and self.specification.avp(first.type, first.vendor) is None:
                data = data[: packet.header.size] + data[packet.header.size + first.size :]
                data = data[:2] + len(data).to_bytes(2, "big") + data[4:]
        super().receive(data, source, now)


class LastType(Tunnel):
    def handle(self, packet: Packet, now: float) -> None:
        types = [one for one in packet.avps if not one.type and not one.vendor]
        if len(types) > 1:
            others = tuple(one for one in packet.avps if one.type or one.vendor)
            packet = packet._replace(avps=(types[-1], *others))
        super().handle(packet, now)


@mutant("RFC2661-4.4.1-01", "of several Message Types the last one counts")
class LastMessageTypeCounts(with_tunnel(LastType)):  # type: ignore[misc]
    pass


# -- a StopCCN about a call ------------------------------------------------------------------------


class AboutNoCall(Tunnel):
    def handle(self, packet: Packet, now: float) -> None:
        session_id = packet.header.session_id
        if packet.message_type != STOPCCN or not session_id or session_id in self.sessions:
            super().handle(packet, now)


@mutant("RFC2661-7.2.1-S16", "a StopCCN with the Session ID of no call is ignored")
class StopccnAboutNoCallIgnored(with_tunnel(AboutNoCall)):  # type: ignore[misc]
    pass
