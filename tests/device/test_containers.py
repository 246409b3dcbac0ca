"""Containers: whose they are, what they print, how they end, what is said when one cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.device import load_device
from harness.device.container.engine import connect
from harness.device.container.images import image_of
from harness.device.container.kept import KeptContainer
from harness.device.container.labels import OWNER, is_left, own_name, remove, remove_left, remove_of
from harness.device.container.stream import Output, is_ending, wait_status
from harness.device.description.launch import ContainerLaunch
from harness.device.lease import death_of
from harness.device.log import DeviceLog
from harness.device.machine import enter_container
from harness.errors import DataError, DeviceError
from tests.device.bench import PATIENCE, PEERS, opened, processes_of, run
from tests.device.engine import require_engine, require_image

DEAD = "4194303"  # a number that Linux gives to no process
PEER = """\
title: one
role: {role}
launch:
  container:
    command: daemon --listen ${{address}}{words}
{keys}
"""


def device(folder: Path, keys: str, *, role: str = "lns", words: str = "") -> Any:
    text = "\n".join(f"    {line}" for line in keys.splitlines())
    (folder / "peer.yaml").write_text(PEER.format(role=role, words=words, keys=text))
    return load_device(folder).launch


# Reading peer.yaml


def test_a_container_is_published_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert device(tmp_path, "image: one").published
    assert not device(tmp_path, "image: one\nnetwork: host").published
    assert not device(tmp_path, "image: one\nnamespace: {}").published


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
        device(tmp_path, keys, words=words)
    assert caught.value.place is not None
    assert (caught.value.code, caught.value.place.line) == (code, line), caught.value


def test_a_container_that_dials_needs_a_way_out(tmp_path: Path) -> None:
    words = " ${peer_address}"
    assert device(tmp_path, "image: one\nnetwork: host", role="lac", words=words).host
    assert device(tmp_path, "image: one\nnamespace: {}", role="lac", words=words).namespace


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


# With a real engine


@pytest.fixture(scope="module")
def image() -> str:
    return require_image("xl2tpd-lns")


@pytest.fixture
def client() -> Iterator[Any]:
    with contextlib.closing(require_engine()) as client:
        yield client


def made(client: Any, image: str, labels: dict[str, str]) -> str:
    container = client.create_container(
        image, command=["sleep", "600"], labels=labels, network_disabled=True
    )
    client.start(container["Id"])
    return str(container["Id"])


def exists(client: Any, container: str) -> bool:
    return any(one["Id"] == container for one in client.containers(all=True))


def await_gone(client: Any, container: str) -> None:
    """Wait until it is gone: another run of the harness may be about to remove it."""
    deadline = time.monotonic() + PATIENCE
    while exists(client, container):
        assert time.monotonic() < deadline
        time.sleep(0.05)  # the engine tells nobody of this; the deadline bounds it


def test_only_what_ended_runs_left_is_removed(image: str, client: Any) -> None:
    boot, namespace, _, began = own_name().split("/")
    left = made(client, image, {OWNER: f"{boot}/{namespace}/{DEAD}/{began}"})
    mine = made(client, image, {OWNER: own_name()})
    other = made(client, image, {"some": "label"})
    try:
        remove_left(client)
        await_gone(client, left)
        assert exists(client, mine)
        assert exists(client, other)
        remove_of(client, own_name())
        assert not exists(client, mine)
        assert exists(client, other)
    finally:
        for one in (left, mine, other):
            remove(client, one)


def test_an_image_that_is_nowhere(image: str, client: Any, tmp_path: Path) -> None:
    launch = device(tmp_path, "image: l2tp-harness/there-is-none:1")
    with pytest.raises(DeviceError, match="not here and cannot be pulled") as caught:
        image_of(client, load_device(tmp_path), launch)
    assert caught.value.code == "device.no-image"


def test_a_build_that_fails_says_what_it_said(image: str, client: Any, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nRUN echo the reason; exit 7\n")
    launch = device(tmp_path, f"build: .\nbase: {image}")
    with pytest.raises(DeviceError) as caught:
        image_of(client, load_device(tmp_path), launch)
    assert "7" in caught.value.cause
    assert "the reason" in caught.value.hint


def containerized(**overrides: str) -> Any:
    given = {f"launch.container.{key}": value for key, value in overrides.items()}
    return load_device(PEERS / "xl2tpd-lns", given).launched("container")


def of_this_run(client: Any) -> Any:
    """The only container that this process has."""
    (shown,) = client.containers(filters={"label": f"{OWNER}={own_name()}"})
    return shown


@pytest.mark.parametrize("network", ["host", "published"])
def test_a_lease_with_a_container_of_its_own(image: str, client: Any, network: str) -> None:
    async def main() -> None:
        async with opened(containerized(network=network, fresh="true")) as runner:
            assert runner.isolation == "containers"
            lease = await runner.lease("a-case", None)
            assert lease.address[0].startswith("127.")
            assert any("Listening on IP address" in line for line in lease.log())
            assert await lease.examine() is None
            await lease.action("restart", {})
            assert await lease.examine() is None
            shown = of_this_run(client)
            assert shown["Labels"]["l2tp-harness.case"] == "a-case"
            if network == "published":
                (port,) = shown["Ports"]
                assert (port["IP"], port["PublicPort"]) == lease.address
            work = lease.work
            await runner.release(lease)
            assert client.containers(all=True, filters={"label": f"{OWNER}={own_name()}"}) == []
            assert not work.exists()

    run(main())


def test_leases_in_the_container_of_the_run(image: str, client: Any) -> None:
    async def main() -> None:
        async with opened(containerized()) as runner:
            assert runner.isolation == "container"
            first, second = [await runner.lease(name, None) for name in ("one", "two")]
            assert first.address != second.address
            assert first.house == second.house == of_this_run(client)["Id"]
            assert (await first.examine(), await second.examine()) == (None, None)
            assert (first.vitals().memory or 0) > 0
            await first.action("restart", {})
            assert any("Listening on IP address" in line for line in first.log())
            work = first.work
            assert processes_of(str(work))
            await runner.release(first)
            assert not processes_of(str(work))
            assert not work.exists()
            assert await second.examine() is None
        assert client.containers(all=True, filters={"label": f"{OWNER}={own_name()}"}) == []

    run(main())


SEEN = """\
#!/bin/sh
exec 2>&1
echo user: $(id)
echo umask: $(umask)
grep -E 'CapBnd|CapEff|CapPrm|NoNewPrivs' /proc/self/status
echo groups: $(cut -d: -f2,3 /proc/self/cgroup | sed 's/[0-9a-f]\\{64\\}/ID/')
echo system: $(cat /etc/os-release | head -1) $(ls / /dev | tr '\\n' ' ')
echo limits: $(tail -n +2 /proc/self/limits | grep -v core | tr -s ' ' | cut -d' ' -f2-6)
echo hidden: $(head -c 1 /proc/kcore | wc -c) $(ls /proc/acpi 2>/dev/null | wc -l)
echo protected: $(echo 1 2>&1 >/proc/sys/kernel/panic | sed 's/.*: //')
test -w /sys/kernel || echo and /sys
echo links: $(ls /sys/class/net | grep -v veth)
echo others: $(ls /proc | grep -c '^[0-9]')
echo environment: $(env | cut -d= -f1 | grep -E 'PATH|WORD|L2TP_HARNESS_REQUIRE|VIRTUAL_ENV' | sort)
echo that is all
exec sleep 60
"""


def seen(folder: Path, image: str, *keys: str) -> list[str]:
    """What a program sees around itself in a container."""
    (folder / "look.j2").write_text(SEEN)
    words = [f"image: {image}", "config: [look.j2]", "ready: that is all", *keys]
    text = "\n".join(f"    {line}" for line in (*words, "environment: {WORD: one}"))
    peer = PEER.format(role="lns", words="", keys=text)
    peer = peer.replace("daemon --listen ${address}", "/bin/sh ${work}/look")
    (folder / "peer.yaml").write_text(peer)

    async def main() -> list[str]:
        async with opened(load_device(folder)) as runner:
            lease = await runner.lease("a-case", None)
            await lease.examine()
            return list(lease.log())

    return run(main())


@pytest.mark.parametrize(
    "keys",
    [
        ("network: host",),
        ("namespace: {}", "capabilities: [NET_ADMIN]", "devices: [/dev/net/tun]"),
    ],
)
def test_a_program_sees_the_same_in_either_container(
    image: str, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L2TP_HARNESS_REQUIRE", "a variable of this machine")
    own = seen(tmp_path, image, "fresh: true", *keys)
    kept = seen(tmp_path, image, *keys)
    assert own[-1] == "that is all"
    assert "environment: PATH WORD" in own
    # there is one process more in a container of its own: the first one
    assert [one for one in kept if "others" not in one] == [
        one for one in own if "others" not in one
    ]


def test_a_container_that_ends_is_made_again(image: str, client: Any) -> None:
    async def main() -> None:
        async with opened(containerized()) as runner:
            lease = await runner.lease("a-case", None)
            remove(client, lease.house)
            async with asyncio.timeout(PATIENCE):
                while lease.death() is None:
                    await asyncio.sleep(0.02)
            death = lease.death()
            assert death is not None
            assert (death.house, death.crashed) == (lease.house, True)
            assert "which has ended" in death.reason
            await runner.release(lease)
            await runner.revive(death.house)
            again = await runner.lease("a-case", None)
            assert again.house == of_this_run(client)["Id"] != death.house
            assert await again.examine() is None

    run(main())


def test_where_it_cannot_be_entered_each_case_has_a_container(
    image: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_kept: KeptContainer) -> str:
        return "it is elsewhere"

    monkeypatch.setattr(KeptContainer, "open", refuse)

    async def main() -> None:
        async with opened(containerized()) as runner:
            assert runner.isolation == "containers"
            lease = await runner.lease("a-case", None)
            assert of_this_run(client)["Labels"]["l2tp-harness.case"] == "a-case"
            assert lease.house == ""

    run(main())


def test_what_is_no_process_of_the_container_is_not_entered() -> None:
    settings = {"process": os.getpid(), "mark": "NOTHING=0", "environment": {}}
    with pytest.raises(OSError, match="not those that are seen here"):
        enter_container.Container(settings)


@pytest.mark.parametrize("fresh", ["false", "true"])
def test_a_crash_is_seen(image: str, fresh: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(containerized(fresh=fresh, core="true")) as runner:
            lease = await runner.lease("a-case", None)
            (process,) = [one for one in processes_of(str(lease.work)) if is_device(one)]
            handle = os.pidfd_open(process)
            os.kill(process, signal.SIGSEGV)
            assert select.select([handle], [], [], PATIENCE)[0]  # it is dead; who knows of it?
            os.close(handle)
            death = await lease.examine()
            assert death is not None
            assert death.reason == "killed by signal 11 (SIGSEGV)"
            assert death.crashed
            assert death.house == ""
            told = await lease.autopsy(tmp_path)
            if Path("/proc/sys/kernel/core_pattern").read_text().strip() == "core":
                assert told[0].startswith("core dump: ")
                assert list(tmp_path.glob("*.core"))

    run(main())


def is_device(process: int) -> bool:
    """Whether this is the program itself, and none that sees to it."""
    return Path(f"/proc/{process}/comm").read_text().strip() == "xl2tpd"


def test_a_port_that_another_container_has(image: str) -> None:
    async def main() -> None:
        published = containerized(network="published")
        async with opened(published) as runner:
            first = await runner.lease("a-case", None)
            address = first.address[0]
            given = {"launch.container.network": "published", "ixit.address": address}
            again = load_device(PEERS / "xl2tpd-lns", given).launched("container")
            async with opened(again) as other:
                with pytest.raises(DeviceError) as caught:
                    await other.lease("a-case", None)
            assert caught.value.code == "device.port-taken"
            assert address in caught.value.cause

    run(main())


def test_launches_are_what_they_say() -> None:
    assert isinstance(containerized().launch, ContainerLaunch)
