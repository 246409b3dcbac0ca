"""Whatever goes wrong: one clear error, the right exit code, and a JUnit file that is red."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import running
from harness.errors import HarnessError
from harness.run.events import Footer, read_events
from tests.cli.command import FILES, ROOT, Command, Result, finished, junit_cases

HELLO = "5.5-hello/acknowledged"
DEVICE = """\
title: A program
role: lns
launch:
  process:
    binary: ./nothing-here
    command: ${binary}
    needs: {root: NEEDS_ROOT, install: make it}
"""


def check_reports(result: Result, out: Path) -> None:
    """The folder tells of the error that was printed."""
    assert {path.name for path in out.iterdir()} == FILES
    *_, footer = read_events(out / "events.ndjson")
    assert isinstance(footer, Footer)
    assert footer.error is not None
    assert footer.error.code in result.error
    assert footer.error.exit_code == result.code
    (case,) = junit_cases(out / "junit.xml")
    assert case.classname == "l2tp.run"
    assert footer.error.cause.splitlines()[0][:40] in case.result[0].message


@pytest.mark.parametrize(
    ("arguments", "code", "cause", "hint"),
    [
        (["--device", "reference-lnx"], 2, "unknown device", "did you mean 'reference-lns'?"),
        (["--device", "./nowhere"], 2, "no such folder", ""),
        (["--device", "/" + "x" * 300], 3, "File name too long [system]", ""),
        (["--device", ""], 2, "", ""),
        (["--device", "x\x00y"], 2, "", ""),
        (["--set", "ixit.sekret=x"], 2, "unknown key 'sekret'", "did you mean 'secret'?"),
        (["--set", "ixit.port=high"], 2, "expected an integer", ""),
        (["--set", "nothing"], 2, "has no value", "KEY=VALUE"),
        (["--set", "=x"], 2, "not a path", ""),
        (["--time-scale", "0"], 2, "not between", ""),
        (["--time-scale", "nan"], 2, "not between", ""),
        (["--suites", "nowhere"], 2, "no such folder", ""),
        (["5.5-helo"], 2, "no case is selected", "did you mean '5.5-hello'?"),
        (
            ["--device", "reference-lac", "5.2.1-incoming-call/ocrq-to-lns"],
            5,
            "for a LAC",
            "list",
        ),
    ],
)
def test_a_run_that_cannot_begin(
    command: Command, arguments: list[str], code: int, cause: str, hint: str
) -> None:
    result = command("run", *arguments, "--out", "here")
    assert result.code == code
    assert cause in result.error
    if hint:
        assert f"\n  hint: {hint}" in result.error or hint in result.error
    assert result.out == ""
    check_reports(result, command.folder / "here")


def test_json_tells_of_the_error_too(command: Command) -> None:
    result = command("run", "--device", "nowhere", "--json")
    assert result.json["exit_code"] == result.code == 2
    assert result.json["error"]["code"] == "device.unknown"


@pytest.mark.parametrize(
    "text",
    [
        "title: [",
        "title: x\nspec: rfc2661\ncases: {a: {purpos: x}}\n",
        "\tno yaml",
        "title: \ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "",
    ],
)
def test_a_bad_suite(command: Command, failing_suite: Path, text: str) -> None:
    (failing_suite / "bad.yaml").write_text(text, encoding="latin-1")
    result = command("run", "--suites", failing_suite, "--out", "here")
    assert result.code == 2
    assert "bad.yaml" in result.err
    assert "Traceback" not in result.err
    assert (command.folder / "here" / "junit.xml").is_file()


def test_all_errors_of_all_suites_come_at_once(command: Command, failing_suite: Path) -> None:
    for name in ("one", "two"):
        text = (failing_suite / "odd.yaml").read_text().replace("StopCCN", "StopCNN")
        (failing_suite / f"{name}.yaml").write_text(text)
    result = command("run", "--suites", failing_suite)
    assert result.code == 2
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert [Path(line.split(":")[1].strip()).name for line in errors] == ["one.yaml", "two.yaml"]
    assert result.err.count("did you mean 'StopCCN'?") == 2


@pytest.mark.parametrize(
    "text", ["title: [", "titel: x", "", "- 1", DEVICE.replace("NEEDS_ROOT", "maybe")]
)
def test_a_bad_peer_yaml(command: Command, text: str) -> None:
    (command.folder / "bng").mkdir()
    (command.folder / "bng" / "peer.yaml").write_text(text)
    result = command("run", "--device", "./bng", "--out", "here")
    assert result.code == 2
    assert "peer.yaml:" in result.err
    assert (command.folder / "here" / "junit.xml").is_file()


def test_a_bad_baseline(command: Command) -> None:
    shutil.copytree(ROOT / "peers" / "reference-lns", command.folder / "bng")
    (command.folder / "bng" / "baseline.yaml").write_text(
        "- {case: 5.5-hello/acknowleged, verdict: fail, reason: x}\n"
    )
    result = command("run", "--device", "./bng", HELLO, "--out", "here")
    assert result.code == 2
    assert f"did you mean '{HELLO}'?" in result.error
    check_reports(result, command.folder / "here")


@pytest.fixture
def program(command: Command) -> Callable[[bool], str]:
    """Makes a device that is a program; whether it needs root is up to the test."""

    def make(needs_root: bool) -> str:
        (command.folder / "bng").mkdir()
        text = DEVICE.replace("NEEDS_ROOT", str(needs_root).lower())
        (command.folder / "bng" / "peer.yaml").write_text(text)
        return "./bng"

    return make


def test_a_folder_of_path_that_may_not_be_looked_into(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may look into all of them: a name that is too long is refused to anybody."""
    monkeypatch.setenv("PATH", f"/{'x' * 300}")
    bng = command.folder / "bng"
    bng.mkdir()
    text = DEVICE.replace("./nothing-here", "nothing-here").replace("NEEDS_ROOT", "false")
    (bng / "peer.yaml").write_text(text)
    result = command("run", "--device", "./bng", HELLO)
    assert result.code == 3
    assert "there is no program nothing-here [device.no-program]" in result.err


