"""Mutants with defects that real implementations were reported to have, and no other file has."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from harness.peer.calls import CallControl
from harness.peer.config import PeerConfig
from harness.peer.control_connection import State
from harness.peer.establishment import NOT_AUTHORIZED
from harness.peer.examine import OUT_OF_RANGE, UNKNOWN_MANDATORY_AVP, Examined, Fault
from harness.peer.message_types import CDN, SCCRQ, STOPCCN
from harness.peer.mutants import edits
from harness.peer.mutants.altering import altered
from harness.peer.mutants.base import add, mutant
from harness.peer.mutants.calls import tunnel_of
from harness.peer.session import Session
from harness.peer.tunnel import GENERAL_REQUEST, Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_calls, with_session, with_tunnel
from harness.spec.model import Specification
from harness.wire import AVP, Packet, Value, reveal
from harness.wire.model import RANDOM_VECTOR

CAUSE_CODE = 12
CAUSE_OCTETS = 3
"""What a Q.931 Cause Code has at least: two octets of cause, one of message (4.4.4)."""

ADDRESS_AND_CONTROL = b"\xff\x03"


class CauseCrash(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        for avp in packet.avps:
            if avp.type == CAUSE_CODE and not avp.vendor and len(avp.value) < CAUSE_OCTETS:
                raise IndexError("the message behind the cause is not there")
        return super().examine(packet)


@mutant("RFC2661-7.1-05", "a Q.931 Cause Code of 2 octets crashes the peer", broad=True)
class CrashesOnShortCause(with_tunnel(CauseCrash)):  # type: ignore[misc]
    pass


class HiddenCrash(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        _, problems = reveal(packet.avps, self.config.secret)
        if any("original length exceeds" in text for _, text in problems):
            raise IndexError("copied beyond the room")
        return super().examine(packet)


@mutant("RFC2661-7.1-09", "a hidden value that claims to be longer crashes the peer", broad=True)
class CrashesOnHiddenLength(with_tunnel(HiddenCrash)):  # type: ignore[misc]
    pass


class VectorsFirst(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        vectors = [one for one in packet.avps[1:] if one.type == RANDOM_VECTOR]
        others = [one for one in packet.avps[1:] if one.type != RANDOM_VECTOR]
        return super().examine(packet._replace(avps=(*packet.avps[:1], *vectors, *others)))


@mutant(
    "RFC2661-4.3-15",
    "the last Random Vector serves all hidden AVPs, also those before it",
)
class LaterVectorUsed(with_tunnel(VectorsFirst)):  # type: ignore[misc]
    pass


class EmptyVector(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        first = AVP(RANDOM_VECTOR, b"")
        return super().examine(packet._replace(avps=(*packet.avps[:1], first, *packet.avps[1:])))


@mutant("RFC2661-4.4.1-08", "what is hidden needs no Random Vector before it")
class NoVectorNeeded(with_tunnel(EmptyVector)):  # type: ignore[misc]
    pass


class SecretLate(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        hidden = any(one.hidden for one in packet.avps)
        examined = super().examine(packet)
        if hidden and packet.message_type == SCCRQ and examined.fault is None:
            return replace(examined, fault=Fault(OUT_OF_RANGE, "the secret is not known yet"))
        return examined


@mutant("RFC2661-4.3-16", "hidden AVPs of an SCCRQ cannot be read", roles=LNS)
class SecretUnknownInSccrq(with_tunnel(SecretLate)):  # type: ignore[misc]
    pass


class CauseUnwanted(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if packet.message_type != CDN or "q931_cause_code" not in examined.values:
            super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-6.12-CDN-q931_cause_code", "a CDN with a Q.931 Cause Code ends nothing", roles=LNS)
class CauseInCdnRefused(with_calls(CauseUnwanted)):  # type: ignore[misc]
    pass


class CauseUnknown(CallControl):
    def handle(self, tunnel: Tunnel, packet: Packet, examined: Examined, now: float) -> None:
        if packet.message_type == CDN and "q931_cause_code" in examined.values:
            tunnel.close(Fault(UNKNOWN_MANDATORY_AVP, "unknown AVP 0x000c"), now)
        else:
            super().handle(tunnel, packet, examined, now)


@mutant("RFC2661-4.4.4-02", "a Q.931 Cause Code is not known, and ends the tunnel")
class CauseEndsTunnel(with_calls(CauseUnknown)):  # type: ignore[misc]
    pass


class SpeedWanted(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.integer("tx_connect_speed") == 0:
            return replace(examined, fault=Fault(OUT_OF_RANGE, "a speed of 0"))
        return examined


@mutant("RFC2661-7.4.2-S05", "an ICCN with a Tx Connect Speed of 0 is refused", roles=LNS)
class ZeroSpeedRefused(with_tunnel(SpeedWanted)):  # type: ignore[misc]
    pass


class NoNotice(CallControl):
    def notify(self, session: Session, name: str, examined: Examined, now: float) -> None:
        tunnel_of(session).close(None, now)


@mutant("RFC2661-6.14-02", "an SLI ends the tunnel", roles=LAC)
class SliEndsTunnel(with_calls(NoNotice)):  # type: ignore[misc]
    pass


class BareOnly(Session):
    def take_data(self, packet: Packet) -> None:
        if not packet.payload.startswith(ADDRESS_AND_CONTROL):
            super().take_data(packet)


@mutant("RFC2661-5.3-01", "frames with FF03 in front are dropped")
class AddressAndControlRefused(with_session(BareOnly)):  # type: ignore[misc]
    pass


class WideDigestId(Tunnel):
    def response(self, name: str) -> dict[str, Value]:
        if self.peer_challenge is None or self.config.secret is None:
            return {}
        number = self.endpoint.specification.messages[name].type.to_bytes(2, "big")
        digest = hashlib.md5(
            number + self.config.secret + self.peer_challenge, usedforsecurity=False
        ).digest()
        return {"challenge_response": digest}


@mutant("RFC2661-4.4.3-28", "the digest of a Challenge Response begins with an id of 2 octets")
class ResponseWithWideId(with_tunnel(WideDigestId)):  # type: ignore[misc]
    pass


class Unspecific(Tunnel):
    def send_stopccn(self) -> None:
        if self.refusal is not None and self.refusal.result == NOT_AUTHORIZED:
            self.refusal = Fault(0, self.refusal.text, result=GENERAL_REQUEST)
        super().send_stopccn()


@mutant(
    "RFC2661-4.4.2-StopCCN-4",
    "a failed authentication is told as a general request",
    equivalent="another result code than 4 is worth a note only (P-23)",
)
class UnauthorizedAsGeneral(with_tunnel(Unspecific)):  # type: ignore[misc]
    pass


class Restless(Tunnel):
    def hello_due(self) -> float | None:
        interval = self.config.hello_interval
        if interval is None or self.state is not State.ESTABLISHED:
            return None
        return max(self.last_heard, self.last_hello) + interval


@mutant(
    "RFC2661-6.5-01",
    "a HELLO is sent while other messages wait for their acknowledgement",
    equivalent="HELLO is a message as any other, and no rule forbids to queue one",
)
class HelloWhileOthersWait(with_tunnel(Restless)):  # type: ignore[misc]
    pass


def _result_in_host_order(packet: Packet) -> Packet:
    avps = tuple(
        one._replace(value=one.value[1::-1] + one.value[2:]) if one.type == 1 else one
        for one in packet.avps
    )
    return packet._replace(avps=avps)


for _kind, _called, _roles in ((STOPCCN, "stopccn", LNS), (CDN, "cdn", BOTH)):
    _swap: type[Variant] = altered(edits.on((_kind,), _result_in_host_order))
    add(
        f"{_called}-result-in-host-order",
        _swap,
        "RFC2661-4.4.2-result_code-value",
        f"the result of a {_called.upper()} has its low octet first",
        roles=_roles,
        broad=True,
    )


@mutant("RFC2661-8.1-09", "nothing that it sends has a UDP checksum")
class WithoutUdpChecksums(Variant):
    def __init__(self, specification: Specification, config: PeerConfig, **rest: Any) -> None:
        super().__init__(specification, replace(config, udp_checksums=False), **rest)
