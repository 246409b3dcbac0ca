"""What is known of one tunnel: its two sides, and its calls.

Side 0 is the initiator, who sent the SCCRQ. Of a tunnel that had begun before the capture only the
side is known that speaks: it is side 0 then, and `Tunnel.whole` is false.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from harness.spec.model import Role
from harness.spec.monitor.judge import Endpoint, Frame
from harness.spec.monitor.message import Message
from harness.spec.monitor.numbering import Numbering

ADDRESSES: Final = 8
IDS: Final = 8
INTRODUCTIONS: Final = 4
CALLS: Final = 4096
"""As many of each are remembered for one tunnel; the oldest call makes room for a new one."""

DEFAULT_WINDOW: Final = 4


@dataclass(frozen=True, slots=True)
class Introduction:
    """What an SCCRQ or SCCRP says about its sender.

    Each value is None where it is not said; the name stands in `untold` where it is said in a way
    that may be understood otherwise: hidden, malformed, or twice. `unsure`: so is the message.
    """

    frame: Frame
    unsure: bool
    window: int | None
    framing: int | None
    bearer: int | None
    challenge: bytes | None
    untold: frozenset[str]

    @classmethod
    def of(cls, message: Message, frame: Frame, *, unsure: bool) -> Introduction:
        """What a message says."""
        names = {
            "window": "receive_window_size",
            "framing": "framing_capabilities",
            "bearer": "bearer_capabilities",
            "challenge": "challenge",
        }
        untold = frozenset(
            word
            for word, name in names.items()
            if message.unreadable(name) or len(message.all(name)) > 1
        )
        challenges = message.octets("challenge")
        return cls(
            frame=frame,
            unsure=unsure,
            window=message.integer(names["window"]),
            framing=message.integer(names["framing"]),
            bearer=message.integer(names["bearer"]),
            challenge=challenges[0] if challenges else None,
            untold=untold,
        )


@dataclass(slots=True, eq=False)
class Side:
    """One end of a tunnel: what it sent, and what it said about itself.

    `asked`: of the responder, where the SCCRQ went. `ids`: the Tunnel IDs that it has announced
    for itself, the first one first, which frame `id_frame` has. `marks`: by name, the number of
    its first message of that name. `stopped`: the frame of its StopCCN, which had Nr `stopped_nr`;
    `stop_unsure`: the other side may have taken that for something else.

    What makes judging unsafe:
    `blurred`: it has sent something on purpose, so that its own numbers are not judged any more.
    `opaque`: it has sent something that the other side may understand otherwise than we do.
    `session_ids_unknown`: it has assigned Session IDs that we could not read.
    """

    host: str
    addresses: list[Endpoint] = field(default_factory=list)
    asked: Endpoint | None = None
    ids: list[int] = field(default_factory=list)
    id_frame: Frame | None = None
    role: Role | None = None
    numbering: Numbering = field(default_factory=Numbering)
    introductions: list[Introduction] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    stopped: Frame | None = None
    stopped_nr: int = 0
    stop_unsure: bool = False

    blurred: bool = False
    opaque: bool = False
    session_ids_unknown: bool = False

    # for the rules of the reliable channel: the last frame that the other side has sent, when it
    # sent messages that a ZLB may acknowledge, the Ns, Nr and time of a ZLB that did so just now,
    # the Nr and the ZLB that claim more than is seen
    heard: Frame | None = None
    heard_zlb: bool = False
    zlb_credits: list[float] = field(default_factory=list)
    zlb_storm: int = 0
    zlb_once: tuple[int, int, float] | None = None
    claim: tuple[int, Frame] | None = None
    zlb_claim: tuple[int, Frame] | None = None

    # for the rules of calls: number, value and frame of the last Call Serial Number, and the
    # latest Session IDs that it has assigned
    serial: tuple[int, int, Frame] | None = None
    session_ids: list[int] = field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether its numbers are its own doing."""
        return not self.blurred

    def use(self, address: Endpoint) -> None:
        """It sends from this address."""
        if address not in self.addresses:
            self.addresses.append(address)
            del self.addresses[:-ADDRESSES]

    def announce(self, number: int, frame: Frame) -> None:
        """It has assigned a Tunnel ID."""
        if number not in self.ids and len(self.ids) < IDS:
            self.ids.append(number)
            self.id_frame = self.id_frame or frame

    def introduce(self, introduction: Introduction) -> None:
        """It has said something about itself."""
        if len(self.introductions) < INTRODUCTIONS:
            self.introductions.append(introduction)

    def introduction(self, word: str) -> Introduction | None:
        """What it said about itself, if that is one thing that cannot be understood otherwise."""
        if len(self.introductions) != 1 or self.opaque:
            return None
        (only,) = self.introductions
        return None if word in only.untold else only

    def window(self) -> int | None:
        """The most messages that it lets the other side have under way; None if unknown."""
        largest = 0
        for one in self.introductions:
            if "window" in one.untold:
                return None
            window = DEFAULT_WINDOW if one.window is None else one.window
            # 0 is invalid (5.8), and who met with it may take what it likes
            largest = max(largest, window or DEFAULT_WINDOW, DEFAULT_WINDOW if one.unsure else 0)
        return largest or None

    def announced_window(self) -> bool:
        """Whether the window is one that it has named, not the default (4.4.3)."""
        return any(one.window is not None for one in self.introductions)

    def seen_up_to(self, nr: int) -> bool:
        """Whether every message is known that a peer with this Nr has received of this side."""
        numbering = self.numbering
        return numbering.started and not self.opaque and nr <= numbering.contiguous


