"""summary.json, and several reports made at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from harness.errors import UsageError
from harness.report.bundle import FILES, Bundle, make_report
from harness.report.summary import summarize, write_summary
from harness.run.events import Event, RunError, Verdict
from harness.run.record import Recorder
from tests.report import runs, strategies


def test_the_summary_of_a_run() -> None:
    summary = summarize(runs.every_kind())
    assert list(summary)[:8] == [
        "device", "cases", "verdicts", "monitors", "unexpected", "wall_s", "longest_s", "sum_s",
    ]  # fmt: skip
    assert summary == {
        "device": "xl2tpd-lns",
        "cases": 8,
        "verdicts": {
            "pass": 1, "fail": 1, "warn": 1, "inconc": 1, "error": 1,
            "none": 0, "skip": 1, "xfail": 1, "xpass": 1,
        },
        "monitors": dict.fromkeys(Verdict, 0),
        "unexpected": [
            {"case": "fail", "verdict": "fail", "reason": "a MUST is broken"},
            {"case": "stale", "verdict": "xpass", "reason": "the baseline lists stale"},
            {"case": "inconc", "verdict": "inconc", "reason": "no tunnel came up"},
            {"case": "error", "verdict": "error", "reason": "the device did not start"},
        ],
        "wall_s": 2.5,
        "longest_s": 0.5,
        "sum_s": 3.5,
        "virtual_time": False,
        "longest_case": "fail",
        "notes": 1,
        "incidents": {},
        "stale": [],
        "remarks": [],
        "interrupted": False,
        "error": None,
        "exit_code": 3,
    }  # fmt: skip


def test_the_summary_of_a_run_that_ended_with_an_error(tmp_path: Path) -> None:
    error = RunError("select.nothing", "no case matches", "see list", 5)
    write_summary(runs.broken(error), tmp_path / "deep" / "summary.json")
    summary = json.loads((tmp_path / "deep" / "summary.json").read_text())
    assert summary["cases"] == 0
    assert summary["error"] == {
        "code": "select.nothing",
        "cause": "no case matches",
        "hint": "see list",
    }
    assert summary["exit_code"] == 5


@given(strategies.runs())
def test_any_stream_has_a_summary(events: list[Event]) -> None:
    summary = summarize(events)
    assert json.loads(json.dumps(summary)) == summary
    assert summary["cases"] == sum(summary["verdicts"].values())


def test_all_reports_at_once_while_it_runs_and_later(tmp_path: Path) -> None:
    live = {kind: tmp_path / "live" / name for kind, name in FILES.items()}
    bundle = Bundle(live)
    recorder = Recorder(tmp_path, runs.header(), clock=lambda: 0.0)
    recorder.subscribe(bundle.write)
    with recorder:
        for event in runs.every_kind()[1:-1]:
            recorder.write(event)
    ending = bundle.close()
    assert ending.footer == recorder.footer
    later = {kind: tmp_path / "later" / name for kind, name in FILES.items()}
    assert Bundle(later).tell(tmp_path / "events.ndjson") == ending
    for kind, path in live.items():
        assert path.stat().st_size > 100
        assert path.read_bytes() == later[kind].read_bytes()


def test_reports_of_a_run_that_never_began_to_be_recorded(tmp_path: Path) -> None:
    bundle = Bundle({"junit": tmp_path / "junit.xml"})
    error = RunError("device.missing", "no such device", "", 2)
    assert bundle.close(error).footer.error == error
    assert "device.missing" in (tmp_path / "junit.xml").read_text()


def test_an_unknown_kind_of_report() -> None:
    with pytest.raises(UsageError, match="did you mean 'junit'"):
        make_report("juint")
