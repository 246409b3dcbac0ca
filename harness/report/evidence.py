"""What a report says of a case that is not good: the rule, what was sent, expected and received.

All of it is safe to print: what a device had a hand in is escaped and bounded.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from harness.report.story import CaseStory
from harness.run.events import Check, Direction, Frame, Header, Row, Verdict
from harness.wire import parse
from harness.wire.text import hexdump, printable

_LISTED_FINDINGS: Final = 20
_LISTED_FRAMES: Final = 40
_AFTER_EVIDENCE: Final = 6
_LISTED_DEFECTS: Final = 5
_DUMPED_FRAMES: Final = 8
_DUMPED_OCTETS: Final = 512
_SUMMED_OCTETS: Final = 64
_LISTED_LOG: Final = 15
_LONGEST: Final = 2000
_LINE: Final = 300
_MARGIN: Final = 13

MEANINGS: Final = {
    Verdict.INCONC: "what the case needs first did not come about, so its rule was not tested",
    Verdict.XPASS: "the device does better than its baseline says: delete the entry, or narrow it",
    Verdict.NONE: "the case ended without a verdict: nothing was found out",
}
"""What to make of a verdict that is neither good nor bad."""


def safe(text: str, limit: int = _LONGEST) -> str:
    """One line, escaped."""
    if len(text) <= limit and text.isprintable():
        return text
    return printable(text, limit)


def safe_lines(text: str, limit: int = _LONGEST) -> list[str]:
    """The lines of a text, each escaped; at most `limit` characters in all."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return [safe(line, limit + 1) for line in cut.split("\n")]


def row_line(name: str, rows: Mapping[str, Row]) -> str:
    """A requirement in one line: id, section, level, paraphrase.

    Where a run judges by more than one table, which it was of this row.
    """
    row = rows.get(name)
    if row is None:
        return safe(name)
    several = len({each.table for each in rows.values()}) > 1
    table = f", as {row.table} has it" if several and row.table else ""
    return safe(f"{name} (section {row.section}, {row.level}{table}): {row.text}")


def headline(story: CaseStory) -> str:
    """Why a case is as it is, in one line."""
    deciding = story.deciding
    if not deciding:
        return _in_one_line(story.reason or story.verdict)
    check = deciding[0]
    rule = f"{', '.join(check.rows)} ({check.level}): " if check.rows else ""
    more = f" (and {len(deciding) - 1} more)" if len(deciding) > 1 else ""
    return _in_one_line(f"{rule}expected {check.expected}, got {check.actual}") + more


def _in_one_line(text: str) -> str:
    return safe(" ".join(line.strip() for line in text.split("\n")), _LINE)


def frame_line(frame: Frame) -> str:
    """A frame in one line."""
    return safe(
        f"#{frame.number:<5} {frame.at:9.3f} s  {frame.direction:<8}  {frame.summary}", _LINE
    )


def frame_dump(frame: Frame) -> list[str]:
    """A frame with its addresses and octets, and what is malformed about them."""
    ends = f"{_endpoint(*frame.source)} -> {_endpoint(*frame.destination)}"
    defects = parse(frame.data).defects[:_LISTED_DEFECTS]
    return [
        frame_line(frame),
        safe(f"    {ends}, {len(frame.data)} octets"),
        *(f"    {line}" for line in hexdump(frame.data, _DUMPED_OCTETS).split("\n") if line),
        *(safe(f"    {each.offset:04x}  ! {each.kind}: {each.text}", _LINE) for each in defects),
    ]


