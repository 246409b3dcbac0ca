"""Lawful variants that take their time: with PPP, with the end of a call, with all that comes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import ClassVar, cast

from harness.peer.call import CallState
from harness.peer.examine import Fault
from harness.peer.lawful.base import add
from harness.peer.lawful.dated import Dated
from harness.peer.lawful.delivery import AnswersLater, deliberate
from harness.peer.message_types import ICRP, OCRP
from harness.peer.network import Address
from harness.peer.session import Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import Variant
from harness.wire import Packet

# -- PPP -------------------------------------------------------------------------------------------


class SlowLink(Dated):
    """What the PPP of a call says goes out `delay` seconds later."""

    delay: ClassVar[float]
    frames: deque[tuple[float, SlowSession, bytes]] | None = None
    at = 0.0

    def dates(self) -> Iterable[float | None]:
        return (*super().dates(), self.frames[0][0] if self.frames else None)

    def keep(self, now: float) -> None:
        super().keep(now)
        while self.frames and self.frames[0][0] <= now:
            _, session, frame = self.frames.popleft()
            if session in self.sessions.values():
                session.let_go(frame)

    def take_data(self, packet: Packet, now: float) -> None:
        self.at = now
        super().take_data(packet, now)

    def receive(self, packet: Packet, now: float) -> None:
        self.at = now
        super().receive(packet, now)

    def tick(self, now: float) -> None:
        self.at = now
        super().tick(now)


class SlowSession(Session):
    """The call of such a tunnel."""

    def send_data(self, frame: bytes) -> None:
        tunnel = cast(SlowLink, self.tunnel)
        if tunnel.frames is None:
            tunnel.frames = deque()
        tunnel.frames.append((tunnel.at + tunnel.delay, self, frame))

    def let_go(self, frame: bytes) -> None:
        """Send a frame whose time has come."""
        super().send_data(frame)


for _milliseconds in (600, 1500, 3000):
    _link = type("Link", (SlowLink,), {"delay": _milliseconds / 1000})
    add(
        f"ppp-answers-after-{_milliseconds}-ms",
        "P-72 RFC2661-5.3-01",
        f"the PPP of its calls takes {_milliseconds} ms to answer",
        kind=type("SlowPpp", (Variant,), {"tunnel_type": _link, "session_type": SlowSession}),
    )

# -- the end of a call -----------------------------------------------------------------------------


class EndsPppFirst(Variant):
    """A call that is up is disconnected `delay` seconds later: its PPP is ended first."""

    delay: ClassVar[float]
    due: list[tuple[float, Callable[[float], None]]] | None = None

    def later(self, now: float, work: Callable[[float], None]) -> None:
        """Do it when the PPP of the call has ended."""
        self.due = [*(self.due or ()), (now + self.delay, work)]

    def next_deadline(self) -> float | None:
        times = [super().next_deadline(), self.due[0][0] if self.due else None]
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        due, self.due = self.due or [], None
        super().tick(now)
        self.due = [one for one in due if one[0] > now] + (self.due or [])
        for when, work in due:
            if when <= now:
                work(now)

    def hang_up(self, session: Session, now: float, fault: Fault | None = None) -> None:
        if session.state is not CallState.ESTABLISHED:
            super().hang_up(session, now, fault)
            return
        hang_up = super().hang_up

        def end(then: float) -> None:
            if session in cast(Tunnel, session.tunnel).sessions.values():
                hang_up(session, then, fault)

        self.later(now, end)


class WaitsForPpp(Tunnel):
    """Closed by its own side it waits for the PPP of its calls."""

    waits = False

    def close(self, fault: Fault | None, now: float) -> None:
        site = self.endpoint
        busy = any(one.state is CallState.ESTABLISHED for one in self.sessions.values())
        if fault is not None or self.waits or not busy or not isinstance(site, EndsPppFirst):
            super().close(fault, now)
            return
        self.waits = True
        close = super().close

        def end(then: float) -> None:
            if self.phase is Phase.OPEN:
                close(fault, then)

        site.later(now, end)


for _seconds in (6,):
    add(
        f"ends-ppp-for-{_seconds}-s-first",
        "RFC2661-5.6-01",
        f"before a call is disconnected its PPP is ended, which takes {_seconds} s",
        kind=type(
            "Ending",
            (EndsPppFirst,),
            {"delay": float(_seconds), "tunnel_type": WaitsForPpp},
        ),
    )

# -- all that comes --------------------------------------------------------------------------------


class LooksNowAndThen(Variant):
    """What comes waits until a clock ticks, and all that has come by then is taken together."""

    every: ClassVar[float]
    came: list[tuple[bytes, Address]] | None = None
    looked_at = 0.0

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self.looked_at = now
        self.came = [*(self.came or ()), (data, source)][:500]

    def next_deadline(self) -> float | None:
        times = [super().next_deadline()]
        if self.came:
            times.append((math.floor(self.looked_at / self.every) + 1) * self.every)
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        came, self.came = self.came or [], None
        for data, source in came:
            super().receive(data, source, now)
        super().tick(now)


for _milliseconds in (50, 450):
    add(
        f"looks-every-{_milliseconds}-ms",
        "P-8 RFC2661-5.8-07",
        f"what comes is looked at every {_milliseconds} ms",
        kind=type("Looking", (LooksNowAndThen,), {"every": _milliseconds / 1000}),
    )


class LastFirst(AnswersLater):
    """Of calls that wait for an answer the last one is answered first."""

    delay = 0.3

    def poll(self, now: float) -> list[Packet]:
        if self.waiting and self.release_at is not None and now >= self.release_at:
            waiting = list(self.waiting)
            places = [n for n, one in enumerate(waiting) if one.message_type in (ICRP, OCRP)]
            answers = [waiting[place] for place in reversed(places)]
            for place, answer in zip(places, answers, strict=True):
                waiting[place] = answer
            self.waiting = deque(waiting)
        return super().poll(now)


add(
    "answers-the-last-call-first",
    "RFC2661-5.8-07 RFC2661-7.3-01",
    "calls that come together are answered from the last to the first",
    kind=deliberate(LastFirst),
)
