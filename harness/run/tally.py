"""What a run comes to: counts, durations, what was unexpected, and the exit code of the command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from harness.errors import (
    EXIT_DEVICE,
    EXIT_EXPECTED,
    EXIT_NOTHING_SELECTED,
    EXIT_UNEXPECTED,
)
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Event,
    Footer,
    RunError,
    Unexpected,
    Verdict,
)

UNFINISHED: Final = "the run ended before this case did"

_FAULTS: Final = (Verdict.ERROR, Verdict.NONE)


class Tally:
    """Folds the events of a run, in any order of cases, into its footer."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._monitors: Counter[str] = Counter()
        self._unexpected: list[Unexpected] = []
        self._open: dict[str, bool] = {}  # whether it is a monitor's result
        self._at = 0.0
        self._longest_s = 0.0
        self._longest_case: str | None = None
        self._sum_s = 0.0

    @property
    def ended(self) -> int:
        """How many cases have ended."""
        return self._verdicts.total()

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The cases that began and have not ended, in the order of their beginning."""
        return tuple(self._open)

    @property
    def unexpected(self) -> tuple[Unexpected, ...]:
        return tuple(self._unexpected)

    def count(self, verdict: str) -> int:
        """How many cases ended so, as `CaseEnd.shown` has it."""
        return self._verdicts[verdict]

    def add(self, event: Event) -> None:
        """Take one event into account."""
        if isinstance(event, CaseStart):
            self._open[event.case] = event.monitor
        elif isinstance(event, CaseEnd):
            self._end(event)
        at = getattr(event, "at", None)
        if at is not None and at > self._at:
            self._at = at

    def _end(self, event: CaseEnd) -> None:
        of_monitor = self._open.pop(event.case, False)
        (self._monitors if of_monitor else self._verdicts)[event.shown.value] += 1
        if event.expectation.turns_red:
            self._unexpected.append(Unexpected(event.case, event.shown, event.reason))
        if of_monitor:
            return
        self._sum_s += event.seconds
        if self._longest_case is None or event.seconds > self._longest_s:
            self._longest_s, self._longest_case = event.seconds, event.case

    def footer(
        self,
        *,
        wall_s: float | None = None,
        stale: Sequence[str] = (),
        remarks: Sequence[str] = (),
        interrupted: bool = False,
        error: RunError | None = None,
    ) -> Footer:
        """The footer for what was added so far. `wall_s`: by default the last event's `at`.

        A case that has not ended counts as `none`, which is unexpected.
        """
        counts = self._verdicts + Counter({Verdict.NONE.value: len(self._open)})
        cut = [Unexpected(case, Verdict.NONE, UNFINISHED) for case in self._open]
        return Footer(
            verdicts=_in_order(counts),
            monitors=_in_order(self._monitors),
            unexpected=(*self._unexpected, *cut),
            stale=tuple(stale),
            remarks=tuple(remarks),
            wall_s=self._at if wall_s is None else wall_s,
            longest_s=self._longest_s,
            longest_case=self._longest_case,
            sum_s=self._sum_s,
            interrupted=interrupted,
            error=error,
        )


def _in_order(counts: Counter[str]) -> dict[str, int]:
    return {each.value: counts[each.value] for each in Verdict if counts[each.value]}


def exit_code(footer: Footer) -> int:
    """The exit code of a run: the first of these that holds.

    - an error ended the run: that error's own code (2 usage or data, 3 device or harness, 5)
    - 3: interrupted, or a case or our own peer ended with `error` (or `none`): there is no full
      answer
    - 1: an unexpected verdict, an xpass, or a stale baseline entry
    - 5: no case ran (nothing selected, or the ICS claims nothing of it)
    - 0: everything as expected
    """
    if footer.error is not None:
        return footer.error.exit_code
    counts = (footer.verdicts, footer.monitors)
    if footer.interrupted or any(each.get(fault) for each in counts for fault in _FAULTS):
        return EXIT_DEVICE
    if footer.unexpected or footer.stale:
        return EXIT_UNEXPECTED
    if not sum(number for name, number in footer.verdicts.items() if name != Verdict.SKIP):
        return EXIT_NOTHING_SELECTED
    return EXIT_EXPECTED
