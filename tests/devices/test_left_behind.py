"""A run that is killed leaves nothing; what it could not clear, the next run does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.device.container.labels import OWNER
from tests.cli.command import PATIENCE, process
from tests.device.bench import missing, processes_of, require_namespaces, require_program
from tests.device.engine import require_engine, require_image
from tests.devices.leftovers import await_ends, processes_below
from tests.polling import await_true

LONG = "5.5-hello/not-expected*"
SHORT = "5.5-hello/acknowledged"


@pytest.fixture
def work() -> Iterator[Path]:
    """Where devices have their folders."""
    with tempfile.TemporaryDirectory(prefix="l2tp-t-") as folder:
        yield Path(folder)


@pytest.fixture
def client() -> Iterator[Any]:
    require_image("xl2tpd-lns")
    with contextlib.closing(require_engine()) as client:
        yield client


@contextlib.contextmanager
def running(
    device: str, work: Path, until: Callable[[subprocess.Popen[bytes]], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """A run of a long case, brought so far that something is true."""
    with process(
        *("run", "--device", device, "--out", work / "out", LONG),
        cwd=work,
        environment={"TMPDIR": str(work)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        try:
            await_true(lambda: until(run) or run.poll() is not None)
            assert run.poll() is None
            yield run
        finally:
            run.kill()


def containers_of(client: Any, run: subprocess.Popen[bytes]) -> list[Any]:
    found = client.containers(all=True, filters={"label": OWNER})
    return [one for one in found if f"/{run.pid}/" in one["Labels"][OWNER]]


def is_up(client: Any, run: subprocess.Popen[bytes]) -> bool:
    return any(one["State"] == "running" for one in containers_of(client, run))


def test_containers_of_a_run_that_is_killed(work: Path, client: Any) -> None:
    with running("xl2tpd-lns:container", work, partial(is_up, client)) as run:
        run.send_signal(signal.SIGKILL)
        run.wait()
        await_true(lambda: not containers_of(client, run))
        await_true(lambda: not list(work.glob("l2tp-*")))


def test_containers_of_a_run_that_is_killed_with_its_watch(work: Path, client: Any) -> None:
    with running("xl2tpd-lns:container", work, partial(is_up, client)) as run:
        (watch,) = [
            one for one in processes_of("harness.device.container.watch") if parent(one) == run.pid
        ]
        os.kill(watch, signal.SIGKILL)
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert containers_of(client, run)
        with process(
            *("run", "--device", "xl2tpd-lns:container", "--out", work / "next", SHORT),
            cwd=work,
            stdout=subprocess.DEVNULL,
        ) as following:
            assert following.wait(PATIENCE) == 0
        assert not containers_of(client, run)
        assert not containers_of(client, following)


CONTAINED = """\
title: An LNS whose image takes long
role: lns
launch: {container: {build: ., base: BASE, command: "sleep 1", ready: up}}
ics: {accepts_tunnel: true}
"""


def test_an_image_under_way_is_not_waited_for(work: Path, client: Any) -> None:
    seconds = f"1000.{os.getpid()}"
    folder = work / "peers" / "slow"
    folder.mkdir(parents=True)
    (folder / "peer.yaml").write_text(CONTAINED.replace("BASE", require_image("xl2tpd-lns")))
    (folder / "Dockerfile").write_text(f"ARG BASE\nFROM ${{BASE}}\nRUN sleep {seconds}\n")

    def builds(_run: object) -> bool:
        return any(words[:1] == ["sleep"] for words in command_lines(seconds))

    with running(str(folder), work, builds) as run:
        run.send_signal(signal.SIGTERM)
        assert run.wait(PATIENCE) == 3
    await_true(lambda: not command_lines(seconds))


def parent(one: int) -> int:
    status = Path(f"/proc/{one}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_containers_of_a_run_that_is_stopped(
    work: Path, client: Any, number: signal.Signals
) -> None:
    with running("xl2tpd-lns:container", work, partial(is_up, client)) as run:
        run.send_signal(number)
        assert run.wait(PATIENCE) == 3
        assert not containers_of(client, run)
        assert not list(work.glob("l2tp-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_guests_of_a_run_that_is_ended(work: Path, number: signal.Signals) -> None:
    for program in ("linux.uml", "xl2tpd", "pppd"):
        require_program(program)
    if os.geteuid() != 0:
        missing("guests need root")
    require_namespaces()

    def are_up(_run: subprocess.Popen[bytes]) -> bool:
        return bool(list(work.glob("l2tp-*/*/control")))

    with running("uml-xl2tpd-lns", work, are_up) as run:
        guests = processes_below(work)
        assert any("linux.uml" in each for each in guests.values())
        run.send_signal(number)
        run.wait(PATIENCE)
        assert await_ends(guests) == {}
        await_true(lambda: not list(work.glob("l2tp-*")))


BOX = """\
title: A box that a command dials
role: lac
launch: {external: {address: 127.57.0.1}}
ics: {initiates_tunnel: true}
ixit: {port: 1701, secret: secret}
actions:
  dial: {command: "sh -c 'sleep SECONDS; echo it goes on'", within: 2000s}
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_for_a_box_ends_with_its_children(work: Path, how: signal.Signals) -> None:
    """The shell dies with the harness, and so does what the shell has started."""
    seconds = f"1000.{os.getpid()}{how.value}"
    folder = work / "peers" / "box"
    folder.mkdir(parents=True)
    (folder / "peer.yaml").write_text(BOX.replace("SECONDS", seconds))

    def slept(_run: object = None) -> bool:
        return any(words[:1] == ["sleep"] for words in command_lines(seconds))

    with running(str(folder), work, slept) as run:
        os.kill(run.pid, how)
        run.wait(PATIENCE)
    await_true(lambda: not command_lines(seconds))


def command_lines(word: str) -> list[list[str]]:
    """The command lines of the processes that have a word in it."""
    return [
        (Path("/proc") / str(number) / "cmdline").read_bytes().decode().split("\0")
        for number in processes_of(word)
    ]
