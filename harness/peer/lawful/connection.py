"""Lawful variants of the control connection: set-up, authentication, HELLO, ids, the end (5, 6)."""

from __future__ import annotations

from typing import ClassVar

from harness.peer.control_connection import Action, Event, State
from harness.peer.lawful.base import add, lawful
from harness.peer.network import Address
from harness.peer.session import CallKind, Session
from harness.peer.tunnel import Phase, Tunnel
from harness.peer.variant import LAC, LNS, Variant, with_tunnel
from harness.wire import Value

# -- authentication --------------------------------------------------------------------------------

add(
    "always-challenges",
    "RFC2661-6.1-SCCRQ-challenge RFC2661-9.1-01",
    "it challenges each peer",
    challenge=True,
)


class Challenging(Tunnel):
    octets: ClassVar[int]

    def introduction(self, name: str) -> dict[str, Value]:
        values = super().introduction(name)
        if "challenge" in values:
            self.challenge = self.endpoint.random.randbytes(self.octets)
            values["challenge"] = self.challenge
        return values


for _octets in (1, 8, 17, 64, 255):
    add(
        f"challenges-of-{_octets}-octets",
        "P-40",
        f"its Challenges have {_octets} octets",
        kind=with_tunnel(type("Challenging", (Challenging,), {"octets": _octets})),
        challenge=True,
    )
add(
    "without-a-secret",
    "P-41 RFC2661-9.1-01",
    "it has no secret: it neither authenticates nor hides",
    secret=None,
    ics={"tunnel_authentication": False, "hidden_avps": False},
)

# -- what it says of itself ------------------------------------------------------------------------

add(
    "with-a-low-tie-breaker",
    "RFC2661-6.1-SCCRQ-tie_breaker",
    "its SCCRQs have a Tie Breaker that nearly always wins",
    tie_breaker=1,
)
add(
    "with-a-high-tie-breaker",
    "RFC2661-6.1-SCCRQ-tie_breaker",
    "its SCCRQs have a Tie Breaker that nearly always loses",
    tie_breaker=0xFFFFFFFFFFFFFFFE,
)
add(
    "knows-no-tie-breaker",
    "RFC2661-4.4.3-13",
    "it sends no Tie Breaker and is not asked about any",
    ics={"tie_breaker": False},
)
for _role in (LNS, LAC):
    add(
        "an-lns-that-does-not-dial" if _role is LNS else "a-lac-that-does-not-dial",
        "RFC2661-6.1-01",
        "it never opens a tunnel of its own accord, so that a LAC has no incoming calls",
        roles=_role,
        ics={"initiates_tunnel": False, "incoming_calls": _role is LNS},
    )


# -- HELLO -----------------------------------------------------------------------------------------

for _seconds in (2, 10, 30, 600):
    add(
        f"hello-after-{_seconds}-s",
        "P-38",
        f"it sends a HELLO after {_seconds} s of silence",
        hello_interval=float(_seconds),
    )


class Restless(Tunnel):
    """A HELLO every so often, whatever else goes on."""

    every: ClassVar[float]

    def hello_due(self) -> float | None:
        if self.state is not State.ESTABLISHED or not self.channel.idle:
            return None
        return self.last_hello + self.every

    def event(self, event: Event, now: float) -> None:
        super().event(event, now)
        if event in (Event.SCCCN, Event.SCCRP):
            self.last_hello = now - self.every + self.first

    first: ClassVar[float] = 0.05


for _name, _every, _text in (
    ("a-second", 1.0, "every second, whatever comes"),
    ("five-seconds", 5.0, "as soon as the tunnel is up and then every 5 s, whatever comes"),
):
    add(
        f"hello-every-{_name}",
        "P-38",
        f"it sends a HELLO {_text}",
        kind=with_tunnel(type("Restless", (Restless,), {"every": _every})),
    )


class AtOnce(Restless):
    every = 60.0
    first = 0.0


@lawful("P-38", "it sends a HELLO as soon as the tunnel is up")
class HelloAtOnce(with_tunnel(AtOnce)):  # type: ignore[misc]
    pass


# -- ids -------------------------------------------------------------------------------------------


