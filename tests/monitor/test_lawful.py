"""Conversations of lawful variants with the reference peers: no rule of the monitors is broken.

Seen where they are sent, and in a capture of a path that loses and copies datagrams.
"""

from __future__ import annotations

import random

import pytest

from harness.device.embedded import config_of
from harness.device.reading.load import load_device
from harness.peer.endpoint import Endpoint
from harness.peer.lawful import LAWFUL, Lawful
from harness.peer.mutants import MUTANTS
from harness.peer.network import Address
from harness.peer.tunnel import Phase, Tunnel
from harness.resources import data_folder
from harness.selftest.fairness import device_of
from harness.spec.model import Role
from harness.spec.monitor import CAPTURE, LIVE, Finding
from tests.monitor.test_reference import Link, TappedWorld, judge
from tests.peer.world import LAC, LNS, RecordingTunnel, specification

ADDRESSES = {Role.LAC: LAC, Role.LNS: LNS}


class Spoken(Endpoint):
    """An endpoint as a world has it; whose channel a datagram comes from is of no interest here."""

    def spoken(self) -> list[tuple[bytes, Address, RecordingTunnel | None]]:
        return [(data, to, None) for data, to in self.outgoing()]


def endpoint(variant: Lawful, role: Role, *, plain: bool) -> Endpoint:
    """The variant as one of its sides, or the reference that it talks to."""
    reference = load_device(data_folder("peers") / f"reference-{role}")
    device = reference if plain else device_of(variant, reference)
    kind = Spoken if plain else type("Heard", (Spoken, variant.kind), {})
    chance = random.Random(f"{variant.name} {role}")
    made: Endpoint = kind(specification(), config_of(device), chance=chance)
    return made


def talk(world: TappedWorld, variant: Lawful, side: Role) -> None:
    """Tunnels and calls from both sides, time for HELLOs, hanging up, closing."""
    ends = {role: endpoint(variant, role, plain=role is not side) for role in ADDRESSES}
    for role, one in ends.items():
        world.peers[ADDRESSES[role]] = one  # type: ignore[assignment]
    lac, lns = ends[Role.LAC], ends[Role.LNS]
    first = lac.open_tunnel(LNS, world.now)
    calls = [lac.call(first, world.now), lac.call(first, world.now)]
    world.run(20)
    lns.open_tunnel(LAC, world.now)
    world.run(5)
    for tunnel in list(lns.tunnels.values()):
        if tunnel.phase is Phase.OPEN and tunnel.state.value == "established":
            lns.call(tunnel, world.now, "5551234")
    world.run(130)
    for call in calls:
        assert isinstance(call.tunnel, Tunnel)
        if call.tunnel.phase is Phase.OPEN and call.peer_id:
            lac.hang_up(call, world.now)
            break
    world.run(3)
    ends[side].shut_down(world.now)
    world.run(100)


def held(found: list[Finding], variant: Lawful, side: Role) -> list[str]:
    """What was found about the variant, or about the reference because of it."""
    told = {"fail"} if variant.discouraged else {"fail", "warn"}
    other = ADDRESSES[Role.LAC if side is Role.LNS else Role.LNS][0]
    return [
        f"{one.rule}: {one.text}"
        for one in found
        if one.severity in told or (one.source[0] == other and one.severity != "note")
    ]


@pytest.mark.parametrize("name", LAWFUL)
def test_no_rule_is_broken(name: str) -> None:
    variant = LAWFUL[name]
    for side in sorted(variant.roles):
        good = TappedWorld(Link(1, 0.0, 0.0, 0.0, 1.0))
        talk(good, variant, side)
        assert {"SCCRP", "SCCCN"} <= set(good.names())
        sent = [(frame.at, frame) for frame in good.frames]
        assert held(judge(sent, LIVE), variant, side) == []
        assert held(judge(sent, CAPTURE), variant, side) == []
        bad = TappedWorld(Link(7, 0.1, 0.1, 0.01, 0.5))
        talk(bad, variant, side)
        assert held(judge(bad.tap, CAPTURE), variant, side) == []


def test_what_is_not_lawful_is_found() -> None:
    mutant = MUTANTS["header-reserved-bit"]
    broken = Lawful(name="no-such", permits=("P-1",), text="", kind=mutant.kind)
    world = TappedWorld(Link(1, 0.0, 0.0, 0.0, 1.0))
    talk(world, broken, Role.LNS)
    sent = [(frame.at, frame) for frame in world.frames]
    assert held(judge(sent, CAPTURE), broken, Role.LNS)
