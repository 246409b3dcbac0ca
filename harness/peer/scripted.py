"""The scripted peer: it does what a test says, and keeps the reliable channel going meanwhile.

Unlike the reference peers it has no state machines: a script decides what is sent. In the
background it acknowledges, retransmits, answers HELLO by acknowledging it, and learns the ids that
the other side assigns, unless the script says otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from harness.peer.channel import Channel, RetransmitPolicy
from harness.peer.examine import examine
from harness.peer.impair import Impairments, Passage, UnderWay
from harness.peer.made import Made
from harness.peer.message_types import SCCRQ, STOPCCN
from harness.peer.network import Address, Link, Network
from harness.peer.observed import Observed, name_of
from harness.peer.scripted_tunnel import ScriptedSession, ScriptedTunnel
from harness.spec.model import Specification
from harness.wire import Packet, parse

__all__ = ["Observed", "ScriptedPeer", "ScriptedSession", "ScriptedTunnel"]

ARRIVAL_LIMIT: Final = 20_000
"""Datagrams of one case; a device that sends more is flooding."""

ARRIVAL_OCTETS: Final = 32 * 1024 * 1024
"""Octets of one case. All that arrives is kept, and 20,000 datagrams of 64 KiB are no bound."""

SCRIPT_POLICY: Final = RetransmitPolicy()

_IDS: Final = 65535
_STRIDE: Final = 28_657
"""From one id of ours to the next; it has no divisor in common with the number of ids."""


def _behind(number: int) -> int:
    """The id behind this one: each of the 65535 comes once, and they do not count up (9.1)."""
    return (number + _STRIDE - 1) % _IDS + 1


class ScriptedPeer:
    """All tunnels and links of one running case.

    on_frame: told every datagram, sent or received, and why it is as it is; gives its number in
    the run. flooded: the device sends without end, and what it sends is not looked at any more.
    pacer: lets what is sent go out in its own time, if there is one.
    defect: what went wrong in the background, where nobody waits for it: a case in which it did
    says nothing. aside: shown each datagram before all else; what it takes is not recorded.
    checksum: whether the datagram that on_frame is told of came with a UDP checksum; None: nobody
    knows. heard_at: when the datagram came that is being looked at, on the loop's clock.
    """

    def __init__(
        self,
        specification: Specification,
        network: Network,
        on_frame: Callable[[bytes, Address, Address, Made], int],
        *,
        policy: RetransmitPolicy = SCRIPT_POLICY,
        first_id: int = 1,
    ) -> None:
        self.specification = specification
        self.network = network
        self.on_frame = on_frame
        self.policy = policy
        self.links: dict[str, Link] = {}
        self._closed_links: set[str] = set()
        self.tunnels: dict[str, ScriptedTunnel] = {}
        self.strays: list[Observed] = []
        self.impairments = Impairments()
        self.aside: Callable[[bytes], bool] | None = None
        self.pacer: Callable[[Passage], None] | None = None
        self.checksum: bool | None = None
        self.flooded = False
        self.defect: Exception | None = None
        self._control_strays: dict[Address, list[Observed]] = {}
        self._under_way = UnderWay(self.guard)
        self.heard_at = 0.0
        self._latest_frame = 0.0
        self._received = 0
        self._octets = 0
        self._next_tunnel = first_id
        self._next_session = first_id
        self._news = asyncio.Event()

    @property
    def now(self) -> float:
        """Seconds on the running loop's clock."""
        return asyncio.get_running_loop().time()

    def next_session_id(self) -> int:
        """A session id of ours that no session of this case has."""
        self._next_session = _behind(self._next_session)
        return self._next_session

    async def open_link(self, name: str, address: str, port: int = 0) -> Link:
        """Bind one more endpoint of ours."""

        def arrived(data: bytes, source: Address) -> None:
            self._arrived(name, data, source)

        link = await self.network.open(arrived, address, port)
        self.links[name] = link
        return link

    def close_link(self, name: str) -> None:
        """Close an endpoint of ours, and let its tunnels rest: who sends there finds nobody."""
        link = self.links[name]
        for tunnel in self.tunnels.values():
            if tunnel.link is link:
                tunnel.close()
        link.close()
        self._closed_links.add(name)

    @property
    def open_links(self) -> list[Link]:
        """Those that the script has not closed."""
        return [link for name, link in self.links.items() if name not in self._closed_links]

    def open_tunnel(
        self,
        name: str,
        link: Link,
        remote: Address,
        *,
        secret: bytes | None,
        hidden_with: bytes | None = None,
    ) -> ScriptedTunnel:
        """A new tunnel of the script, with an id of ours.

        secret: ours. hidden_with: the other side's, with which it hides AVPs; None: the same.

        Until it is bound, by the first message sent on it, it takes an SCCRQ of the other side.
        """
        self._next_tunnel = _behind(self._next_tunnel)
        channel = Channel(self.policy, receive_window=4, slow_start=False)
        tunnel = ScriptedTunnel(self, name, self._next_tunnel, remote, link, channel, secret=secret)
        tunnel.hidden_with = hidden_with or secret
        self.tunnels[name] = tunnel
        return tunnel

    def transmit(
        self,
        link: Link,
        data: bytes,
        to: Address,
        sent: Callable[[int], None] | None = None,
        made: Made = Made.REGULAR,
    ) -> None:
        """Send a datagram, unless the script's impairments lose, delay or swap it.

        sent: told the number of the frame whenever the datagram really goes out.
        """

        def go() -> None:
            self._latest_frame = self.now
            number = self.on_frame(data, link.local, to, made)
            if sent is not None:
                sent(number)
            link.send(data, to)

        def paced() -> None:
            if self.pacer is None:
                go()
            else:
                self.pacer(lambda: self.guard(go))

        for delay, passage in self.impairments.apply("sent", self._name_of(data), paced):
            self._under_way.let_pass(delay, passage)

    def guard(self, work: Callable[[], None]) -> None:
        """Do what no step waits for. An exception in it is kept as `defect`, and goes on."""
        try:
            work()
        except Exception as error:
            self.defect = self.defect or error
            self._news.set()
            raise

    def _name_of(self, data: bytes) -> str:
        if not self.impairments.active:
            return ""
        packet = parse(data).packet
        return name_of(self.specification, packet) if packet is not None else ""

    def _arrived(self, link_name: str, data: bytes, source: Address) -> None:
        self.guard(lambda: self._accept(link_name, data, source))

    def _accept(self, link_name: str, data: bytes, source: Address) -> None:
        if self.aside is not None and self.aside(data):
            self._news.set()
            return
        self._received += 1
        self._octets += len(data)
        if self._received > ARRIVAL_LIMIT or self._octets > ARRIVAL_OCTETS:
            self.flooded = True
            self._news.set()
            return
        link = self.links[link_name]
        self.checksum = link.checksum
        came = self.heard_at = self._latest_frame = self._when(link)
        number = self.on_frame(data, source, link.local, Made.FOREIGN)

        def go() -> None:
            # what an impairment holds back is heard when it is let go
            self.heard_at = self.now if self.impairments.used else came
            self._take(link, number, data, source)

        for delay, passage in self.impairments.apply("received", self._name_of(data), go):
            self._under_way.let_pass(delay, passage)

    def _when(self, link: Link) -> float:
        """When the datagram at hand came: not before what was sent or heard until it was read."""
        arrived = self.now if link.arrived is None else link.arrived
        return max(arrived, self._latest_frame)

    def _take(self, link: Link, number: int, data: bytes, source: Address) -> None:
        parsed = parse(data)
        packet = parsed.packet
        tunnel = None
        if packet is not None and packet.header.control:
            tunnel = self._tunnel_of(link, packet)
        if tunnel is not None:
            tunnel.receive(number, source, link.local, parsed)
        else:
            examined = None
            if packet is not None and packet.header.control and not packet.is_zlb:
                examined = examine(self.specification, packet, None)
            observed = Observed(number, self.heard_at, source, link.local, parsed, examined, None)
            self.strays.append(observed)
            # A LAC may dial once more at any time: that has nothing to do with what is judged
            if observed.name not in ("data", "SCCRQ"):
                self._control_strays.setdefault(link.local, []).append(observed)
        self._news.set()

    def _tunnel_of(self, link: Link, packet: Packet) -> ScriptedTunnel | None:
        """The tunnel of a control message: by the header's Tunnel ID, else as 4.4.3 has it."""
        tunnel_id = packet.header.tunnel_id
        latest_first = reversed(self.tunnels.values())
        named = [one for one in latest_first if one.bound and one.local_id == tunnel_id]
        if named:
            # Two tunnels may have the same id of ours: behind different endpoints, or one after
            # the other.
            return next((tunnel for tunnel in named if tunnel.link is link), named[0])
        candidates = [tunnel for tunnel in self.tunnels.values() if tunnel.link is link]
        unlearned = [one for one in candidates if one.bound and not one.peer_id]
        if not tunnel_id and packet.message_type != SCCRQ:
            # To a tunnel of which it has no id yet, the IUT has to write 0
            unnamed = [one for one in candidates if one.bound and not one.is_named]
            if len(unnamed) == 1:
                return unnamed[0]
        if tunnel_id or packet.is_zlb:
            # An IUT that refuses what it could not read knows no id of ours: it should have sent
            # 0, but still means this tunnel. One that goes on has to know it, unless it begins.
            nameless = packet.is_zlb or packet.message_type in (STOPCCN, SCCRQ)
            return unlearned[0] if nameless and len(unlearned) == 1 else None
        secret = candidates[0].hidden_with if candidates else None
        assigned = examine(self.specification, packet, secret).integer("assigned_tunnel_id")
        for tunnel in candidates:
            # after a restart the IUT may give the same id to another tunnel
            known = tunnel.bound and tunnel.peer_id and not tunnel.forgotten
            if known and tunnel.peer_id == assigned:
                return tunnel
        if packet.message_type == SCCRQ:
            for tunnel in candidates:
                if not tunnel.bound:
                    tunnel.bound = True
                    return tunnel
        elif packet.message_type == STOPCCN and unlearned:
            # nothing else says whose it is than that it comes here
            return unlearned[0]
        return None

    def strays_to(self, tunnel: ScriptedTunnel) -> Sequence[Observed]:
        """Messages to the tunnel's endpoint for no tunnel of ours, but no SCCRQ and no data."""
        return self._control_strays.get(tunnel.link.local, ())

    def take_stray(self, tunnel: ScriptedTunnel, stray: Observed) -> None:
        """Let a message of `strays_to` be one that was asked for."""
        self._control_strays[tunnel.link.local].remove(stray)

    async def news(self, deadline: float) -> bool:
        """Wait until something arrives or the deadline passes; False when it passed."""
        self._news.clear()
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return False
        timer = loop.call_at(deadline, self._news.set)
        try:
            await self._news.wait()
        finally:
            timer.cancel()
        return loop.time() < deadline

    def ids(self, tunnel: str, session: str) -> Mapping[str, int]:
        """The ids that a step may refer to: `iut_…` those of the device, `peer_…` ours."""
        one = self.tunnels.get(tunnel)
        call = one.sessions.get(session) if one else None
        return {
            "iut_tunnel_id": one.peer_id if one else 0,
            "peer_tunnel_id": one.local_id if one else 0,
            "iut_session_id": call.peer_id if call else 0,
            "peer_session_id": call.local_id if call else 0,
        }

    def close(self) -> None:
        """Close every tunnel and link."""
        self._under_way.close()
        for tunnel in self.tunnels.values():
            tunnel.close()
        for link in self.links.values():
            link.close()
