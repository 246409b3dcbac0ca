"""What waits to be sent about calls, when the peer says something about them meanwhile.

A CDN may be queued before the peer has assigned its id to the call (4.4.4), and a message before
the peer has ended it (5.6). Neither has a number yet, so both can be put right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.peer.channel import Channel
from harness.wire import Packet


@dataclass(slots=True)
class CallQueue:
    """The messages about calls in a channel. `unaddressed`: CDNs without an id, by our id."""

    channel: Channel
    unaddressed: dict[int, Packet] = field(default_factory=dict)

    def begin(self) -> None:
        """A CDN will be queued. Those that were sent meanwhile are of no interest any more."""
        if not self.channel.has_waiting:
            self.unaddressed.clear()

    def await_id(self, local_id: int, cdn: Packet) -> None:
        """The CDN of a call to which the peer has assigned no id."""
        self.unaddressed[local_id] = cdn

    def take_id(self, local_id: int, peer_id: int) -> None:
        """The peer assigns its id to a call that has ended: its CDN, if it still waits, gets it."""
        cdn = self.unaddressed.pop(local_id, None)

        def addressed(waiting: Packet) -> Packet:
            if waiting is not cdn:
                return waiting
            return waiting._replace(header=waiting.header._replace(session_id=peer_id))

        self.channel.amend(addressed)

    def drop(self, local_id: int, peer_id: int) -> None:
        """The peer has ended a call: nothing new is said about it."""
        cdn = self.unaddressed.pop(local_id, None)

        def about_it(waiting: Packet) -> bool:
            return waiting is cdn or (peer_id != 0 and waiting.header.session_id == peer_id)

        self.channel.withdraw(about_it)
