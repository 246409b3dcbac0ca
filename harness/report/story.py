"""The events of a run, gathered case by case for the reports.

A run may hold 100,000 frames: what is kept of a case is bounded, and given up when every report
has seen the case.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from harness.errors import EXIT_DEVICE, DataError
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Event,
    Expectation,
    Footer,
    Frame,
    Header,
    Note,
    Row,
    RunError,
    StepStart,
    Verdict,
    read_events,
)
from harness.run.tally import UNFINISHED, Tally

_FIRST_FRAMES: Final = 100
_LAST_FRAMES: Final = 400
_FRAME_OCTETS: Final = 1 << 20
_LOG_LINES: Final = 50
_KEPT_CHECKS: Final = 2000
_KEPT_FATES: Final = 200

GOOD: Final = (Verdict.PASS, Verdict.SKIP)


class Counts(Enum):
    """What a case counts as where there is no more than a test framework's handful of outcomes."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    EXCUSED = "excused"


class Frames:
    """The first and the last frames of a case, and every one that a check named."""

    def __init__(self) -> None:
        self.total = 0
        self._first: list[Frame] = []
        self._last: deque[Frame] = deque()
        self._octets = 0
        self._named: dict[int, Frame] = {}

    def add(self, frame: Frame) -> None:
        self.total += 1
        if len(self._first) < _FIRST_FRAMES and self._octets < _FRAME_OCTETS:
            self._first.append(frame)
        else:
            self._last.append(frame)
        self._octets += len(frame.data)
        while self._last and (len(self._last) > _LAST_FRAMES or self._octets > _FRAME_OCTETS):
            self._octets -= len(self._last.popleft().data)

    def keep(self, numbers: Iterable[int]) -> None:
        """Hold on to the frames of these numbers, as far as they are still here."""
        wanted = set(numbers) - self._named.keys()
        if wanted:
            for frame in (*self._first, *self._last):
                if frame.number in wanted:
                    self._named[frame.number] = frame

    def all(self) -> list[Frame]:
        """What was kept, in the order of the wire."""
        kept = {frame.number: frame for frame in (*self._first, *self._last)}
        return [frame for _, frame in sorted((kept | self._named).items())]


