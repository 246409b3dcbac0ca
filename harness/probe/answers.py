"""What came of each question: yes, no or nothing, why, and what the device said meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from harness.peer.examine import Examined, examine
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Direction,
    Event,
    Frame,
    Verdict,
)
from harness.run.verdicts import SURVIVAL
from harness.spec.model import Specification
from harness.wire import Header, parse

SUITE: Final = "questions"
_MOST_FRAMES: Final = 2000
"""Of a question; a device that sends more is flooding."""


class Reply(StrEnum):
    """How a question was answered. `unknown`: nothing can be said."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Heard:
    """A control message of the device. at: seconds since the run began. ns: of its header."""

    number: int
    at: float
    name: str
    examined: Examined
    header: Header
    port: int

    @property
    def ns(self) -> int | None:
        """Its Ns."""
        return self.header.ns


@dataclass(slots=True)
class Answer:
    """The answer to one question.

    why: in words. heard: the device's control messages, in order. times: when a datagram went
    either way. died: the device did not survive the question. unstarted: the code of the error by
    which the device did not even come up for it; `why` has the rest.
    """

    name: str
    reply: Reply = Reply.UNKNOWN
    why: str = "it was not asked"
    heard: list[Heard] = field(default_factory=list)
    times: list[tuple[int, float]] = field(default_factory=list)
    died: str = ""
    unstarted: str = ""
    ended: float = 0.0

    def first(self, *names: str) -> Heard | None:
        """The first message of one of these names."""
        return next((one for one in self.heard if one.name in names), None)


_REPLIES: Final[Mapping[Verdict, Reply]] = {
    Verdict.PASS: Reply.YES,
    Verdict.WARN: Reply.YES,
    Verdict.FAIL: Reply.NO,
}


def _was_silence(check: Check) -> bool:
    """Whether nothing came, as it should: no evidence beside what came before."""
    return check.verdict is Verdict.PASS and check.name in ("silence", "expect silence")


class Listener:
    """Gathers the answers from the events of a run of the questions."""

    def __init__(self, specification: Specification, secret: str | None) -> None:
        self.answers: dict[str, Answer] = {}
        self._specification = specification
        self._secret = secret.encode() if secret else None
        self._last: dict[str, Check] = {}

    def write(self, event: Event) -> None:
        """Take one event."""
        match event:
            case CaseStart(monitor=False):
                # a question that is asked again begins anew
                self.answers[event.case] = Answer(_name(event.case))
                self._last.pop(event.case, None)
            case Frame() if event.case in self.answers and not event.again:
                self._frame(self.answers[event.case], event)
            case Check() if event.case in self.answers:
                if event.name == SURVIVAL:
                    self.answers[event.case].died = event.actual
                if not (_was_silence(event) and event.case in self._last):
                    self._last[event.case] = event
            case DeviceLog() if event.case in self.answers:
                answer = self.answers[event.case]
                # what has sent and heard nothing yet had no device to talk to
                if event.code and not answer.times and event.case not in self._last:
                    answer.unstarted = event.code
            case CaseEnd() if event.case in self.answers:
                self._end(self.answers[event.case], event)

    def by_name(self) -> dict[str, Answer]:
        """The answers by the name of the question."""
        return {answer.name: answer for answer in self.answers.values()}

    def _end(self, answer: Answer, event: CaseEnd) -> None:
        answer.reply = _REPLIES.get(event.verdict, Reply.UNKNOWN)
        answer.ended = event.at
        last = self._last.get(event.case)
        if event.verdict is Verdict.SKIP or event.verdict in (Verdict.ERROR, Verdict.NONE):
            answer.why = event.reason
        elif answer.died:
            answer.why = f"the device is gone: {answer.died}"
        elif last is not None:
            answer.why = last.actual

    def _frame(self, answer: Answer, event: Frame) -> None:
        if len(answer.times) >= _MOST_FRAMES:
            return
        answer.times.append((event.number, event.at))
        packet = parse(event.data).packet
        if event.direction is Direction.SENT or packet is None or not packet.header.control:
            return
        if packet.is_zlb:
            return
        examined = examine(self._specification, packet, self._secret)
        name = examined.message.name if examined.message else str(packet.message_type)
        port = event.source[1]
        answer.heard.append(Heard(event.number, event.at, name, examined, packet.header, port))


def _name(case: str) -> str:
    return case.partition("/")[2]
