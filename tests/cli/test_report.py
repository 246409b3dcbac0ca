"""`report`: any old event stream becomes the reports that its run had."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.command import Command, junit_cases


@pytest.fixture
def ran(command: Command) -> Command:
    """The command, and a run in the folder `here`."""
    assert command("run", "5.5-hello", "--out", "here", "--html").code == 0
    return command


def test_reports_are_those_of_the_run(ran: Command) -> None:
    result = ran(
        *("report", "here/events.ndjson", "--junit", "there/j.xml"),
        *("--summary", "there/s.json", "--html", "there/r.html"),
    )
    assert result.code == 0
    here, there = ran.folder / "here", ran.folder / "there"
    assert (there / "j.xml").read_bytes() == (here / "junit.xml").read_bytes()
    assert (there / "s.json").read_bytes() == (here / "summary.json").read_bytes()
    assert (there / "r.html").read_bytes() == (here / "report.html").read_bytes()
    assert "6 pass" in re.sub(r"\d+ pass", "6 pass", result.out)
    assert "there/j.xml" in result.out


def test_a_folder_will_do(ran: Command) -> None:
    written = json.loads((ran.folder / "here" / "summary.json").read_text())
    assert ran("report", "here", "--json").json == written


def test_a_stream_that_breaks_off(ran: Command) -> None:
    stream = ran.folder / "here" / "events.ndjson"
    octets = stream.read_bytes()
    header = octets.index(b"\n") + 1
    stream.write_bytes(octets[: (header + len(octets)) // 2])
    result = ran("report", stream, "--junit", "j.xml")
    assert result.code == 0
    assert "the run did not end" in result.out
    assert any(case.classname == "l2tp.run" for case in junit_cases(ran.folder / "j.xml"))


@pytest.mark.parametrize("text", ["", "x", "{}\n", "[1]\n", "\x00"])
def test_what_is_no_stream(command: Command, text: str) -> None:
    (command.folder / "s").write_text(text)
    result = command("report", "s", "--junit", "j.xml")
    assert result.code == 2
    assert result.error


def test_no_stream_at_all(command: Command) -> None:
    result = command("report", "nowhere")
    assert result.code == 2
    assert "nowhere: No such file" in result.error


def test_a_report_that_cannot_be_written(ran: Command) -> None:
    (ran.folder / "file").write_text("")
    result = ran("report", "here", "--junit", "file/j.xml")
    assert result.code == 3
    assert "cannot write file/j.xml" in result.error
