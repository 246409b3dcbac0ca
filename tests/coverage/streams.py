"""Event streams made by hand: a run in which cases make checks about rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    Event,
    Expectation,
    Footer,
    Header,
    Row,
    Verdict,
    to_line,
)

PASS, FAIL, WARN = Verdict.PASS, Verdict.FAIL, Verdict.WARN
INCONC, ERROR, NONE, SKIP = Verdict.INCONC, Verdict.ERROR, Verdict.NONE, Verdict.SKIP

# rows of the specification that the tests speak of
DUPLICATE = "RFC2661-5.8-06"  # MUST, both sides
RETRANSMITTED_NR = "RFC2661-5.8-19"  # MUST, both sides
ONLY_LAC = "RFC2661-6.14-02"  # MUST, a LAC's
ONLY_LNS = "RFC2661-6.9-01"  # MUST, an LNS's
EXCLUDED = "RFC2661-3.1-09"
RULE = "zlb-form"


def header(
    *, role: str = "lns", specification: str = "rfc2661", tables: dict[str, str] | None = None
) -> Header:
    rows = {name: Row("1", "MUST", "text", table) for name, table in (tables or {}).items()}
    return Header(
        harness="1",
        device=f"some-{role}",
        title=f"Some {role.upper()}",
        role=role,
        specification=specification,
        started="2026-01-01T00:00:00+00:00",
        selection=(),
        cases=1,
        command="",
        seed=0,
        rows=rows,
    )


def start(case: str = "a/b") -> CaseStart:
    return CaseStart(case, "a", "b", "", "a.yaml", 1, (), 0.0)


def check(
    *rows: str, verdict: Verdict = PASS, case: str = "a/b", name: str = "expect ack", count: int = 1
) -> Check:
    return Check(case, 0, 0.0, name, rows, "MUST", verdict, "x", "y", count=count)


def end(
    verdict: Verdict = PASS, case: str = "a/b", expectation: Expectation = Expectation.EXPECTED
) -> CaseEnd:
    return CaseEnd(case, 0.0, verdict, expectation, "", 0.0, 1)


def case_of(checks: Sequence[Check], verdict: Verdict = PASS, case: str = "a/b") -> list[Event]:
    return [start(case), *checks, end(verdict, case)]


def stream(*events: Event, first: Header | None = None) -> list[Event]:
    return [first or header(), *events, Footer(verdicts={})]


def write(path: Path, events: Iterable[Event]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(map(to_line, events)), encoding="ascii")
    return path
