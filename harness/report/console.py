"""What the terminal or the log of a CI job says at the end of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import EXIT_EXPECTED
from harness.report.evidence import evidence_summary, headline, safe
from harness.report.lines import Line, Printer, line, verdict_piece
from harness.report.story import CaseStory, Ending, tell
from harness.run.events import Event, Header, Verdict
from harness.run.tally import exit_code

_LISTED: Final = 30
_NAMED_ALIKE: Final = 5
_DRAWN: Final = re.compile(r" (?:tid|sid|Ns|Nr)=\d+")
"""The numbers of a message that are other ones in each case."""
_ORDER: Final = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONC,
    Verdict.NONE,
    Verdict.XPASS,
    Verdict.WARN,
    Verdict.XFAIL,
    Verdict.SKIP,
)


class _Alike(NamedTuple):
    """Cases that are red for one and the same reason: shown once, with the first as evidence."""

    lines: list[Line]
    others: list[str]


class ConsoleReport:
    """Gathers what is unexpected; `lines` says it when the run is over."""

    def __init__(self) -> None:
        self._header: Header | None = None
        self._ending: Ending | None = None
        self._alike: dict[tuple[str, ...], _Alike] = {}

    def begin(self, header: Header) -> None:
        self._header = header

    def case(self, story: CaseStory) -> None:
        if not story.is_red:
            return
        key = _same_reason(story)
        known = self._alike.get(key)
        if known is not None:
            known.others.append(story.case)
        else:
            lines = red_case_lines(story, self._header) if len(self._alike) < _LISTED else []
            self._alike[key] = _Alike(lines, [] if lines else [story.case])

    def end(self, ending: Ending) -> None:
        self._ending = ending

    def lines(self, files: Mapping[str, Path] | None = None) -> list[Line]:
        """The whole summary; `files` are the reports that were written, by their kind."""
        if self._ending is None:
            raise RuntimeError("the run is not over")
        said = [line(), *self._unexpected(), *_counts(self._ending), *_error(self._ending)]
        for kind, path in (files or {}).items():
            said.append(line((f"  {kind:<10}", "dim"), safe(str(path))))
        return said

    def _unexpected(self) -> list[Line]:
        said: list[Line] = []
        unlisted = 0
        for alike in self._alike.values():
            if not alike.lines:
                unlisted += len(alike.others)
                continue
            said += alike.lines
            if alike.others:
                names = ", ".join(safe(case, 120) for case in alike.others[:_NAMED_ALIKE])
                more = len(alike.others) - _NAMED_ALIKE
                tail = f" and {more} more" if more > 0 else ""
                said.append(line(f"  the same  in {names}{tail}"))
            said.append(line())
        if unlisted:
            said += [line(f"{unlisted} more unexpected cases are in the reports"), line()]
        return said


def _same_reason(story: CaseStory) -> tuple[str, ...]:
    if story.deciding:
        check = story.deciding[0]
        return (story.shown, check.name, *check.rows, _DRAWN.sub("", check.actual))
    return (story.shown, story.reason)


def red_case_lines(story: CaseStory, header: Header | None) -> list[Line]:
    """An unexpected case in a few lines: rule, expected, received, how to run it again."""
    where = f"  {story.start.file}:{story.start.line}" if story.start.file else ""
    return [
        line(verdict_piece(story.shown), "  ", (safe(story.case), "bold"), (safe(where), "dim")),
        *(line((f"  {label:<10}", "dim"), text) for label, text in evidence_summary(story, header)),
    ]


def red_case_line(story: CaseStory) -> Line:
    """An unexpected case in one line."""
    return line(
        verdict_piece(story.shown), "  ", (safe(story.case), "bold"), f"  {headline(story)}"
    )


def _counts(ending: Ending) -> list[Line]:
    header, footer = ending.header, ending.footer
    pieces = _by_verdict(footer.verdicts)
    notes = f", {ending.notes} note{'s' * (ending.notes != 1)}" if ending.notes else ""
    name = safe(header.title or header.device) if header else "a run without a header"
    cases = sum(footer.verdicts.values())
    longest = f", longest {seconds(footer.longest_s)}" if footer.longest_case else ""
    case = f" ({safe(footer.longest_case)})" if footer.longest_case else ""
    clock = " on the virtual clock" if header and header.virtual_time else ""
    said = [
        line((name, "bold"), f": {cases} case{'s' * (cases != 1)}: ", *pieces, notes),
        *_monitors(footer.monitors),
        line(f"  {seconds(footer.wall_s)} wall{longest}{case}, sum {seconds(footer.sum_s)}{clock}"),
        *_incidents(ending.incidents),
    ]
    if exit_code(footer) == EXIT_EXPECTED:
        said.append(line("  ", ("everything as expected", "green")))
    elif footer.unexpected:
        said.append(line("  ", (f"{len(footer.unexpected)} unexpected", "bold red")))
    said += [line("  ", ("remark: ", "yellow"), safe(it)) for it in footer.remarks]
    said += [
        line("  ", ("stale in the baseline: ", "yellow"), safe(it))
        for it in dict.fromkeys(footer.stale)
    ]
    return said


def _monitors(verdicts: Mapping[str, int]) -> list[Line]:
    rules = sum(verdicts.values())
    if not rules:
        return []
    told = f"  monitors judged every datagram by {rules} rule{'s' * (rules != 1)}: "
    return [line(told, *_by_verdict(verdicts))]


def _incidents(incidents: Mapping[str, int]) -> list[Line]:
    """What became of the device, in how many cases each."""
    told = ", ".join(
        f"{safe(code)} in {number} case{'s' * (number != 1)}" for code, number in incidents.items()
    )
    return [line("  ", ("the device: ", "yellow"), told)] if told else []


def _by_verdict(verdicts: Mapping[str, int]) -> list[str | tuple[str, str]]:
    pieces: list[str | tuple[str, str]] = []
    for verdict in _ORDER:
        count = verdicts.get(verdict, 0)
        if count:
            pieces += [", " if pieces else "", verdict_piece(verdict, f"{count} {verdict}")]
    return pieces


def _error(ending: Ending) -> list[Line]:
    error = ending.footer.error
    said: list[Line] = []
    if ending.footer.interrupted:
        said.append(line("  ", ("interrupted", "bold red"), ": not every case was run"))
    if error is not None:
        text = f" {safe(error.cause)} [{safe(error.code)}]"
        said.append(line("  ", ("error:", "bold red"), text))
        if error.hint:
            said.append(line(f"  hint: {safe(error.hint)}"))
    return said


def seconds(number: float) -> str:
    """A duration as a person reads it."""
    if number < 60:
        return f"{number:.2f} s"
    minutes, rest = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def print_summary(
    events: Iterable[Event] | Path, printer: Printer, files: Mapping[str, Path] | None = None
) -> Ending:
    """Print the summary of a run, from its events or their file."""
    report = ConsoleReport()
    ending = tell(events, report)
    printer.print(report.lines(files))
    return ending
