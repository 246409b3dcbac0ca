"""Mutants of the control connection: set-up, authentication, ids, collision, HELLO, teardown."""

from __future__ import annotations

from dataclasses import replace

from harness.peer.control_connection import Action, Event
from harness.peer.examine import Examined, Fault
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import BOTH, LNS, Variant, with_tunnel
from harness.wire import Packet, Value, challenge_response


class WrongDigestId(Tunnel):
    def response(self, name: str) -> dict[str, Value]:
        if self.peer_challenge is None or self.config.secret is None:
            return {}
        digest = challenge_response(1, self.config.secret, self.peer_challenge)
        return {"challenge_response": digest}


@mutant("RFC2661-4.4.3-28", "the digest of a Challenge Response begins with another id")
class ResponseWithWrongId(with_tunnel(WrongDigestId)):  # type: ignore[misc]
    pass


class Mute(Tunnel):
    def response(self, name: str) -> dict[str, Value]:
        return {}


@mutant("RFC2661-5.1.1-02", "a Challenge is not answered")
class ChallengeUnanswered(with_tunnel(Mute)):  # type: ignore[misc]
    pass


class Trusting(Tunnel):
    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        return None


@mutant("RFC2661-5.1.1-03", "a wrong Challenge Response is accepted")
class ResponseNotChecked(with_tunnel(Trusting)):  # type: ignore[misc]
    pass


class TrustsMissing(Tunnel):
    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        if "challenge_response" not in examined.octets:
            return None
        return super().authenticate(name, examined)


@mutant("RFC2661-7.2.1-06", "a missing Challenge Response is accepted")
class MissingResponseAccepted(with_tunnel(TrustsMissing)):  # type: ignore[misc]
    pass


class AnyId(Tunnel):
    def authenticate(self, name: str, examined: Examined) -> Fault | None:
        if self.challenge is None or self.config.secret is None:
            return None
        answers = [
            challenge_response(number, self.config.secret, self.challenge) for number in range(5)
        ]
        if examined.octets.get("challenge_response") in answers:
            return None
        return super().authenticate(name, examined)


@mutant("RFC2661-9.1-04", "a response made for another message is accepted", roles=LNS)
class ReplayedResponseAccepted(with_tunnel(AnyId)):  # type: ignore[misc]
    pass


class SameChallenge(Tunnel):
    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        if "challenge" in values:
            self.challenge = bytes(16)
            values["challenge"] = self.challenge
        return values


@mutant("RFC2661-4.4.3-25", "every tunnel gets the same Challenge", roles=LNS)
class ConstantChallenge(with_tunnel(SameChallenge)):  # type: ignore[misc]
    pass


@mutant("RFC2661-9.1-05", "tunnel ids follow each other", roles=LNS)
class SequentialTunnelIds(Variant):
    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        self.last = getattr(self, "last", 100) + 1
        return super().make_tunnel(self.last, address)


class SilentRefusal(Tunnel):
    def act(self, action: Action, now: float) -> None:
        if action is not Action.SEND_STOPCCN:
            super().act(action, now)
        else:
            self.linger(now)


@mutant("RFC2661-7.2.1-S03", "what is not acceptable is dropped without a StopCCN", broad=True)
class RefusesSilently(with_tunnel(SilentRefusal)):  # type: ignore[misc]
    pass


class NoLinger(Tunnel):
    def linger(self, now: float) -> None:
        super().linger(now)
        self.gone_at = now + 0.1


@mutant("RFC2661-5.7-04", "a tunnel is forgotten as soon as it is closed")
class ForgetsAtOnce(with_tunnel(NoLinger)):  # type: ignore[misc]
    pass


class ShortLinger(Tunnel):
    def linger(self, now: float) -> None:
        super().linger(now)
        self.gone_at = now + 5.0


@mutant("RFC2661-5.7-05", "a closed tunnel is forgotten after 5 seconds")
class LingersShortly(with_tunnel(ShortLinger)):  # type: ignore[misc]
    pass


