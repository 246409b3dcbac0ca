"""Shards of one run put together: their event streams become that of the whole run.

Cases keep what they earned. Frames are numbered anew, in the order in which they went over the
wire, for the capture of the whole is made from them. The monitors' rules are judged once more, by
what all shards have found: a part of the cases can show that a rule is broken, but not that it is
not. What is asked of a shard beyond its events (the baseline's entries for monitors, whether the
whole is everything) stands in its header.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import DataError, UsageError
from harness.run.capture import Capture
from harness.run.events import (
    CAPTURE_FILE,
    EVENTS_FILE,
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Event,
    Footer,
    Frame,
    Header,
    RunError,
    StepStart,
    read_events,
)
from harness.run.gathering import Gathered, Results
from harness.run.kinds import Note
from harness.run.record import Recorder
from harness.run.shard import baseline_of

ALIKE = ("device", "role", "specification", "selection", "seed", "options", "virtual_time")
"""Of the header: what all shards of a run have in common."""


@dataclass(slots=True)
class Part:
    """One shard. `later`: seconds from the beginning of the whole to its own.

    numbers: its frames' numbers, and what they are in the whole.
    """

    name: str
    header: Header
    events: Iterator[Event]
    later: float = 0.0
    numbers: dict[int, int] = field(default_factory=dict)
    footer: Footer | None = None
    broken: RunError | None = None

    def rest(self) -> Iterator[tuple[float, Event]]:
        """Its events with the time of the whole, as far as they can be read."""
        at = self.later
        try:
            for event in self.events:
                if isinstance(event, Footer):
                    self.footer = event
                elif not isinstance(event, Header):
                    at = event.at + self.later
                    yield at, event
        except DataError as error:
            self.broken = RunError.of(error)


def merge(
    streams: Sequence[Path],
    out: Path,
    command: str,
    subscribers: Sequence[Callable[[Event], None]] = (),
) -> Footer:
    """Write the stream and the capture of the whole into `out`; gives its footer.

    `streams`: files, or folders that hold an events.ndjson. Raises UsageError for streams that are
    no parts of one run, DataError for what is no stream at all. A shard that is missing or broke
    off is the error of the whole, which has all results that there are.
    """
    parts = [_open(path) for path in streams]
    _check_alike(parts)
    missing = _check_shards(parts)
    start = min(part.header.moment() for part in parts)
    for part in parts:
        part.later = (part.header.moment() - start).total_seconds()
    header = _header(parts, command)
    whole = bool(parts[0].header.shard) and not missing and all(p.header.whole for p in parts)
    with Capture(out / CAPTURE_FILE) as capture:
        recorder = Recorder(out, header)
        for subscriber in (capture.write, *subscribers):
            recorder.subscribe(subscriber)
        with recorder:
            gathered = Gathered()
            _write_cases(parts, recorder, gathered)
            results = gathered.results(baseline_of(header), whole=whole)
            for event in results.events:
                recorder.write(event)
            _conclude(parts, recorder, results, missing)
    return recorder.footer


def _open(path: Path) -> Part:
    stream = path / EVENTS_FILE if path.is_dir() else path
    events = read_events(stream)
    first = next(events)
    assert isinstance(first, Header)  # nothing else is first in a stream that can be read
    return Part(str(path), first, events)


def _check_alike(parts: Sequence[Part]) -> None:
    first = parts[0]
    for part in parts[1:]:
        for name in ALIKE:
            ours, theirs = getattr(first.header, name), getattr(part.header, name)
            if ours != theirs:
                raise UsageError(
                    "merge.different",
                    f"{first.name} and {part.name} are no parts of one run: {name} is "
                    f"{ours!r} and {theirs!r}",
                    hint="merge what one command has written with --shard 1/N to N/N",
                )


def _check_shards(parts: Sequence[Part]) -> list[str]:
    """The shards that are missing. UsageError when one is there twice or they do not fit."""
    names = [part.header.shard for part in parts]
    if not any(names):
        return []
    totals = {name.partition("/")[2] for name in names}
    if len(totals) > 1:
        raise UsageError(
            "merge.different", f"these are shards of different runs: {', '.join(map(str, names))}"
        )
    for part in parts:
        if names.count(part.header.shard) > 1:
            raise UsageError("merge.twice", f"shard {part.header.shard} is there twice")
    (total,) = totals
    every = [f"{number}/{total}" for number in range(1, int(total) + 1)] if total else []
    return [name for name in every if name not in names]


def _header(parts: Sequence[Part], command: str) -> Header:
    first = min(parts, key=lambda part: part.header.moment()).header
    rows = {name: row for part in parts for name, row in part.header.rows.items()}
    return replace(
        first,
        cases=sum(part.header.cases for part in parts),
        rows=rows,
        command=command,
        shard="",
        whole=False,
    )


def _write_cases(parts: Sequence[Part], recorder: Recorder, gathered: Gathered) -> None:
    """Write what the shards say of cases, in the order of time; keep what they say together."""
    number = 0
    owner: dict[str, Part] = {}
    streams = [_of_part(index, part) for index, part in enumerate(parts)]
    for at, index, _, part, event in heapq.merge(*streams, key=lambda one: one[:3]):
        if isinstance(event, Frame) and not event.again:
            number += 1
            part.numbers[event.number] = number
        moved = _moved(event, at, part.numbers)
        if gathered.takes(moved):
            gathered.add(index, moved)
            continue
        if isinstance(moved, CaseStart) and owner.setdefault(moved.case, part) is not part:
            raise UsageError(
                "merge.case-twice",
                f"{moved.case} is in {owner[moved.case].name} and in {part.name}",
                hint="merge each part of a run once",
            )
        recorder.write(moved)


def _of_part(index: int, part: Part) -> Iterator[tuple[float, int, int, Part, Event]]:
    for count, (at, event) in enumerate(part.rest()):
        yield at, index, count, part, event


def _moved(event: Event, at: float, numbers: Mapping[int, int]) -> Event:
    """The event with the time and the frame numbers of the whole."""
    if isinstance(event, Frame):
        return replace(event, at=at, number=numbers.get(event.number, event.number))
    if isinstance(event, (Check, DeviceLog)):
        frames = tuple(numbers[each] for each in event.frames if each in numbers)
        return replace(event, at=at, frames=frames)
    assert isinstance(event, (CaseStart, CaseEnd, StepStart, Note))
    return replace(event, at=at)


def _conclude(
    parts: Sequence[Part], recorder: Recorder, results: Results, missing: Sequence[str]
) -> None:
    footers = [part.footer for part in parts if part.footer is not None]
    stale = [entry for footer in footers for entry in footer.stale]
    recorder.set_stale([*stale, *results.stale])
    remarks = [remark for footer in footers for remark in footer.remarks]
    recorder.set_remarks(list(dict.fromkeys(remarks)))
    ends = [part.later + part.footer.wall_s for part in parts if part.footer is not None]
    errors = [part.broken for part in parts if part.broken is not None]
    errors += [footer.error for footer in footers if footer.error is not None]
    if missing:
        names = ", ".join(missing)
        hint = "merge the folders of all shards"
        errors.append(RunError("merge.missing-shard", f"not all shards are here: {names}", hint))
    recorder.set_outcome(
        max(ends, default=recorder.tally.footer().wall_s),
        interrupted=any(footer.interrupted for footer in footers),
        error=errors[0] if errors else None,
    )
