"""A run: its output folder, its exit code, what it prints."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from harness.run.events import CaseStart, Footer, Header, read_events
from tests.cli.command import FILES, ROOT, Command, junit_cases

HELLO = "5.5-hello/acknowledged"


def test_the_output_folder_has_everything(command: Command) -> None:
    result = command("run", HELLO)
    out = command.folder / "out" / "reference-lns"
    assert result.code == 0
    assert {path.name for path in out.iterdir()} == FILES
    events = list(read_events(out / "events.ndjson"))
    assert isinstance(events[0], Header)
    begun = [one for one in events if isinstance(one, CaseStart)]
    assert [one.case for one in begun if not one.monitor] == [HELLO]
    assert isinstance(events[-1], Footer)
    case, *monitors = junit_cases(out / "junit.xml")
    assert (case.classname, case.name, case.result) == ("l2tp.5.5-hello", HELLO, [])
    assert case.time is not None
    assert len(monitors) == len(begun) - 1 > 0
    assert {each.classname for each in monitors} == {"l2tp.monitor"}


def test_the_summary_says_where_everything_is(command: Command) -> None:
    said = command("run", HELLO, "--out", "here", "--html").out
    for name in (*FILES, "report.html"):
        assert str(Path("here") / name) in said
    for word in (
        "1 case: 1 pass",
        "monitors judged every datagram by",
        "wall",
        "longest",
        "sum",
        "everything as expected",
    ):
        assert word in said


def test_json_is_the_summary_and_nothing_else(command: Command) -> None:
    result = command("run", "5.5-hello", "--json", "--out", "here")
    written = json.loads((command.folder / "here" / "summary.json").read_text())
    assert result.json == written
    assert written.keys() >= {
        *("device", "cases", "verdicts", "unexpected", "wall_s", "longest_s", "sum_s")
    }
    assert written["cases"] == written["verdicts"]["pass"]
    assert "everything as expected" in result.err


def test_junit_goes_where_it_is_asked_for_and_into_the_folder(command: Command) -> None:
    command("run", HELLO, "--out", "here", "--junit", "there/result.xml")
    there = (command.folder / "there" / "result.xml").read_bytes()
    assert there == (command.folder / "here" / "junit.xml").read_bytes()


def test_what_an_earlier_run_left_is_replaced(command: Command) -> None:
    command("run", HELLO, "--html")
    out = command.folder / "out" / "reference-lns"
    assert (out / "report.html").is_file()
    assert command("run", "no-such-case").code == 2
    assert {path.name for path in out.iterdir()} == FILES
    header, footer = read_events(out / "events.ndjson")
    assert isinstance(header, Header)
    assert header.cases == 0
    assert isinstance(footer, Footer)
    assert footer.error is not None


def test_an_unexpected_verdict_is_exit_code_1(command: Command, failing_suite: Path) -> None:
    result = command("run", "--suites", failing_suite, "--out", "here")
    assert result.code == 1
    assert "1 unexpected" in result.out
    assert "expected  StopCCN" in result.out
    assert "FAIL  odd/refuses" in result.out
    assert result.err == ""
    case, *_ = junit_cases(command.folder / "here" / "junit.xml")
    assert (case.name, case.result[0].type) == ("odd/refuses", "fail")


def test_a_baseline_excuses_and_no_baseline_does_not(
    command: Command, failing_suite: Path, tmp_path: Path
) -> None:
    device = tmp_path / "mine"
    shutil.copytree(ROOT / "peers" / "reference-lns", device)
    (device / "baseline.yaml").write_text(
        "- {case: odd/refuses, verdict: fail, reason: it is meant to}\n"
    )
    arguments = ("run", "--suites", failing_suite, "--device", device)
    assert command(*arguments).code == 0
    assert command(*arguments, "--no-baseline").code == 1
    (device / "baseline.yaml").write_text(
        "- {case: odd/refuses, verdict: warn, reason: no longer}\n"
    )
    assert command(*arguments).code == 1


def test_a_device_by_path_is_named_by_that_path(command: Command) -> None:
    device = command.folder / "mine" / "bng"
    shutil.copytree(ROOT / "peers" / "reference-lns", device)
    result = command("run", HELLO, "--device", "./mine/bng", "--json")
    assert result.json["device"] == "./mine/bng"
    assert (command.folder / "out" / "bng" / "junit.xml").is_file()


def test_a_device_in_the_folder_peers_is_known_by_name(command: Command) -> None:
    shutil.copytree(ROOT / "peers" / "reference-lns", command.folder / "peers" / "bng")
    assert command("run", HELLO, "--device", "bng").code == 0


def test_set_replaces_a_value_of_the_device(command: Command) -> None:
    result = command("run", HELLO, "--set", "title=Something else", "--set", "ixit.port=1702")
    assert "Something else: 1 case" in result.out
    stream = (command.folder / "out" / "reference-lns" / "events.ndjson").read_text()
    assert '["192.0.2.1",1702]' in stream.replace(", ", ",")


def test_the_command_is_recorded(command: Command) -> None:
    arguments = ["run", HELLO, "--seed", "7", "--set", "title=two words"]
    command(*arguments)
    header = next(read_events(command.folder / "out" / "reference-lns" / "events.ndjson"))
    assert isinstance(header, Header)
    assert header.command == shlex.join(["l2tp-harness", *arguments])
    assert header.seed == 7


def test_a_failure_names_the_command_that_runs_it_again(
    command: Command, failing_suite: Path
) -> None:
    arguments = ["--set", "title=two words", "--seed", "7", "--suites", str(failing_suite)]
    said = command("run", *arguments, "--jobs", "3", "--out", "here").out
    (line,) = [line for line in said.splitlines() if line.startswith("  replay ")]
    words = shlex.split(line)[1:]
    assert words[:4] == ["l2tp-harness", "run", "--device", "reference-lns"]
    assert words[-1] == "odd/refuses"
    assert line.strip().removeprefix("replay").strip() in command(*words[1:]).out


def test_the_same_seed_is_the_same_conversation(command: Command) -> None:
    def frames(seed: str) -> list[str]:
        command("run", "5.1-control-connection", "--seed", seed, "--out", "here")
        lines = (command.folder / "here" / "events.ndjson").read_text().splitlines()
        return [line for line in lines if '"event":"frame"' in line]

    assert frames("1") == frames("1") != frames("2")


def test_suites_of_ones_own_need_no_tables(command: Command, failing_suite: Path) -> None:
    for suites in (failing_suite, failing_suite / "odd.yaml"):
        result = command("run", "--suites", suites, "--json")
        assert result.json["unexpected"][0]["case"] == "odd/refuses"


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_jobs_bound_how_many_run_at_once(command: Command, jobs: str) -> None:
    command("run", "5.5-hello", "--jobs", jobs, "--out", "here")
    running = most = 0
    for event in read_events(command.folder / "here" / "events.ndjson"):
        kind = type(event).__name__
        running += (kind == "CaseStart") - (kind == "CaseEnd")
        most = max(most, running)
    assert most == int(jobs)


def test_time_scale_stretches_the_waits(command: Command) -> None:
    def longest(scale: str) -> float:
        case = "5.5-hello/not-expected"
        found = command("run", case, "--time-scale", scale, "--json").json["longest_s"]
        return float(found)

    assert longest("2") > 1.9 * longest("1")
