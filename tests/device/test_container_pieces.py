"""Containers, without an engine: whose they are, what they print, how they end, what is said."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from harness.device.container.engine import connect
from harness.device.container.labels import OWNER, is_left, own_name
from harness.device.container.stream import Output, is_ending, wait_status
from harness.device.lease import death_of
from harness.device.log import DeviceLog
from harness.errors import DataError, DeviceError
from tests.device.bench import run
from tests.device.engine import DEAD, launch_in

# Reading peer.yaml


def test_a_container_is_published_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert launch_in(tmp_path, "image: one").published
    assert not launch_in(tmp_path, "image: one\nnetwork: host").published
    assert not launch_in(tmp_path, "image: one\nnamespace: {}").published


@pytest.mark.parametrize(
    ("keys", "words", "code", "line"),
    [
        ("ready: x", "", "device.image", 5),
        ("build: .", "", "device.no-file", 6),
        ("image: one\nnetwork: hots", "", "data.unknown-network", 7),
        ("image: one\nnetwork: host\nnamespace: {}", "", "device.network", 7),
        ("image: one\ncapabilitys: []", "", "data.unknown-key", 7),
        ("image: one", " ${binary}", "device.unknown-name", 5),
        ("image: one", " ${peer_address}", "device.network", 5),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, keys: str, words: str, code: str, line: int) -> None:
    with pytest.raises(DataError) as caught:
        launch_in(tmp_path, keys, words=words)
    assert caught.value.place is not None
    assert (caught.value.code, caught.value.place.line) == (code, line), caught.value


def test_a_container_that_dials_needs_a_way_out(tmp_path: Path) -> None:
    words = " ${peer_address}"
    assert launch_in(tmp_path, "image: one\nnetwork: host", role="lac", words=words).host
    assert launch_in(tmp_path, "image: one\nnamespace: {}", role="lac", words=words).namespace


# Whose a container is


def test_what_a_run_left_is_told_from_what_is_in_use() -> None:
    boot, namespace, process, began = own_name().split("/")
    assert not is_left({OWNER: own_name()}, running=True)
    assert is_left({OWNER: f"{boot}/{namespace}/{DEAD}/{began}"}, running=True)
    # the number has been given to another process since
    assert is_left({OWNER: f"{boot}/{namespace}/{process}/1"}, running=True)
    # another PID namespace, in which the process may well live
    assert not is_left({OWNER: f"{boot}/1/{DEAD}/{began}"}, running=True)
    # before the last boot: what runs now was started by somebody else
    assert is_left({OWNER: f"other/{namespace}/{DEAD}/{began}"}, running=False)
    assert not is_left({OWNER: f"other/{namespace}/{DEAD}/{began}"}, running=True)
    assert not is_left({}, running=False)
    assert not is_left({OWNER: "nonsense"}, running=False)


# What it prints


@pytest.mark.parametrize("piece", [1, 3, 8, 1000])
def test_frames_of_output_are_joined(piece: int) -> None:
    sent = b"".join(
        bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text
        for stream, text in [(1, b"one "), (2, b"line\nand "), (1, b""), (1, b"another\n")]
    )

    async def main() -> None:
        ours, theirs = socket.socketpair()
        log = DeviceLog()
        output = Output(ours, log)

        async def status() -> int:
            return 139

        output.when_ended(status)
        for start in range(0, len(sent), piece):
            theirs.send(sent[start : start + piece])
            await asyncio.sleep(0)
        theirs.close()
        assert await output.child.died == 139
        assert log.lines() == ("one line", "and another")

    run(main())


def test_given_up_output_tells_whoever_waits() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        output = Output(ours, DeviceLog())

        async def never() -> int:
            await asyncio.get_running_loop().create_future()
            return 0

        output.when_ended(never)
        output.close()
        with pytest.raises(DeviceError, match="given up"):
            await output.child.died
        theirs.close()

    run(main())


def test_exit_codes_are_wait_statuses() -> None:
    assert death_of(wait_status(0), ()).reason == "exited with status 0"
    assert death_of(wait_status(3), ()).reason == "exited with status 3"
    crash = death_of(wait_status(128 + signal.SIGSEGV), ())
    assert (crash.crashed, crash.reason) == (True, "killed by signal 11 (SIGSEGV)")


def test_a_process_that_is_ending() -> None:
    assert is_ending(int(DEAD))
    assert not is_ending(1) or os.getpid() == 1  # it has children that live, or cannot be seen


# What is said


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    with pytest.raises(DeviceError) as caught:
        connect()
    assert caught.value.code == "device.no-engine"
    assert "make devices" in caught.value.hint


def test_an_engine_that_is_not_listening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(f"{tmp_path}/socket")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/socket")
        with pytest.raises(DeviceError) as caught:
            connect()
    assert caught.value.code == "device.no-engine"


def test_an_engine_that_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(DeviceError) as caught:
        connect()
    assert caught.value.code == "device.no-permission"
    assert "group docker" in caught.value.hint
