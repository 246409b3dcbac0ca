"""Runs to report on, made by hand: one of every kind of case."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Direction,
    Event,
    Expectation,
    Footer,
    Frame,
    Header,
    Note,
    Row,
    RunError,
    StepStart,
    Verdict,
    to_line,
)
from harness.run.tally import Tally

PEER = ("127.0.0.1", 40001)
IUT = ("127.0.0.2", 1701)
SCCRQ = bytes.fromhex("c80200140000000000000000800800000000" + "0001")
STOPCCN = bytes.fromhex("c80200140001000000000001800800000000" + "0004")

ROWS = {
    "RFC2661-4.1-12": Row("4.1", "MUST", "An unknown AVP with M = 1 ends the control connection."),
    "RFC2661-6.1-2": Row("6.1", "MUST", "The mandatory AVPs are all there."),
    "RFC2661-5.8-3": Row("5.8", "SHOULD", "An acknowledgement is not held back."),
}


def header(**changes: object) -> Header:
    values: dict[str, object] = {
        "harness": "1.0",
        "device": "xl2tpd-lns",
        "title": "xl2tpd 1.3.18 as LNS",
        "role": "lns",
        "specification": "rfc2661",
        "started": "2026-03-01T12:00:00.250000+01:00",
        "selection": ("4.1-avp-format",),
        "cases": 6,
        "command": "l2tp-harness run --device xl2tpd-lns 4.1-avp-format",
        "seed": 7,
        "rows": ROWS,
    }
    return Header(**(values | changes))  # type: ignore[arg-type]


def start(case: str, at: float = 0.0, covers: tuple[str, ...] = ("RFC2661-4.1-12",)) -> CaseStart:
    return CaseStart(
        case=case,
        suite="4.1-avp-format",
        title="Unknown mandatory AVP",
        purpose="An unrecognized AVP with the M bit set ends the control connection.",
        file="suites/rfc2661/4.1-avp-format.yaml",
        line=5,
        covers=covers,
        at=at,
    )


def step(case: str, index: int, text: str, at: float = 0.0) -> StepStart:
    return StepStart(case, index, at, text, "suites/rfc2661/4.1-avp-format.yaml", 9 + index)


def sent(case: str, number: int, at: float, data: bytes = SCCRQ, summary: str = "SCCRQ") -> Frame:
    return Frame(case, number, at, Direction.SENT, PEER, IUT, data, summary, 1)


def received(
    case: str, number: int, at: float, data: bytes = STOPCCN, summary: str = "StopCCN"
) -> Frame:
    return Frame(case, number, at, Direction.RECEIVED, IUT, PEER, data, summary, 2)


def check(
    case: str,
    verdict: Verdict = Verdict.PASS,
    *,
    at: float = 0.0,
    name: str = "expect-stopccn",
    frames: tuple[int, ...] = (),
    actual: str = "StopCCN",
    rows: tuple[str, ...] = ("RFC2661-4.1-12",),
    **changes: object,
) -> Check:
    values: dict[str, object] = {
        "case": case,
        "step": 2,
        "at": at,
        "name": name,
        "rows": rows,
        "level": "MUST",
        "verdict": verdict,
        "expected": "StopCCN with result 2, error 8 within 2 s",
        "actual": actual,
        "frames": frames,
    }
    return Check(**(values | changes))  # type: ignore[arg-type]


def end(
    case: str,
    verdict: Verdict = Verdict.PASS,
    expectation: Expectation = Expectation.EXPECTED,
    *,
    at: float = 1.0,
    reason: str = "",
    seconds: float = 0.5,
) -> CaseEnd:
    return CaseEnd(case, at, verdict, expectation, reason, seconds, 1)


def failing(case: str, number: int = 1, at: float = 0.0) -> list[Event]:
    """A case that fails: an SCCRQ with an unknown AVP is answered by SCCRP."""
    return [
        start(case, at),
        step(case, 1, "send: SCCRQ", at),
        sent(case, number, at + 0.1),
        step(case, 2, "expect: StopCCN", at + 0.1),
        received(case, number + 1, at + 0.2, STOPCCN, "SCCRP tid=1 sid=0 Ns=0 Nr=1"),
        check(
            case,
            Verdict.FAIL,
            at=at + 0.2,
            frames=(number + 1,),
            actual="SCCRP: the IUT accepted the message",
            policy="P-24",
            note="2/8 is best",
            count=3,
        ),
        DeviceLog(case, at + 0.3, "control_finish: Connection established"),
        end(case, Verdict.FAIL, Expectation.UNEXPECTED, at=at + 0.4, reason="a MUST is broken"),
    ]


def every_kind() -> list[Event]:
    """One case of every kind, ended well."""
    events: list[Event] = [
        header(),
        start("pass[avp=host_name]"),
        step("pass[avp=host_name]", 1, "send: SCCRQ"),
        sent("pass[avp=host_name]", 1, 0.1),
        received("pass[avp=host_name]", 2, 0.2),
        check("pass[avp=host_name]", frames=(2,)),
        Note("pass[avp=host_name]", 0.2, "answers with result 2", "P-23"),
        end("pass[avp=host_name]", seconds=0.0),
        *failing("fail", 3),
        start("warn"),
        check("warn", Verdict.WARN, rows=("RFC2661-5.8-3",), level="SHOULD"),
        end("warn", Verdict.WARN),
        start("skip"),
        end("skip", Verdict.SKIP, reason="the ICS does not claim hidden_avps"),
        start("known"),
        check("known", Verdict.FAIL),
        end("known", Verdict.FAIL, Expectation.XFAIL, reason="bug 12"),
        start("stale"),
        check("stale"),
        end("stale", Verdict.PASS, Expectation.XPASS, reason="the baseline lists stale"),
        start("inconc"),
        end("inconc", Verdict.INCONC, Expectation.UNEXPECTED, reason="no tunnel came up"),
        start("error"),
        end("error", Verdict.ERROR, Expectation.UNEXPECTED, reason="the device did not start"),
    ]
    return [*events, footer(events, wall_s=2.5)]


def footer(events: Iterable[Event], **changes: object) -> Footer:
    """The footer that a recorder would write."""
    tally = Tally()
    for event in events:
        tally.add(event)
    return tally.footer(**changes)  # type: ignore[arg-type]


def broken(error: RunError) -> list[Event]:
    """A run that ended with an error before any case."""
    return [header(cases=0), footer([], error=error)]


def write(path: Path, events: Iterable[Event]) -> Path:
    path.write_text("".join(to_line(event) for event in events), encoding="ascii")
    return path
