"""Mutants in what is made of received messages, one for each message and AVP of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.peer.channel import Arrival, Channel
from harness.peer.examine import OUT_OF_RANGE, UNKNOWN_MANDATORY_AVP, Examined, Fault
from harness.peer.message_types import CDN, STOPCCN
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_channel, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet, Value

MISSING: Final[Sequence[tuple[str, str, frozenset[Role]]]] = (
    ("SCCRQ", "protocol_version", BOTH),
    ("SCCRQ", "host_name", BOTH),
    ("SCCRQ", "framing_capabilities", BOTH),
    ("SCCRQ", "assigned_tunnel_id", BOTH),
    ("SCCRP", "protocol_version", BOTH),
    ("SCCRP", "host_name", BOTH),
    ("SCCRP", "framing_capabilities", BOTH),
    ("SCCRP", "assigned_tunnel_id", BOTH),
    ("ICRQ", "assigned_session_id", LNS),
    ("ICRQ", "call_serial_number", LNS),
    ("ICRP", "assigned_session_id", LAC),
    ("ICCN", "tx_connect_speed", LNS),
    ("ICCN", "framing_type", LNS),
    ("OCRQ", "assigned_session_id", LAC),
    ("OCRQ", "call_serial_number", LAC),
    ("OCRQ", "minimum_bps", LAC),
    ("OCRQ", "maximum_bps", LAC),
    ("OCRQ", "bearer_type", LAC),
    ("OCRQ", "framing_type", LAC),
    ("OCRQ", "called_number", LAC),
    ("OCRP", "assigned_session_id", LNS),
    ("OCCN", "tx_connect_speed", LNS),
    ("OCCN", "framing_type", LNS),
)
"""What is mandatory, and who receives it."""

LEGAL: Final[Sequence[tuple[str, str, Sequence[str], frozenset[Role]]]] = (
    ("6.1", "SCCRQ", ("bearer_capabilities", "receive_window_size", "vendor_name"), BOTH),
    ("6.1", "SCCRQ", ("firmware_revision", "challenge", "tie_breaker"), BOTH),
    ("6.2", "SCCRP", ("bearer_capabilities", "receive_window_size", "vendor_name"), BOTH),
    ("6.2", "SCCRP", ("firmware_revision", "challenge"), BOTH),
    ("6.6", "ICRQ", ("bearer_type", "physical_channel_id", "calling_number"), LNS),
    ("6.6", "ICRQ", ("called_number", "sub_address"), LNS),
    ("6.8", "ICCN", ("initial_received_lcp_confreq", "last_sent_lcp_confreq"), LNS),
    ("6.8", "ICCN", ("last_received_lcp_confreq", "proxy_authen_type"), LNS),
    ("6.8", "ICCN", ("proxy_authen_name", "proxy_authen_challenge", "proxy_authen_id"), LNS),
    ("6.8", "ICCN", ("proxy_authen_response", "private_group_id"), LNS),
    ("6.8", "ICCN", ("rx_connect_speed", "sequencing_required"), LNS),
    ("6.9", "OCRQ", ("sub_address",), LAC),
    ("6.10", "OCRP", ("physical_channel_id",), LNS),
    ("6.11", "OCCN", ("rx_connect_speed", "sequencing_required"), LNS),
)
"""What may be there, and who receives it."""

UNACKNOWLEDGED: Final[Sequence[tuple[str, int, str, frozenset[Role]]]] = (
    ("scccn", 3, "5.1-03", BOTH),
    ("stopccn", 4, "5.7-03", BOTH),
    ("iccn", 12, "5.2.1-02", LNS),
    ("occn", 9, "5.2.2-03", LNS),
    ("cdn", 14, "5.6-03", BOTH),
    ("wen", 15, "5.8-36", LNS),
    ("sli", 16, "6.14-02", LAC),
)


_CALL: Final = "RFC2661-7.1-05"
_SECTIONS: Final = {
    "SCCRQ": "RFC2661-6.1-{message}-{avp}",
    "SCCRP": "RFC2661-6.2-{message}-{avp}",
    **dict.fromkeys(("ICRQ", "ICRP", "ICCN", "OCRQ", "OCRP", "OCCN"), _CALL),
}
"""The row about what is missing: that of the message, or for calls that of all messages."""


def overlooking(message: str, avp: str) -> type[Variant]:
    """A peer to which it is all the same that a mandatory AVP is missing."""

    class Careless(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            examined = super().examine(packet)
            fault = examined.fault
            if fault is None or fault.text != f"{message} without {avp}":
                return examined
            return replace(examined, fault=None, values=_completed(examined, avp))

    class Peer(Variant):
        tunnel_type = Careless

    return Peer


def _completed(examined: Examined, avp: str) -> Mapping[str, Value]:
    """The values with something in place of what is missing."""
    made_up: dict[str, Value] = {"host_name": "nobody", "called_number": "5551234"}
    known = examined.message.example if examined.message is not None else {}
    return {avp: made_up.get(avp, known.get(avp, 1)), **examined.values}


def refusing(message: str, avp: str) -> type[Variant]:
    """A peer that does not take an AVP where it may stand."""

    class Strict(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            examined = super().examine(packet)
            named = examined.message is not None and examined.message.name == message
            if named and avp in examined.values and examined.fault is None:
                return replace(examined, fault=Fault(UNKNOWN_MANDATORY_AVP, f"{avp} is refused"))
            return examined

    class Peer(Variant):
        tunnel_type = Strict

    return Peer


def unacknowledged(number: int) -> type[Variant]:
    """A peer that processes a message and does not acknowledge it."""

    class Deaf(Channel):
        def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
            due = self.ack_due
            result = super().receive(packet)
            if packet.message_type == number:
                self.ack_due = due
            return result

    class Peer(Variant):
        channel_type = Deaf

    return Peer


def _tables() -> None:
    for message, avp, roles in MISSING:
        add(
            f"accepts-{message}-without-{avp}".lower(),
            overlooking(message, avp),
            _SECTIONS[message].format(message=message, avp=avp),
            f"{message} is accepted without {avp}",
            roles=roles,
        )
    for section, message, names, roles in LEGAL:
        for avp in names:
            add(
                f"refuses-{avp}-in-{message}".lower(),
                refusing(message, avp),
                f"RFC2661-{section}-{message}-{avp}",
                f"{message} is refused because of {avp}",
                roles=roles,
            )
    for name, number, row, roles in UNACKNOWLEDGED:
        add(
            f"{name}-unacknowledged",
            unacknowledged(number),
            f"RFC2661-{row}",
            f"a {name.upper()} is processed and not acknowledged",
            roles=roles,
        )


_tables()


class EnforcesBits(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        for avp in packet.avps:
            spec = self.endpoint.specification.avp(avp.type, avp.vendor)
            wrong = spec is not None and avp.mandatory is not spec.mandatory
            if wrong and examined.fault is None and not avp.reserved:
                return replace(
                    examined, fault=Fault(OUT_OF_RANGE, "the M bit is not as it must be")
                )
        return examined


@mutant("RFC2661-4.1-07", "known AVPs whose M bit is not as in the table are refused", roles=LNS)
class MandatoryBitEnforced(with_tunnel(EnforcesBits)):  # type: ignore[misc]
    pass


class BitEndsTunnel(Tunnel):
    def handle(self, packet: Packet, now: float) -> None:
        message = self.examine(packet).message
        table = self.endpoint.specification
        for avp in packet.avps:
            spec = table.avp(avp.type, avp.vendor)
            too_much = avp.mandatory and spec is not None and not spec.mandatory
            if too_much and message is not None and message.scope == "session":
                self.close(Fault(UNKNOWN_MANDATORY_AVP, "an AVP with M = 1 that has 0"), now)
                return
        super().handle(packet, now)


@mutant("RFC2661-7.4.2-S05", "M = 1 on an AVP of a call that has 0 ends the tunnel", roles=LNS)
class MandatoryBitEndsTunnel(with_tunnel(BitEndsTunnel)):  # type: ignore[misc]
    pass


class HiddenRefused(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.fault is None and any(avp.hidden for avp in packet.avps):
            return replace(examined, fault=Fault(OUT_OF_RANGE, "a hidden AVP cannot be read"))
        return examined


@mutant("RFC2661-4.3-16", "hidden AVPs cannot be read")
class CannotReadHidden(with_tunnel(HiddenRefused)):  # type: ignore[misc]
    pass


class OnlyFirstHidden(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        vectors = [avp for avp in packet.avps if avp.type == 36]
        if len(vectors) > 1:
            return replace(
                super().examine(packet), fault=Fault(OUT_OF_RANGE, "a second Random Vector")
            )
        return super().examine(packet)


@mutant("RFC2661-4.4.1-06", "a second Random Vector in a message is refused")
class SecondVectorRefused(with_tunnel(OnlyFirstHidden)):  # type: ignore[misc]
    pass


class ShortVectorRefused(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        if any(avp.type == 36 and len(avp.value) < 16 for avp in packet.avps):
            return replace(
                super().examine(packet), fault=Fault(OUT_OF_RANGE, "a short Random Vector")
            )
        return super().examine(packet)


@mutant("RFC2661-4.4.1-04", "a Random Vector of less than 16 octets is refused", roles=LNS)
class ShortVectorsRefused(with_tunnel(ShortVectorRefused)):  # type: ignore[misc]
    pass


class LongRefused(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.fault is None and any(len(avp.value) > 63 for avp in packet.avps):
            return replace(examined, fault=Fault(OUT_OF_RANGE, "an AVP is longer than the room"))
        return examined


@mutant("RFC2661-4.1-10", "an AVP of more than 63 octets is refused", roles=LNS)
class LongAvpsRefused(with_tunnel(LongRefused)):  # type: ignore[misc]
    pass


class OrderMatters(Tunnel):
    def examine(self, packet: Packet) -> Examined:
        examined = super().examine(packet)
        if examined.message is None or examined.fault is not None:
            return examined
        wanted = [name for name in examined.message.mandatory if name in examined.values]
        there = [name for name in examined.values if name in wanted]
        if there != wanted:
            return replace(examined, fault=Fault(OUT_OF_RANGE, "AVPs in an unexpected order"))
        return examined


@mutant("RFC2661-4.1-07", "AVPs have to come in the order of the table", roles=LNS, broad=True)
class OrderOfAvpsMatters(with_tunnel(OrderMatters)):  # type: ignore[misc]
    pass


class NoErrorCode(Tunnel):
    def handle(self, packet: Packet, now: float) -> None:
        short = any(avp.type == 1 and len(avp.value) == 2 for avp in packet.avps)
        if not short:
            super().handle(packet, now)


@mutant("RFC2661-4.4.2-01", "a Result Code without an error code ends nothing", roles=LNS)
class ShortResultIgnored(with_tunnel(NoErrorCode)):  # type: ignore[misc]
    pass


def heeding(number: int, known: range) -> type[Variant]:
    """A peer that takes a message of one type for nothing unless its result is one of these."""

    class KnownResults(Tunnel):
        def handle(self, packet: Packet, now: float) -> None:
            results = [
                int.from_bytes(avp.value[:2], "big")
                for avp in packet.avps
                if avp.type == 1 and not avp.vendor
            ]
            odd = any(result not in known for result in results)
            if packet.message_type != number or not odd:
                super().handle(packet, now)

    return with_tunnel(KnownResults)


for _number, _row, _message, _most in (
    (CDN, "RFC2661-5.6-03", "CDN", 11),
    (STOPCCN, "RFC2661-7.2.1-08", "StopCCN", 7),
):
    add(
        f"unknown-result-of-{_message.lower()}-ignored",
        heeding(_number, range(_most + 1)),
        _row,
        f"a {_message} with a result above the known ones ends nothing",
    )
    add(
        f"result-zero-of-{_message.lower()}-ignored",
        heeding(_number, range(1, 65536)),
        _row,
        f"a {_message} with the result 0 ends nothing",
    )


class NoAckAhead(Channel):
    def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
        result = super().receive(packet)
        if packet.is_zlb and packet.header.ns != self.nr:
            self.ack_due = True
        return result


@mutant("RFC2661-5.8-37", "a ZLB with an Ns that is not the next is answered")
class OddZlbAnswered(with_channel(NoAckAhead)):  # type: ignore[misc]
    pass


@mutant("RFC2661-4.4.3-13", "of two colliding tunnels without tie-breakers one is dropped")
class CollisionAlwaysLost(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        goes_on, orphans = super().resolve_collision(packet, source, now)
        theirs = any(avp.type == 5 for avp in packet.avps)
        if self.config.tie_breaker is None and not theirs:
            waits = any(one.state.value == "wait-ctl-reply" for one in self.tunnels.values())
            return goes_on and not waits, orphans
        return goes_on, orphans


@mutant("RFC2661-4.4.3-08", "tie-breakers are not compared")
class TieBreakersIgnored(Variant):
    def resolve_collision(
        self, packet: Packet, source: Address, now: float
    ) -> tuple[bool, list[Session]]:
        return True, []
