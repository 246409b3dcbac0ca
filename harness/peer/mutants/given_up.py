"""Mutants that do not let go of a tunnel which they have given up (5.8)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.peer.control_connection import State
from harness.peer.mutants.base import mutant
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LNS, Variant, with_tunnel
from harness.wire import Packet, Value


class GivesUp(Tunnel):
    """A tunnel that does something of its own when the peer has not acknowledged for too long."""

    def flush(self, now: float) -> None:
        given_up = not self.channel.failed
        super().flush(now)
        if given_up and self.channel.failed:
            self.give_up(now)

    def give_up(self, now: float) -> None:
        """All of the tunnel has been forgotten."""
        raise NotImplementedError

    def say(self, name: str, values: Mapping[str, Value]) -> None:
        """Send a message under the next number, once and for all."""
        self.channel.failed = False
        packet = self.send(name, values)
        self.channel.waiting.clear()
        self.channel.failed = True
        header = packet.header._replace(ns=self.channel.take_slot(), nr=self.channel.nr)
        self.endpoint.transmit(packet._replace(header=header), self.address)


class BeginsAnew(GivesUp):
    def give_up(self, now: float) -> None:
        self.say("SCCRP", self.introduction("SCCRP"))


@mutant("RFC2661-5.8-26", "who has given a peer up greets it again in the same tunnel")
class GreetsWhoWasGivenUp(with_tunnel(BeginsAnew)):  # type: ignore[misc]
    pass


class SaysTwice(GivesUp):
    def give_up(self, now: float) -> None:
        result: Value = {"result": 1}
        for _ in range(2):
            self.say("CDN", {"result_code": result, "assigned_session_id": 7})


@mutant("RFC2661-5.8-26", "who gives a peer up ends a call that there is not, and does so twice")
class TwoCdnsForWhoWasGivenUp(with_tunnel(SaysTwice)):  # type: ignore[misc]
    pass


class Revives(GivesUp):
    def give_up(self, now: float) -> None:
        del now
        self.channel.failed = False
        self.phase, self.state = Phase.OPEN, State.ESTABLISHED
        assert isinstance(self.endpoint, Variant)
        self.endpoint.tunnels[self.local_id] = self


@mutant("RFC2661-5.8-26", "a tunnel whose SCCRP was given up counts as established", roles=LNS)
class GivenUpIsEstablished(with_tunnel(Revives)):  # type: ignore[misc]
    pass


class Hoarder(Variant):
    """What was given up keeps its place."""

    given_up = 0

    def accept(self, packet: Packet, source: Address, now: float) -> None:
        if len(self.tunnels) + self.given_up < self.config.max_tunnels:
            super().accept(packet, source, now)
        else:
            self.turn_away(self.assigned_tunnel_id(packet), source)


class Unanswered(Tunnel):
    def vanish(self) -> None:
        assert isinstance(self.endpoint, Hoarder)
        self.endpoint.given_up += self.state is State.WAIT_CTL_CONN
        super().vanish()


@mutant("RFC2661-5.8-26", "half-open tunnels that were given up keep their places", roles=LNS)
class HalfOpenKeepPlaces(Hoarder):
    tunnel_type = Unanswered
