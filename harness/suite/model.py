"""What a suite says, as frozen values: cases and their steps.

A `Step` is one line of a test: something the scripted peer sends or does, or something the
implementation under test (IUT) has to do. Values that a step takes from an earlier one stand as
`${name}` until the case runs; axes (`each`) are already filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.errors import Place
from harness.spec.model import Role
from harness.suite.edits import Compose, Given, HeaderEdit

DEFAULT_TUNNEL = "t1"
DEFAULT_SESSION = "s1"
PATIENCE = 2.5
"""Seconds that a step waits for an answer, where it does not say how long."""

PPP_PATIENCE = 10.0
"""Seconds in which the PPP of a call that is up answers; it may be a program yet to be started."""


class Severity(StrEnum):
    """What a failed check counts as; the default follows from the rows that the check covers."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    INCONC = "inconc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What one value has to be. Exactly one of the fields is given."""

    equals: Given = None
    has_equals: bool = False
    present: bool | None = None
    one_of: tuple[Given, ...] = ()
    none_of: tuple[Given, ...] = ()
    low: int | None = None
    high: int | None = None
    pattern: str | None = None
    length: tuple[int, int] | None = None
    fields: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One thing the IUT may do, and what that counts as.

    `message` is a message name, `ZLB`, `ack` (any message whose Nr covers what was sent last),
    `silence`, or `any` (any control message that is not a ZLB).
    """

    message: str
    where: Mapping[str, Matcher] = field(default_factory=dict)
    header: Mapping[str, Matcher] = field(default_factory=dict)
    within: float | None = None
    verdict: Severity = Severity.PASS
    note: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The part common to all steps.

    tunnel, session: which of the case's tunnels and sessions it is about.
    rows: requirement rows that this step checks; empty: those of the case.
    otherwise: what a failed check counts as; None: as the rows' levels say.
    unless: messages of the IUT on this tunnel, in scope, after which the step is left out.
    when: saved values that have to fit, else the step is left out.
    """

    place: Place
    text: str
    tunnel: str = DEFAULT_TUNNEL
    session: str = DEFAULT_SESSION
    rows: tuple[str, ...] = ()
    policy: str = ""
    otherwise: Severity | None = None
    note: str = ""
    unless: tuple[str, ...] = ()
    when: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Step):
    """Send a message. `once`: no retransmission, and Ns moves on only if the IUT acknowledges it.

    from_: name of another endpoint address of the harness to send from.
    repeat: how many times the very same datagram goes out.
    """

    compose: Compose
    once: bool = False
    repeat: int = 1
    from_: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend(Step):
    """Send again the last message of that name, octet for octet but for Nr (of an SCCRQ too)."""

    message: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Step):
    """Wait for the next message in scope and judge it by the alternatives.

    at: name of the endpoint of the harness that a message has to come to; None: any.
    any_session: take messages of every session of the tunnel into account.
    again: look for a retransmission of the message among what came since the last send.
    save: value name -> `assigned_tunnel_id`, `result_code.error`, `header.ns`, …
    collect: the same, for values that are added to the series of that name.
    """

    alternatives: tuple[Alternative, ...]
    within: float = PATIENCE
    at: str | None = None
    any_session: bool = False
    again: bool = False
    save: Mapping[str, str] = field(default_factory=dict)
    collect: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Establish(Step):
    """A preamble: bring a tunnel or a session up; when that does not work the case is inconc.

    what: tunnel | session | outgoing-session.
    before: the peer's message before which it stops; empty: it goes to the end.
    messages: edits of the messages that the scripted peer sends on the way, by name.
    authenticate: challenge the IUT and answer its challenge.
    """

    what: str
    before: str = ""
    authenticate: bool = False
    messages: Mapping[str, Compose] = field(default_factory=dict)
    local_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence(Step):
    """Nothing may come for so long. strict: not even an acknowledgement or a HELLO."""

    seconds: float
    strict: bool = False
    whole_tunnel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Step):
    """Close an endpoint of the harness: nobody is there any more, which ICMP tells the IUT."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acks(Step):
    """hold: the scripted peer stops acknowledging; resume: it acknowledges all it has received."""

    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Step):
    """ignore: HELLOs of the IUT are not acknowledged; answer: they are again."""

    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStep(Step):
    """Impair the link: drop, duplicate, delay or reorder the next `count` datagrams."""

    impairment: str
    direction: str = "received"
    count: int = 1
    message: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retransmissions(Step):
    """Watch the IUT retransmit a message that stays unacknowledged, and judge the schedule (5.8).

    Times in seconds. first: interval before the first retransmission; factor: growth from one
    interval to the next, until the cap; least_cap: what a cap must at least be; sends: how many
    times the message goes out in all. A (low, high) outside of which the check fails.
    """

    message: str
    within: float
    first: tuple[float, float] = (0.5, 5.0)
    factor: tuple[float, float] = (1.7, 2.4)
    least_cap: float = 8.0
    sends: tuple[int, int] = (4, 10)
    at_least: int = 3
    until_given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding(Step):
    """Count the IUT's messages that are unacknowledged at once while acknowledgements are held."""

    within: float
    at_most: int
    at_least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance(Step):
    """Send HELLOs, each acknowledged, until the next Ns is `to`. They are not recorded.

    of_iut: it is the next Ns of the IUT, an LNS, which is asked for so many calls.
    """

    to: int
    of_iut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls(Step):
    """Ask for so many incoming calls in the tunnel, each to be accepted. They are not recorded.

    of_limit: `count` more than the limit of the case.
    """

    count: int
    of_limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series(Step):
    """Judge numbers that `collect` has gathered.

    count: how many there must be; of_limit: so many more than the limit of the case. distinct: no
    two are the same. unpredictable: none follows from those before it by a simple rule (9.1).
    """

    of: str
    count: int = 2
    of_limit: bool = False
    distinct: bool = False
    unpredictable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """Let time pass; what arrives meanwhile is kept for later steps."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAction(Step):
    """An action that the device's peer.yaml names: dial, hangup, call-out, …"""

    action: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive(Step):
    """device: the IUT still serves a fresh peer; tunnel: this tunnel still acknowledges a HELLO."""

    what: str = "device"
    within: float = PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ppp(Step):
    """Send Configure-Requests of LCP until one is answered: then the PPP of the call is up.

    header: of the data messages; a Ns counts up from one to the next. save: as of an `expect`.
    requests: name of the value that says how many were sent.
    """

    header: HeaderEdit | None = None
    within: float = PPP_PATIENCE
    requests: str | None = None
    save: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Step):
    """Judge values saved earlier: each name against a matcher."""

    values: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Step):
    """Run steps several times; `${index}` counts from 0.

    of_limit: `count` more times than the limit of the case.
    """

    count: int
    of_limit: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the device that a case is about.

    of: what there is a limited number of, `tunnels`, or `sessions` of one tunnel. low, high: which
    limits the case can be run with. number: what the limit of the device is; 0: no device is
    chosen yet.
    """

    of: str
    low: int
    high: int
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case with its axes filled in.

    id: `<suite file stem>/<case name>[axis=value,…]`, unique and stable.
    requires: capabilities of the ICS without which the case is skipped.
    configuration: which of the device's configurations it runs against. limit: a limit that the
    device has to have, in that configuration, or in any if it is the default one.
    exclusive: it needs the device to itself.
    selection: the tag by which alone it is selected, besides by its id; empty: every run takes it.
    seconds: how long it takes at most, for the schedule (longest first); 0 = not said.
    """

    id: str
    suite: str
    name: str
    title: str
    purpose: str
    covers: tuple[str, ...]
    iut: frozenset[Role]
    steps: tuple[Step, ...]
    place: Place
    requires: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    configuration: str = "default"
    exclusive: bool = False
    selection: str = ""
    seconds: float = 0.0
    axes: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite file: its cases in the file's order, and where it stands."""

    name: str
    title: str
    specification: str
    cases: tuple[Case, ...]
    path: str
