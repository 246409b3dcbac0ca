"""`l2tp-harness check`: what it prints, writes and exits with, whatever the file is."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.report.coverage import streams_under
from harness.run.events import CaseEnd, Check, Footer, Frame, Header, Verdict, read_events
from tests.capture.files import packets_of, pcap, pcapng, write
from tests.cli.command import Command, finished, junit_cases
from tests.monitor.plants import PLANTS
from tests.monitor.talk import LAC, LNS, SECRET, Talk
from tests.monitor.test_planted import clean

FILES = {"events.ndjson", "junit.xml", "summary.json"}
RECORDED = Path(__file__).parents[1] / "capture" / "data"


def planted(folder: Path, name: str = "avp-missing-no_host_name", file: str = "bad.pcap") -> Path:
    """A capture with one violation."""
    talk = Talk()
    next(one for one in PLANTS if one.name == name).build(talk)
    return write(folder, pcap(packets_of(talk.frames)), file)


def good(folder: Path, file: str = "good.pcap") -> Path:
    """A capture with none."""
    return write(folder, pcap(packets_of(clean().frames)), file)


def test_a_clean_capture(command: Command) -> None:
    path = good(command.folder)
    result = command("check", path, "--secret", SECRET.decode(), "--lns", LNS[0])
    assert result.code == 0
    assert "nothing found" in result.out
    assert result.err == ""
    out = command.folder / "out" / "check-good"
    assert {each.name for each in out.iterdir()} == FILES
    events = list(read_events(out / "events.ndjson"))
    ends = [event for event in events if isinstance(event, CaseEnd)]
    assert {end.verdict for end in ends} == {Verdict.PASS}
    # each pass was earned: it says how often the rule was kept
    checks = [event for event in events if isinstance(event, Check)]
    assert len(checks) == len(ends) > 50
    assert all(each.count > 0 and each.expected for each in checks)


def test_a_violation(command: Command) -> None:
    path = planted(command.folder)
    result = command("check", path, "--html", "--out", "reports", "--junit", "ci/junit.xml")
    assert result.code == 1
    assert "fail  avp-missing: SCCRQ lacks Host Name" in result.out
    out = command.folder / "reports"
    assert {each.name for each in out.iterdir()} == {*FILES, "report.html"}
    assert (command.folder / "ci" / "junit.xml").read_bytes() == (out / "junit.xml").read_bytes()
    failed = [case for case in junit_cases(out / "junit.xml") if case.result]
    assert [case.name for case in failed] == ["monitor/avp-missing"]
    text = failed[0].result[0].text
    assert "RFC2661-6.1-SCCRQ-host_name" in text
    assert "tshark -r ../bad.pcap" in text
    assert f"Replay:  l2tp-harness check {path}" in text
    assert "0000  c8 02" in text
    assert "SCCRQ lacks Host Name" in (out / "report.html").read_text()


def test_json_is_what_was_promised(command: Command) -> None:
    result = command("check", planted(command.folder), "--json")
    assert result.code == result.json["exit_code"] == 1
    assert result.json["frames"] == 2
    assert result.json["conversations"] == 1
    (finding,) = result.json["findings"]
    told = {key: finding[key] for key in ("rule", "row", "level", "count", "first_frame")}
    assert told == {
        "rule": "avp-missing",
        "row": "RFC2661-6.1-SCCRQ-host_name",
        "level": "MUST",
        "count": 1,
        "first_frame": 1,
    }


@pytest.mark.parametrize(("severity", "code"), [("fail", 1), ("warn", 1), ("note", 0)])
def test_what_turns_a_capture_red(command: Command, severity: str, code: int) -> None:
    plant = next(one for one in PLANTS if one.capture == severity and not one.options)
    result = command("check", planted(command.folder, plant.name), "--json")
    assert {one["severity"] for one in result.json["findings"]} == {severity}
    assert result.code == code
    red = [case for case in junit_cases(command.folder / "out/check-bad/junit.xml") if case.result]
    assert bool(red) is bool(code)


def test_only_one_side_is_judged(command: Command) -> None:
    path = planted(command.folder)
    assert command("check", path, "--iut", LNS[0]).code == 0
    result = command("check", path, "--iut", LAC[0], "--lac", LAC[0])
    assert result.code == 1
    header, *rest = read_events(command.folder / "out" / "check-bad" / "events.ndjson")
    assert isinstance(header, Header)
    assert header.role == "lac"
    frames = [event for event in rest if isinstance(event, Frame)]
    assert {frame.source[0] for frame in frames if frame.direction == "received"} == {LAC[0]}


def test_a_table_of_a_vendor(command: Command) -> None:
    path = planted(command.folder, "sender-role-sli_of_the_lac")
    (finding,) = command("check", path, "--json").json["findings"]
    assert finding["rule"] == "sender-role"
    result = command("check", path, "--json", "--profile", "ip-office")
    assert result.json["findings"] == []


def test_reports_can_be_made_again(command: Command) -> None:
    command("check", planted(command.folder))
    out = command.folder / "out" / "check-bad"
    again = command("report", out, "--junit", "again.xml", "--json")
    assert again.json["exit_code"] == 1
    assert (command.folder / "again.xml").read_bytes() == (out / "junit.xml").read_bytes()


def test_a_check_covers_no_row_of_a_device(command: Command) -> None:
    command("check", good(command.folder))
    assert streams_under(command.folder / "out")
    assert command("coverage", "--json").json["covered"] == 0


# -- files that are not as they should be ----------------------------------------------------------


def _nothing(folder: Path) -> Path:
    return write(folder, b"", "x.pcap")


def _text(folder: Path) -> Path:
    return write(folder, b"# no capture\n" * 9, "x.pcap")


def _missing(folder: Path) -> Path:
    return folder / "x.pcap"


def _folder(folder: Path) -> Path:
    path = folder / "x.pcap"
    path.mkdir()
    return path


def _corrupt(folder: Path) -> Path:
    return write(folder, pcap(packets_of(clean().frames)) + b"\xff" * 40, "x.pcap")


def _cut_gzip(folder: Path) -> Path:
    return write(folder, gzip.compress(b"x" * 999)[:4], "x.pcap")


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (_nothing, "empty [capture.empty]"),
        (_text, "neither pcap nor pcapng"),
        (_missing, "No such file or directory [capture.unreadable]"),
        (_folder, "Is a directory [capture.unreadable]"),
        (_corrupt, "claims to have 4294967295 octets"),
        (_cut_gzip, "empty [capture.empty]"),
    ],
)
def test_a_file_that_cannot_be_read(
    command: Command, make: Callable[[Path], Path], cause: str
) -> None:
    result = command("check", make(command.folder), "--json")
    assert result.code == result.json["exit_code"] == 2
    assert cause in result.error
    assert "x.pcap" in result.error
    out = command.folder / "out" / "check-x"
    *_, footer = read_events(out / "events.ndjson")
    assert isinstance(footer, Footer)
    assert footer.error is not None
    assert footer.error.exit_code == 2
    assert any(case.classname == "l2tp.run" for case in junit_cases(out / "junit.xml"))


def test_no_l2tp_in_it(command: Command) -> None:
    result = command("check", write(command.folder, pcap([]), "x.pcap"), "--json")
    assert result.code == result.json["exit_code"] == 5
    assert "there is no L2TP in" in result.error
    assert result.json["findings"] == []


def test_packets_cut_to_nothing(command: Command) -> None:
    path = write(command.folder, pcap(packets_of(clean().frames), snap=30))
    result = command("check", path)
    assert result.code == 5
    assert "tcpdump -s 0" in result.error


def test_a_cut_file_is_read_to_its_end(command: Command) -> None:
    whole = pcap(packets_of(clean().frames))
    result = command("check", write(command.folder, whole[:-3], "x.pcap"))
    assert result.code == 0
    assert "the file is cut: it ends within packet" in result.out
    path = write(command.folder, planted(command.folder).read_bytes()[:-3], "y.pcap")
    assert command("check", path, "--json").json["files"][0]["cut"].startswith("within packet")


def test_of_several_files_each_is_judged(command: Command) -> None:
    folder = command.folder
    result = command("check", good(folder), planted(folder), _text(folder), "--json")
    assert result.code == 2
    assert [one["rule"] for one in result.json["findings"]] == ["avp-missing"]
    assert [bool(one["error"]) for one in result.json["files"]] == [False, False, True]
    failed = [c.name for c in junit_cases(folder / "out/check-good/junit.xml") if c.result]
    assert f"monitor/avp-missing[file={folder / 'bad.pcap'}]" in failed


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ((), "missing argument"),
        (("x.pcap", "--lns", "lns.example.net"), "is no IP address"),
        (("x.pcap", "--iut", "1.2.3"), "is no IP address"),
        (("x.pcap", "--lns", "::1", "--lac", "::1"), "as LNS and as LAC"),
        (("x.pcap", "--profile", "rfc2616"), "rfc2661"),
    ],
)
def test_wrong_usage(command: Command, arguments: tuple[str, ...], cause: str) -> None:
    good(command.folder, "x.pcap")
    result = command("check", *arguments)
    assert result.code == 2
    assert cause in result.error


def test_reports_that_cannot_be_written(command: Command) -> None:
    (command.folder / "file").write_text("")
    result = command("check", good(command.folder), "--out", "file/reports")
    assert result.code == 3
    assert "nothing found" in result.out
    assert "file/reports" in result.error


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_pipe(command: Command, make: Any) -> None:
    import os

    path = command.folder / "pipe"
    os.mkfifo(path)
    octets = gzip.compress(make(packets_of(clean().frames)))
    writer = threading.Thread(target=lambda: path.write_bytes(octets))
    writer.start()
    try:
        result = command("check", path, "--json")
    finally:
        writer.join()
    assert result.code == 0
    assert result.json["conversations"] == 1


def test_standard_input(tmp_path: Path) -> None:
    with (RECORDED / "xl2tpd-call.pcap").open("rb") as file:
        result = finished("check", "/dev/stdin", "--json", cwd=tmp_path, stdin=file)
    assert result.code == 0
    assert result.json["frames"] == 16


def test_nobody_reads_the_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "check", str(planted(tmp_path))]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert b"Traceback" not in running.stderr.read()
