"""How a run is getting on: a live line on a terminal, now and then a line in the log of a CI job.

Events drive it, and nothing else: there is no thread behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from harness.report.console import red_case_line, seconds
from harness.report.evidence import safe
from harness.report.lines import Line, Printer, line
from harness.report.story import CaseStory, Ending
from harness.run.events import CaseEnd, CaseStart, Event, Header

_REDRAW_EVERY: Final = 0.1
_HEARTBEAT_EVERY: Final = 30.0
_NAMED: Final = 3
_WIDTH: Final = 24


class Progress:
    """A report that shows the run while it lasts; a context manager around it.

    Hand it to the `Teller`, which tells it of cases that ended, and subscribe `write` to the
    recorder, so that every event gives it the chance to speak. `clock`: seconds, monotonic.
    """

    def __init__(self, printer: Printer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._printer = printer
        self._clock = clock
        self._live: Any = None
        self._began = self._spoke = clock()
        self._planned = 0
        self._done = 0
        self._red = 0
        self._running: dict[str, None] = {}

    def __enter__(self) -> Progress:
        if self._printer.is_terminal:
            from rich.live import Live

            # auto_refresh would start a thread
            self._live = Live(
                console=self._printer.console,
                auto_refresh=False,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def begin(self, header: Header) -> None:
        self._planned = header.cases
        self._began = self._spoke = self._clock()

    def case(self, story: CaseStory) -> None:
        self._done += not story.start.monitor
        if story.is_red:
            self._red += 1
            # what comes last, or is cut off by the end, stands in the summary right below
            is_last = story.end is None or story.start.monitor or self._done >= self._planned
            if not is_last:
                place = f"{self._done}/{self._planned} cases: "
                self._printer.print([line((place, "dim"), *red_case_line(story))])

    def end(self, _ending: Ending) -> None:
        self._stop()

    def write(self, event: Event) -> None:
        """Take one event, and speak if it is time to."""
        if isinstance(event, CaseStart):
            self._running[event.case] = None
        elif isinstance(event, CaseEnd):
            self._running.pop(event.case, None)
        now = self._clock()
        if now - self._spoke < (_HEARTBEAT_EVERY if self._live is None else _REDRAW_EVERY):
            return
        self._spoke = now
        if self._live is None:
            self._printer.print([self.status(now)])
        else:
            from rich.text import Text

            text = Text.assemble(*self.status(now), no_wrap=True, overflow="ellipsis")
            self._live.update(text, refresh=True)

    def status(self, now: float) -> Line:
        """Where the run stands, in one line."""
        done, planned = self._done, max(self._planned, self._done)
        running = list(self._running)
        names = ", ".join(safe(case, 60) for case in running[:_NAMED])
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        pieces: list[str | tuple[str, str]] = []
        if self._live is not None:
            filled = _WIDTH * done // planned if planned else 0
            pieces += [("━" * filled, "green"), ("━" * (_WIDTH - filled), "dim"), " "]
        pieces += [f"{done}/{planned} cases, {seconds(now - self._began)}"]
        if self._red:
            pieces += [", ", (f"{self._red} unexpected", "bold red")]
        if running:
            pieces += [(f", running {names}{more}", "dim")]
        return line(*pieces)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
