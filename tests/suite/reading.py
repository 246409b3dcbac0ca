"""Suites as short texts, for the tests of the suite language."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import DataError, DataErrors
from harness.located import loads
from harness.spec.load import load_specification
from harness.spec.model import Specification
from harness.suite.load import loads_suite
from harness.suite.model import Case, Expect, Send, Step, Suite

ROOT = Path(__file__).parents[2]
CAPABILITIES = {
    "tunnel_authentication": "answers and sends a Challenge",
    "incoming_calls": "takes part in incoming calls",
    "outgoing_calls": "takes part in outgoing calls",
    "hidden_avps": "hides AVPs, and reads hidden ones",
}
ROW = "RFC2661-4.1-05"
MARK = "§"


@cache
def table() -> Specification:
    """The specification's tables."""
    return load_specification(ROOT / "suites" / "spec" / "rfc2661")


def suite_of(text: str, name: str = "sample.yaml") -> Suite:
    """The suite that a text is."""
    return loads_suite(text, table(), CAPABILITIES, name=name)


def in_case(steps: str, extra: str = "") -> str:
    """A suite of one case with these steps; `extra`: further keys of the case."""
    return (
        "title: Sample\nspec: rfc2661\ncases:\n  one:\n"
        "    purpose: Something that can be told apart from its opposite.\n"
        f"    covers: [{ROW}]\n    iut: [lns]\n"
        + _indented(extra, 4)
        + "    steps:\n"
        + _indented(steps, 6)
    )


def cases_of(steps: str, extra: str = "") -> tuple[Case, ...]:
    """The cases that steps and further keys make."""
    return suite_of(in_case(steps, extra)).cases


def step_of(step: str, before: str = "") -> Step:
    """One step, read behind the steps `before`; a check is put behind it."""
    (case,) = cases_of(f"{before}\n{step}\n- alive:\n")
    return case.steps[-2]


def send(text: str, before: str = "") -> Send:
    """One `send`, read so."""
    step = step_of(text, before)
    assert isinstance(step, Send)
    return step


def expect(text: str, before: str = "") -> Expect:
    """One `expect`, read so."""
    step = step_of(text, before)
    assert isinstance(step, Expect)
    return step


def errors_of(text: str) -> list[DataError]:
    """The errors that reading a text gives."""
    try:
        suite_of(text)
    except DataErrors as errors:
        return list(errors.errors)
    return []


def marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and the line and column of each mark."""
    places = []
    while MARK in text:
        before = text[: text.index(MARK)]
        places.append((before.count("\n") + 1, len(before) - before.rfind("\n")))
        text = text.replace(MARK, "", 1)
    return text, places


def blocks(page: str, kind: str) -> list[str]:
    """The fenced examples of a kind on a Markdown page."""
    return re.findall(rf"^```yaml {kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def plain(text: str) -> Any:
    """A YAML text as a JSON validator sees it."""
    return loads(text).plain()


def _indented(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines() if line.strip())
