"""What a run really judged: for each row, which case or monitor rule said what about it.

A check counts for the rows that stand on its event, no others, and only if it came to a verdict
about the device: pass, fail or warn. Reports/coverage.md says what counts as what, and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import DataError
from harness.run.events import (
    EVENTS_FILE,
    CaseEnd,
    CaseStart,
    Check,
    Event,
    Footer,
    Header,
    Verdict,
    read_events,
)
from harness.run.verdicts import GRAVITY, SURVIVAL

COUNTING: Final = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.WARN})
"""The verdicts that say how a device keeps a row."""

NO_CASE: Final = ""
"""In place of a case, for what a monitor judged outside of any."""


class Judged(NamedTuple):
    """What a case, or a monitor rule within it, said about a row.

    `rule` is empty for the case's own checks. `verdict` is the gravest of `times` judgements.
    """

    row: str
    case: str
    rule: str
    verdict: Verdict
    times: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as coverage sees it.

    `role` is that of the IUT, `tables` names for each row the table it was judged by. `shown` has
    the verdict of each case that ended. `problem` says why the stream breaks off; empty if it does
    not.
    """

    device: str
    title: str
    role: str
    specification: str
    started: str
    shown: Mapping[str, Verdict]
    judged: tuple[Judged, ...]
    tables: Mapping[str, str]
    problem: str = ""

    def table(self, row: str) -> str:
        """The table by which the run judged a row. Streams that do not say it have only one."""
        return self.tables.get(row) or self.specification

    @property
    def by_table(self) -> dict[str, int]:
        """How many of the rows that were judged came from which table."""
        judged = {each.row for each in self.judged}
        return dict(sorted(Counter(self.table(row) for row in judged).items()))


@dataclass(slots=True)
class _Open:
    """What has been said within a case so far."""

    checks: list[Check] = field(default_factory=list)
    ended: Verdict | None = None

    def judged(self, case: str, rules: Collection[str]) -> dict[tuple[str, str], Judged]:
        """By row and rule. A case that has not come to a verdict judged nothing by itself."""
        found: dict[tuple[str, str], Judged] = {}
        for check in self.checks:
            rule = check.name if check.name in rules else ""
            if not rule and self.ended not in COUNTING:
                continue
            for row in check.rows:
                known = found.get((row, rule))
                verdict, times = check.verdict, check.count
                if known is not None:
                    verdict = min(verdict, known.verdict, key=GRAVITY.index)
                    times += known.times
                found[row, rule] = Judged(row, case, rule, verdict, times)
        return found


class RunReader:
    """Takes the events of one run; `record` gives what it came to.

    `rules`: the names of the monitor rules; a check of such a name is the monitor's.
    """

    def __init__(self, rules: Collection[str] = ()) -> None:
        self._rules = frozenset(rules)
        self._header: Header | None = None
        self._cases: dict[str, _Open] = {}
        self._shown: dict[str, Verdict] = {}

    def add(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Check):
            if event.verdict in COUNTING and event.rows and event.name != SURVIVAL:
                self._cases.setdefault(event.case, _Open()).checks.append(event)
        elif isinstance(event, CaseStart):
            # a case that begins anew forgets its first attempt
            self._cases[event.case] = _Open()
            self._shown.pop(event.case, None)
        elif isinstance(event, CaseEnd):
            self._cases.setdefault(event.case, _Open()).ended = event.verdict
            self._shown[event.case] = event.shown
        elif isinstance(event, Header):
            self._header = event

    def record(self, problem: str = "") -> RunRecord:
        """What the events came to. DataError when there was no header."""
        header = self._header
        if header is None:
            raise DataError("coverage.no-header", "a run without a header covers nothing")
        judged = [
            each
            for case, opened in self._cases.items()
            for each in opened.judged(case, self._rules).values()
        ]
        return RunRecord(
            device=header.device,
            title=header.title or header.device,
            role=header.role,
            specification=header.specification,
            started=header.started,
            shown=dict(self._shown),
            judged=tuple(judged),
            tables={name: row.table for name, row in header.rows.items() if row.table},
            problem=problem,
        )


def read_run(source: Iterable[Event] | Path, rules: Collection[str] = ()) -> RunRecord:
    """A run from its events, their file, or the folder that holds it.

    A stream that breaks off counts as far as it goes, and its record says so. DataError when it is
    no stream at all.
    """
    reader = RunReader(rules)
    begun, ended = False, False
    events = read_events(_file(source)) if isinstance(source, Path) else source
    try:
        for event in events:
            begun = True
            ended = isinstance(event, Footer)
            reader.add(event)
    except DataError as error:
        if not begun:
            raise
        return reader.record(str(error.cause))
    return reader.record("" if ended else "the run did not end: the stream has no footer")


def read_runs(
    streams: Iterable[Path], rules: Collection[str] = ()
) -> tuple[list[RunRecord], list[DataError]]:
    """The runs of streams, and why some are none."""
    runs, errors = [], []
    for stream in streams:
        try:
            runs.append(read_run(stream, rules))
        except DataError as error:
            errors.append(error)
    return runs, errors


def _file(source: Path) -> Path:
    return source / EVENTS_FILE if source.is_dir() else source


def streams_under(folder: Path) -> list[Path]:
    """The event streams of `folder` and of the folders in it, the newest first; each its file."""
    found = (folder / EVENTS_FILE, *folder.glob(f"*/{EVENTS_FILE}"))
    dated = [(path.stat().st_mtime_ns, path) for path in found if path.is_file()]
    return [path for _, path in sorted(dated, key=lambda one: (-one[0], str(one[1])))]
