"""Mutants of a LAC that has one tunnel to a peer for all its calls (5.1, 5.2)."""

from __future__ import annotations

from harness.peer.control_connection import Event, State
from harness.peer.establishment import NOT_AUTHORIZED
from harness.peer.mutants.base import mutant
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LAC, OneTunnel


@mutant("RFC2661-4.4.4-09", "all calls in a tunnel have the same Call Serial Number", roles=LAC)
class SameSerialInOneTunnel(OneTunnel):
    def next_serial(self) -> int:
        return 1


class HalfOpen(Tunnel):
    """Does not greet a peer that has proved nothing, and is open to it all the same."""

    def event(self, event: Event, now: float) -> None:
        why = self.refusal
        if event is Event.SCCRP_REFUSED and why is not None and why.result == NOT_AUTHORIZED:
            self.channel.tunnel_id = self.peer_id
            self.state = State.ESTABLISHED
            self.waiting.clear()
            self.sessions.clear()
        else:
            super().event(event, now)


@mutant("RFC2661-5.1.1-03", "who has proved nothing gets no SCCCN, but the next call", roles=LAC)
class CallsWhoProvedNothing(OneTunnel):
    tunnel_type = HalfOpen
