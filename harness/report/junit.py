"""JUnit XML that Jenkins, GitLab, GitHub and Azure read. The dialect: reports/junit.md.

junit-xml builds the document; it has no properties of test cases, leaves a time of 0 out and
types every skip alike, so that is put right on its document.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from harness.report.evidence import failure_text, fate_lines, headline, safe
from harness.report.output import write_report
from harness.report.story import GOOD, CaseStory, Counts, Ending, tell
from harness.run.events import Event, Header, RunError, Verdict

_ATTRIBUTES: Final = ("tests", "failures", "errors", "skipped")


class JUnitReport:
    """Gathers the test cases of a run; `write` puts the file on disk when the run is over."""

    def __init__(self) -> None:
        self._header: Header | None = None
        self._cases: list[_Made] = []
        self._ending: Ending | None = None

    def begin(self, header: Header) -> None:
        self._header = header

    def case(self, story: CaseStory) -> None:
        self._cases.append(
            _Made(_junit_case(story, self._header), properties_of(story, self._header))
        )

    def end(self, ending: Ending) -> None:
        self._ending = ending
        error = run_error(ending)
        if error is not None:
            self._cases.append(_Made(_junit_error(error, self._header), [("verdict", "error")]))

    def document(self) -> ET.Element:
        """The document; only when the run is over."""
        if self._ending is None:
            raise RuntimeError("the run is not over")
        import junit_xml

        header, footer = self._header, self._ending.footer
        properties = {"wall_s": f"{footer.wall_s:.3f}", "longest_s": f"{footer.longest_s:.3f}"}
        if header is not None:
            properties |= {
                "harness": safe(header.harness),
                "device": safe(header.device),
                "title": safe(header.title),
                "role": safe(header.role),
                "specification": safe(header.specification),
                "command": safe(header.command),
                "seed": str(header.seed),
                "virtual_time": str(header.virtual_time).lower(),
            }
        built: Any = junit_xml.TestSuite(
            safe(header.device) if header else "l2tp-harness",
            [made.case for made in self._cases],
            timestamp=_timestamp(header, 0.0),
            properties=properties,
        )
        suite: ET.Element = built.build_xml_doc()
        suite.set("time", f"{footer.wall_s:.6f}")
        for element, made in zip(suite.iter("testcase"), self._cases, strict=True):
            _complete(element, made)
        root = ET.Element("testsuites", {"name": "l2tp-harness", "time": f"{footer.wall_s:.6f}"})
        for name in _ATTRIBUTES:
            root.set(name, suite.get(name, "0"))
        root.append(suite)
        ET.indent(root)
        return root

    def write(self, target: Path) -> None:
        """Write the file. HarnessError `report.unwritable` when that does not work."""
        text = ET.tostring(self.document(), encoding="utf-8", xml_declaration=True)
        write_report(target, text + b"\n")


def write_junit(events: Iterable[Event] | Path, target: Path) -> Ending:
    """The JUnit report of a run, from its events or their file."""
    report = JUnitReport()
    ending = tell(events, report)
    report.write(target)
    return ending


class _Made:
    """A test case as junit-xml has it, and the properties that it has no room for."""

    def __init__(self, case: Any, properties: list[tuple[str, str]]) -> None:
        self.case = case
        self.properties = properties


def _junit_case(story: CaseStory, header: Header | None) -> Any:
    import junit_xml

    start = story.start
    made: Any = junit_xml.TestCase(
        safe(story.case),
        classname=f"l2tp.{safe(start.suite)}",
        elapsed_sec=story.seconds,
        timestamp=_timestamp(header, start.at),
        file=safe(start.file) or None,
        line=str(start.line) if start.line else None,
        stdout=_output(story, header),
    )
    message, counts = headline(story) or story.shown.value, story.counts
    if counts is Counts.SKIPPED:
        made.add_skipped_info(message, message)
    elif counts is Counts.EXCUSED:
        made.add_skipped_info(message, failure_text(story, header))
    elif counts is Counts.FAILED:
        kind = "unexpected-pass" if story.shown is Verdict.XPASS else story.shown.value
        made.add_failure_info(message, failure_text(story, header), kind)
    elif counts is Counts.ERROR:
        made.add_error_info(message, failure_text(story, header), story.shown.value)
    return made


def _output(story: CaseStory, header: Header | None) -> str:
    lines = []
    if story.shown is Verdict.WARN and not story.is_red:
        lines += [failure_text(story, header), ""]
    elif story.shown in GOOD and story.fates:
        lines += [*fate_lines(story)[1:], ""]
    lines += [f"note: {safe(note.text)}{_policy(note.policy)}" for note in story.notes[:50]]
    if header is not None and header.capture and story.frames.total:
        lines.append(f"[[ATTACHMENT|{safe(header.capture)}]]")
    return "\n".join(lines)


def _policy(policy: str | None) -> str:
    return f" ({safe(policy)})" if policy else ""


def properties_of(story: CaseStory, header: Header | None) -> list[tuple[str, str]]:
    """What a case is about and how it came out, for whoever sorts or counts cases."""
    rows = dict.fromkeys(story.start.covers)
    levels: dict[str, None] = {}
    policies: dict[str, None] = {}
    for check in story.checks:
        rows |= dict.fromkeys(check.rows)
        policies |= dict.fromkeys([check.policy] if check.policy else [])
    known = header.rows if header else {}
    for row in rows:
        if row in known:
            levels[known[row].level] = None
    properties = [("requirement", row) for row in rows]
    properties += [("level", level) for level in levels]
    properties += [("policy", policy) for policy in policies]
    properties += [("verdict", story.shown.value)]
    if story.shown is not story.verdict:
        properties += [("earned", story.verdict.value)]
    properties += [("device", code) for code in story.fate_codes]
    if story.attempt > 1:
        properties += [("attempt", str(story.attempt))]
    if header is not None and header.capture and story.frames.total:
        properties += [("pcap", header.capture)]
    return [(name, safe(value)) for name, value in properties]


def run_error(ending: Ending) -> RunError | None:
    """The error of the run itself: a run that said nothing must not look like a good one."""
    footer = ending.footer
    if footer.error is not None:
        return footer.error
    if footer.interrupted:
        return RunError("run.interrupted", "the run was interrupted", "run the rest again")
    if not footer.verdicts:
        return RunError("run.nothing", "no case was run", "select at least one case")
    return None


def _junit_error(error: RunError, header: Header | None) -> Any:
    import junit_xml

    made: Any = junit_xml.TestCase(
        "run", classname="l2tp.run", elapsed_sec=0, timestamp=_timestamp(header, 0.0)
    )
    lines = [safe(error.cause) + f" [{safe(error.code)}]"]
    if error.hint:
        lines.append(f"hint: {safe(error.hint)}")
    if header is not None:
        lines.append(f"Replay:  {safe(header.command)}")
    made.add_error_info(lines[0], "\n".join(lines), safe(error.code))
    return made


def _timestamp(header: Header | None, at: float) -> str | None:
    if header is None:
        return None
    # the common schema knows no offset: UTC is meant
    return header.moment(at).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _complete(element: ET.Element, made: _Made) -> None:
    element.set("time", f"{made.case.elapsed_sec:.6f}")
    properties = ET.Element("properties")
    for name, value in made.properties:
        ET.SubElement(properties, "property", {"name": name, "value": value})
    element.insert(0, properties)
    verdict = dict(made.properties)["verdict"]
    for skipped in element.iter("skipped"):
        skipped.set("type", "expected-failure" if verdict == Verdict.XFAIL else "skip")
