"""summary.json: what a run came to, for scripts. The keys: reports/summary.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.report.output import write_report
from harness.report.story import CaseStory, Ending, tell
from harness.run.events import Event, Header, Verdict
from harness.run.tally import exit_code

Summary = dict[str, Any]


class SummaryReport:
    """Makes the summary of a run; `write` puts it on disk when the run is over."""

    def __init__(self) -> None:
        self._ending: Ending | None = None

    def begin(self, _header: Header) -> None:
        """The ending has all."""

    def case(self, _story: CaseStory) -> None:
        """The footer has all."""

    def end(self, ending: Ending) -> None:
        self._ending = ending

    def summary(self) -> Summary:
        """The summary as plain JSON values; only when the run is over."""
        if self._ending is None:
            raise RuntimeError("the run is not over")
        header, footer, error = self._ending.header, self._ending.footer, self._ending.footer.error
        return {
            "device": header.device if header else "",
            "cases": sum(footer.verdicts.values()),
            "verdicts": {each.value: footer.verdicts.get(each.value, 0) for each in Verdict},
            "monitors": {each.value: footer.monitors.get(each.value, 0) for each in Verdict},
            "unexpected": [
                {"case": each.case, "verdict": each.verdict.value, "reason": each.reason}
                for each in footer.unexpected
            ],
            "wall_s": round(footer.wall_s, 6),
            "longest_s": round(footer.longest_s, 6),
            "sum_s": round(footer.sum_s, 6),
            "virtual_time": header is not None and header.virtual_time,
            "longest_case": footer.longest_case,
            "notes": self._ending.notes,
            "incidents": dict(self._ending.incidents),
            "stale": list(footer.stale),
            "remarks": list(footer.remarks),
            "interrupted": footer.interrupted,
            "error": error and {"code": error.code, "cause": error.cause, "hint": error.hint},
            "exit_code": exit_code(footer),
        }

    def write(self, target: Path) -> None:
        """Write the file. HarnessError `report.unwritable` when that does not work."""
        text = json.dumps(self.summary(), indent=2) + "\n"
        write_report(target, text.encode("ascii"))


def summarize(events: Iterable[Event] | Path) -> Summary:
    """The summary of a run, from its events or their file."""
    report = SummaryReport()
    tell(events, report)
    return report.summary()


def write_summary(events: Iterable[Event] | Path, target: Path) -> Ending:
    """The summary of a run, written to a file."""
    report = SummaryReport()
    ending = tell(events, report)
    report.write(target)
    return ending
