"""The files that a run leaves in its output folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.report.bundle import FILES, FileReport, make_report
from harness.report.output import write_report
from harness.report.summary import SummaryReport
from harness.run.capture import Capture
from harness.run.events import CAPTURE_FILE, EVENTS_FILE, Event, to_line


class Reports:
    """JUnit, summary and, if asked for, HTML of one run.

    `junit`: a further place for JUnit. `capture`: whether the run makes one.
    """

    def __init__(
        self, folder: Path, *, junit: Path | None = None, html: bool = False, capture: bool = True
    ) -> None:
        self.folder = folder
        self._capture = capture
        self.summary = SummaryReport()
        self._unwritten: set[Path] = set()
        self._targets: list[tuple[str, FileReport, Path]] = []
        for kind, name in FILES.items():
            if kind == "statement" or (kind == "html" and not html):
                continue
            report = self.summary if kind == "summary" else make_report(kind)
            if kind == "junit" and junit is not None:
                self._targets.append((kind, report, junit))
            self._targets.append((kind, report, folder / name))

    @property
    def all(self) -> list[FileReport]:
        """Every report once."""
        return list({id(report): report for _, report, _ in self._targets}.values())

    @property
    def files(self) -> dict[str, Path]:
        """Where a person finds what, by its kind; what could not be written is left out."""
        found = {"events": self.folder / EVENTS_FILE}
        if self._capture:
            found["capture"] = self.folder / CAPTURE_FILE
        for kind, _, target in self._targets:
            if target not in self._unwritten:
                found.setdefault(kind, target)
        return found

    def write(self) -> list[HarnessError]:
        """Write every file that can be written; what went wrong with the others."""
        failures = []
        for _, report, target in self._targets:
            try:
                report.write(target)
            except HarnessError as error:
                failures.append(error)
                self._unwritten.add(target)
        if all(kind != "html" for kind, *_ in self._targets):
            failures += self._forget(FILES["html"])
        return failures

    def record(self, events: Sequence[Event]) -> None:
        """Leave a whole event stream, and its capture if there is one. HarnessError."""
        text = "".join(to_line(event) for event in events)
        write_report(self.folder / EVENTS_FILE, text.encode("ascii"))
        if not self._capture:
            return
        with Capture(self.folder / CAPTURE_FILE) as capture:
            for event in events:
                capture.write(event)

    def _forget(self, name: str) -> list[HarnessError]:
        """Remove what an earlier run left, for it says nothing about this one."""
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            cause = f"cannot remove {self.folder / name}: {error.strerror}"
            return [HarnessError("report.unwritable", cause)]
        return []
