"""A row, a message, a vendor's table: what `explain` says of them."""

from __future__ import annotations

import json

import pytest

from harness.errors import UsageError
from harness.report.coverage import declare, read_run
from harness.report.coverage.declared import Declared
from harness.report.coverage.explain import (
    explain_row,
    message_lines,
    overlays_on,
    profile_json,
    profile_lines,
    row_json,
    row_lines,
)
from harness.report.lines import Line, plain
from harness.spec import Specification
from tests.coverage.conftest import TABLES
from tests.coverage.streams import (
    DUPLICATE,
    EXCLUDED,
    FAIL,
    ONLY_LNS,
    RULE,
    case_of,
    check,
    header,
    stream,
)

DECLARED = Declared(cases={DUPLICATE: ("a/b", "a/c")}, rules={DUPLICATE: (RULE,)})
OCRQ = "RFC2661-6.9-OCRQ-sender"


def text(lines: list[Line]) -> str:
    return "\n".join(plain(each) for each in lines)


def test_a_row_with_its_cases_rules_and_last_verdicts(spec: Specification) -> None:
    checks = [check(DUPLICATE, verdict=FAIL), check(DUPLICATE, name=RULE, count=9)]
    run = read_run(stream(*case_of(checks, FAIL)), {RULE})
    explanation = explain_row(spec, DUPLICATE.lower(), DECLARED, [run])
    said = text(row_lines(explanation))
    for word in (DUPLICATE, "covered", "MUST", "either side", spec.requirements[DUPLICATE].text):
        assert word in said
    assert "a/c" in said
    assert "FAIL  Some LNS (LNS), 2026" in said.replace("   ", "  ")
    assert f"monitor rule {RULE} in a/b, 9 times" in said
    told = json.loads(json.dumps(row_json(explanation)))
    assert told["cases"] == ["a/b", "a/c"]
    assert told["rules"] == [RULE]
    assert told["runs"][0]["verdict"] == "fail"
    assert len(told["runs"][0]["judged"]) == 2


def test_a_row_that_nothing_judged(spec: Specification) -> None:
    run = read_run(stream())
    explanation = explain_row(spec, DUPLICATE, declare([], {}), [run])
    said = text(row_lines(explanation))
    assert "red" in said
    assert "not judged" in said
    assert row_json(explanation)["runs"][0]["verdict"] == "none"


def test_an_excluded_row_says_why(spec: Specification) -> None:
    said = text(row_lines(explain_row(spec, EXCLUDED, Declared())))
    reason = spec.requirements[EXCLUDED].excluded
    assert reason is not None
    assert reason in said


def test_runs_of_the_other_side_say_nothing(spec: Specification) -> None:
    runs = [read_run(stream(first=header(role=role))) for role in ("lac", "lns")]
    told = explain_row(spec, ONLY_LNS, Declared(), runs)
    assert [one.run.role for one in told.runs] == ["lns"]


def test_an_unknown_row_has_a_suggestion(spec: Specification) -> None:
    with pytest.raises(UsageError) as caught:
        explain_row(spec, "RFC2661-5.8-066", Declared())
    assert "RFC2661-5.8-06" in caught.value.hint


def test_a_row_shows_where_a_vendor_departs(spec: Specification) -> None:
    overlays = overlays_on(spec, TABLES)
    assert [one.name for one in overlays] == ["ip-office"]
    explanation = explain_row(spec, OCRQ, Declared(), overlays=overlays)
    assert "OCRQ is sent by the LAC only." in text(row_lines(explanation))
    (departure,) = row_json(explanation)["departures"]
    assert departure["profile"] == "ip-office"
    assert "LNS only" in departure["base"]
    assert explain_row(spec, DUPLICATE, Declared(), overlays=overlays).others == ()


def test_a_row_of_the_vendor_says_which_table_it_is_from(vendor: Specification) -> None:
    own = explain_row(vendor, OCRQ, Declared())
    assert "ip-office; rfc2661: LAC: OCRQ is sent by the LNS only." in text(row_lines(own))
    assert row_json(own)["table"] == "ip-office"
    taken_back = text(row_lines(explain_row(vendor, ONLY_LNS, Declared())))
    assert "taken back" in taken_back
    assert "breaking it: note" in taken_back
    shared = explain_row(vendor, DUPLICATE, Declared())
    assert row_json(shared)["table"] == "rfc2661"


def test_a_message_in_both_readings(spec: Specification, vendor: Specification) -> None:
    said = text(message_lines(spec, "OCCN", [vendor]))
    assert "sent by     LAC" in said
    assert "the receiver of OCRP (LAC)" in said
    assert "Start-Control-Connection-Connected" in said
    assert "as rfc2661" in text(message_lines(spec, "HELLO", [vendor]))
    with pytest.raises(UsageError) as caught:
        message_lines(spec, "HELO")
    assert "HELLO" in caught.value.hint


def test_a_profile_with_all_its_departures(spec: Specification, vendor: Specification) -> None:
    said = text(profile_lines(vendor))
    for word in ("IP Office R3.0", "compulsory", "voluntary", "SCCRN", "Assigned Call ID", "ICRQ"):
        assert word in said
    told = json.loads(json.dumps(profile_json(vendor)))
    assert told["base"] == "rfc2661"
    assert told["messages"]["OCRQ"]["senders"] == ["lac"]
    assert told["unlisted"] == ["ICRQ", "ICRP", "ICCN"]
    assert profile_json(spec)["departures"] == []
    with pytest.raises(UsageError):
        profile_lines(spec)
