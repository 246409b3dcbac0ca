"""A process device: brought up, acted on, ended; and what a misbehaving one comes to."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from harness.device import LoopbackAddresses, ProcessRunner
from harness.errors import DeviceError
from harness.peer.udp import UdpNetwork
from tests.device.bench import answer, fake, opened, processes_of, run


def test_device_serves_and_leaves_nothing() -> None:
    async def main() -> None:
        async with opened(fake("family")) as runner:
            lease = await runner.lease("4.1/some case[avp=host_name]", None)
            address = lease.address[0]
            assert await answer(runner, lease.address, b"hello") == b"hello"
            assert len(processes_of(address)) == 5
            assert lease.death() is None
            await runner.release(lease)
            assert processes_of(address) == []
            assert lease.death() is None

    run(main())


def test_close_ends_what_was_not_released() -> None:
    async def main() -> list[str]:
        async with opened(fake("family")) as runner:
            leases = [await runner.lease(f"case {number}", None) for number in range(3)]
            return [lease.address[0] for lease in leases]

    addresses = run(main())
    assert len(set(addresses)) == 3
    assert [processes_of(address) for address in addresses] == [[], [], []]


def test_work_folder_is_removed() -> None:
    async def main() -> Path:
        async with opened(fake("silent")) as runner:
            lease = await runner.lease("case", None)
            (process,) = processes_of(lease.address[0])
            assert Path(f"/proc/{process}/cwd").readlink() == lease.work
            await runner.release(lease)
            assert not lease.work.exists()
            assert lease.work.parent.is_dir()
            return lease.work.parent

    assert not run(main()).exists()


def test_no_core_and_no_controlling_terminal() -> None:
    async def main() -> tuple[str, ...]:
        async with opened(fake("crashes")) as runner:
            lease = await runner.lease("case", None)
            return lease.log()

    assert run(main()) == ("serving",)


def test_ready_without_a_word_when_the_port_is_bound() -> None:
    async def main() -> bytes:
        async with opened(fake("silent")) as runner:
            lease = await runner.lease("case", None)
            return await answer(runner, lease.address, b"echo")

    assert run(main()) == b"echo"


def test_crash_is_told_from_an_exit() -> None:
    async def main() -> None:
        async with opened(fake("crashes", actions__wake="{signal: USR1}")) as runner:
            lease = await runner.lease("case", None)
            other = await runner.lease("other", None)
            assert await lease.examine() is None
            link = await runner.network.open(lambda _data, _source: None, runner.addresses.take())
            link.send(b"die", lease.address)
            link.close()
            while (death := await lease.examine()) is None:
                continue
            assert death.reason == "killed by signal 11 (SIGSEGV)"
            assert death.crashed
            assert death.log == ("serving",)
            assert await other.examine() is None
            with pytest.raises(DeviceError, match="killed by signal 11"):
                await lease.action("wake", {})
            await runner.release(lease)
            assert lease.death() == death

    run(main())


def test_ignoring_sigterm_does_not_help() -> None:
    async def main() -> None:
        async with opened(fake("stubborn")) as runner:
            lease = await runner.lease("case", None)
            await runner.release(lease)
            assert processes_of(lease.address[0]) == []

    run(main())


def test_flood_neither_blocks_nor_fills_memory() -> None:
    async def main() -> None:
        async with opened(fake("floods")) as runner:
            flooding = [await runner.lease(f"case {number}", None) for number in range(2)]
            quiet = await runner.lease("quiet", None)
            for lease in [*flooding, quiet]:
                lines = lease.log()
                assert len(lines) <= 201
                assert all(len(line) <= 4000 and line.isprintable() for line in lines)
                await runner.release(lease)

    run(main())


def test_fixed_address_is_leased_once_at_a_time() -> None:
    addresses = LoopbackAddresses()
    address = addresses.take()
    device = fake("silent", ixit__address=address, ixit__port="1701")

    async def main() -> None:
        async with opened(device) as runner:
            assert runner.parallel == 1
            first = await runner.lease("first", None)
            assert first.address == (address, 1701)
            second = asyncio.ensure_future(runner.lease("second", None))
            await runner.release(first)
            assert (await second).address == (address, 1701)

    run(main())
    addresses.close()


def test_no_more_at_once_than_peer_yaml_allows() -> None:
    async def main() -> None:
        async with opened(fake("silent", launch__process__at_once="2")) as runner:
            assert runner.parallel == 2
            first, _second = [await runner.lease(f"case {one}", None) for one in range(2)]
            third = asyncio.ensure_future(runner.lease("third", None))
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(processes_of(f"{runner.work}/")) == 2
            await runner.release(first)
            await runner.release(first)
            await third
            fourth = asyncio.ensure_future(runner.lease("fourth", None))
            fourth.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fourth
            await runner.release(await third)
            await runner.release(await runner.lease("fifth", None))

    run(main())


def test_lease_of_a_closed_runner() -> None:
    runner = ProcessRunner(fake("silent"), UdpNetwork(), LoopbackAddresses())

    async def main() -> None:
        with pytest.raises(DeviceError, match="is not open"):
            await runner.lease("case", None)
        await runner.close()

    run(main())


def test_actions() -> None:
    async def main() -> None:
        async with opened(fake("silent")) as runner:
            lease = await runner.lease("case", None)
            await lease.action("true", {})
            await lease.action("say", {"text": "hello there"})
            assert (lease.work / "said").read_text() == "hello there\n"
            with pytest.raises(DeviceError) as caught:
                await lease.action("fail", {})
            assert "exited with status 7" in caught.value.cause
            assert caught.value.hint == "nothing works"
            with pytest.raises(DeviceError, match="took more than"):
                await lease.action("hang", {})
            with pytest.raises(DeviceError) as unknown:
                await lease.action("wakes", {})
            assert unknown.value.code == "device.no-action"
            assert "'wake'" in unknown.value.hint
            await lease.action("wake", {})
            while (death := await lease.examine()) is None:
                continue
            assert death.reason == "killed by signal 10 (SIGUSR1)"

    run(main())


def test_many_at_once() -> None:
    async def main() -> None:
        async with opened(fake("silent")) as runner:
            leases = await asyncio.gather(*(runner.lease(str(one), None) for one in range(30)))
            answers = [
                answer(runner, lease.address, b"%d" % one) for one, lease in enumerate(leases)
            ]
            assert await asyncio.gather(*answers) == [b"%d" % one for one in range(30)]
            await asyncio.gather(*(runner.release(lease) for lease in leases))
            assert processes_of(f"{runner.work}/") == []

    run(main())


def test_a_core_dump_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    async def main() -> tuple[str, ...]:
        async with opened(fake("crashes", launch__process__core="true")) as runner:
            lease = await runner.lease("a/case", None)
            link = await runner.network.open(lambda *_: None, runner.addresses.take())
            link.send(b"x", lease.address)
            while await lease.examine() is None:
                await asyncio.sleep(0.01)
            link.close()
            return await lease.autopsy(tmp_path / "cores")

    lines = run(main())
    kept = list(tmp_path.glob("cores/*.core"))
    if Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/")):
        assert "core" in lines[0]
        return
    assert [path.read_bytes()[:4] for path in kept] == [b"\x7fELF"]
    assert lines[0] == f"core dump: {kept[0]} of {sys.executable}"
    assert len(lines) > 1


def test_the_vital_signs_of_a_process() -> None:
    async def main() -> None:
        async with opened(fake("floods")) as runner:
            lease = await runner.lease("a/case", None)
            while (lease.vitals().log or 0) < 1 << 20:
                await asyncio.sleep(0.01)
            now = lease.vitals()
            if runner.isolation != "user-namespaces":
                assert (now.memory or 0) > 1 << 20
                assert (now.memory_at_first or 0) > 1 << 20
                assert lease.starved() is not None

    run(main())