@dataclass(slots=True, eq=False)
class Call:
    """One session. `caller`: the index of the side that sent the ICRQ or OCRQ.

    Lists and tuples of two are by side. `ids`: the Session ID assigned, None if not known yet.
    `marks`: the number of the first message of a name. `ended`: number and frame of the CDN.
    `unsure`: something in it was made on purpose. `sequencing`: Sequencing Required was said.
    `connected`: the frame of the ICCN or OCCN. `early`: a data message before that. `shared`: an id
    of it was that of a call that had not ended: data to that id may be of either.
    """

    request: str
    caller: int
    ids: list[int | None] = field(default_factory=lambda: [None, None])
    unsure: bool = False
    marks: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))
    ended: list[tuple[int, Frame] | None] = field(default_factory=lambda: [None, None])
    sequencing: bool = False
    connected: Frame | None = None
    shared: bool = False
    early: list[Frame | None] = field(default_factory=lambda: [None, None])
    wens: dict[int, tuple[int, Frame, tuple[int, ...]]] = field(default_factory=dict)
    flows: list[Flow | None] = field(default_factory=lambda: [None, None])


@dataclass(slots=True, eq=False)
class Flow:
    """The data messages of one side of a session.

    `next`: one more than the highest Ns, which came in frame `highest`. `recent`: hashes of the
    latest payloads by Ns. `numbered`: whether the latest messages have sequence numbers, and
    since which frame and for how many of them that has been so.
    """

    next: int = -1
    highest: Frame | None = None
    recent: dict[int, tuple[int, Frame]] = field(default_factory=dict)
    numbered: bool | None = None
    since: Frame | None = None
    count: int = 0


@dataclass(slots=True, eq=False)
class Tunnel:
    """Both sides of a tunnel and its calls.

    `whole`: both sides are known, from the SCCRQ or at least from the SCCRP on. `entangled`:
    another tunnel between the same ends has the same ids, and frames may belong to either.
    `calls`: by side and the Session ID that this side has assigned. `forgot`: some were too many.
    `twin`: by side, where it has given its Tunnel ID to another tunnel as well.
    """

    key: int
    sides: tuple[Side, Side]
    whole: bool
    entangled: bool = False
    calls: dict[tuple[int, int], Call] = field(default_factory=dict)
    forgot: bool = False
    twin: list[tuple[Tunnel, Frame] | None] = field(default_factory=lambda: [None, None])
    last: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether a StopCCN of either side has been seen."""
        return any(side.stopped is not None for side in self.sides)

    def remember(self, side: int, number: int, call: Call) -> None:
        """Find the call by this Session ID of this side from now on."""
        self.calls.pop((side, number), None)
        self.calls[side, number] = call
        if len(self.calls) > CALLS:
            del self.calls[next(iter(self.calls))]
            self.forgot = True