class Hurried(Tunnel):
    def act(self, action: Action, now: float) -> None:
        super().act(action, now)
        if action is Action.SEND_STOPCCN:
            self.flush(now)
            self.channel.abandon()


@mutant("RFC2661-7.1-16", "a StopCCN is sent once, acknowledged or not")
class StopccnSentOnce(with_tunnel(Hurried)):  # type: ignore[misc]
    pass


class Deaf(Tunnel):
    def event(self, event: Event, now: float) -> None:
        if event is not Event.STOPCCN:
            super().event(event, now)


@mutant("RFC2661-7.2.1-08", "a StopCCN is acknowledged and the tunnel goes on")
class IgnoresStopccn(with_tunnel(Deaf)):  # type: ignore[misc]
    pass


class Echo(Tunnel):
    def event(self, event: Event, now: float) -> None:
        if event is Event.STOPCCN and self.phase is Phase.OPEN:
            self.send_stopccn()
            self.flush(now)
        super().event(event, now)


@mutant("RFC2661-6.4-02", "a StopCCN is answered by a StopCCN")
class AnswersStopccn(with_tunnel(Echo)):  # type: ignore[misc]
    pass


class Talkative(Tunnel):
    def event(self, event: Event, now: float) -> None:
        if event is Event.STOPCCN:
            for session in list(self.sessions.values()):
                session.send_cdn()
            self.flush(now)
        super().event(event, now)


@mutant("RFC2661-6.4-01", "a StopCCN is answered by a CDN for each session", roles=LNS)
class CdnForEachSession(with_tunnel(Talkative)):  # type: ignore[misc]
    pass


class Lenient(Tunnel):
    def set_up(self, examined: Examined, now: float) -> None:
        super().set_up(replace(examined, fault=None), now)


@mutant("RFC2661-7.1-09", "faults in SCCRQ, SCCRP and SCCCN are overlooked", broad=True)
class AcceptsMalformedSetUp(with_tunnel(Lenient)):  # type: ignore[misc]
    pass


class AnyVersion(Tunnel):
    def judge(self, name: str, examined: Examined) -> Fault | None:
        values = {key: one for key, one in examined.values.items() if key != "protocol_version"}
        return super().judge(name, replace(examined, values=values))


@mutant("RFC2661-7.2.1-04", "any protocol version is accepted")
class AcceptsAnyVersion(with_tunnel(AnyVersion)):  # type: ignore[misc]
    pass


class IgnoresUnknown(Tunnel):
    def unknown_message(self, examined: Examined, now: float) -> None:
        self.log("ignored")


@mutant("RFC2661-4.4.1-02", "an unknown mandatory message is ignored")
class IgnoresUnknownMandatory(with_tunnel(IgnoresUnknown)):  # type: ignore[misc]
    pass


class RefusesUnknown(Tunnel):
    def unknown_message(self, examined: Examined, now: float) -> None:
        self.close(Fault(8, "unknown message"), now)


@mutant("RFC2661-4.4.1-03", "an unknown message with M = 0 ends the tunnel")
class RefusesUnknownOptional(with_tunnel(RefusesUnknown)):  # type: ignore[misc]
    pass


