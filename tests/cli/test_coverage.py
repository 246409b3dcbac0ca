"""`l2tp-harness coverage`: from the streams of runs to rows that are covered, excluded, red."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.coverage.streams import DUPLICATE, FAIL, case_of, check, header, stream, write


def a_run(folder: Path, *rows: str) -> Path:
    """The folder of a run that judged these rows."""
    write(folder / "events.ndjson", stream(*case_of([check(*rows, verdict=FAIL)], FAIL)))
    return folder


def test_json_is_what_was_promised(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    result = command("coverage", "--json")
    told = result.json
    assert result.code == 0
    assert told["covered"] == 1
    assert told["rows"] == told["covered"] + told["excluded"] + len(told["red"])
    assert DUPLICATE not in told["red"]
    assert sum(part["rows"] for part in told["by_section"].values()) == told["rows"]
    assert told["by_section"]["5.8"]["covered"] == 1
    assert set(told["by_level"]) >= {"MUST", "SHOULD", "SHOULD (lower case)", "implied"}
    (cell,) = told["matrix"][DUPLICATE]
    assert (cell["case"], cell["verdict"]) == ("a/b", "fail")


def test_the_runs_below_out_are_taken(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    said = command("coverage").out
    assert "1 covered" in said
    assert "Some LNS (LNS), 1 case, " in said
    assert f"{DUPLICATE:<44}covered" in command("coverage", "--matrix").out


def test_streams_are_given_as_files_as_folders_or_as_folders_of_folders(command: Command) -> None:
    one = a_run(command.folder / "runs" / "one", DUPLICATE)
    a_run(command.folder / "runs" / "two", "RFC2661-5.8-19")
    for given, covered in (([one], 1), ([one / "events.ndjson"], 1), (["runs"], 2)):
        assert command("coverage", *given, "--json").json["covered"] == covered


def test_all_red_rows_are_told_when_asked(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    assert "more" in command("coverage").out.splitlines()[-1] + command("coverage").out
    red = command("coverage", "--json").json["red"]
    said = command("coverage", "--all-red").out
    assert all(row in said for row in red)


@pytest.mark.parametrize(
    ("arguments", "cause", "hint"),
    [
        ([], "no run has left its events in ./out", "l2tp-harness run --device NAME"),
        (["here-is-none"], "here-is-none", ""),
        (["."], "no run has left its events in .", "--references"),
        (["--references", "."], "takes no streams", ""),
        (["--profile", "rfc2616", "s.ndjson"], "rfc2616", ""),
    ],
)
def test_nothing_to_count(command: Command, arguments: list[str], cause: str, hint: str) -> None:
    result = command("coverage", *arguments)
    assert result.code == 2
    assert cause in result.error
    assert hint in result.error


def test_a_stream_that_is_none(command: Command) -> None:
    (command.folder / "x.ndjson").write_text("no stream\n")
    result = command("coverage", "x.ndjson")
    assert result.code == 2
    assert "x.ndjson:1" in result.error


def test_the_reference_peers_can_be_run_for_it(command: Command, failing_suite: Path) -> None:
    told = command("coverage", "--references", "--json", "--suites", failing_suite).json
    assert [run["device"] for run in told["runs"]] == ["reference-lns"]
    assert told["covered"] > 0
    assert not (command.folder / "out").exists()


def test_a_row_is_explained_with_the_last_verdicts(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    said = command("explain", DUPLICATE).out
    assert "last run" in said
    assert "Some LNS (LNS), 2026-01-01" in said
    told = command("explain", DUPLICATE, "--json").json
    assert told["runs"][0]["judged"] == [
        {"case": "a/b", "rule": None, "verdict": "fail", "times": 1}
    ]
    assert told["cases"]
    assert command("explain", DUPLICATE, "--runs", "elsewhere", "--json").json["runs"] == []


def test_a_stream_that_cannot_be_read_hides_no_row(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    (command.folder / "out" / "x").mkdir()
    (command.folder / "out" / "x" / "events.ndjson").write_text("no stream\n")
    result = command("explain", DUPLICATE)
    assert result.code == 0
    assert "Some LNS" in result.out
    assert "not read: out/x/events.ndjson" in result.err


def test_the_rules_of_the_monitors_are_told(command: Command) -> None:
    told = command("explain", "RFC2661-5.8-19", "--json").json
    assert told["rules"] == ["retransmission-nr"]
    assert "retransmission-nr" in command("explain", "RFC2661-5.8-19").out


def test_a_vendors_run_covers_rows_of_its_own_table_only(command: Command) -> None:
    row = "RFC2661-6.9-OCRQ-sender"
    first = header(role="lns", specification="ip-office", tables={row: "ip-office"})
    events = stream(*case_of([check(row)]), first=first)
    write(command.folder / "out" / "box" / "events.ndjson", events)
    assert row in command("coverage", "--json").json["red"]
    told = command("coverage", "--json", "--profile", "ip-office").json
    assert row not in told["red"]
    assert told["runs"][0]["judged_by"] == {"ip-office": 1}


def test_a_row_a_message_and_a_table_of_a_vendor(command: Command) -> None:
    row = "RFC2661-6.9-OCRQ-sender"
    assert "OCRQ is sent by the LAC only." in command("explain", row).out
    vendor = command("explain", row, "--profile", "ip-office")
    assert "ip-office; rfc2661: LAC: OCRQ is sent by the LNS only." in vendor.out
    said = command("explain", "ip-office").out
    assert "IP Office R3.0" in said
    assert "Assigned Call ID" in said
    assert command("explain", "ip-office", "--json").json["base"] == "rfc2661"
    said = command("explain", "occn").out
    assert "the receiver of OCRP (LAC)" in said
    told = command("explain", "OCCN", "--json").json
    assert told["senders"] == ["lac"]
    assert {one["aspect"] for one in told["departures"]} == {"sender", "name"}
    assert "did you mean 'ip-office'" in command("explain", "ip-offise").error


def test_a_run_under_a_vendors_table_says_which_rows_were_judged_by_which(
    command: Command,
) -> None:
    vendor = ("--device", "reference-lac", "--set", "profile=ip-office", "--out", "box")
    run = command("run", *vendor, "6.6-icrq*", "6.13-wen*", "--html")
    assert run.code == 0
    told = command("coverage", "box", "--profile", "ip-office", "--json").json
    assert told["runs"][0]["specification"] == "ip-office"
    judged = told["runs"][0]["judged_by"]
    assert set(judged) == {"ip-office", "rfc2661"}
    assert f"{judged['ip-office']} by ip-office, {judged['rfc2661']} by rfc2661" in (
        command("coverage", "box", "--profile", "ip-office").out
    )
    # a LAC that sends WEN keeps the RFC and departs from the vendor's table, each under its name
    row = "RFC2661-6.13-WEN-sender"
    explained = command("explain", row, "--profile", "ip-office", "--runs", ".", "--json").json
    assert explained["table"] == "ip-office"
    page = (command.folder / "box" / "report.html").read_text()
    assert "as ip-office has it" in page
    assert "as rfc2661 has it" in page


def test_a_run_that_could_not_begin_is_only_counted(command: Command) -> None:
    a_run(command.folder / "out" / "some-lns", DUPLICATE)
    assert command("run", "--device", "nobody").code == 2
    said = command("coverage").out
    assert "nobody" not in said
    assert "  1 more came to no case\n" in said
