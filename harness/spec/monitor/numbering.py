"""What one side of a tunnel has numbered: its messages by Ns, and what it has acknowledged.

Numbers are counted on past 65535: `unwrap` gives the number that is nearest to what is known.

What may be kept is bounded: `KEPT` messages, `GAPS` missing numbers, `STEPS` of Nr. A number more
than `LEAP` ahead of all that is known is taken for nonsense and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from harness.spec.monitor.judge import Frame

MODULUS: Final = 65536
HALF: Final = 32768

KEPT: Final = 128
GAPS: Final = 64
STEPS: Final = 8
LEAP: Final = 256


def unwrap(number: int, near: int) -> int:
    """The count whose lower 16 bits are `number` and that is nearest to `near`."""
    return near + (number - near + HALF) % MODULUS - HALF


def up_to(count: int) -> str:
    """The first so many numbers, in words."""
    return "none" if not count else f"up to Ns {(count - 1) % MODULUS}"


@dataclass(frozen=True, slots=True)
class Unseen:
    """Messages of one side that went by unseen.

    `acknowledged`: how many the other side has acknowledged. `under_way`: how many followed them
    that it may have received. `calls`: they assign Session IDs.
    """

    acknowledged: int
    under_way: int = 0
    calls: bool = False


@dataclass(slots=True, eq=False)
class Sent:
    """One message by its number: the first and the last time that it was seen.

    `digests`: of its AVPs, several where a peer made some on purpose; `data`: a hash of the octets
    last seen. `run`: when it was sent, as long as
    its sender heard nothing of the other side in between. `unsure`: the other side may have taken
    it for something else, or for nothing.
    """

    ns: int
    name: str
    digests: list[int]
    data: int
    first: Frame
    last: Frame
    unsure: bool
    transmissions: int = 1
    run: list[float] = field(default_factory=list)
    slowed: bool = False


@dataclass(slots=True)
class Gap:
    """A number that was passed over. `beyond`: the message that showed it."""

    ns: int
    beyond: Sent


@dataclass(slots=True)
class Numbering:
    """Ns and Nr of one side.

    `started`: its first message was seen, or how it began is known: then numbers count from 0.
    `next`: one more than the highest Ns seen. `contiguous`: every message below it was seen.
    `lost`: the lowest number that was certainly sent, and not seen.
    `slack`: messages without a number, or of another host, which the other side may have counted
    nevertheless.
    `levels`: the latest values of Nr, each with the frame that had it first.
    """

    started: bool = False
    next: int = 0
    contiguous: int = 0
    slack: int = 0
    lost: int | None = None
    sent: dict[int, Sent] = field(default_factory=dict)
    gaps: dict[int, Gap] = field(default_factory=dict)
    levels: list[tuple[int, Frame]] = field(default_factory=list)

    @property
    def nr(self) -> int:
        """The highest Nr sent; -1 if there was none."""
        return self.levels[-1][0] if self.levels else -1

    def begin(self, number: int) -> None:
        """Count from the first number that is seen, as the beginning is not known."""
        self.next = self.contiguous = number

    def absolute(self, ns: int) -> int:
        """A 16-bit Ns of this side as a count."""
        return unwrap(ns, self.next)

    def keep(self, sent: Sent) -> None:
        """Remember a message that has a number not seen before, and what it passes over."""
        self.sent[sent.ns] = sent
        if len(self.sent) > KEPT:
            del self.sent[next(iter(self.sent))]
        for passed in range(self.next, sent.ns):
            if len(self.gaps) < GAPS:
                self.gaps[passed] = Gap(passed, sent)
        self.gaps.pop(sent.ns, None)
        self.next = max(self.next, sent.ns + 1)
        if sent.ns == self.lost:
            self.lost = None
        self.count()

    def pass_over(self, unseen: Unseen) -> None:
        """Further messages have been sent, and need not be judged.

        Who acknowledges them has those that are missing here as well: they come first.
        """
        messages = unseen.acknowledged
        missing = sorted({*self.gaps, *([] if self.lost is None else [self.lost])})[:messages]
        for number in missing:
            self.gaps.pop(number, None)
            if number == self.lost:
                self.lost = None
        self.next += messages - len(missing) + unseen.under_way
        self.count()

    def pass_by(self, messages: int) -> None:
        """So many further messages have been sent; who acknowledges them has received them."""
        self.next += messages
        self.count()

    def count(self) -> None:
        """Work out `contiguous`."""
        missing = [*self.gaps, *([] if self.lost is None else [self.lost])]
        self.contiguous = min(missing, default=self.next)

    @property
    def claimable(self) -> int:
        """The highest Nr that the other side may have come to.

        A message without a number may stand for one that is missing, or for one that follows all.
        """
        missing = sorted({*self.gaps, *([] if self.lost is None else [self.lost])})
        if len(missing) > self.slack:
            return missing[self.slack]
        return self.next + self.slack - len(missing)

    def lose(self, numbers: list[int]) -> None:
        """These numbers were passed over because a capture lacks them."""
        for number in numbers:
            del self.gaps[number]
        if numbers:
            self.lost = min(numbers[0], numbers[0] if self.lost is None else self.lost)
            self.count()

    def acknowledge(self, nr: int, frame: Frame) -> None:
        """Remember that this side has sent this Nr."""
        if nr > self.nr:
            self.levels.append((nr, frame))
            if len(self.levels) > STEPS:
                del self.levels[0]

    def latest(self) -> tuple[int, ...]:
        """The frame of the message with the highest Ns, if that is still remembered."""
        sent = self.sent.get(self.next - 1)
        return (sent.first.number,) if sent else ()

    def settled(self, before: float) -> tuple[int, Frame] | None:
        """The highest Nr that was sent at this time at the latest, with its frame."""
        for nr, frame in reversed(self.levels):
            if frame.at <= before:
                return nr, frame
        return None
