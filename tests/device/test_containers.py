"""Containers of a real engine: which are removed, what a lease is in one, how they end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import select
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.device import load_device
from harness.device.container.images import image_of
from harness.device.container.kept import KeptContainer
from harness.device.container.labels import OWNER, own_name, remove, remove_left, remove_of
from harness.device.description.launch import ContainerLaunch
from harness.device.machine import enter_container
from harness.errors import DeviceError
from tests.device.bench import PATIENCE, PEERS, opened, processes_of, run
from tests.device.engine import DEAD, PEER, launch_in, require_engine, require_image
from tests.polling import await_true

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
    await_true(lambda: not exists(client, container))


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
    launch = launch_in(tmp_path, "image: l2tp-harness/there-is-none:1")
    with pytest.raises(DeviceError, match="not here and cannot be pulled") as caught:
        image_of(client, load_device(tmp_path), launch)
    assert caught.value.code == "device.no-image"


def test_a_build_that_fails_says_what_it_said(image: str, client: Any, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {image}\nRUN echo the reason; echo red >&2; exit 7\n"
    )
    launch = launch_in(tmp_path, f"build: .\nbase: {image}")
    with pytest.raises(DeviceError) as caught:
        image_of(client, load_device(tmp_path), launch)
    assert "7" in caught.value.cause
    words = caught.value.hint.removeprefix("it said: ").split("\n    ")
    assert {"the reason", "red"} <= set(words)  # the engine colours what came on stderr


def test_an_image_with_a_name_of_ones_own_follows_its_dockerfile(
    image: str, client: Any, tmp_path: Path
) -> None:
    name = f"l2tp-harness/t-{tmp_path.name}:1".lower().replace("_", "-")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.touch()
    launch = launch_in(tmp_path, f"build: .\nimage: {name}\nbase: {image}")

    made: set[str] = set()

    def built(word: str) -> str:
        dockerfile.write_text(f"FROM {image}\nLABEL word={word}\n")
        image_of(client, load_device(tmp_path), launch)
        shown = client.inspect_image(name)
        made.add(shown["Id"])
        return str((shown["Config"]["Labels"] or {}).get("word"))

    try:
        assert [built("one"), built("two")] == ["one", "two"]
        # what somebody else has made under that name stays
        with io.BytesIO() as nothing:
            tarfile.open(fileobj=nothing, mode="w").close()
            client.import_image_from_data(nothing.getvalue(), *name.split(":"))
        assert built("three") == "None"
    finally:
        for one in made:
            client.remove_image(one, force=True)


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
            assert (runner.isolation, runner.remarks) == ("container", ())
            first, second = [await runner.lease(name, None) for name in ("one", "two")]
            assert first.address != second.address
            assert first.house == second.house == of_this_run(client)["Id"]
            assert (await first.examine(), await second.examine()) == (None, None)
            assert (first.vitals().memory or 0) > 0
            assert first.starved() is not None
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
            (remark,) = runner.remarks
            assert remark.startswith("each case has a container of its own")
            assert remark.endswith(": it is elsewhere")
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
