"""A process device that does not start, or starts late: each is told apart, and leaves nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from harness.device import LoopbackAddresses, ProcessLaunch, ProcessRunner, load_device
from harness.device.needs import find_program
from harness.errors import DeviceError
from harness.peer.udp import UdpNetwork
from tests.device.bench import PEERS, answer, fake, opened, processes_of, run


@pytest.mark.parametrize("ahead", [{}, {"launch__process__ahead": "1"}])
def test_cancelling_a_start_leaves_nothing(ahead: dict[str, str]) -> None:
    device = fake("never-ready", launch__process__ready_within="60s", **ahead)

    async def main() -> None:
        async with opened(device) as runner:
            starting = asyncio.ensure_future(runner.lease("case", None))
            while not processes_of(f"{runner.work}/"):
                await asyncio.sleep(0)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            assert processes_of(f"{runner.work}/") == []

    run(main())


def test_never_ready() -> None:
    async def main() -> None:
        async with opened(fake("never-ready")) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.lease("case", None)
            assert caught.value.code == "device.not-ready"
            assert "within 0.2 s" in caught.value.cause
            assert "still thinking" in caught.value.hint
            assert processes_of(f"{runner.work}/") == []

    run(main())


def test_never_binds() -> None:
    async def main() -> None:
        device = fake("never-ready", launch__process__ready="")
        async with opened(device) as runner:
            with pytest.raises(DeviceError, match="it had not bound UDP 127"):
                await runner.lease("case", None)

    run(main())


def test_exits_at_once() -> None:
    async def main() -> None:
        async with opened(fake("exits")) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.lease("case", None)
            assert caught.value.code == "device.died-early"
            assert "exited with status 3 before it was ready" in caught.value.cause
            assert "no such luck" in caught.value.hint

    run(main())


def test_place_of_one_that_did_not_start_is_given_back() -> None:
    async def main() -> None:
        async with opened(fake("exits", launch__process__at_once="1")) as runner:
            for _ in range(3):
                with pytest.raises(DeviceError, match="exited with status 3"):
                    await runner.lease("case", None)

    run(main())


async def ahead_of(runner: ProcessRunner, number: int) -> list[int]:
    """The processes that were started ahead, once there are so many."""
    while len(found := processes_of(f"{runner.work}/ahead-")) < number:
        await asyncio.sleep(0)
    return found


def test_instances_are_started_ahead() -> None:
    device = fake("silent", launch__process__ahead="2", configurations="{other: {port: 1702}}")

    async def main() -> None:
        async with opened(device) as runner:
            assert processes_of(f"{runner.work}/") == []
            first = await runner.lease("first", None)
            waiting = await ahead_of(runner, 2)
            second = await runner.lease("second", None)
            assert Path(second.work).name.startswith("ahead-")
            assert await answer(runner, second.address, b"hello") == b"hello"
            assert first.address != second.address
            other = await runner.lease("other", None, "other")
            assert other.address[1] == 1702
            assert not Path(other.work).name.startswith("ahead-")
            assert set(await ahead_of(runner, 3)) > set(waiting)
            await runner.release(second)
            assert processes_of(str(second.work)) == []
            work = runner.work
        assert processes_of(f"{work}/") == []

    run(main())


def test_instance_that_died_before_its_case() -> None:
    device = fake("silent", launch__process__ahead="1")

    async def main() -> None:
        async with opened(device) as runner:
            await runner.lease("first", None)
            (waiting,) = await ahead_of(runner, 1)
            lease = await runner.lease("second", None)
            (next_one,) = set(await ahead_of(runner, 2)) - {waiting}
            os.kill(next_one, signal.SIGKILL)
            while next_one in processes_of(f"{runner.work}/ahead-"):
                await asyncio.sleep(0)  # a signal takes its time on a busy machine
            with pytest.raises(DeviceError) as caught:
                await runner.lease("third", None)
            assert caught.value.code == "device.died-early"
            assert lease.death() is None
            assert await answer(runner, (await runner.lease("fourth", None)).address, b"?") == b"?"

    run(main())


def test_taken_port() -> None:
    addresses = LoopbackAddresses()
    address = addresses.take()

    async def main() -> None:
        holder = await UdpNetwork().open(lambda _data, _source: None, address, 1701)
        async with opened(fake("silent", ixit__address=address)) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.lease("case", None)
            assert caught.value.code == "device.port-taken"
            assert "ss -lunp" in caught.value.hint
            holder.close()

    run(main())
    addresses.close()


def test_a_program_that_others_may_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pppd-of-others").write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    launch = load_device(PEERS / "xl2tpd-lns").launch
    assert isinstance(launch, ProcessLaunch)
    with pytest.raises(DeviceError, match="pppd-of-others may not be executed by this user"):
        find_program("pppd-of-others", launch)


@pytest.mark.parametrize(
    ("overrides", "code", "words"),
    [
        ({"launch__process__binary": "xl2tqd"}, "device.no-program", "there is no program xl2tqd"),
        ({"launch__process__binary": "./none"}, "device.no-program", "there is no program"),
        ({"launch__process__binary": __file__}, "device.no-program", "is not executable"),
        ({"launch__process__needs__programs": "[slirrp]"}, "device.no-program", "slirrp"),
    ],
)
def test_what_is_missing_is_named(overrides: dict[str, str], code: str, words: str) -> None:
    async def main() -> None:
        with pytest.raises(DeviceError) as caught:
            async with opened(fake("silent", **overrides)):
                raise AssertionError
        assert caught.value.code == code
        assert words in caught.value.cause
        assert caught.value.hint

    run(main())


def test_missing_program_says_how_to_get_it() -> None:
    device = fake(
        "silent",
        launch__process__binary="none",
        launch__process__needs__install="apt-get install it",
    )

    async def main() -> None:
        with pytest.raises(DeviceError) as caught:
            async with opened(device):
                raise AssertionError
        assert caught.value.hint.startswith("apt-get install it")

    run(main())


def test_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    async def main() -> None:
        with pytest.raises(DeviceError) as caught:
            async with opened(fake("silent", launch__process__needs__root="true")):
                raise AssertionError
        assert caught.value.code == "device.root"
        assert "sudo" in caught.value.hint

    run(main())


def test_file_that_is_no_program(tmp_path: Path) -> None:
    program = tmp_path / "daemon"
    program.write_bytes(b"\x7fELF this is none")
    program.chmod(0o755)

    async def main() -> None:
        async with opened(fake("silent", launch__process__binary=str(program))) as runner:
            with pytest.raises(DeviceError, match="Exec format error"):
                await runner.lease("case", None)

    run(main())
