"""The recorder: events go to disk as they come, and the stream ends well whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

from harness.errors import HarnessError
from harness.run.events import EVENTS_FILE, Event, Footer, Header, RunError, to_line
from harness.run.kinds import CaseEnd
from harness.run.tally import Tally

Subscriber = Callable[[Event], None]

_FLUSH_EVERY: Final = 1.0
_BUFFER: Final = 1 << 20


class Recorder:
    """Writes `events.ndjson` in `folder`; a context manager, used once.

    Entering writes the header; leaving writes the footer, with what the exception that leaves the
    block says: Ctrl-C or a cancelled task is `interrupted`, a `HarnessError` is the run's error,
    any other exception is an error of the harness itself. Exceptions go on to the caller.

    The file is flushed at the end of every case and when a second of `clock` has gone by since
    the last time, so that a killed run keeps what it measured. Subscribers get every event after
    it is written, in the order in which they subscribed.
    HarnessError `record.unwritable` when the disk does not take it.
    """

    def __init__(
        self, folder: Path, header: Header, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = folder / EVENTS_FILE
        self._header = header
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._tally = Tally()
        self._stale: tuple[str, ...] = ()
        self._remarks: tuple[str, ...] = ()
        self._file: TextIO | None = None
        self._started = self._flushed = 0.0
        self._footer: Footer | None = None
        self._outcome: tuple[float, bool, RunError | None] | None = None

    @property
    def header(self) -> Header:
        """What was written first."""
        return self._header

    @property
    def tally(self) -> Tally:
        """The run so far."""
        return self._tally

    @property
    def footer(self) -> Footer:
        """What was written last; only after the block has been left."""
        if self._footer is None:
            raise RuntimeError("the run is still being recorded")
        return self._footer

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand every event from now on to `subscriber` as well: the capture, a progress display."""
        self._subscribers.append(subscriber)

    def set_stale(self, entries: Sequence[str]) -> None:
        """The stale entries of the baseline, for the footer."""
        self._stale = tuple(entries)

    def set_remarks(self, remarks: Sequence[str]) -> None:
        """What is to be known of where the device was, for the footer."""
        self._remarks = tuple(remarks)

    def set_outcome(self, wall_s: float, *, interrupted: bool, error: RunError | None) -> None:
        """What the footer says of a run that is over already, put together from others."""
        self._outcome = (wall_s, interrupted, error)

    def __enter__(self) -> Recorder:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="ascii", buffering=_BUFFER)
        except OSError as error:
            raise self._unwritable(error) from error
        self._started = self._flushed = self._clock()
        try:
            self.write(self._header)
            self.flush()
        except BaseException:
            self._close()
            raise
        return self

    def write(self, event: Event) -> None:
        """Record one event and hand it on."""
        if self._file is None:
            raise RuntimeError("nothing is being recorded")
        line = to_line(event)
        try:
            self._file.write(line)
        except OSError as error:
            raise self._unwritable(error) from error
        self._tally.add(event)
        if isinstance(event, CaseEnd) or self._clock() - self._flushed >= _FLUSH_EVERY:
            self.flush()
        for subscriber in self._subscribers:
            subscriber(event)

    def flush(self) -> None:
        """Give the operating system all that was written."""
        if self._file is None:
            return
        try:
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error
        self._flushed = self._clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        interrupted = isinstance(raised, (KeyboardInterrupt, SystemExit, asyncio.CancelledError))
        wall_s, cut, error = self._outcome or (self._clock() - self._started, False, None)
        self._footer = self._tally.footer(
            wall_s=wall_s,
            stale=self._stale,
            remarks=self._remarks,
            interrupted=interrupted or cut,
            error=error if raised is None or interrupted else _as_error(raised),
        )
        try:
            self.write(self._footer)
        finally:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> HarnessError:
        return HarnessError(
            "record.unwritable",
            f"cannot write {self.path}: {error.strerror or error}",
            hint="give another folder, or make room on the disk",
        )


def _as_error(raised: BaseException) -> RunError:
    while isinstance(raised, BaseExceptionGroup):
        # of several, a fault of the harness says more than what it brought down with it
        raised = next(
            (each for each in raised.exceptions if not isinstance(each, HarnessError)),
            raised.exceptions[0],
        )
    if isinstance(raised, HarnessError):
        return RunError.of(raised)
    return RunError(
        "harness.internal",
        f"{type(raised).__name__}: {raised}",
        "this is a fault of the harness itself; please report it with the traceback",
    )
