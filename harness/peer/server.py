"""A reference peer on a network: an `Endpoint` with a link and a timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.peer.endpoint import Endpoint
from harness.peer.network import Address, Link, Network


class PeerServer:
    """Runs one endpoint on one link of the running loop until it is closed.

    `crash`: the exception that ended the endpoint, None while it lives.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.received = 0
        self.crash: Exception | None = None
        self._link: Link | None = None
        self._answers: Link | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()

    async def open(self, network: Network, address: str, port: int) -> Address:
        """Bind; gives the address and port. DeviceError when that fails."""
        self._link = await network.open(self._receive, address, port)
        if not self.endpoint.config.udp_checksums:
            self._link.leave_out_checksums()
        if self.endpoint.two_ports:
            self._answers = await network.open(self._receive, address)
        return self._link.local

    @property
    def now(self) -> float:
        """The time on the running loop's clock."""
        return asyncio.get_running_loop().time()

    def _receive(self, data: bytes, source: Address) -> None:
        self.received += 1
        if self.crash is None:
            self._guard(lambda: self.endpoint.receive(data, source, self.now))

    def refused(self, by: Address) -> None:
        """An ICMP error says that nobody is there to whom something was sent."""
        if self.crash is None:
            self._guard(lambda: self.endpoint.refused(by, self.now))

    def _guard(self, work: Callable[[], None]) -> None:
        """Do work of the endpoint; a defect in it ends the peer, as it would end a process."""
        try:
            work()
            self.flush()
        except Exception as error:  # noqa: BLE001 -- kept for whoever runs the peer
            self.crash = error
            self.close()
        self._news.set()

    def flush(self) -> None:
        """Send what is due and set the timer; call it after a local request to the endpoint."""
        if self._link is None:
            return
        for data, to in self.endpoint.outgoing():
            answer = self._answers is not None and self.endpoint.answers_a_caller(to)
            (self._answers if self._answers and answer else self._link).send(data, to)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.endpoint.next_deadline()
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._guard(lambda: self.endpoint.tick(self.now))

    async def until_crash(self) -> Exception:
        """Wait until the endpoint has crashed, most often for ever; gives what ended it."""
        while self.crash is None:
            self._news.clear()
            await self._news.wait()
        return self.crash

    async def until_idle(self, within: float) -> bool:
        """Wait until all that was sent is acknowledged; False when `within` seconds are over."""
        try:
            async with asyncio.timeout(within):
                while self.crash is None and not self.endpoint.idle:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return self.endpoint.idle

    def close(self) -> None:
        """Give the port back; the endpoint says nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._answers is not None:
            self._answers.close()
            self._answers = None
