"""Mutants that are right until there is one too many, of calls or tunnels (4.4.2, 5.8)."""

from __future__ import annotations

from harness.peer.calls import CallControl
from harness.peer.endpoint import Endpoint
from harness.peer.examine import Examined
from harness.peer.mutants.base import add, mutant
from harness.peer.network import Address
from harness.peer.tunnel import Tunnel
from harness.peer.variant import LNS, Variant
from harness.wire import Packet, Value


class Deafening(Variant):
    """A peer of which some tunnels hear nothing any more."""

    def find_tunnel(self, packet: Packet, source: Address) -> Tunnel | None:
        found = super().find_tunnel(packet, source)
        deaf: list[Tunnel] = self.__dict__.get("deaf", [])
        return None if found is not None and any(found is one for one in deaf) else found


def full(endpoint: object, tunnel: Tunnel) -> bool:
    """Whether a tunnel has no room for another call."""
    assert isinstance(endpoint, Endpoint)
    return len(tunnel.sessions) >= endpoint.config.max_sessions


class DeafensOthers(CallControl):
    def request(self, tunnel: Tunnel, name: str, examined: Examined, now: float) -> None:
        assert isinstance(self.endpoint, Endpoint)
        if full(self.endpoint, tunnel):
            others = [one for one in self.endpoint.tunnels.values() if one is not tunnel]
            self.endpoint.__dict__.setdefault("deaf", []).extend(others)
        super().request(tunnel, name, examined, now)


@mutant("RFC2661-5.8-36", "with a call too many all other tunnels hang", roles=LNS, broad=True)
class CallTooManyHangsOtherTunnels(Deafening):
    calls_type = DeafensOthers


def single(result: int, error: int) -> type[Variant]:
    """A peer that refuses every tunnel but the first, for an odd reason."""

    class Single(Variant):
        def accept(self, packet: Packet, source: Address, now: float) -> None:
            if not self.__dict__.get("taken"):
                self.__dict__["taken"] = True
                super().accept(packet, source, now)
                return
            tunnel = self.make_tunnel(self.random.randint(1, 65535), source)
            tunnel.peer_id = self.assigned_tunnel_id(packet)
            tunnel.channel.nr = 1
            told: Value = {"result": result, "error": error}
            tunnel.send("StopCCN", {"result_code": told, "assigned_tunnel_id": tunnel.local_id})
            for answer in tunnel.channel.poll(now):
                self.transmit(answer, source)

    return Single


for _result, _error in ((2, 7), (3, 4)):
    add(
        f"second-tunnel-refused-with-{_result}-{_error}",
        single(_result, _error),
        "RFC2661-5.0-04",
        f"every tunnel but the first is refused, with result {_result} and error {_error}",
        broad=True,
    )
