"""The page: complete, self-contained, and deaf to what a device says."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from harness.errors import HarnessError
from harness.report.html import HtmlReport, write_html
from harness.report.story import tell
from harness.run.events import (
    Event,
    Expectation,
    Footer,
    Note,
    RunError,
    Verdict,
)
from tests.report import runs, strategies

VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """Checks that elements nest, and keeps texts and elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page(events: list[Event]) -> Page:
    report = HtmlReport()
    tell(events, report)
    return Page(report.page())


def test_the_page_of_a_run(tmp_path: Path) -> None:
    write_html(runs.every_kind(), tmp_path / "deep" / "report.html")
    shown = Page((tmp_path / "deep" / "report.html").read_text())
    cases = {
        attributes["data-verdict"]: "open" in attributes
        for tag, attributes in shown.elements
        if attributes.get("class") == "case"
    }
    assert cases == {
        "pass": False, "fail": True, "warn": False, "skip": False,
        "xfail": False, "xpass": True, "inconc": True, "error": True,
    }  # fmt: skip
    for needed in (
        "xl2tpd 1.3.18 as LNS",
        "8 cases in 2.50 s",
        "4 unexpected",
        "RFC2661-4.1-12 (section 4.1, MUST): An unknown AVP with M = 1 ends the",
        "SCCRP: the IUT accepted the message",
        "0000  c8 02 00 14",
        "note: answers with result 2 (P-23)",
        "l2tp-harness run --device xl2tpd-lns fail",
        "control_finish: Connection established",
    ):
        assert needed in shown.text, needed


def test_the_page_needs_nothing_else() -> None:
    for tag, attributes in page(runs.every_kind()).elements:
        assert tag not in ("link", "img", "iframe", "base")
        assert not {"src", "href", "onclick", "style"} & set(attributes)


def test_every_verdict_can_be_picked() -> None:
    buttons = [a["data-only"] for tag, a in page(runs.every_kind()).elements if tag == "button"]
    assert buttons == [
        "", "red", "pass", "fail", "warn", "inconc", "error", "skip", "xfail", "xpass",
    ]  # fmt: skip


def test_what_is_counted_is_what_a_button_shows() -> None:
    rule = replace(runs.start("monitor/zlb-ns"), monitor=True)
    events: list[Event] = [*runs.every_kind()[:-1], rule, runs.end(rule.case)]
    shown = page([*events, runs.footer(events, wall_s=1.0)])
    assert "8 cases and 1 rule for every datagram in 1.00 s" in shown.text
    assert "all 9" in shown.text
    assert "pass 2" in shown.text
    cases = [attributes for _, attributes in shown.elements if attributes.get("class") == "case"]
    assert sum("data-red" in each for each in cases) == 4
    assert "unexpected 4" in shown.text


def test_suites_and_cases_stand_in_the_order_of_their_sources() -> None:
    events: list[Event] = [runs.header()]
    for suite, line in (("10.2-a", 1), ("9.1-b", 9), ("monitor", 1), ("9.1-b", 5), ("6.13-c", 1)):
        case = f"{suite}/{line}"
        events += [replace(runs.start(case), suite=suite, line=line), runs.end(case)]
    _, _, listed = page([*events, runs.footer(events)]).text.partition("all 5")
    names = ("6.13-c/1", "9.1-b/5", "9.1-b/9", "10.2-a/1", "monitor/1")
    places = [listed.index(each) for each in names]
    assert sorted(places) == places


def test_a_finding_says_what_the_terminal_says() -> None:
    shown = " ".join(" ".join(page(runs.every_kind()).texts).split())
    for needed in (
        "sent #3 SCCRQ expected StopCCN with result 2, error 8 within 2 s",
        "received #4 SCCRP tid=1 sid=0 Ns=0 Nr=1 finding SCCRP: the IUT accepted the message",
        "policy P-24 note 2/8 is best seen 3 times; this is the first",
    ):
        assert needed in shown, needed


def test_octets_are_shown_of_findings_only() -> None:
    events: list[Event] = [runs.header(), runs.start("good")]
    events += [runs.sent("good", number, 0.0, bytes(400)) for number in range(1, 201)]
    shown = page([*events, runs.end("good")])
    assert "00 00 00 00" not in shown.text
    assert "200 frames, 30 of them here" in shown.text


HOSTILE = "</pre><script>alert(1)</script>{{ 7*7 }}{% raw %}\x00\x1b\u202e\udc80\"'>"


def test_hostile_texts_stay_texts() -> None:
    events: list[Event] = [
        runs.header(title=HOSTILE, device=HOSTILE, command=HOSTILE, role=HOSTILE),
        runs.start(HOSTILE),
        runs.step(HOSTILE, 2, HOSTILE),
        runs.sent(HOSTILE, 1, 0.0, summary=HOSTILE),
        runs.check(HOSTILE, Verdict.FAIL, name=HOSTILE, actual=HOSTILE, frames=(1,)),
        Note(HOSTILE, 0.0, HOSTILE, HOSTILE),
        runs.end(HOSTILE, Verdict.FAIL, Expectation.UNEXPECTED, reason=HOSTILE),
        Footer(
            {HOSTILE: 1},
            stale=(HOSTILE,),
            remarks=(HOSTILE,),
            error=RunError(HOSTILE, HOSTILE, HOSTILE),
        ),
    ]
    shown = page(events)
    assert [tag for tag, _ in shown.elements].count("script") == 1
    assert "{{ 7*7 }}" in shown.text
    assert shown.text.replace("\n", "").isprintable()


@settings(deadline=None)
@given(strategies.runs())
def test_any_stream_makes_a_page(events: list[Event]) -> None:
    shown = page(events)
    assert [tag for tag, _ in shown.elements].count("script") == 1
    assert shown.text.replace("\n", "").isprintable()


def test_templates_that_are_missing_or_do_not_work(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as raised:
        HtmlReport(tmp_path)
    assert raised.value.code == "report.template"
    (tmp_path / "report.html.j2").write_text("")
    (tmp_path / "case.html.j2").write_text("{{ nothing }}")
    with pytest.raises(HarnessError, match="'nothing' is undefined"):
        tell(runs.every_kind(), HtmlReport(tmp_path))
    (tmp_path / "case.html.j2").write_text("{{")
    with pytest.raises(HarnessError, match=r"case\.html\.j2"):
        HtmlReport(tmp_path)
