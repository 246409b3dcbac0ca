"""A run as one HTML page that needs nothing else. Templates: reports/templates/.

Every value is escaped twice over: what does not print becomes an escape, and Jinja2 quotes what
HTML would read. Cases are rendered as they end, so that their frames can go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import harness
from harness.errors import HarnessError
from harness.report.evidence import (
    MEANINGS,
    evidence_frames,
    finding_facts,
    frame_dump,
    frame_line,
    headline,
    own_reason,
    replay,
    replayed,
    row_line,
    safe,
)
from harness.report.output import write_report
from harness.report.story import GOOD, CaseStory, Ending, tell
from harness.run.events import Check, Event, Frame, Header, StepStart, Verdict

_LAST: Final = 1 << 16
_LONGEST_TEXT: Final = 4000
_LISTED_FRAMES: Final = 200
_LISTED_GOOD_FRAMES: Final = 30
_DUMPED_FRAMES: Final = 20
_LISTED_CHECKS: Final = 100


class HtmlReport:
    """Renders each case as it ends; `write` puts the page on disk when the run is over.

    `templates`: another folder with `report.html.j2` and `case.html.j2`.
    HarnessError `report.template` when they are missing or do not work.
    """

    def __init__(self, templates: Path | None = None) -> None:
        self._environment = _environment(templates or _template_folder())
        # now rather than after the first case: a run should not end for the want of a template
        self._page_template = self._template("report.html.j2")
        self._case_template = self._template("case.html.j2")
        self._header: Header | None = None
        self._suites: dict[str, list[tuple[int, int, Any]]] = {}
        self._cases = self._rules = self._red = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._page: str | None = None

    def begin(self, header: Header) -> None:
        self._header = header

    def case(self, story: CaseStory) -> None:
        self._cases += 1
        self._rules += story.start.monitor
        self._red += story.is_red
        self._verdicts[story.shown] += 1
        section = self._render(self._case_template, **_case_view(story, self._header, self._cases))
        place = (story.start.line, self._cases, section)
        self._suites.setdefault(story.start.suite, []).append(place)

    def end(self, ending: Ending) -> None:
        header = self._header
        self._page = self._render(
            self._page_template,
            title=(header.title or header.device) if header else "A run without a header",
            header=header,
            footer=ending.footer,
            cases=self._cases,
            rules=self._rules,
            red=self._red,
            verdicts={each: self._verdicts[each] for each in Verdict if self._verdicts[each]},
            notes=ending.notes,
            suites={
                suite: [section for *_, section in sorted(self._suites[suite])]
                for suite in sorted(self._suites, key=_by_number)
            },
        )

    def page(self) -> str:
        """The page; only when the run is over."""
        if self._page is None:
            raise RuntimeError("the run is not over")
        return self._page

    def write(self, target: Path) -> None:
        """Write the file. HarnessError `report.unwritable` when that does not work."""
        write_report(target, self.page().encode())

    def _template(self, name: str) -> Any:
        import jinja2

        try:
            return self._environment.get_template(name)
        except jinja2.TemplateError as error:
            raise _template_error(name, error) from error

    def _render(self, template: Any, **values: object) -> Any:
        import jinja2
        from markupsafe import Markup

        try:
            # the template has escaped what needs it
            return Markup(template.render(values))  # noqa: S704
        except jinja2.TemplateError as error:
            raise _template_error(template.name, error) from error


def _by_number(suite: str) -> list[tuple[int, str]]:
    """Suites in the order of the specification's sections, 9.1 before 10.2; others behind them."""
    return [
        (int(part), "") if part.isascii() and part.isdecimal() else (_LAST, part)
        for part in re.split(r"([0-9]{1,9})", suite)
    ]


def _template_error(name: str, error: Exception) -> HarnessError:
    return HarnessError(
        "report.template",
        f"the template {name} does not work: {error}",
        hint="the templates come with the harness in reports/templates",
    )


def write_html(events: Iterable[Event] | Path, target: Path) -> Ending:
    """The page of a run, from its events or their file."""
    report = HtmlReport()
    ending = tell(events, report)
    report.write(target)
    return ending


def _environment(folder: Path) -> Any:
    import jinja2
    from markupsafe import Markup

    def printed(value: object) -> object:
        # StrEnum members are text as well; Markup is what the templates themselves made
        if isinstance(value, str) and not isinstance(value, Markup):
            return "\n".join(safe(line, _LONGEST_TEXT) for line in value.split("\n"))
        return value

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=printed,
    )


def _template_folder() -> Path:
    package = Path(harness.__file__).parent
    installed = package / "data" / "reports" / "templates"
    return installed if installed.is_dir() else package.parent / "reports" / "templates"


def _case_view(story: CaseStory, header: Header | None, number: int) -> dict[str, Any]:
    rows = header.rows if header else {}
    checks = story.checks[:_LISTED_CHECKS]
    reached = {step.index for step in story.steps}
    told = {row for check in story.findings for row in check.rows}
    loose = [check for check in checks if check.step not in reached and check.verdict in GOOD]
    return {
        "story": story,
        "number": number,
        "covers": [row for row in story.start.covers if row not in told],
        "reason": own_reason(story),
        "meaning": MEANINGS.get(story.shown, ""),
        "headline": headline(story) if story.shown is not Verdict.PASS else "",
        "steps": _steps(story.steps, checks),
        "loose": loose,
        "frames": _frames(story),
        "replay": replay(replayed(story), header) if header else "",
        "row_line": lambda name: row_line(name, rows),
        "facts": lambda check: finding_facts(check, story, rows),
        "frame_line": frame_line,
    }


def _steps(steps: list[StepStart], checks: list[Check]) -> list[tuple[StepStart, list[Check]]]:
    return [(step, [check for check in checks if check.step == step.index]) for step in steps]


def _frames(story: CaseStory) -> list[tuple[Frame, bool, list[str]]]:
    """The frames to list: each with whether it is evidence, and its octets where they matter."""
    evidence = evidence_frames(story)[:_DUMPED_FRAMES] if story.shown not in GOOD else []
    numbers = {frame.number for frame in evidence}
    frames = story.frames.all()
    limit = _LISTED_FRAMES if story.shown not in GOOD else _LISTED_GOOD_FRAMES
    listed = frames[:limit] + [frame for frame in frames[limit:] if frame.number in numbers]
    return [
        (frame, frame.number in numbers, frame_dump(frame)[1:] if frame.number in numbers else [])
        for frame in listed
    ]