@dataclass(slots=True)
class CaseStory:
    """One case, complete when a report gets it. `end` is None when the run ended before it did."""

    start: CaseStart
    end: CaseEnd | None = None
    steps: list[StepStart] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    log: deque[DeviceLog] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))
    fates: list[DeviceLog] = field(default_factory=list)
    """What became of the device, in the words of the harness."""
    frames: Frames = field(default_factory=Frames)
    attempt: int = 1
    """Counts up when a case begins anew, such as after the device died under another one."""

    @property
    def case(self) -> str:
        return self.start.case

    @property
    def verdict(self) -> Verdict:
        """The verdict that the case earned."""
        return self.end.verdict if self.end else Verdict.NONE

    @property
    def shown(self) -> Verdict:
        """The verdict to show and count."""
        return self.end.shown if self.end else Verdict.NONE

    @property
    def reason(self) -> str:
        return self.end.reason if self.end else UNFINISHED

    @property
    def seconds(self) -> float:
        return self.end.seconds if self.end else 0.0

    @property
    def is_red(self) -> bool:
        """Whether the case turns the run red."""
        if self.end is None:
            return True
        return self.end.expectation.turns_red

    @property
    def counts(self) -> Counts:
        """Failed is what the device has earned; an error says nothing about it."""
        shown = self.shown
        if shown is Verdict.SKIP:
            return Counts.SKIPPED
        if shown is Verdict.XFAIL:
            return Counts.EXCUSED
        if shown in (Verdict.FAIL, Verdict.XPASS) or (shown is Verdict.WARN and self.is_red):
            return Counts.FAILED
        if self.is_red or shown in (Verdict.ERROR, Verdict.NONE, Verdict.INCONC):
            return Counts.ERROR
        return Counts.PASSED

    @property
    def is_excused(self) -> bool:
        """Whether the baseline lists what the case earned."""
        return self.end is not None and self.end.expectation is Expectation.XFAIL

    @property
    def findings(self) -> list[Check]:
        """The checks that are not good, those that decided the verdict first."""
        found = [check for check in self.checks if check.verdict not in GOOD]
        return sorted(found, key=lambda check: check.verdict is not self.verdict)

    @property
    def deciding(self) -> list[Check]:
        """The findings that made the shown verdict; none where the baseline or a fault did."""
        if self.shown is not self.verdict:
            return []
        return [
            check
            for check in self.checks
            if check.verdict is self.verdict and self.verdict not in GOOD
        ]

    @property
    def fate_codes(self) -> list[str]:
        """What became of the device, by its codes, each once."""
        return list(dict.fromkeys(each.code for each in self.fates))

    def step(self, index: int | None) -> StepStart | None:
        """The step of this index, as far as it was reached."""
        return next((step for step in self.steps if step.index == index), None)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run came out. Without a footer in the stream, `footer` is made from what there is.

    incidents: in how many cases something became of the device, by its code.
    """

    header: Header | None
    footer: Footer
    notes: int
    incidents: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, Row]:
        return dict(self.header.rows) if self.header else {}


class Report(Protocol):
    """What wants to hear of a run, case by case."""

    def begin(self, header: Header, /) -> None:
        """The run begins. Not called when the stream has no header."""

    def case(self, story: CaseStory, /) -> None:
        """A case has ended, or the run has and the case never did."""

    def end(self, ending: Ending, /) -> None:
        """Nothing more comes."""


class Teller:
    """Tells reports of a run, from events one by one; `write` can be subscribed to a recorder."""

    def __init__(self, *reports: Report) -> None:
        self._reports = reports
        self._stories: dict[str, CaseStory] = {}
        self._tally = Tally()
        self._header: Header | None = None
        self._ending: Ending | None = None
        self._notes = 0
        self._incidents: Counter[str] = Counter()

    def write(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, Footer):
            self._tally.add(event)
        if isinstance(event, Frame):
            story = self._stories.get(event.case)
            if story is not None:
                story.frames.add(event)
        elif isinstance(event, Header):
            self._header = event
            for report in self._reports:
                report.begin(event)
        elif isinstance(event, Footer):
            self._end(event)
        elif isinstance(event, CaseStart):
            attempt = self._stories[event.case].attempt + 1 if event.case in self._stories else 1
            self._stories[event.case] = CaseStory(event, attempt=attempt)
        elif isinstance(event, CaseEnd):
            story = self._stories.pop(event.case, None) or _without_start(event.case, event.at)
            story.end = event
            self._tell(story)
        else:
            self._of_case(event)

    def _of_case(self, event: StepStart | Check | Note | DeviceLog) -> None:
        story = self._stories.get(event.case)
        if isinstance(event, Note):
            self._notes += 1
        if story is None:
            # what a device prints after its case ended stays in the stream
            return
        if isinstance(event, StepStart):
            story.steps.append(event)
        elif isinstance(event, Check):
            is_good = event.verdict in GOOD
            if len(story.checks) < (_KEPT_CHECKS if is_good else 2 * _KEPT_CHECKS):
                story.checks.append(event)
            if not is_good:
                story.frames.keep(event.frames)
        elif isinstance(event, Note):
            story.notes.append(event)
        elif event.code:
            if len(story.fates) < _KEPT_FATES:
                story.fates.append(event)
        else:
            story.log.append(event)

    def _tell(self, story: CaseStory) -> None:
        self._incidents.update(story.fate_codes)
        for report in self._reports:
            report.case(story)

    def close(self, problem: RunError | None = None) -> Ending:
        """The stream is over, for the reason `problem` if it has no footer. Gives the ending."""
        if self._ending is None:
            error = problem or RunError("run.no-footer", "the run did not end")
            return self._end(self._tally.footer(error=error))
        return self._ending

    def _end(self, footer: Footer) -> Ending:
        for story in self._stories.values():
            self._tell(story)
        self._stories.clear()
        incidents = dict(sorted(self._incidents.items()))
        self._ending = ending = Ending(self._header, footer, self._notes, incidents)
        for report in self._reports:
            report.end(ending)
        return ending


def _without_start(case: str, at: float) -> CaseStory:
    return CaseStory(CaseStart(case, "", case, "", "", 0, (), at))


def tell(events: Iterable[Event] | Path, *reports: Report, teller: Teller | None = None) -> Ending:
    """Read a run, from its events or their file, and tell every report (or `teller`) of it.

    A stream that breaks off or is damaged is told as far as it goes; the error is then that of
    the ending. DataError when there is nothing to tell: not even a header.
    """
    teller = teller or Teller(*reports)
    begun = False
    try:
        for event in read_events(events) if isinstance(events, Path) else events:
            begun = True
            teller.write(event)
    except DataError as error:
        if not begun:
            raise
        told = RunError.of(error)
        return teller.close(RunError(told.code, told.cause, told.hint, EXIT_DEVICE))
    return teller.close()
