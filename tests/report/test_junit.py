"""JUnit: the dialect, read back with junitparser; hostile texts; runs that ended badly."""

from __future__ import annotations

import re
import resource
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Properties, Skipped, TestCase, TestSuite

from harness.errors import DataError, HarnessError
from harness.report.junit import write_junit
from harness.run.events import (
    Check,
    Event,
    Expectation,
    Footer,
    Note,
    RunError,
    Verdict,
    to_line,
)
from tests.report import runs, strategies

TestCase.__test__ = False  # pytest would take them for tests
TestSuite.__test__ = False

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {
        "name", "tests", "failures", "errors", "skipped", "disabled", "time", "timestamp",
    },
    "properties": set[str](),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "file", "line", "time", "timestamp"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set[str](),
}  # fmt: skip
REQUIRED = {
    "testsuites": {"tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "testcase": ["properties", "failure", "error", "skipped", "system-out"],
}
NUMBER = re.compile(r"\d+(\.\d+)?")


def validate(element: ET.Element) -> None:
    """The schema that the common readers share, as far as this dialect uses it."""
    tag = element.tag
    assert set(element.attrib) <= ATTRIBUTES[tag], element.attrib
    assert set(element.attrib) >= REQUIRED.get(tag, set())
    for name in ("tests", "failures", "errors", "skipped", "time", "disabled", "line"):
        if name in element.attrib:
            assert NUMBER.fullmatch(element.attrib[name]), (name, element.attrib[name])
    if "timestamp" in element.attrib:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.attrib["timestamp"])
    allowed = CHILDREN.get(tag, [])
    places = [allowed.index(child.tag) for child in element]
    assert places == sorted(places)
    if tag == "testcase":
        outcomes = [child for child in element if child.tag in ("failure", "error", "skipped")]
        assert len(outcomes) <= 1
        for outcome in outcomes:
            assert outcome.get("message")
            assert outcome.get("type")
            assert (outcome.text or "").strip()
    for child in element:
        validate(child)


def make(tmp_path: Path, events: Sequence[Event] | Path) -> tuple[ET.Element, TestSuite]:
    """The report as the standard library and as junitparser read it."""
    target = tmp_path / "deep" / "junit.xml"
    write_junit(events, target)
    root = ET.fromstring(target.read_bytes())
    validate(root)
    [suite] = list(JUnitXml.fromfile(str(target)))
    cases = list(suite)
    for name, kind in (("failures", Failure), ("errors", Error), ("skipped", Skipped)):
        count = sum(isinstance(result, kind) for case in cases for result in case.result)
        assert int(root.get(name, "-1")) == int(suite._elem.get(name)) == count
    assert int(root.get("tests", "-1")) == len(cases)
    return root, suite


def case_of(suite: TestSuite, name: str) -> TestCase:
    [found] = [case for case in suite if case.name == name]
    return found


def properties_of(case: Any) -> list[tuple[str, str]]:
    [properties] = case.iterchildren(Properties)
    return [(each.name, each.value) for each in properties]


def test_one_of_every_kind(tmp_path: Path) -> None:
    root, suite = make(tmp_path, runs.every_kind())
    assert suite.name == "xl2tpd-lns"
    assert [(case.name, [(type(r).__name__, r.type) for r in case.result]) for case in suite] == [
        ("pass[avp=host_name]", []),
        ("fail", [("Failure", "fail")]),
        ("warn", []),
        ("skip", [("Skipped", "skip")]),
        ("known", [("Skipped", "expected-failure")]),
        ("stale", [("Failure", "unexpected-pass")]),
        ("inconc", [("Error", "inconc")]),
        ("error", [("Error", "error")]),
    ]
    assert (root.get("time"), suite.time) == ("2.500000", 2.5)
    assert case_of(suite, "known").result[0].message == "bug 12"
    assert case_of(suite, "skip").result[0].message == "the ICS does not claim hidden_avps"


def test_where_when_and_how_long(tmp_path: Path) -> None:
    _, suite = make(tmp_path, runs.every_kind())
    case = case_of(suite, "pass[avp=host_name]")
    assert case.classname == "l2tp.4.1-avp-format"
    assert case._elem.get("file") == "suites/rfc2661/4.1-avp-format.yaml"
    assert case._elem.get("line") == "5"
    assert case._elem.get("time") == "0.000000"
    # 12:00 at +01:00
    assert case._elem.get("timestamp") == "2026-03-01T11:00:00"
    assert case_of(suite, "fail").time == 0.5


def test_properties_and_attachment(tmp_path: Path) -> None:
    _, suite = make(tmp_path, runs.every_kind())
    assert properties_of(case_of(suite, "fail")) == [
        ("requirement", "RFC2661-4.1-12"),
        ("level", "MUST"),
        ("policy", "P-24"),
        ("verdict", "fail"),
        ("pcap", "capture.pcapng"),
    ]
    assert ("verdict", "warn") in properties_of(case_of(suite, "warn"))
    assert ("earned", "fail") in properties_of(case_of(suite, "known"))
    shown = case_of(suite, "pass[avp=host_name]").system_out
    assert shown.splitlines() == [
        "note: answers with result 2 (P-23)",
        "[[ATTACHMENT|capture.pcapng]]",
    ]
    assert case_of(suite, "skip").system_out is None


