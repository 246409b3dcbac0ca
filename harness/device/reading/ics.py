"""Reading the `ics` of a peer.yaml."""

from __future__ import annotations

from functools import partial

from harness.device.description.ics import CAPABILITIES, CapabilityValue
from harness.device.reading.gather import Gathered
from harness.located import Node


def read_ics(node: Node, gathered: Gathered) -> dict[str, CapabilityValue]:
    """The `ics` of a peer.yaml. An unknown capability is a located error with a suggestion."""
    values: dict[str, CapabilityValue] = {}
    for name, value in gathered.mapping(node, CAPABILITIES, what="capability").items():
        values[name] = gathered.kept(partial(_value, name, value), False)
    return values


def _value(name: str, node: Node) -> CapabilityValue:
    if not isinstance(node.content, (bool, int, str)):
        raise node.fail("device.capability", f"{name} is true or false, a number or a word")
    return node.content