def test_a_missing_binary(command: Command, program: Callable[[bool], str]) -> None:
    result = command("run", HELLO, "--device", program(False), "--out", "here")
    assert result.code == 3
    assert "there is no program" in result.error
    assert "hint: make it" in result.error
    check_reports(result, command.folder / "here")


def test_no_root_where_root_is_needed(
    command: Command, program: Callable[[bool], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = program(True)
    shutil.copy("/bin/true", command.folder / "bng" / "nothing-here")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = command("run", HELLO, "--device", device, "--out", "here")
    assert result.code == 3
    assert "bng needs root" in result.error
    check_reports(result, command.folder / "here")


def test_an_output_folder_that_cannot_be_written(command: Command) -> None:
    (command.folder / "file").write_text("")
    result = command("run", HELLO, "--out", "file/below", "--junit", "result.xml")
    assert result.code == 3
    assert "cannot write file/below" in result.error
    (case,) = junit_cases(command.folder / "result.xml")
    assert "cannot write" in case.result[0].message


def test_a_report_that_cannot_be_written(command: Command) -> None:
    (command.folder / "file").write_text("")
    result = command("run", HELLO, "--out", "here", "--junit", "file/result.xml")
    assert result.code == 3
    assert "cannot write file/result.xml" in result.error
    assert "  junit     here/junit.xml" in result.out
    assert {path.name for path in (command.folder / "here").iterdir()} == FILES


@pytest.mark.parametrize(
    "raised", [KeyError("slot"), ExceptionGroup("several", [ValueError("one"), KeyError("two")])]
)
def test_a_defect_of_the_harness(
    command: Command, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def broken(_options: object) -> None:
        raise raised

    monkeypatch.setattr(running, "run", broken)
    result = command("run", HELLO, "--out", "here")
    assert result.code == 3
    assert "defect of the harness" in result.error
    assert "L2TP_HARNESS_TRACEBACK=1" in result.error
    check_reports(result, command.folder / "here")
    monkeypatch.setenv("L2TP_HARNESS_TRACEBACK", "1")
    assert "in broken" in command("run", HELLO).err


def test_a_defect_in_another_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.cli import listing

    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(listing, "load_library", broken)
    result = command("list")
    assert result.code == 3
    assert "RecursionError" in result.error


def test_an_interrupt_before_the_first_case(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run", interrupted)
    result = command("run", "--out", "here")
    assert result.code == 3
    assert "interrupted" in result.out
    *_, footer = read_events(command.folder / "here" / "events.ndjson")
    assert isinstance(footer, Footer)
    assert footer.interrupted
    (case,) = junit_cases(command.folder / "here" / "junit.xml")
    assert "interrupted" in case.result[0].message


@pytest.mark.parametrize(
    ("arguments", "cause", "hint"),
    [
        (["runn"], "no command is called 'runn'", "did you mean 'run'?"),
        (["run", "--jobs", "0"], "'--jobs'", "l2tp-harness run --help"),
        (["run", "--jobs", "many"], "'--jobs'", "l2tp-harness run --help"),
        (["run", "--bogus"], "--bogus", "l2tp-harness run --help"),
        (["run", "--device"], "--device", "--help"),
        (["explain"], "missing argument 'ID'", "l2tp-harness explain --help"),
        (["serve", "--role", "pac"], "'pac'", "l2tp-harness serve --help"),
        (["--bogus"], "--bogus", "l2tp-harness --help"),
    ],
)
def test_wrong_usage(command: Command, arguments: list[str], cause: str, hint: str) -> None:
    result = command(*arguments)
    assert result.code == 2
    assert cause in result.error
    assert hint in result.error


def test_what_an_error_quotes_does_not_steer_the_terminal(command: Command) -> None:
    result = command("run", "--device", "\x1b[2Jbng\u202e")
    assert result.code == 2
    assert "\x1b" not in result.err
    assert "\u202e" not in result.err


def test_arguments_that_are_no_text(tmp_path: Path) -> None:
    result = finished("run", "--device", os.fsdecode(b"\xff\xfe"), cwd=tmp_path)
    assert result.code == 2
    assert "unknown device" in result.error


def test_every_error_says_its_code() -> None:
    assert str(HarnessError("a.b", "cause", hint="do")) == "cause [a.b]\n  hint: do"