def test_a_failure_says_all_that_is_needed(tmp_path: Path) -> None:
    _, suite = make(tmp_path, runs.every_kind())
    failure = case_of(suite, "fail").result[0]
    assert failure.message == (
        "RFC2661-4.1-12 (MUST): expected StopCCN with result 2, error 8 within 2 s,"
        " got SCCRP: the IUT accepted the message"
    )
    said = failure.text
    for needed in (
        "requirement  RFC2661-4.1-12 (section 4.1, MUST): An unknown AVP with M = 1 ends the",
        "(step 2: expect: StopCCN)",
        "suites/rfc2661/4.1-avp-format.yaml:11",
        "sent         #3 SCCRQ",
        "expected     StopCCN with result 2, error 8 within 2 s",
        "received     #4 SCCRP tid=1 sid=0 Ns=0 Nr=1",
        "finding      SCCRP: the IUT accepted the message",
        "policy       P-24",
        "note         2/8 is best",
        "seen         3 times; this is the first",
        "> #3         0.100 s  sent      SCCRQ",
        "> #4         0.200 s  received  SCCRP tid=1 sid=0 Ns=0 Nr=1",
        "127.0.0.1:40001 -> 127.0.0.2:1701, 20 octets",
        "0000  c8 02 00 14 00 00 00 00  00 00 00 00 80 08 00 00  |................|",
        "0010  00 00 00 04",
        "control_finish: Connection established",
        "tshark -r capture.pcapng -V -Y 'frame.number in {3, 4}'",
        "l2tp-harness run --device xl2tpd-lns fail",
    ):
        assert needed in said, needed
    assert "#2 " not in said  # another case's frame


ZLB = bytes.fromhex("c802000c0001000000010001")


def test_what_was_sent_is_the_message_that_provoked_it(tmp_path: Path) -> None:
    """The acknowledgement of the evidence, or of what came before, provoked nothing."""
    events: list[Event] = [
        runs.header(),
        runs.start("c"),
        runs.sent("c", 1, 0.1, summary="the SCCRQ"),
        runs.received("c", 2, 0.2),
        runs.sent("c", 3, 0.3, ZLB, "an acknowledgement"),
        runs.received("c", 4, 0.4),
        runs.sent("c", 5, 0.5, ZLB, "another"),
        runs.sent("c", 6, 0.6, summary="something later"),
        runs.check("c", Verdict.FAIL, frames=(4, 5), at=0.7),
        runs.check("c", Verdict.FAIL, frames=(), at=0.7, name="silent"),
        runs.end("c", Verdict.FAIL, Expectation.UNEXPECTED),
    ]
    _, suite = make(tmp_path, events)
    said = re.findall("sent         (.*)", case_of(suite, "c").result[0].text)
    assert said == ["#1 the SCCRQ", "#6 something later"]


def test_a_replay_is_quoted_for_the_shell(tmp_path: Path) -> None:
    case = "a case; rm -rf [avp=x]"
    _, suite = make(tmp_path, [runs.header(device="./my box"), *runs.failing(case)])
    said = case_of(suite, case).result[0].text
    assert "run --device './my box' 'a case; rm -rf [avp=x]'" in said


def test_malformed_octets_are_pointed_at(tmp_path: Path) -> None:
    case = runs.failing("c")
    cut = runs.received("c", 2, 0.2, bytes.fromhex("c802ffff"), "no L2TP, 4 octets")
    events = [cut if event == case[4] else event for event in case]
    _, suite = make(tmp_path, [runs.header(), *events])
    said = case_of(suite, "c").result[0].text
    assert re.search(r"    [0-9a-f]{4}  ! [a-z-]+: ", said)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("expectation", Expectation)
@pytest.mark.parametrize("with_check", [True, False])
def test_every_verdict_and_expectation(
    tmp_path: Path, verdict: Verdict, expectation: Expectation, with_check: bool
) -> None:
    events: list[Event] = [runs.header(), runs.start("c")]
    if with_check:
        events.append(runs.check("c", verdict))
    events.append(runs.end("c", verdict, expectation))
    _, suite = make(tmp_path, [*events, runs.footer(events)])
    results = case_of(suite, "c").result
    result = results[0] if results else None
    if expectation in (Expectation.UNEXPECTED, Expectation.XPASS):
        assert isinstance(result, (Failure, Error)) or verdict in (Verdict.SKIP, Verdict.XFAIL)
    if expectation is Expectation.XFAIL:
        assert isinstance(result, Skipped)
    if expectation is Expectation.EXPECTED and verdict in (Verdict.PASS, Verdict.WARN):
        assert result is None


