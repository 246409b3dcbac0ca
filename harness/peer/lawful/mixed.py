"""Lawful variants that differ from the reference in many ways at once, as devices do."""

from __future__ import annotations

from harness.peer.channel import RetransmitPolicy
from harness.peer.lawful.base import add
from harness.peer.lawful.calls import Described, HighSerials, Informative, OtherFraming, WithCause
from harness.peer.lawful.connection import (
    AnswersElsewhere,
    ClosesWithItsCalls,
    Farewell,
    HighIds,
    Indifferent,
    Restless,
)
from harness.peer.lawful.data import everything
from harness.peer.lawful.delivery import AcksLater, AgainAtOnce, Forgetful, ZlbFirst
from harness.peer.lawful.hiding import Concealing
from harness.peer.lawful.messages import (
    UNASSIGNED,
    VENDORS,
    Talkative,
    backwards,
    bare,
    by_number,
    plus,
    results,
)
from harness.peer.variant import LAC, LNS, Variant
from harness.wire import Packet


class PatientChannel(AcksLater, Forgetful):
    """Acknowledges late, keeps nothing that is out of order."""

    patience = 0.2


class EagerChannel(ZlbFirst, AgainAtOnce):
    """Acknowledges before it answers, and sends its answer again to a duplicate."""


class RoutersTunnel(Restless, ClosesWithItsCalls, Farewell):
    """HELLOs every 20 s, AVPs of its vendor, no longer than its calls."""

    every = 20.0

    def adapt(self, packet: Packet) -> Packet:
        return plus(VENDORS, first=True)(by_number(super().adapt(packet)))


class BrassTunnel(Concealing, Talkative, Indifferent):
    """Hides all, says what is not known, and puts the AVPs the other way round."""

    vectors = (20, 16)
    sharing = 3
    padding = (5, 0)

    def adapt(self, packet: Packet) -> Packet:
        return backwards(plus(UNASSIGNED)(results(bare)(super().adapt(packet))))


class TalkativeSession(Informative, OtherFraming):
    """Tells the mask at once and asks for asynchronous framing."""


class WordySession(Described, WithCause):
    """Says much of its calls."""


class Router(HighIds):
    """What a router might be like."""

    channel_type = PatientChannel
    tunnel_type = RoutersTunnel

    def alter_data(self, packet: Packet) -> tuple[Packet, ...]:
        return (everything(packet),)


class LnsRouter(Router):
    """Such a router as an LNS."""

    session_type = TalkativeSession


class LacRouter(Router, HighSerials):
    """Such a router as a LAC."""

    session_type = WordySession


class Concentrator(AnswersElsewhere, Variant):
    """What a daemon might be like."""

    channel_type = EagerChannel
    tunnel_type = BrassTunnel


_PERMITS = "P-8 P-37 P-38 P-53 P-75 RFC2661-4.1-06 RFC2661-5.8-07 RFC2661-5.8-14"
for _name, _kind, _roles in (("lns", LnsRouter, LNS), ("lac", LacRouter, LAC)):
    add(
        f"many-things-of-an-{_name}" if _name == "lns" else f"many-things-of-a-{_name}",
        _PERMITS,
        "late acknowledgements, frequent HELLOs, AVPs in the order of their numbers, data with all"
        " fields, a tunnel that ends with its calls",
        kind=_kind,
        roles=_roles,
        receive_window=16,
        retransmit=RetransmitPolicy(2.0, 16.0, 5),
        challenge=True,
    )
add(
    "many-other-things",
    "P-20 P-30 P-33 P-43 P-53 P-56 RFC2661-4.4.1-03 RFC2661-4.4.1-06 RFC2661-5.8-07",
    "all hidden that may be, AVPs the other way round, ZLBs before answers, another port, messages"
    " of a later document",
    kind=Concentrator,
    receive_window=1,
    hides=True,
    retransmit=RetransmitPolicy(0.5, 8.0, 7),
)
