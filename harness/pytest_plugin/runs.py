"""The runs behind the items: each at once for all its cases, so that their waits go side by side.

Without pytest-xdist there is one run for each device, at the first item. With it the cases are
divided among the workers as they are among shards: a worker whose first item comes runs its own
part, and later takes over the parts of those that never began. The streams are all that is handed
on, and they are put together as those of shards are. So it does not matter which worker is given
which item.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.errors import HarnessError
from harness.pytest_plugin.outcome import Outcome, Outcomes, read_outcomes
from harness.pytest_plugin.part import Part, is_done, locked, mark_done
from harness.pytest_plugin.target import RUN, Target, is_case
from harness.report.story import Counts
from harness.run.events import RunError
from harness.run.merge import merge

AT_ONCE: Final = max(2, os.cpu_count() or 1)
"""Devices at a time in one worker: a run waits most of the time, but it begins with work."""


@dataclass(frozen=True, slots=True)
class Session:
    """A pytest session. workers: how many processes it has; worker: which of them this is, from 0.

    name: the same in all of them, and in no other session.
    """

    name: str
    worker: int = 0
    workers: int = 1


@dataclass(slots=True)
class TargetRuns:
    """All parts of the run of one device. wanted: its items."""

    target: Target
    session: Session
    wanted: Mapping[str, None]
    parts: list[Part] = field(init=False)
    _outcomes: Outcomes | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        target, above = self.target, self.target.folder
        every = frozenset(filter(is_case, target.places))
        # what the monitors find is found in cases: without any, all of them are run
        cases = frozenset(filter(is_case, self.wanted)) or every
        count = min(self.session.workers, len(cases)) if target.is_divisible else 1
        whole = cases == every
        if count == 1:
            requests = [target.request(above, None if whole else cases, target.asked.shard)]
        else:
            only = None if whole and target.asked.shard is None else cases
            requests = [
                target.request(above / f"{part}-of-{count}", only, f"{part}/{count}")
                for part in range(1, count + 1)
            ]
        self.parts = [Part(request, self.session.name) for request in requests]

    def begin(self) -> None:
        """Start the part of this worker, if it has one."""
        for part in self.parts[self.session.worker : self.session.worker + 1]:
            part.begin()

    def stop(self) -> None:
        """End what was started here and is under way."""
        for part in self.parts:
            part.stop()

    def outcome(self, name: str) -> Outcome:
        """That of an item, once all is over.

        What turns the run red and has no item makes those red that it was found in; what was found
        in none is said by `run`, or by the first item.
        """
        if self._outcomes is None:
            self._outcomes = self._all()
        own = self._outcomes.of(name) or _unsaid(name)
        keeper = RUN if RUN in self.wanted else next(iter(self.wanted))
        for other in self._outcomes.without_item(self.wanted, self.target.places):
            found_in = other.seen_in & self.wanted.keys()
            if name in (found_in or {keeper}):
                own = own.made_worse(other)
        return own

    def _all(self) -> Outcomes:
        first = self.session.worker % len(self.parts)
        for part in (*self.parts[first:], *self.parts[:first]):
            part.finish()
        try:
            if len(self.parts) > 1:
                self._merge()
            return read_outcomes(self.target.folder)
        except HarnessError as error:
            said = next(filter(None, (part.said() for part in self.parts)), "")
            told = RunError.of(error)
            why = RunError(told.code, f"{told.cause}; {said}", told.hint)
            return Outcomes(self.target.folder, error=why)

    def _merge(self) -> None:
        folder = self.target.folder
        with locked(folder, wait=True):
            if not is_done(folder, self.session.name):
                command = f"pytest --l2tp-device {self.target.name}"
                merge([part.folder for part in self.parts], folder, command)
                mark_done(folder, self.session.name)


def _unsaid(name: str) -> Outcome:
    """An item of which a run that came to its end has said nothing."""
    if name == RUN:
        return Outcome(name, Counts.PASSED)
    if is_case(name):
        text = f"{name} was not run, and the run does not say why"
        return Outcome(name, Counts.ERROR, text, text)
    return Outcome(name, Counts.SKIPPED, "nothing in this run has put it to the test")


class Runs:
    """Those of all devices of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[Target, TargetRuns] = {}
        self._begun = False

    def prepare(self, wanted: Iterable[tuple[Target, str]]) -> None:
        """Learn which items there are."""
        names: dict[Target, dict[str, None]] = {}
        for target, name in wanted:
            names.setdefault(target, {})[name] = None
        self._of = {one: TargetRuns(one, self._session, names[one]) for one in names}

    def outcome(self, target: Target, name: str) -> Outcome:
        """That of an item; the first one asked for starts the runs."""
        if not self._begun:
            self._begun = True
            for one in list(self._of.values())[:AT_ONCE]:
                one.begin()
        return self._of[target].outcome(name)

    def stop(self) -> None:
        """End what is still under way here."""
        for one in self._of.values():
            one.stop()
