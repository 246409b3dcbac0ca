"""What a terminal and a log are told, during the run and at its end."""

from __future__ import annotations

import io
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from harness.report.console import ConsoleReport, print_summary, seconds
from harness.report.lines import Printer, plain
from harness.report.progress import Progress
from harness.report.story import Teller, tell
from harness.run.events import (
    DeviceLog,
    Event,
    Expectation,
    Footer,
    Note,
    RunError,
    Verdict,
)
from tests.report import runs, strategies

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def said(events: list[Event], **files: Path) -> str:
    stream = io.StringIO()
    print_summary(events, Printer(stream), files)
    return stream.getvalue()


RULE = "RFC2661-4.1-12 (section 4.1, MUST): An unknown AVP with M = 1 ends the control connection."
COUNTS = "1 pass, 1 fail, 1 error, 1 inconc, 1 xpass, 1 warn, 1 xfail, 1 skip, 1 note"
WHOLE = f"""
FAIL  fail  suites/rfc2661/4.1-avp-format.yaml:5
  rule      {RULE}
  sent      #3 SCCRQ
  octets    c8020014 00000000 00000000 80080000 00000001
  expected  StopCCN with result 2, error 8 within 2 s
  received  #4 SCCRP tid=1 sid=0 Ns=0 Nr=1
  finding   SCCRP: the IUT accepted the message
  octets    c8020014 00010000 00000001 80080000 00000004
  note      2/8 is best
  replay    l2tp-harness run --device xl2tpd-lns fail

XPASS  stale  suites/rfc2661/4.1-avp-format.yaml:5
  reason    the baseline lists stale
  meaning   the device does better than its baseline says: delete the entry, or narrow it
  replay    l2tp-harness run --device xl2tpd-lns stale

INCONC  inconc  suites/rfc2661/4.1-avp-format.yaml:5
  reason    no tunnel came up
  meaning   what the case needs first did not come about, so its rule was not tested
  replay    l2tp-harness run --device xl2tpd-lns inconc

ERROR  error  suites/rfc2661/4.1-avp-format.yaml:5
  reason    the device did not start
  replay    l2tp-harness run --device xl2tpd-lns error

xl2tpd 1.3.18 as LNS: 8 cases: {COUNTS}
  2.50 s wall, longest 0.50 s (fail), sum 3.50 s
  4 unexpected
  junit     out/junit.xml
"""


def test_a_run_in_plain_lines() -> None:
    assert said(runs.every_kind(), junit=Path("out/junit.xml")) == WHOLE


def test_a_good_run_is_short() -> None:
    events: list[Event] = [runs.header(), runs.start("c"), runs.end("c")]
    text = said([*events, runs.footer(events, wall_s=1.0)])
    assert "1 case: 1 pass\n" in text
    assert "everything as expected" in text
    assert len(text.splitlines()) == 4


def test_a_virtual_clock_is_named() -> None:
    text = said([runs.header(virtual_time=True), *runs.every_kind()[1:]])
    assert "  2.50 s wall, longest 0.50 s (fail), sum 3.50 s on the virtual clock\n" in text


def test_a_terminal_gets_the_same_words_in_colour() -> None:
    stream = io.StringIO()
    print_summary(runs.every_kind(), Printer(stream, terminal=True))
    assert "\x1b[" in stream.getvalue()
    assert CONTROL.sub("", stream.getvalue()) == said(runs.every_kind())


def test_the_same_failure_in_many_cases_is_shown_once() -> None:
    cases = [f"case-{index}" for index in range(500)]
    events: list[Event] = [runs.header()]
    for index, case in enumerate(cases):
        events += runs.failing(case, 1 + 2 * index)
    text = said([*events, runs.footer(events)])
    assert text.count("RFC2661-4.1-12") == 1
    assert "the same  in case-1, case-2, case-3, case-4, case-5 and 494 more" in text
    assert "500 unexpected" in text


