"""Mutants that leave unread what a message says about delivery, or take it for another tunnel's."""

from __future__ import annotations

from typing import Final

from harness.peer.channel import Arrival, Channel
from harness.peer.examine import Examined
from harness.peer.message_types import (
    CDN,
    ICRP,
    ICRQ,
    OCRP,
    OCRQ,
    SCCCN,
    SCCRP,
    SLI,
    WEN,
)
from harness.peer.mutants.base import add, mutant
from harness.peer.tunnel import Tunnel
from harness.peer.variant import BOTH, LAC, LNS, Variant, with_channel, with_tunnel
from harness.spec.model import Role
from harness.wire import Packet


def without_nr(number: int) -> type[Variant]:
    """A peer for which the Nr of messages of one type acknowledges nothing."""

    class Unread(Channel):
        def receive(self, packet: Packet) -> tuple[Arrival, list[Packet]]:
            if packet.message_type == number:
                header = packet.header._replace(nr=self.oldest_unacknowledged)
                packet = packet._replace(header=header)
            return super().receive(packet)

    return with_channel(Unread)


UNKNOWN_TYPE: Final = 99
_ACKNOWLEDGING: Final[tuple[tuple[str, int, frozenset[Role]], ...]] = (
    ("SCCRP", SCCRP, BOTH),
    ("SCCCN", SCCCN, BOTH),
    ("OCRQ", OCRQ, LAC),
    ("OCRP", OCRP, LNS),
    ("ICRQ", ICRQ, LNS),
    ("ICRP", ICRP, LAC),
    ("CDN", CDN, BOTH),
    ("WEN", WEN, LNS),
    ("SLI", SLI, LAC),
    ("unknown type", UNKNOWN_TYPE, BOTH),
)

for _name, _number, _roles in _ACKNOWLEDGING:
    add(
        f"nr-of-{_name.lower().replace(' ', '-')}-unread",
        without_nr(_number),
        "RFC2661-5.8-15",
        f"the Nr of a message of the type {_name} acknowledges nothing",
        roles=_roles,
    )


class PutOff(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        for sent in self.channel.outstanding:
            sent.deadline = now + self.channel.policy.interval(sent.transmissions)
        super().receive(packet, now)


@mutant("RFC2661-5.8-16", "any message of the peer puts off what is to be sent again")
class TimerRestartedByAny(with_tunnel(PutOff)):  # type: ignore[misc]
    pass


class Shared(Tunnel):
    def receive(self, packet: Packet, now: float) -> None:
        super().receive(packet, now)
        assert isinstance(self.endpoint, Variant)
        for other in self.endpoint.tunnels.values():
            if other is not self and other.address[0] == self.address[0]:
                other.channel.take_acknowledgement(packet.header.nr or 0)


@mutant("RFC2661-5.8-01", "an Nr acknowledges in all tunnels of its sender")
class AcknowledgedInAllTunnels(with_tunnel(Shared)):  # type: ignore[misc]
    pass


class OneWindow(Tunnel):
    def flush(self, now: float) -> None:
        assert isinstance(self.endpoint, Variant)
        tunnels = self.endpoint.tunnels.values()
        others = sum(len(one.channel.outstanding) for one in tunnels if one is not self)
        window = self.channel.peer_window
        self.channel.peer_window = max(0, window - others)
        super().flush(now)
        self.channel.peer_window = window


@mutant("RFC2661-5.8-01", "what is under way in other tunnels counts for the window of each")
class WindowOfAllTunnels(with_tunnel(OneWindow)):  # type: ignore[misc]
    pass


# -- the Receive Window Size -----------------------------------------------------------------


def with_window_unread(name: str) -> type[Variant]:
    """A peer that takes the window of those who say so in this message to be four."""

    class Unread(Tunnel):
        def learn(self, examined: Examined) -> None:
            super().learn(examined)
            if examined.message is not None and examined.message.name == name:
                self.channel.set_peer_window(4)

    return with_tunnel(Unread)


for _name in ("SCCRQ", "SCCRP"):
    add(
        f"window-of-{_name.lower()}-unread",
        with_window_unread(_name),
        "RFC2661-5.8-29",
        f"the Receive Window Size of an {_name} is not read",
    )


class LowOctet(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        self.channel.set_peer_window(self.channel.peer_window & 0xFF)


@mutant("RFC2661-5.8-31", "of a Receive Window Size the low octet counts")
class WindowOfOneOctet(with_tunnel(LowOctet)):  # type: ignore[misc]
    pass


class Generous(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        if examined.integer("receive_window_size") is None:
            self.channel.set_peer_window(64)


@mutant("RFC2661-4.4.3-23", "who names no window is sent 64 messages at once")
class WideWindowByDefault(with_tunnel(Generous)):  # type: ignore[misc]
    pass


class Remembering(Tunnel):
    def learn(self, examined: Examined) -> None:
        super().learn(examined)
        window = examined.integer("receive_window_size")
        if window is None:
            window = self.endpoint.__dict__.get("last_window", self.channel.peer_window)
            self.channel.set_peer_window(window)
        self.endpoint.__dict__["last_window"] = window


@mutant("RFC2661-4.4.3-23", "who names no window has that of the peer before")
class WindowOfThePeerBefore(with_tunnel(Remembering)):  # type: ignore[misc]
    pass
