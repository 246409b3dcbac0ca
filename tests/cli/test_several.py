"""Several devices side by side, and shards put together: folders, what is printed, exit codes."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

import pytest

from harness.cli.library import devices_meant, left_out
from harness.cli.several import gravest
from harness.errors import UsageError
from harness.run.events import Footer, read_events
from tests.cli.command import FILES, ROOT, Command, junit_cases, process
from tests.device.bench import processes_of
from tests.polling import await_true

HELLO = "hello/acknowledged"
BOTH = ("--device", "reference-lns", "--device", "reference-lac")


@pytest.fixture(name="suites")
def _suites(tmp_path: Path) -> Path:
    """A folder with one case, which a process loads sooner than all of the harness."""
    folder = tmp_path / "few"
    folder.mkdir()
    (folder / "hello.yaml").write_text(
        "title: HELLO\nspec: rfc2661\ncases:\n  acknowledged:\n    purpose: It is acknowledged.\n"
        "    covers: [RFC2661-6.5-03]\n    iut: [lns, lac]\n    steps:\n"
        "      - establish: tunnel\n      - send: HELLO\n      - expect: ack\n"
    )
    return folder


def test_each_device_has_a_result_set_of_its_own(command: Command, suites: Path) -> None:
    result = command("run", *BOTH, HELLO, "--junit", "all.xml", "--suites", suites)
    assert result.code == 0
    for name in ("reference-lns", "reference-lac"):
        assert {path.name for path in (command.folder / "out" / name).iterdir()} == FILES
        assert f"{name} | " in result.err
        row = next(one for one in result.out.splitlines() if one.startswith(name))
        assert "as expected  1 pass" in row
        assert f"out/{name}" in row
    named = [case.name for case in junit_cases(command.folder / "all.xml")]
    assert named.count(HELLO) == 2


def test_json_has_the_summary_of_each(command: Command, suites: Path) -> None:
    result = command("run", *BOTH, "--json", "--out", "here", "--suites", suites)
    assert result.code == 0
    written = json.loads((command.folder / "here" / "summary.json").read_text())
    assert result.json == written
    assert written["exit_code"] == 0
    assert [one["device"] for one in written["devices"]] == ["reference-lns", "reference-lac"]
    for one in written["devices"]:
        own = json.loads((command.folder / one["folder"] / "summary.json").read_text())
        assert own == {key: value for key, value in one.items() if key != "folder"}


def test_the_exit_code_is_the_gravest(command: Command, failing_suite: Path) -> None:
    result = command("run", *BOTH, "--suites", failing_suite, "--json")
    codes = {one["device"]: one["exit_code"] for one in result.json["devices"]}
    assert codes == {"reference-lns": 1, "reference-lac": 5}
    assert result.code == result.json["exit_code"] == 1
    result = command("run", *BOTH, "--device", "no-such-device", "--suites", failing_suite)
    assert result.code == 2
    assert "no-such-device | error: unknown device" in result.err


@pytest.mark.parametrize(
    ("codes", "whole"),
    [([0, 0], 0), ([0, 5], 0), ([5, 5], 5), ([0, 1], 1), ([1, 2], 2), ([3, 2, 1], 3), ([0, 7], 0)],
)
def test_which_exit_code_is_graver(codes: list[int], whole: int) -> None:
    assert gravest(codes) == whole


def test_a_device_may_be_meant_by_a_glob(command: Command) -> None:
    assert devices_meant(["reference-*"]) == ["reference-lac", "reference-lns"]
    assert devices_meant(["reference-lns", "reference-*"]) == ["reference-lns", "reference-lac"]
    for name in ("one", "two"):
        shutil.copytree(ROOT / "peers" / "reference-lns", command.folder / "mine" / name)
    (command.folder / "mine" / "none").mkdir()
    assert devices_meant(["mine/*"]) == ["mine/one", "mine/two"]
    here = str(command.folder / "mine" / "o*")
    assert devices_meant([here]) == [str(command.folder / "mine" / "one")]
    assert devices_meant(["mine/*:embedded"]) == ["mine/one:embedded", "mine/two:embedded"]
    with pytest.raises(UsageError, match="no device fits 'nothing-\\*'"):
        devices_meant(["nothing-*"])


def test_a_glob_says_what_it_leaves_out(command: Command, suites: Path) -> None:
    """Worked examples have no address: that they are not run is no secret."""
    command("init", "box", "--launch", "external")
    shutil.copytree(ROOT / "peers" / "reference-lns", command.folder / "peers" / "mine")
    result = command("run", "--device", "peers/*", HELLO, "--suites", suites)
    assert result.code == 0
    assert "left out, for nobody has said where they are: peers/box\n" in result.err
    assert left_out(["peers/*"], ["ixit.address=192.0.2.1"]) == []
    assert left_out(["peers/box", "peers/m*"]) == []


def test_a_glob_of_one_device_runs_as_that_device(command: Command, suites: Path) -> None:
    result = command("run", "--device", "reference-ln*", HELLO, "--json", "--suites", suites)
    assert result.json["device"] == "reference-lns"
    assert (command.folder / "out" / "reference-lns" / "events.ndjson").is_file()


def test_an_interrupted_run_stops_every_device_and_keeps_the_results(tmp_path: Path) -> None:
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "long.yaml").write_text(
        "title: Long\nspec: rfc2661\ncases:\n  long:\n    purpose: It takes its time.\n"
        "    covers: [RFC2661-6.1-01]\n    iut: [lns]\n    steps:\n"
        "      - establish: tunnel\n      - wait: 300s\n      - alive: tunnel\n"
        "  short:\n    purpose: It is over soon.\n    covers: [RFC2661-6.1-01]\n    iut: [lns]\n"
        "    steps:\n      - alive:\n"
    )
    zoo = ROOT / "tests" / "triage" / "zoo"
    devices = [word for name in ("hangs", "exits") for word in ("--device", zoo / name)]
    settings = ("--set", f"launch.process.binary={sys.executable}", "--suites", suites)
    running = process("run", *devices, *settings, "--out", "out", cwd=tmp_path)
    streams = [tmp_path / "out" / name / "events.ndjson" for name in ("hangs", "exits")]
    await_true(
        lambda: all(stream.is_file() and b'"case-end"' in stream.read_bytes() for stream in streams)
    )
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 3
    for stream in streams:
        footer = list(read_events(stream))[-1]
        assert isinstance(footer, Footer)
        assert footer.interrupted
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["exit_code"] == 3
    assert processes_of(str(suites)) == []


# -- shards ------------------------------------------------------------------------------------


def test_shards_are_merged_into_one_result(command: Command) -> None:
    whole = command("run", "5.5-hello", "--json").json
    shards = ["1/2", "2/2"]
    for number, shard in enumerate(shards):
        assert command("run", "5.5-hello", "--shard", shard, "--out", f"s{number}").code == 0
    result = command("merge", "s0", "s1", "--out", "merged", "--html", "--junit", "m.xml", "--json")
    assert result.code == 0
    assert {**result.json, "wall_s": 0} == {**whole, "wall_s": 0}
    merged = {path.name for path in (command.folder / "merged").iterdir()}
    assert merged == {*FILES, "report.html"}
    names = [case.name for case in junit_cases(command.folder / "m.xml")]
    alone = [case.name for case in junit_cases(command.folder / "out/reference-lns/junit.xml")]
    assert sorted(names) == sorted(alone)


def test_a_merge_that_cannot_be_is_an_error(command: Command) -> None:
    command("run", "5.5-hello", "--shard", "1/2", "--out", "s1")
    assert "merge.same-folder" in command("merge", "s1", "--out", "s1").error
    assert "merge.twice" in command("merge", "s1", "s1", "--out", "m").error
    assert "run.unreadable" in command("merge", "nothing", "--out", "m").error
    result = command("merge", "s1", "--out", "m")
    assert result.code == 3
    assert "not all shards are here: 2/2 [merge.missing-shard]" in result.out
    assert "usage.shard" in command("run", "--shard", "3/2").error