def test_numbers_that_each_case_draws_make_no_difference() -> None:
    events: list[Event] = [runs.header()]
    for number in (1, 3):
        case = f"case-{number}"
        told = f"ICRP tid={number} sid={number * 7} Ns={number} Nr=3"
        frame = runs.received(case, number, 0.1, summary=f"{told} [assigned_session_id]")
        found = runs.check(case, Verdict.FAIL, frames=(number,), actual=told)
        end = runs.end(case, Verdict.FAIL, Expectation.UNEXPECTED)
        events += [runs.start(case), frame, found, end]
    text = said([*events, runs.footer(events)])
    assert "  the same  in case-3\n" in text
    assert "  received  #1 ICRP tid=1 sid=7 Ns=1 Nr=3 [assigned_session_id]\n  octets" in text


def test_many_different_failures_are_bounded() -> None:
    events: list[Event] = [runs.header()]
    for index in range(100):
        case = f"case-{index}"
        end = runs.end(case, Verdict.INCONC, Expectation.UNEXPECTED, reason=f"reason {index}")
        events += [runs.start(case), end]
    text = said([*events, runs.footer(events)])
    assert text.count("INCONC") == 30
    assert "70 more unexpected cases are in the reports" in text


@pytest.mark.parametrize(
    ("footer", "words"),
    [
        (Footer({}, interrupted=True), "interrupted: not every case was run"),
        (Footer({}, error=RunError("a.b", "it broke", "mend it")), "error: it broke [a.b]"),
        (Footer({}, error=RunError("a.b", "it broke", "mend it")), "hint: mend it"),
        (Footer({"pass": 1}, stale=("x: fail (b.yaml:3)",)), "stale in the baseline: x: fail"),
    ],
)
def test_how_a_run_ended(footer: Footer, words: str) -> None:
    text = said([runs.header(), footer])
    assert words in text
    assert "everything as expected" not in text


def test_where_the_device_was_is_remarked_upon() -> None:
    text = said([runs.header(), Footer({"pass": 1}, remarks=("it is elsewhere",))])
    assert "  remark: it is elsewhere\n" in text
    assert "everything as expected" in text


def test_an_entry_that_is_stale_in_many_cases_is_named_once() -> None:
    footer = Footer({"xpass": 3}, stale=("5.8-*: fail (b.yaml:3)",) * 3)
    assert said([runs.header(), footer]).count("stale in the baseline") == 1


def test_a_reason_may_have_several_lines() -> None:
    reason = "xl2tpd: no such file [device.missing]\n  hint: apt-get install xl2tpd"
    end = runs.end("c", Verdict.ERROR, Expectation.UNEXPECTED, reason=reason)
    text = said([runs.header(), runs.start("c"), end])
    assert (
        "  reason    xl2tpd: no such file [device.missing]\n"
        "              hint: apt-get install xl2tpd\n"
    ) in text
    events: list[Event] = [runs.header(), runs.start("c"), end]
    live = follow(events, terminal=False, each=0.0)
    told = "xl2tpd: no such file [device.missing] hint: apt-get install xl2tpd"
    assert live == f"1/6 cases: ERROR  c  {told}\n"


HOSTILE = "\x1b[2J\x07[bold]x[/bold]\r\n\u202e\udc80:smile:"


@pytest.mark.parametrize("terminal", [True, False])
def test_hostile_texts_do_not_reach_the_terminal(terminal: bool) -> None:
    events: list[Event] = [
        runs.header(title=HOSTILE, device=HOSTILE),
        runs.start(HOSTILE),
        runs.check(HOSTILE, Verdict.FAIL, actual=HOSTILE, rows=(HOSTILE,)),
        DeviceLog(HOSTILE, 0.0, HOSTILE),
        runs.end(HOSTILE, Verdict.FAIL, Expectation.UNEXPECTED, reason=HOSTILE),
        Footer(
            {"fail": 1},
            stale=(HOSTILE,),
            remarks=(HOSTILE,),
            longest_case=HOSTILE,
            error=RunError(HOSTILE, HOSTILE, HOSTILE),
        ),
    ]
    stream = io.StringIO()
    print_summary(events, Printer(stream, terminal=terminal))
    text = CONTROL.sub("", stream.getvalue()) if terminal else stream.getvalue()
    assert text.replace("\n", "").isprintable()
    assert "[bold]x[/bold]" in text
    assert ":smile:" in text
    assert "\\x1b[2J\\x07" in text


