"""Reading the `ics` of a peer.yaml."""

from __future__ import annotations

from harness.device.description.ics import CAPABILITIES, CapabilityValue
from harness.located import Node


def read_ics(node: Node) -> dict[str, CapabilityValue]:
    """The `ics` of a peer.yaml. An unknown capability is a located error with a suggestion."""
    values: dict[str, CapabilityValue] = {}
    for name, value in node.mapping(CAPABILITIES, what="capability").items():
        if not isinstance(value.content, (bool, int, str)):
            raise value.fail("device.capability", f"{name} is true or false, a number or a word")
        values[name] = value.content
    return values