class Numbered(Variant):
    """Ids of tunnels and sessions that follow each other."""

    first: ClassVar[int] = 1
    step: ClassVar[int] = 1
    tunnels_made = sessions_made = 0

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        self.tunnels_made += 1
        chosen = (self.first + self.step * (self.tunnels_made - 1) - 1) % 65535 + 1
        return super().make_tunnel(local_id if chosen in self.tunnels else chosen, address)

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        self.sessions_made += 1
        chosen = (self.first + self.step * (self.sessions_made - 1) - 1) % 65535 + 1
        return super().make_session(tunnel, kind, local_id if chosen in tunnel.sessions else chosen)


for _name, _first, _step, _text in (
    ("from-1", 1, 1, "1, 2, 3 and so on"),
    ("from-65535", 65535, -1, "65535, 65534 and so on"),
    ("in-steps-of-256", 256, 256, "multiples of 256"),
):
    add(
        f"ids-{_name}",
        "RFC2661-4.4.3-17",
        f"its ids of tunnels and sessions are {_text}",
        kind=type("Numbering", (Numbered,), {"first": _first, "step": _step}),
        discouraged=True,
    )


class HighIds(Variant):
    """Ids in the upper half, of which no two tunnels have the same, nor any two sessions."""

    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        high = local_id | 0x8000
        return super().make_tunnel(local_id if high in self.tunnels else high, address)

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        high = local_id | 0x8000
        return super().make_session(tunnel, kind, local_id if high in tunnel.sessions else high)


add("ids-above-32767", "RFC2661-4.4.3-17", "its ids are all above 32767", kind=HighIds)


class LowIds(Variant):
    def make_tunnel(self, local_id: int, address: Address) -> Tunnel:
        low = local_id % 1024
        free = low and low not in self.tunnels
        return super().make_tunnel(low if free else local_id, address)

    def make_session(self, tunnel: Tunnel, kind: CallKind, local_id: int) -> Session:
        low = local_id % 1024
        free = low and low not in tunnel.sessions
        return super().make_session(tunnel, kind, low if free else local_id)


add(
    "ids-below-1024",
    "RFC2661-4.4.3-17",
    "its ids are random and below 1024",
    kind=LowIds,
    discouraged=True,
)

# -- the end ---------------------------------------------------------------------------------------


class ClosesWithItsCalls(Tunnel):
    """The tunnel goes with its last session (5.7)."""

    had_calls = False

    def flush(self, now: float) -> None:
        if self.phase is Phase.OPEN and self.state is State.ESTABLISHED:
            if self.sessions or self.waiting:
                self.had_calls = True
            elif self.had_calls:
                self.had_calls = False
                self.event(Event.ADMIN_CLOSE, now)
        super().flush(now)


@lawful("P-37", "the tunnel is closed with its last session")
class ClosesWithTheLastCall(with_tunnel(ClosesWithItsCalls)):  # type: ignore[misc]
    pass


class ClosesSoonAfter(Tunnel):
    empty_at: float | None = None

    def flush(self, now: float) -> None:
        if self.sessions or self.waiting or self.state is not State.ESTABLISHED:
            self.empty_at = None
        elif self.empty_at is None and self.had_calls:
            self.empty_at = now + 1.0
        self.had_calls = self.had_calls or any(one.peer_id for one in self.sessions.values())
        super().flush(now)

    had_calls = False

    def next_deadline(self) -> float | None:
        times = [super().next_deadline()]
        if self.phase is Phase.OPEN:
            times.append(self.empty_at)
        return min((when for when in times if when is not None), default=None)

    def tick(self, now: float) -> None:
        if self.phase is Phase.OPEN and self.empty_at is not None and now >= self.empty_at:
            self.empty_at = None
            self.event(Event.ADMIN_CLOSE, now)
        super().tick(now)


@lawful("P-37", "the tunnel is closed one second after its last session")
class ClosesAfterTheLastCall(with_tunnel(ClosesSoonAfter)):  # type: ignore[misc]
    pass


class CallByCall(Tunnel):
    """Disconnects each call before the tunnel is closed, which would end them as well."""

    def send_stopccn(self) -> None:
        for session in self.sessions.values():
            if session.peer_id:
                session.send_cdn()
        super().send_stopccn()