@given(strategies.runs())
def test_any_stream_can_be_printed(events: list[Event]) -> None:
    assert said(events).replace("\n", "").isprintable()


def test_a_log_that_takes_only_ascii() -> None:
    octets = io.BytesIO()
    stream = io.TextIOWrapper(octets, encoding="ascii", newline="\n")
    print_summary([runs.header(title="Fäil ✓"), Footer({})], Printer(stream))
    assert b"F\\xe4il \\u2713" in octets.getvalue()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.00 s"),
        (59.99, "59.99 s"),
        (60, "1:00 min"),
        (3599.7, "1:00:00 h"),
        (7325, "2:02:05 h"),
    ],
)
def test_durations(number: float, text: str) -> None:
    assert seconds(number) == text


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def follow(events: list[Event], *, terminal: bool, each: float) -> str:
    """What is printed while a run lasts in which every event takes `each` seconds."""
    stream, clock = io.StringIO(), Clock()
    progress = Progress(Printer(stream, terminal=terminal), clock=clock)
    teller = Teller(progress)
    with progress:
        for event in events:
            clock.now += each
            teller.write(event)
            progress.write(event)
    return stream.getvalue()


def test_a_log_hears_of_unexpected_cases_and_now_and_then_of_the_run() -> None:
    events: list[Event] = [runs.header(cases=3), runs.start("slow[x=1]")]
    events += [Note("slow[x=1]", 0.0, "n")] * 70
    events += [runs.end("slow[x=1]"), *runs.failing("fail")]
    lines = follow([*events, runs.footer(events)], terminal=False, each=1.0).splitlines()
    assert lines == [
        "0/3 cases, 30.00 s, running slow[x=1]",
        "0/3 cases, 1:00 min, running slow[x=1]",
        "2/3 cases: FAIL  fail  RFC2661-4.1-12 (MUST): expected StopCCN with result 2, error 8"
        " within 2 s, got SCCRP: the IUT accepted the message",
    ]


def test_what_the_summary_says_right_below_is_not_said_before() -> None:
    events: list[Event] = [runs.header(cases=1), *runs.failing("fail")]
    start = replace(runs.start("monitor/zlb-ns"), monitor=True)
    end = runs.end(start.case, Verdict.FAIL, Expectation.UNEXPECTED)
    events += [start, end]
    assert follow([*events, runs.footer(events)], terminal=False, each=0.001) == ""
    assert said([*events, runs.footer(events)]).count("FAIL") == 2


def test_what_the_end_of_a_run_cut_off_is_no_news() -> None:
    events: list[Event] = [runs.header(cases=2), runs.start("a"), runs.start("b")]
    assert follow([*events, runs.footer(events)], terminal=False, each=0.001) == ""


def test_a_quick_run_is_quiet_in_a_log() -> None:
    events: list[Event] = [runs.header(), runs.start("c"), runs.end("c")]
    assert follow([*events, runs.footer(events)], terminal=False, each=0.001) == ""


def test_a_terminal_has_a_live_line_that_goes_away() -> None:
    before = threading.active_count()
    text = follow(runs.every_kind(), terminal=True, each=1.0)
    assert threading.active_count() == before
    words = CONTROL.sub("", text)
    assert "1/6 cases, 8.00 s" in words
    assert "running fail" in words
    assert "1 unexpected" in words
    assert text.endswith("\x1b[2K")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


def test_the_live_line_is_not_drawn_more_than_ten_times_a_second() -> None:
    events: list[Event] = [runs.header(), runs.start("c"), *[Note("c", 0.0, "n")] * 1000]
    text = follow([*events, runs.end("c")], terminal=True, each=0.001)
    assert 5 <= CONTROL.sub("", text).count("running c") <= 11


def test_the_live_line_ends_when_the_run_breaks() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Progress(Printer(stream, terminal=True)):
        raise KeyboardInterrupt
    assert stream.getvalue().count("\x1b[?25h") == 1


def test_the_report_refuses_before_the_end() -> None:
    report = ConsoleReport()
    with pytest.raises(RuntimeError):
        report.lines()
    tell(runs.every_kind(), report)
    assert any("unexpected" in plain(each) for each in report.lines())
