"""Coverage as text and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from harness.report.coverage import (
    Coverage,
    cover,
    coverage_json,
    coverage_lines,
    declare,
    read_run,
)
from harness.report.lines import Printer, plain
from harness.spec import Specification
from tests.coverage.streams import (
    DUPLICATE,
    EXCLUDED,
    FAIL,
    RETRANSMITTED_NR,
    RULE,
    case_of,
    check,
    header,
    stream,
)


def some(spec: Specification) -> Coverage:
    checks = [
        check(DUPLICATE, verdict=FAIL),
        check(EXCLUDED, "RFC2661-99-01"),
        check(DUPLICATE, name=RULE, count=12),
    ]
    run = read_run(stream(*case_of(checks, FAIL)), {RULE})
    return cover(spec, [run], declare([], {RULE: (RETRANSMITTED_NR,)}))


def test_json_has_the_sums_and_the_red_rows(spec: Specification) -> None:
    told = json.loads(json.dumps(coverage_json(some(spec))))
    assert told["rows"] == len(spec.requirements)
    assert told["rows"] == told["covered"] + told["excluded"] + len(told["red"])
    assert told["covered"] == 1
    assert DUPLICATE not in told["red"]
    assert RETRANSMITTED_NR in told["red"]
    section = told["by_section"]["5.8"]
    assert section["covered"] == 1
    assert section["title"] == spec.sections["5.8"]
    assert RETRANSMITTED_NR in section["red"]
    assert set(told["by_role"]) == {"lac", "lns"}
    assert told["not_executed"] == [RETRANSMITTED_NR]
    assert told["excluded_yet_judged"] == [EXCLUDED]
    assert told["unknown_rows"] == {"RFC2661-99-01": 1}


def test_json_has_the_matrix(spec: Specification) -> None:
    told = coverage_json(some(spec))
    assert told["matrix"][DUPLICATE] == [
        {"run": 0, "case": "a/b", "rule": None, "verdict": "fail", "times": 1},
        {"run": 0, "case": "a/b", "rule": RULE, "verdict": "pass", "times": 12},
    ]
    (run,) = told["runs"]
    assert run["device"] == "some-lns"
    assert run["cases"] == 1
    assert run["problem"] is None


def test_the_text_says_the_sums_the_sections_and_what_is_red(spec: Specification) -> None:
    text = [plain(each) for each in coverage_lines(some(spec), matrix=True, all_red=True)]
    assert text[0].startswith(f"rfc2661: {len(spec.requirements)} rows: 1 covered, ")
    assert any(each.startswith("  5.8 ") and "Reliable Delivery" in each for each in text)
    assert any(each.split()[:2] == [DUPLICATE, "covered"] and "1 fail" in each for each in text)
    red = [each for each in text if each.startswith(f"  {RETRANSMITTED_NR} ")]
    assert any("declared, not executed" in each for each in red)
    assert any(each.startswith("  excluded, yet judged") and EXCLUDED in each for each in text)


def test_few_red_rows_are_listed_unless_all_are_wanted(spec: Specification) -> None:
    few, every = coverage_lines(some(spec)), coverage_lines(some(spec), all_red=True)
    assert len(every) - len(few) > 500
    assert any("more" in plain(each) for each in few)


def test_without_a_run_it_says_so(spec: Specification) -> None:
    assert any(
        "nothing has been executed" in plain(each) for each in coverage_lines(cover(spec, []))
    )


def test_what_a_stream_says_of_itself_is_escaped(spec: Specification) -> None:
    first = replace(header(), title="evil\x1b[2J\u202e")
    coverage = cover(spec, [read_run(stream(*case_of([check("R\x1b-1")]), first=first))])
    out = io.StringIO()
    Printer(out).print(coverage_lines(coverage))
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
