"""The interop matrix of a relay: which LAC works with which LNS, and what was found about each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from harness.report.evidence import safe
from harness.report.lines import Line, line, verdict_piece
from harness.report.output import write_report
from harness.report.story import CaseStory, Ending
from harness.run.events import Check, Header, Verdict
from harness.run.relay.pair import HELD, NOT_HELD

MATRIX_FILE: Final = "interop.md"
JSON_FILE: Final = "interop.json"
_COLUMNS: Final = {
    "tunnel": "tunnel up",
    "call": "call up",
    "hold": "call lasted",
    "close": "closed cleanly",
}
_STAGES: Final = tuple(_COLUMNS)
_WORDS: Final = {"tunnel": "tunnel", "call": "call", "hold": "call lasted", "close": "close"}
_FOUND: Final = (Verdict.FAIL, Verdict.WARN)
_LONGEST: Final = 300


class InteropReport:
    """Gathers the pairs of a relay's run; `write` puts Markdown and JSON on disk."""

    def __init__(self) -> None:
        self._header: Header | None = None
        self._pairs: dict[str, dict[str, Any]] = {}

    def begin(self, header: Header) -> None:
        self._header = header

    def case(self, story: CaseStory) -> None:
        pair, *below = story.case.removeprefix("relay/").split("/")
        if not below:
            self._pairs[pair] = _pair(pair, story, self._pairs.get(pair, {}))
        elif len(below) == 2:
            kept = self._pairs.setdefault(pair, {"findings": {"lac": [], "lns": []}})
            for check in story.checks:
                if check.verdict in _FOUND:
                    kept["findings"][below[0]].append(_finding(check, story))

    def end(self, _ending: Ending) -> None:
        """The cases have all."""

    def matrix(self) -> dict[str, Any]:
        """The matrix as plain JSON values."""
        return {
            "started": self._header.started if self._header else "",
            "rules": list(self._header.options[1::2]) if self._header else [],
            "pairs": [self._pairs[name] for name in sorted(self._pairs)],
        }

    def markdown(self) -> str:
        """The matrix as a page."""
        told = self.matrix()
        page = ["# Interoperability", ""]
        page += [f"Through the relay of l2tp-harness, {_md(told['started'])}."]
        if told["rules"]:
            page += [f"The relay was told to: {', '.join(map(_md, told['rules']))}."]
        heads = ("LAC", "LNS", *_COLUMNS.values(), "data LAC, LNS", "findings LAC", "findings LNS")
        page += ["", _row(heads), _row(["---"] * len(heads))]
        for pair in told["pairs"]:
            counts = [_counted(pair["findings"][side]) for side in ("lac", "lns")]
            stages = [_md(pair[name]["status"]) for name in _STAGES]
            names = (_md(pair["lac"]), _md(pair["lns"]))
            page.append(_row((*names, *stages, _md(pair["data"]), *counts)))
        for pair in told["pairs"]:
            page += _details(pair)
        return "\n".join(page) + "\n"

    def lines(self) -> list[Line]:
        """The matrix for a terminal: a line for each pair."""
        said = []
        for pair in self.matrix()["pairs"]:
            stages = ", ".join(f"{name} {pair[name]['status']}" for name in _STAGES)
            counts = ", ".join(
                f"{side.upper()} {_counted(pair['findings'][side])}" for side in ("lac", "lns")
            )
            shown = verdict_piece(Verdict(pair["verdict"]), f"{pair['verdict']:<6}")
            names = f"  {safe(pair['lac'])} + {safe(pair['lns'])}  "
            said.append(line(shown, (names, "bold"), f"{safe(stages)}; findings: {counts}"))
        return said

    def write(self, folder: Path) -> None:
        """Write the files. HarnessError `report.unwritable` when that does not work."""
        write_report(folder / MATRIX_FILE, self.markdown().encode())
        text = json.dumps(self.matrix(), indent=2) + "\n"
        write_report(folder / JSON_FILE, text.encode("ascii"))


def _pair(name: str, story: CaseStory, known: dict[str, Any]) -> dict[str, Any]:
    lac, _, lns = name.partition("+")
    notes = [note.text for note in story.notes]
    return {
        "lac": lac,
        "lns": lns,
        "verdict": story.shown.value,
        **{stage: _stage(stage, story, notes) for stage in _STAGES},
        "data": next((text.partition(": ")[2] for text in notes if text.startswith("data")), ""),
        "reason": story.reason,
        "findings": known.get("findings", {"lac": [], "lns": []}),
    }


def _stage(stage: str, story: CaseStory, notes: list[str]) -> dict[str, str]:
    if stage == "hold":
        return _held(notes)
    check = next((check for check in story.checks if check.name == stage), None)
    if check is None:
        untried = any(text.startswith("closing was not tried") for text in notes)
        return {"status": "not tried" if untried and stage == "close" else "not reached"}
    if check.verdict is Verdict.PASS:
        return {"status": "yes"}
    return {"status": "no", "why": check.actual}


def _held(notes: list[str]) -> dict[str, str]:
    for text in notes:
        if text.startswith(HELD):
            return {"status": "yes"}
        if text.startswith(NOT_HELD):
            return {"status": "no", "why": text.removeprefix(NOT_HELD).strip()}
    return {"status": "not reached"}


def _finding(check: Check, story: CaseStory) -> dict[str, Any]:
    return {
        "rule": check.name,
        "verdict": check.verdict.value,
        "known": story.is_excused,
        "count": check.count,
        "rows": list(check.rows),
        "text": check.actual,
    }


def _counted(findings: list[dict[str, Any]]) -> str:
    counts = [
        f"{number} {verdict}"
        for verdict in _FOUND
        if (number := sum(one["verdict"] == verdict for one in findings))
    ]
    known = sum(one["known"] for one in findings)
    return ", ".join(counts) + (f" ({known} known)" if known else "") or "none"


def _details(pair: dict[str, Any]) -> list[str]:
    whys = [
        f"- {_WORDS[name]}: {_md(pair[name]['why'])}" for name in _STAGES if "why" in pair[name]
    ]
    if pair["verdict"] == Verdict.ERROR:
        whys.append(f"- error: {_md(pair['reason'])}")
    lines = []
    for side in ("lac", "lns"):
        for one in pair["findings"][side]:
            times = f", {one['count']} times" if one["count"] > 1 else ""
            known = ", known" if one["known"] else ""
            rows = ", ".join(one["rows"][:3])
            lines.append(
                f"- {side.upper()}, {one['verdict']}{known}: {_md(one['text'])} "
                f"(`{one['rule']}`, {rows}{times})"
            )
    if not whys and not lines:
        return []
    return ["", f"## {_md(pair['lac'])} and {_md(pair['lns'])}", "", *whys, *lines]


def _row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _md(text: str) -> str:
    """One line of text that Markdown takes as it is."""
    one_line = safe(" ".join(text.split()), _LONGEST)
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in one_line)
