"""Mutants that say something else than what was wrong (4.4.2), one for each message and fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from harness.peer.examine import (
    LENGTH_IS_WRONG,
    OUT_OF_RANGE,
    UNKNOWN_MANDATORY_AVP,
    Examined,
    Fault,
)
from harness.peer.mutants.base import add
from harness.peer.session import Session
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant
from harness.spec.model import Role
from harness.wire import Packet

ROW: Final = "RFC2661-4.4.2-03"

RECEIVED: Final[Sequence[tuple[str, frozenset[Role]]]] = (
    ("SCCRQ", BOTH),
    ("SCCRP", BOTH),
    ("SCCCN", BOTH),
    ("HELLO", BOTH),
    ("ICRQ", LNS),
    ("ICRP", LAC),
    ("ICCN", LNS),
    ("OCRQ", LAC),
    ("OCRP", LNS),
    ("OCCN", LNS),
    ("WEN", LNS),
    ("SLI", LAC),
)
"""Messages that may be faulty, and who receives them."""

_TUNNEL_ONLY: Final = frozenset({"SCCCN", "HELLO"})
"""Without an AVP of which the length could be wrong."""

_SETTING_UP: Final = frozenset({"SCCRQ", "SCCRP", "SCCCN"})
ANY_STOPCCN: Final = "for an unknown AVP any StopCCN will do (P-24): it is worth a note only"

_WITH_IDS: Final = frozenset({"ICRQ", "ICRP", "OCRQ", "OCRP"})
"""With an id that may not be 0."""


def misnamed(message: str, error: int, told: Fault) -> type[Variant]:
    """A peer that tells another fault than the one with this error code."""

    class Misnaming(Tunnel):
        def examine(self, packet: Packet) -> Examined:
            examined = super().examine(packet)
            fault = examined.fault
            named = examined.message is not None and examined.message.name == message
            if not named or fault is None or fault.error != error:
                return examined
            return replace(examined, fault=replace(told, text=fault.text))

    class Peer(Variant):
        tunnel_type = Misnaming

    return Peer


def _reasoned(stopccn: bool, result: int, told: Fault) -> type[Variant]:
    """A peer whose StopCCN or CDN with this result tells something else."""

    def instead(fault: Fault | None) -> Fault | None:
        return told if fault is not None and fault.result == result else fault

    class Ending(Tunnel):
        def send_stopccn(self) -> None:
            self.refusal = instead(self.refusal)
            super().send_stopccn()

    class Call(Session):
        def send_cdn(self) -> None:
            self.refusal = instead(self.refusal)
            super().send_cdn()

    class Stopping(Variant):
        tunnel_type = Ending

    class Disconnecting(Variant):
        session_type = Call

    return Stopping if stopccn else Disconnecting


SITUATIONS: Final[Sequence[tuple[str, str, bool, int, Fault, frozenset[Role]]]] = (
    ("version-told-as-a-request", "4.4.2-04", True, 5, Fault(0, "", result=1), BOTH),
    ("version-told-without-ours", "4.4.2-04", True, 5, Fault(0, "", result=5), BOTH),
    ("version-told-as-3", "4.4.2-04", True, 5, Fault(3, "", result=5), BOTH),
    ("lack-of-lines-told-as-lasting", "4.4.2-CDN-4", False, 4, Fault(0, "", result=5), BOTH),
    ("lack-of-lines-told-as-wanted", "4.4.2-CDN-4", False, 4, Fault(0, "", result=3), BOTH),
)
"""A name, the row, whether it is about StopCCN, the right result, and what is told instead."""


def _register() -> None:
    for name, row, stopccn, result, told, roles in SITUATIONS:
        kind = "StopCCN" if stopccn else "CDN"
        text = f"a {kind} with result {result} has {told.result} and the error {told.error} instead"
        add(name, _reasoned(stopccn, result, told), f"RFC2661-{row}", text, roles=roles)
    general = Fault(0, "", result=1)
    for message, roles in RECEIVED:
        name = message.lower()
        add(
            f"unknown-avp-of-{name}-without-an-error",
            misnamed(message, UNKNOWN_MANDATORY_AVP, general),
            ROW,
            f"the refusal of an {message} with an unknown AVP has result 1, which names no error",
            roles=roles,
            equivalent=ANY_STOPCCN if message in _SETTING_UP else None,
        )
        if message not in _TUNNEL_ONLY:
            add(
                f"wrong-length-in-{name}-told-as-a-value",
                misnamed(message, LENGTH_IS_WRONG, Fault(OUT_OF_RANGE, "")),
                ROW,
                f"the refusal of an {message} with a wrong length says that a value is wrong",
                roles=roles,
            )
        if message in _WITH_IDS:
            add(
                f"id-zero-in-{name}-told-as-a-length",
                misnamed(message, OUT_OF_RANGE, Fault(LENGTH_IS_WRONG, "")),
                ROW,
                f"the refusal of an {message} with the id 0 says that a length is wrong",
                roles=roles,
            )


_register()
