"""A text of peer.yaml that is filled in for each lease, and what it may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import Place

PlainValue = str | int | float | bool | None


DEFAULT_CONFIGURATION: Final = "default"


LEASE_NAMES: Final[Mapping[str, str]] = {
    "work": "the work folder of this instance",
    "folder": "the folder of the device",
    "binary": "the program, with its path",
    "address": "the IP address on which the device listens",
    "port": "the UDP port on which the device listens",
    "peer_address": "the IP address of the scripted peer",
    "peer_port": "the UDP port of the scripted peer",
    "interface": "the link of the device in its network namespace",
}
"""What templates may name beside the values of the IXIT, with the meaning."""


NAMES_OF_A_PROCESS: Final = frozenset({"binary"})


NAMES_IN_A_NAMESPACE: Final = frozenset({"interface"})


NAMES_OF_THE_PEER: Final = frozenset({"peer_address", "peer_port"})


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `${name}` in it, and where it stands."""

    text: str
    place: Place