class IgnoresFaults(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        return replace(super().examine(packet), fault=None)


@mutant("RFC2661-4.1-05", "an unrecognized mandatory AVP is ignored", broad=True)
class IgnoresMandatoryAvps(with_tunnel(IgnoresFaults)):  # type: ignore[misc]
    pass


class Strict(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.ignored and examined.fault is None:
            return replace(examined, fault=Fault(8, examined.ignored[0]))
        return examined


@mutant("RFC2661-4.1-06", "an unrecognized AVP with M = 0 ends the tunnel or session", broad=True)
class RefusesOptionalAvps(with_tunnel(Strict)):  # type: ignore[misc]
    pass


class NoVendors(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        avps = tuple(one._replace(vendor=0) for one in packet.avps)
        return super().examine(packet._replace(avps=avps))


@mutant("RFC2661-4.1-14", "the Vendor ID is not compared")
class VendorIgnored(with_tunnel(NoVendors)):  # type: ignore[misc]
    pass


class ReservedIgnored(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        avps = tuple(one._replace(reserved=0) for one in packet.avps)
        return super().examine(packet._replace(avps=avps))


@mutant("RFC2661-4.1-03", "reserved AVP bits are ignored")
class ReservedAvpBitsIgnored(with_tunnel(ReservedIgnored)):  # type: ignore[misc]
    pass


class FirstVector(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        vectors = [one for one in packet.avps if one.type == 36]
        avps = tuple(one for one in packet.avps if one.type != 36 or one is vectors[0])
        return super().examine(packet._replace(avps=avps))


@mutant("RFC2661-4.3-15", "only the first Random Vector of a message counts", roles=LNS)
class OlderRandomVector(with_tunnel(FirstVector)):  # type: ignore[misc]
    pass


@mutant("RFC2661-3.1-06", "a reserved header bit makes a message unacceptable")
class ReservedHeaderBitsRefused(Variant):
    def acceptable_header(self, packet: Packet, size: int) -> bool:
        return super().acceptable_header(packet, size) and not packet.header.reserved


@mutant("RFC2661-3.1-13", "any version in the header is accepted")
class AnyHeaderVersion(Variant):
    def acceptable_header(self, packet: Packet, size: int) -> bool:
        header = packet.header._replace(version=2)
        return super().acceptable_header(packet._replace(header=header), size)


@mutant("RFC2661-7.1-06", "a Length beyond the datagram is accepted")
class LengthNotChecked(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if data[:1] and data[0] & 0x40 and int.from_bytes(data[2:4], "big") > len(data):
            data = data[:2] + len(data).to_bytes(2, "big") + data[4:]
        super().receive(data, source, now)


@mutant("RFC2661-5.0-04", "one host can have one tunnel only", roles=LNS)
class OneTunnelOnly(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if not any(one.phase is Phase.OPEN for one in self.tunnels.values()):
            super().accept(packet, source, now)


@mutant("RFC2661-3.1-17", "tunnels are told apart by host and id, not by port", roles=LNS)
class PortsIgnored(Variant):
    def accept(self, packet: Packet, source: Address, now: float) -> None:
        assigned = packet.avps[-1].value
        for tunnel in self.tunnels.values():
            same = tunnel.address[0] == source[0]
            if same and tunnel.peer_id == int.from_bytes(assigned, "big"):
                return
        super().accept(packet, source, now)


@mutant("RFC2661-5.8-05", "every repeated SCCRQ opens a tunnel of its own", roles=LNS)
class TunnelPerSccrq(Variant):
    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        if not packet.header.tunnel_id and packet.message_type == 1:
            return None
        return super().find_tunnel(packet, source)


class Forgetful(Tunnel):
    def forget_session(self, session: Session) -> None:
        self.log("session kept")


@mutant("RFC2661-6.12-02", "a session that has ended is kept", roles=BOTH)
class SessionsNeverEnd(with_tunnel(Forgetful)):  # type: ignore[misc]
    pass


class Crash(Tunnel):
    def unknown_message(self, examined: Examined, now: float) -> None:
        raise IndexError("message type out of the table")


@mutant("RFC2661-4.4.1-03", "an unknown message type crashes the peer")
class CrashesOnUnknownMessage(with_tunnel(Crash)):  # type: ignore[misc]
    pass


@mutant("RFC2661-7.1-06", "a header that is cut short crashes the peer", roles=LNS)
class CrashesOnShortHeader(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if len(data) < 12:
            raise IndexError("header too short")
        super().receive(data, source, now)


@mutant("RFC2661-7.1-09", "a malformed AVP makes the peer hang", roles=LNS)
class HangsOnMalformedAvp(Variant):
    def receive(self, data: bytes, source: Address, now: float) -> None:
        if getattr(self, "hanging", False):
            return
        from harness.wire import DefectKind, parse

        kinds = {one.kind for one in parse(data).defects}
        self.hanging = DefectKind.AVP_LENGTH_SMALL in kinds
        super().receive(data, source, now)
