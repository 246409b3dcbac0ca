"""How far a tunnel and its call have come, read off what both sides have sent.

A message has arrived when the other side acknowledges its Ns. Only the latest tunnel counts: a LAC
that failed dials anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from harness.peer.channel import HALF, MODULUS
from harness.peer.observed import name_of
from harness.spec.model import Specification
from harness.wire import Packet, parse

Who = Literal["lac", "lns"]
OTHER: Final[dict[Who, Who]] = {"lac": "lns", "lns": "lac"}

TUNNEL: Final = (("lac", "SCCRQ"), ("lns", "SCCRP"), ("lac", "SCCCN"))
CALL: Final = (("lac", "ICRQ"), ("lns", "ICRP"), ("lac", "ICCN"))
ENDINGS: Final = ("StopCCN", "CDN")
_ASSIGNED: Final = {"SCCRQ": 9, "SCCRP": 9, "ICRQ": 14, "ICRP": 14}
_IDS: Final = {9: "tunnel_id", 14: "session_id"}


@dataclass(slots=True)
class Conversation:
    """One tunnel with one call. ids: `tunnel_id` and `session_id` that each side has assigned.

    data: how many data messages came from each side. endings: the messages that ended it, with who
    sent them, in words.
    """

    specification: Specification
    ids: dict[Who, dict[str, int]] = field(default_factory=lambda: {"lac": {}, "lns": {}})
    data: dict[Who, int] = field(default_factory=lambda: {"lac": 0, "lns": 0})
    endings: list[tuple[Who, str]] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _acknowledged: dict[Who, int] = field(default_factory=dict)

    def feed(self, who: Who, data: bytes, said: str) -> None:
        """Take what one side has sent; `said`: the same in words."""
        packet = parse(data).packet
        if packet is None:
            return
        if not packet.header.control:
            self.data[who] += 1
            return
        name = self.name_of(packet)
        if name == "SCCRQ" and (who, name) in self._numbers and not self.is_up:
            self._begin_anew()
        ns, nr = packet.header.ns, packet.header.nr
        if not packet.is_zlb and ns is not None and (who, name) not in self._numbers:
            self._numbers[who, name] = ns
            self._learn(who, name, packet)
            if name in ENDINGS:
                self.endings.append((who, said))
        if nr is not None and name != "SCCRQ":
            self._acknowledged[OTHER[who]] = nr

    @property
    def is_up(self) -> bool:
        """Whether the tunnel is established on both sides."""
        return self._through(TUNNEL)

    @property
    def has_call(self) -> bool:
        """Whether the call is established on both sides."""
        return self._through(CALL)

    @property
    def is_ended(self) -> bool:
        """Whether what ended it has been acknowledged by the other side."""
        return any(self.has_arrived(who, name) for who in OTHER for name in ENDINGS)

    def has_arrived(self, who: str, name: str) -> bool:
        """Whether a message of one side has been acknowledged by the other."""
        ns = self._numbers.get((who, name))
        nr = self._acknowledged.get("lac" if who == "lac" else "lns")
        return ns is not None and nr is not None and 0 < (nr - ns) % MODULUS < HALF

    def reached(self, steps: tuple[tuple[str, str], ...]) -> str:
        """How far a set-up has come, in words."""
        seen = [
            f"{name} of the {who.upper()}" for who, name in steps if (who, name) in self._numbers
        ]
        return f"it came as far as the {seen[-1]}" if seen else f"no {steps[0][1]} came"

    def name_of(self, packet: Packet) -> str:
        """The name of a message, `ZLB`, `data`, or its number."""
        return name_of(self.specification, packet)

    def _through(self, steps: tuple[tuple[str, str], ...]) -> bool:
        return all(one in self._numbers for one in steps) and self.has_arrived(*steps[-1])

    def _begin_anew(self) -> None:
        self._numbers.clear()
        self._acknowledged.clear()
        self.ids = {"lac": {}, "lns": {}}

    def _learn(self, who: Who, name: str, packet: Packet) -> None:
        attribute = _ASSIGNED.get(name)
        for avp in packet.avps:
            if avp.type == attribute and not avp.vendor and len(avp.value) == 2 and not avp.hidden:
                self.ids[who][_IDS[attribute]] = int.from_bytes(avp.value, "big")