def test_an_error_before_any_case_is_a_test_case(tmp_path: Path) -> None:
    error = RunError("device.missing", "xl2tpd: no such file", "apt-get install xl2tpd")
    _, suite = make(tmp_path, runs.broken(error))
    [case] = suite
    assert (case.classname, case.name) == ("l2tp.run", "run")
    [result] = case.result
    assert isinstance(result, Error)
    assert result.type == "device.missing"
    assert result.message == "xl2tpd: no such file [device.missing]"
    assert "apt-get install xl2tpd" in result.text
    assert "Replay:  l2tp-harness run" in result.text


@pytest.mark.parametrize(
    ("footer", "kind"),
    [
        (Footer({}), "run.nothing"),
        (Footer({}, interrupted=True), "run.interrupted"),
        (Footer({"pass": 1}, interrupted=True), "run.interrupted"),
    ],
)
def test_a_run_that_says_nothing_is_no_good_run(tmp_path: Path, footer: Footer, kind: str) -> None:
    _, suite = make(tmp_path, [runs.header(), footer])
    assert [case.result[0].type for case in suite] == [kind]


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    path = runs.write(tmp_path / "events.ndjson", [runs.header(), runs.start("done")])
    text = path.read_text() + to_line(runs.end("done")) + "".join(map(to_line, runs.failing("cut")))
    path.write_text(text[:-20])
    _, suite = make(tmp_path, path)
    assert [(case.name, [result.type for result in case.result]) for case in suite] == [
        ("done", []),
        ("cut", ["none"]),
        ("run", ["run.no-footer"]),
    ]
    assert "the run ended before this case did" in case_of(suite, "cut").result[0].text
    assert "expected     StopCCN" in case_of(suite, "cut").result[0].text


def test_nothing_to_report_on(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write_junit(tmp_path / "none", tmp_path / "junit.xml")
    assert not (tmp_path / "junit.xml").exists()


def test_a_target_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as raised:
        write_junit(runs.every_kind(), tmp_path)
    assert raised.value.code == "report.unwritable"


def test_a_verdict_that_is_neither_good_nor_bad_says_what_to_make_of_it(tmp_path: Path) -> None:
    _, suite = make(tmp_path, runs.every_kind())
    assert "xpass: the device does better" in case_of(suite, "stale").result[0].text
    assert "inconc: what the case needs first" in case_of(suite, "inconc").result[0].text
    assert "device does better" not in case_of(suite, "fail").result[0].text


def test_a_disk_that_is_full_halfway_leaves_no_half_of_a_report(tmp_path: Path) -> None:
    target = tmp_path / "junit.xml"
    target.write_text("of an earlier run")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(HarnessError) as raised:
            write_junit(runs.every_kind(), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.code == "report.unwritable"
    assert not target.exists()


HOSTILE = "\x00\x07\x1b[31m]]>&<b>\"'\x85\ufffe\udc80\u202e<![CDATA["


def test_hostile_texts_are_made_safe(tmp_path: Path) -> None:
    events: list[Event] = [
        runs.header(device=HOSTILE, title=HOSTILE, command=HOSTILE, capture=HOSTILE),
        runs.start(HOSTILE),
        runs.sent(HOSTILE, 1, 0.0, summary=HOSTILE),
        runs.check(
            HOSTILE, Verdict.FAIL, actual=HOSTILE, expected=HOSTILE, note=HOSTILE, name=HOSTILE
        ),
        Note(HOSTILE, 0.0, HOSTILE, HOSTILE),
        runs.end(HOSTILE, Verdict.FAIL, Expectation.UNEXPECTED, reason=HOSTILE),
    ]
    root, suite = make(tmp_path, events)
    clean = r"""\x00\x07\x1b[31m]]>&<b>"'\x85\ufffe\udc80\u202e<![CDATA["""
    [case, run] = suite
    assert run.name == "run"
    assert case.name == clean
    assert case.result[0].message.startswith("RFC2661-4.1-12 (MUST): expected " + clean)
    every = "".join(root.itertext()) + "".join(v for e in root.iter() for v in e.attrib.values())
    assert every.replace("\n", "").isprintable()


@settings(deadline=None)
@given(strategies.runs())
def test_any_stream_makes_a_valid_report(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    root, _ = make(tmp_path_factory.mktemp("junit"), events)
    every = "".join(root.itertext()) + "".join(v for e in root.iter() for v in e.attrib.values())
    assert every.replace("\n", "").isprintable()


def test_a_finding_with_many_frames_stays_readable(tmp_path: Path) -> None:
    events: list[Event] = [runs.header(), runs.start("c")]
    events += [runs.sent("c", number, number / 10, bytes(1500)) for number in range(1, 3001)]
    found: list[Check] = [
        runs.check("c", Verdict.FAIL, frames=(number,), at=301.0, name=f"check-{number}")
        for number in range(2, 3001)
    ]
    events += [*found, runs.end("c", Verdict.FAIL, Expectation.UNEXPECTED)]
    _, suite = make(tmp_path, events)
    said = case_of(suite, "c").result[0].text
    assert len(said) < 60_000
    assert "2979 more findings" in said
    assert "The conversation, 40 of 3000 frames" in said
