"""What pytest is told of a case: from its story, and from those of others that concern it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.pytest_plugin.target import is_case
from harness.report.evidence import failure_text, headline, safe
from harness.report.junit import properties_of, run_error
from harness.report.story import CaseStory, Counts, Ending, tell
from harness.run.events import EVENTS_FILE, Header, RunError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item came out. seen_in: the cases that it is about, where it is a monitor's."""

    name: str
    counts: Counts
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    properties: tuple[tuple[str, str], ...] = ()
    is_red: bool = False
    seen_in: frozenset[str] = frozenset()

    def set_up(self) -> None:
        """Raise what is no verdict about the device, and what did not run."""
        if self.counts is Counts.ERROR:
            pytest.fail(self.text, pytrace=False)
        if self.counts is Counts.SKIPPED:
            # the place to name is that of the item, as for a mark
            raise pytest.skip.Exception(self.message, _use_item_location=True)

    def play(self) -> None:
        """Raise what the device has earned."""
        if self.counts is Counts.EXCUSED:
            pytest.xfail(self.message)  # which does nothing under --runxfail
        if self.counts in (Counts.FAILED, Counts.EXCUSED):
            pytest.fail(self.text, pytrace=False)

    def made_worse(self, other: Outcome) -> Outcome:
        """With what another one says besides."""
        is_error = Counts.ERROR in (self.counts, other.counts)
        return replace(
            self,
            counts=Counts.ERROR if is_error else Counts.FAILED,
            message="; ".join(filter(None, (self.message, other.message))),
            text="\n\n".join(filter(None, (self.text, other.text))),
            is_red=True,
        )


@dataclass(slots=True)
class Outcomes:
    """Those of a run, made as any report is. error: why the run has not come to its end.

    folder: where its capture is.
    """

    folder: Path
    by_name: dict[str, Outcome] = field(default_factory=dict)
    error: RunError | None = None
    _header: Header | None = None

    def begin(self, header: Header) -> None:
        """The run begins."""
        capture = str(self.folder / header.capture) if header.capture else None
        self._header = replace(header, capture=capture)

    def case(self, story: CaseStory) -> None:
        """A case has ended."""
        says_something = story.counts is not Counts.PASSED or story.findings
        self.by_name[story.case] = Outcome(
            name=story.case,
            counts=story.counts,
            message=headline(story) or story.shown.value,
            text=failure_text(story, self._header) if says_something else "",
            seconds=story.seconds,
            properties=tuple(properties_of(story, self._header)),
            is_red=story.is_red,
            seen_in=frozenset(case for check in story.findings for case in check.seen_in),
        )

    def end(self, ending: Ending) -> None:
        """The run is over."""
        self.error = run_error(ending)

    def of(self, name: str) -> Outcome | None:
        """That of an item; an error where the run broke off before it, None of what is not said."""
        found = self.by_name.get(name)
        if found is not None or self.error is None:
            return found
        return Outcome(name, Counts.ERROR, safe(self.error.cause), _text(self.error))

    def without_item(self, items: Collection[str], places: Collection[str]) -> list[Outcome]:
        """What turns the run red and has no item: but for cases, which were left out on purpose."""
        return [
            one
            for name, one in self.by_name.items()
            if one.is_red and name not in items and not (is_case(name) and name in places)
        ]


def _text(error: RunError) -> str:
    lines = [f"{safe(error.cause)} [{safe(error.code)}]"]
    if error.hint:
        lines.append(f"hint: {safe(error.hint)}")
    return "\n".join(lines)


def read_outcomes(folder: Path) -> Outcomes:
    """Those of the run in a folder. DataError when there is not even the beginning of one."""
    outcomes = Outcomes(folder)
    tell(folder / EVENTS_FILE, outcomes)
    return outcomes
