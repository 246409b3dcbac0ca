"""What a person sees. A terminal or pipe that goes away costs a run nothing but its output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TextIO

from harness.report.lines import Line, Printer
from harness.report.progress import Progress
from harness.report.story import CaseStory, Ending
from harness.run.events import Event, Header


class Screen(Printer):
    """A printer that falls silent when nobody reads any more."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.is_gone = False

    def guard(self, draw: Callable[[], object]) -> None:
        """Draw on this screen, if anybody is there."""
        if self.is_gone:
            return
        try:
            draw()
        except OSError:
            self.is_gone = True

    def print(self, lines: Iterable[Line]) -> None:
        """Print the lines, if anybody is there."""
        self.guard(lambda: super(Screen, self).print(lines))


class LiveProgress:
    """The progress of a run on a screen that may go away. A context manager, and a report."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._progress = Progress(screen)

    def __enter__(self) -> LiveProgress:
        self._screen.guard(self._progress.__enter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._screen.guard(lambda: self._progress.__exit__(kind, raised, trace))

    def begin(self, header: Header) -> None:
        self._progress.begin(header)

    def case(self, story: CaseStory) -> None:
        self._screen.guard(lambda: self._progress.case(story))

    def end(self, ending: Ending) -> None:
        self._screen.guard(lambda: self._progress.end(ending))

    def write(self, event: Event) -> None:
        """Take one event, and speak if it is time to."""
        self._screen.guard(lambda: self._progress.write(event))