@lawful("RFC2661-5.6-01 RFC2661-5.7-01", "the calls of a tunnel are disconnected before it is")
class DisconnectsCallsFirst(with_tunnel(CallByCall)):  # type: ignore[misc]
    pass


class Farewell(Tunnel):
    """A peer that does not acknowledge is told so, once."""

    def vanish(self) -> None:
        if self.channel.failed and self.phase is Phase.OPEN and self.peer_id:
            self.channel.failed = False
            self.send_stopccn()
            for packet in self.channel.poll(self.last_heard):
                self.endpoint.transmit(packet, self.address)
        super().vanish()


@lawful("P-18", "a peer that acknowledges nothing is sent a StopCCN, once")
class StopsWhomItGivesUp(with_tunnel(Farewell)):  # type: ignore[misc]
    pass


for _seconds in (45, 60):
    add(
        f"lingers-{_seconds}-s",
        "P-35",
        f"a closed tunnel acknowledges for {_seconds} s",
        linger=float(_seconds),
    )
for _seconds in (15, 600):
    add(
        f"set-up-within-{_seconds}-s",
        "RFC2661-7.2.1-S10",
        f"a peer has {_seconds} s to complete a tunnel",
        set_up_within=float(_seconds),
    )


class Indifferent(Tunnel):
    """What opens a tunnel has no effect on one that is open (P-30)."""

    def event(self, event: Event, now: float) -> None:
        if self.state is State.ESTABLISHED and event in (
            Event.SCCRQ,
            Event.SCCRQ_REFUSED,
            Event.SCCRP,
            Event.SCCRP_REFUSED,
            Event.SCCCN,
            Event.SCCCN_REFUSED,
        ):
            return
        super().event(event, now)


@lawful("P-30", "SCCRQ, SCCRP and SCCCN have no effect on a tunnel that is open")
class IgnoresLateSetUp(with_tunnel(Indifferent)):  # type: ignore[misc]
    pass


class Wordless(Tunnel):
    """What cannot open a tunnel is dropped without a StopCCN (P-21)."""

    def act(self, action: Action, now: float) -> None:
        if action is Action.SEND_STOPCCN and self.state is State.IDLE and not self.was_open:
            self.channel.tunnel_id = self.peer_id
            self.linger(now)
        else:
            super().act(action, now)

    was_open = False

    def event(self, event: Event, now: float) -> None:
        self.was_open = self.was_open or self.state is not State.IDLE
        super().event(event, now)


@lawful(
    "P-21", "an SCCRQ that is not acceptable is dropped without a word", roles=LNS, discouraged=True
)
class DropsBadRequests(with_tunnel(Wordless)):  # type: ignore[misc]
    pass


class AnswersElsewhere(Variant):
    """Whoever calls is answered from another port than the one that was called (8.1)."""

    two_ports = True

    def answers_a_caller(self, to: Address) -> bool:
        return not any(one.originator and one.address == to for one in self.tunnels.values())


add(
    "answers-from-another-port",
    "RFC2661-8.1-04 P-33",
    "whoever calls is answered from another port than the one that was called",
    kind=AnswersElsewhere,
)


class HearsAnybody(Variant):
    """A message with the Tunnel ID of a tunnel is one of its peer's, wherever it comes from."""

    def from_its_peer(self, tunnel: Tunnel, source: Address) -> bool:
        super().from_its_peer(tunnel, source)
        return True


add(
    "hears-anybody",
    "P-34",
    "messages that have the Tunnel ID of a tunnel are taken from any address",
    kind=HearsAnybody,
)

# -- limits ----------------------------------------------------------------------------------------

add("at-most-16-tunnels", "RFC2661-5.8-36", "it takes 16 tunnels at a time", max_tunnels=16)
add("at-most-40-calls", "P-79", "it takes 40 calls in a tunnel", max_sessions=40)
add(
    "one-call-in-a-tunnel",
    "P-79",
    "it takes one call in a tunnel",
    max_sessions=1,
    ics={"multiple_sessions": False},
)
add(
    "does-not-accept-tunnels",
    "RFC2661-6.1-01",
    "a LAC that never takes an SCCRQ",
    roles=LAC,
    max_tunnels=1,
    ics={"accepts_tunnel": False},
)
