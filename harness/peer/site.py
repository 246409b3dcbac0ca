"""An endpoint as its own parts see it: what they may ask of it, whatever else it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from harness.peer.config import PeerConfig
from harness.peer.made import Made
from harness.peer.network import Address, Link
from harness.peer.observed import Observed
from harness.spec.model import Specification
from harness.wire import Packet


class Site(Protocol):
    """Where tunnels and sessions are at home."""

    @property
    def specification(self) -> Specification:
        """The tables."""

    @property
    def config(self) -> PeerConfig:
        """How the endpoint behaves."""

    @property
    def random(self) -> random.Random:
        """Where ids, challenges and vectors come from."""

    @property
    def log(self) -> Callable[[str], None]:
        """Tells a person what happens."""

    def next_serial(self) -> int:
        """A Call Serial Number for a request that is sent now."""

    def transmit(self, packet: Packet, to: Address) -> None:
        """Put a packet on its way."""


class ScriptSite(Protocol):
    """A scripted peer as its tunnels see it."""

    @property
    def specification(self) -> Specification:
        """The tables."""

    @property
    def now(self) -> float:
        """Seconds on the running loop's clock."""

    @property
    def heard_at(self) -> float:
        """When the datagram came that is being looked at, on that clock."""

    @property
    def strays(self) -> Sequence[Observed]:
        """What came for no tunnel."""

    def next_session_id(self) -> int:
        """A session id of ours that no session of this case has."""

    def transmit(
        self,
        link: Link,
        data: bytes,
        to: Address,
        sent: Callable[[int], None] | None = None,
        made: Made = Made.REGULAR,
    ) -> None:
        """Send a datagram; `sent` is told the number of its frame when it goes out."""

    def guard(self, work: Callable[[], None]) -> None:
        """Do what no step waits for."""