def _endpoint(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def finding_lines(check: Check, story: CaseStory, rows: Mapping[str, Row]) -> list[str]:
    """One finding: the rule, what was sent, what was expected, what came back."""
    step = story.step(check.step)
    lines = [f"{check.verdict.upper()}  {safe(check.name)}"]
    if step is not None:
        lines[0] += f"  (step {step.index}: {safe(step.text, _LINE)})"
        lines += _labelled("at", f"{step.file}:{step.line}")
    for label, text in finding_facts(check, story, rows):
        lines += _labelled(label, text)
    return lines


def finding_facts(check: Check, story: CaseStory, rows: Mapping[str, Row]) -> list[tuple[str, str]]:
    """All that is known of a finding, each with its label; not yet safe to print."""
    facts = [("requirement", row_line(name, rows)) for name in check.rows]
    if not check.rows and check.level:
        facts += [("level", check.level)]
    sent = _sent_before(check, story.frames.all())
    if sent is not None:
        facts += [("sent", f"#{sent.number} {sent.summary}")]
    facts += [("expected", check.expected), *_received(check, story)]
    if check.policy:
        facts += [("policy", check.policy)]
    if check.note:
        facts += [("note", check.note)]
    if check.count > 1:
        facts += [("seen", f"{check.count} times; this is the first")]
    if check.first_case:
        facts += [("first in", check.first_case)]
    if check.frames:
        facts += [("frames", ", ".join(f"#{number}" for number in check.frames[:50]))]
    return facts


def evidence_summary(story: CaseStory, header: Header | None) -> list[tuple[str, str]]:
    """A case in a few labelled lines: the rule, what was expected, what came, the replay."""
    rows = header.rows if header else {}
    deciding = story.deciding
    said: list[tuple[str, str]] = []
    if deciding:
        check = deciding[0]
        said += [("rule", row_line(name, rows)) for name in check.rows[:3]]
        sent = _sent_before(check, story.frames.all())
        if sent is not None:
            said += [("sent", safe(f"#{sent.number} {sent.summary}", _LINE))]
            said += [("octets", _octets(sent))]
        said += [("expected", safe(check.expected, _LINE))]
        said += [(label, safe(text, _LINE)) for label, text in _received(check, story)]
        came = _evidence_from_iut(check, story.frames.all())
        if came is not None:
            said += [("octets", _octets(came))]
        if check.note and not any(check.note in fate.text for fate in story.fates):
            said += [("note", safe(check.note, _LINE))]
        if check.first_case:
            said += [("first in", safe(check.first_case, _LINE))]
        if len(deciding) > 1:
            more = len(deciding) - 1
            said += [("besides", f"{more} more check{'s' * (more != 1)} of this case")]
    else:
        first, *rest = safe_lines(story.reason or story.verdict)
        said += [("reason", first), *(("", line) for line in rest)]
    if story.shown in MEANINGS:
        said += [("meaning", MEANINGS[story.shown])]
    if story.fates:
        first_fate = story.fates[0]
        said += [("device", safe(f"{first_fate.code}: {first_fate.text}", _LINE))]
    if header is not None:
        said += [("replay", replay(replayed(story), header))]
    return said


def _received(check: Check, story: CaseStory) -> list[tuple[str, str]]:
    """What came, as the capture has it; and what was found in it, where that says more."""
    came = _evidence_from_iut(check, story.frames.all())
    if came is None or not came.summary:
        return [("received", check.actual)]
    told = ("received", f"#{came.number} {came.summary}")
    if not check.actual or _is_named_by(check.actual, came.summary):
        return [told]
    return [told, ("finding", check.actual)]


def _is_named_by(actual: str, summary: str) -> bool:
    """Whether a check says no more of what came than which message it is."""
    named = actual.partition(" result ")[0]
    return f"{summary} ".startswith(f"{named} ")


def _octets(frame: Frame) -> str:
    cut = f" … {len(frame.data)} in all" if len(frame.data) > _SUMMED_OCTETS else ""
    return frame.data[:_SUMMED_OCTETS].hex(" ", -4) + cut


def _evidence_from_iut(check: Check, frames: Sequence[Frame]) -> Frame | None:
    """The last frame from the IUT that the check names."""
    came = [f for f in frames if f.direction is Direction.RECEIVED and f.number in check.frames]
    return came[-1] if came else None


def _labelled(label: str, text: str) -> list[str]:
    first, *rest = safe_lines(text)
    return [f"  {label:<{_MARGIN}}{first}", *(" " * (_MARGIN + 2) + line for line in rest)]


def _sent_before(check: Check, frames: Sequence[Frame]) -> Frame | None:
    """The frame that provoked what the check judges.

    It is the last message before the first evidence from the IUT, one that the check names where
    it names any; an acknowledgement provokes nothing.
    """
    came = [
        f.number for f in frames if f.direction is Direction.RECEIVED and f.number in check.frames
    ]
    first = min(came, default=None)
    sent = [
        frame
        for frame in frames
        if frame.direction is Direction.SENT
        and (frame.number < first if first is not None else frame.at <= check.at)
    ]
    named = [frame for frame in sent if frame.number in check.frames]
    for frame in (*reversed(named), *reversed(sent)):
        packet = parse(frame.data).packet
        if packet is None or not packet.is_zlb:
            return frame
    return None


def evidence_frames(story: CaseStory) -> list[Frame]:
    """The frames to show octet by octet: those of the findings and what provoked them."""
    frames = story.frames.all()
    numbers: set[int] = set()
    for check in story.findings[:_LISTED_FINDINGS]:
        numbers.update(check.frames)
        sent = _sent_before(check, frames)
        if sent is not None:
            numbers.add(sent.number)
    return [frame for frame in frames if frame.number in numbers]


def replayed(story: CaseStory) -> str:
    """The case to run again: for a monitor's result the one in which it was first seen."""
    found = (check.first_case for check in story.findings if check.first_case)
    return next(found, story.case)


def replay(case: str, header: Header) -> str:
    """The command that runs this case alone, as it was run; or all, where it is not run alone."""
    if header.replay:
        return safe(header.replay)
    words = ["l2tp-harness", "run", "--device", header.device, *header.options, case]
    return safe(shlex.join(words))


def tshark(capture: str, frames: Sequence[Frame]) -> str:
    """The command that shows these frames of the capture in full."""
    numbers = ", ".join(str(frame.number) for frame in frames)
    port = next(
        (f"-d udp.port=={p},l2tp " for f in frames if (p := _other_port(f)) is not None), ""
    )
    return safe(
        f"tshark -r {shlex.quote(capture)} {port}-V -Y 'frame.number in {{{numbers}}}'", _LONGEST
    )


def _other_port(frame: Frame) -> int | None:
    ports = (frame.source[1], frame.destination[1])
    return None if 1701 in ports else frame.destination[1]


def failure_text(story: CaseStory, header: Header | None) -> str:
    """All that a maintainer needs who sees nothing but this text."""
    rows = header.rows if header else {}
    lines = [safe(f"{story.case}: {story.start.purpose or story.start.title}")]
    if reason := own_reason(story):
        known = "" if story.shown is story.verdict else f" ({story.shown})"
        first, *rest = safe_lines(reason)
        lines += ["", f"{story.verdict}{known}: {first}", *rest]
    if story.shown in MEANINGS:
        lines += ["", f"{story.shown}: {MEANINGS[story.shown]}"]
    findings = story.findings
    for check in findings[:_LISTED_FINDINGS]:
        lines += ["", *finding_lines(check, story, rows)]
    if len(findings) > _LISTED_FINDINGS:
        lines += ["", f"{len(findings) - _LISTED_FINDINGS} more findings are in the event stream"]
    if not findings:
        lines += [""]
        lines += [
            f"  {'requirement':<{_MARGIN}}{row_line(name, rows)}" for name in story.start.covers
        ]
        if story.steps:
            step = story.steps[-1]
            lines += _labelled("last step", f"{step.index}: {step.text} ({step.file}:{step.line})")
    lines += _conversation(story)
    shown = evidence_frames(story)
    dumped = (shown or story.frames.all()[-2:])[:_DUMPED_FRAMES]
    if dumped:
        lines += ["", "Octets of the UDP payload"]
        for frame in dumped:
            lines += frame_dump(frame)
    lines += fate_lines(story)
    if story.log:
        lines += ["", "The device's last lines"]
        lines += [f"  {safe(each.text, _LINE)}" for each in list(story.log)[-_LISTED_LOG:]]
    lines += [""]
    if header is not None:
        if header.capture and dumped:
            lines += [f"Capture: {tshark(header.capture, dumped)}"]
        lines += [f"Replay:  {replay(replayed(story), header)}"]
    if story.start.file:
        lines += [f"Source:  {safe(story.start.file)}:{story.start.line}"]
    return "\n".join(lines)


def own_reason(story: CaseStory) -> str:
    """Why a case is as it is, unless a check that decided it says the same."""
    told = (check.actual for check in story.deciding)
    return "" if any(one and one in story.reason for one in told) else story.reason


def fate_lines(story: CaseStory) -> list[str]:
    """What became of the device: crashed, hung, slow, …, on what that is pinned, its last words."""
    if not story.fates:
        return []
    lines = ["", "What became of the device"]
    code = ""
    for each in story.fates:
        head = "" if each.code == code else f"{each.code}: "
        code = each.code
        lines.append(f"  {'' if head else '    '}{safe(head + each.text, _LINE)}")
    return lines


def _conversation(story: CaseStory) -> list[str]:
    frames = story.frames.all()
    if not frames:
        return []
    marked = {frame.number for frame in evidence_frames(story)}
    end = len(frames)
    if end > _LISTED_FRAMES and marked:
        # what follows the evidence explains little; what goes before it, much
        last = max((at for at, frame in enumerate(frames) if frame.number in marked), default=end)
        end = min(end, max(last + _AFTER_EVIDENCE, _LISTED_FRAMES))
    listed = frames[max(0, end - _LISTED_FRAMES) : end]
    title = "The conversation"
    if len(listed) < story.frames.total:
        title += f", {len(listed)} of {story.frames.total} frames"
    return [
        "",
        f"{title} (> marks the evidence)" if marked else title,
        *(f"{'>' if frame.number in marked else ' '} {frame_line(frame)}" for frame in listed),
    ]
