"""The recorder: what is on disk when, and how the stream ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import DataError, DeviceError, HarnessError, Place
from harness.run.events import Event, Footer, Note, RunError, Verdict, read_events
from harness.run.record import Recorder
from tests.report import runs


class Clock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _on_disk(recorder: Recorder) -> list[Event]:
    seen: list[Event] = []
    with pytest.raises(DataError, match="no footer"):
        seen.extend(read_events(recorder.path))
    return seen


def test_a_run_is_written_and_read_back(tmp_path: Path) -> None:
    clock = Clock()
    events = runs.every_kind()
    with Recorder(tmp_path / "out" / "deep", runs.header(), clock=clock) as recorder:
        for event in events[1:-1]:
            recorder.write(event)
        clock.now += 2.5
    assert list(read_events(recorder.path)) == events
    assert recorder.footer == events[-1]


def test_the_header_is_on_disk_at_once_and_a_case_when_it_ends(tmp_path: Path) -> None:
    with Recorder(tmp_path, runs.header(), clock=Clock()) as recorder:
        assert _on_disk(recorder) == [runs.header()]
        case = runs.failing("fail")
        for event in case[:-1]:
            recorder.write(event)
        assert _on_disk(recorder) == [runs.header()]
        recorder.write(case[-1])
        assert _on_disk(recorder) == [runs.header(), *case]


def test_a_long_case_is_on_disk_every_second_of_the_clock(tmp_path: Path) -> None:
    clock = Clock()
    with Recorder(tmp_path, runs.header(), clock=clock) as recorder:
        recorder.write(runs.start("c"))
        clock.now += 0.99
        recorder.write(Note("c", 0.99, "early"))
        assert len(_on_disk(recorder)) == 1
        clock.now += 0.02
        recorder.write(Note("c", 1.01, "late"))
        assert len(_on_disk(recorder)) == 4
        recorder.write(Note("c", 1.02, "asked for"))
        recorder.flush()
        assert len(_on_disk(recorder)) == 5


def test_subscribers_hear_every_event_in_order(tmp_path: Path) -> None:
    first: list[Event] = []
    second: list[Event] = []
    recorder = Recorder(tmp_path, runs.header())
    recorder.subscribe(first.append)
    with recorder:
        recorder.subscribe(second.append)
        recorder.write(Note("c", 0.0, "n"))
    assert first == [runs.header(), Note("c", 0.0, "n"), recorder.footer]
    assert second == first[1:]


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (DeviceError("device.gone", "it is gone", hint="look"), ("device.gone", "it is gone", 3)),
        (
            DataError("data.text", "expected text", place=Place("a.yaml", 3, 1)),
            ("data.text", "a.yaml:3:1: expected text", 2),
        ),
        (ZeroDivisionError("by zero"), ("harness.internal", "ZeroDivisionError: by zero", 3)),
        (
            ExceptionGroup("tasks", [DeviceError("device.gone", "it is gone"), OSError("worse")]),
            ("harness.internal", "OSError: worse", 3),
        ),
        (
            ExceptionGroup("t", [ExceptionGroup("u", [DeviceError("device.gone", "gone")])]),
            ("device.gone", "gone", 3),
        ),
    ],
)
def test_an_exception_ends_the_stream_with_its_error(
    tmp_path: Path, raised: Exception, error: tuple[str, str, int]
) -> None:
    recorder = Recorder(tmp_path, runs.header())

    def run() -> None:
        with recorder:
            recorder.write(runs.start("cut"))
            raise raised

    with pytest.raises(type(raised)):
        run()
    footer = list(read_events(recorder.path))[-1]
    assert isinstance(footer, Footer)
    assert footer == recorder.footer
    assert footer.error is not None
    assert (footer.error.code, footer.error.cause, footer.error.exit_code) == error
    assert not footer.interrupted
    assert [each.case for each in footer.unexpected] == ["cut"]
    assert footer.verdicts == {Verdict.NONE: 1}


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_an_interrupted_run_says_so(tmp_path: Path, raised: type[BaseException]) -> None:
    recorder = Recorder(tmp_path, runs.header())
    with pytest.raises(raised), recorder:
        raise raised
    footer = list(read_events(recorder.path))[-1]
    assert isinstance(footer, Footer)
    assert footer.interrupted
    assert footer.error is None


def test_a_killed_run_keeps_what_it_measured(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from harness.run.capture import Capture
from harness.run.events import Frame
from harness.run.record import Recorder
from tests.report import runs

folder = Path(sys.argv[1])
capture = Capture(folder / "capture.pcapng")
recorder = Recorder(folder, runs.header())
recorder.subscribe(capture.write)
with recorder:
    for number in range(1, 20000, 2):
        for event in runs.failing(f"case-{number}", number):
            recorder.write(event)
        if number == 1:
            print("one case has ended", flush=True)
    print("all cases have ended", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"one case has ended\n"
        os.kill(process.pid, signal.SIGKILL)
    seen: list[Event] = []
    with pytest.raises(DataError) as raised:
        seen.extend(read_events(tmp_path / "events.ndjson"))
    assert raised.value.code == "run.no-footer"
    assert seen[:9] == [runs.header(), *runs.failing("case-1", 1)]


def test_a_disk_that_does_not_take_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError) as raised, Recorder(tmp_path / "file" / "x", runs.header()):
        pass
    assert raised.value.code == "record.unwritable"


def test_a_full_disk_is_an_error_and_not_a_good_run(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").symlink_to("/dev/full")
    recorder = Recorder(tmp_path, runs.header())
    with pytest.raises(HarnessError, match="No space left") as raised, recorder:
        recorder.write(Note("c", 0.0, "n"))
    assert raised.value.code == "record.unwritable"


def test_a_recorder_out_of_its_block_refuses() -> None:
    recorder = Recorder(Path("nowhere"), runs.header())
    with pytest.raises(RuntimeError):
        recorder.write(Note("c", 0.0, "n"))
    with pytest.raises(RuntimeError):
        _ = recorder.footer


def test_stale_entries_reach_the_footer(tmp_path: Path) -> None:
    with Recorder(tmp_path, runs.header()) as recorder:
        recorder.set_stale(["a", "b"])
    assert recorder.footer.stale == ("a", "b")


def test_several_data_errors_become_one() -> None:
    from harness.errors import DataErrors

    told = RunError.of(DataErrors([DataError("a", "one"), DataError("b", "two")]))
    assert told == RunError("data.several", "one; two", "", 2)
