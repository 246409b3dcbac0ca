"""Programs in a guest: how they start, what is told of their ends, and that nothing stays."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.box import Box, Order
from harness.device.log import DeviceLog
from harness.device.machine.keeper_answers import Child
from harness.device.process_lease import ProcessLease
from harness.errors import DeviceError
from tests.device.bench import missing, opened, require_namespaces, require_program

PEER = """
title: one
role: lns
launch:
  uml:
    command: sh -c "echo it serves; exec tail -f /dev/null"
    ready: it serves
"""
PATIENCE = 120.0
SLEEPERS = "cat /proc/[0-9]*/comm | grep --count --line-regexp sleep"


@pytest.fixture
def in_a_box(tmp_path: Path) -> Callable[[Callable[[Box, Path], Awaitable[None]]], None]:
    """Does something with a box in a guest that was booted for it."""
    require_program("linux.uml")
    if os.geteuid() != 0:
        missing("guests need root")
    require_namespaces()
    (tmp_path / "peer.yaml").write_text(PEER)

    def do(what: Callable[[Box, Path], Awaitable[None]]) -> None:
        async def main() -> None:
            async with opened(load_device(tmp_path)) as runner:
                lease = await runner.lease("a case", None)
                assert isinstance(lease, ProcessLease)
                assert runner.work is not None
                await what(lease.box, runner.work)
                await runner.release(lease)

        asyncio.run(asyncio.wait_for(main(), PATIENCE))

    return do


async def started(box: Box, folder: Path, script: str) -> tuple[Child, DeviceLog]:
    """A script that runs in a box."""
    argv = ("sh", "-c", script)
    order = Order(argv=argv, address=("", 0), folder=folder, environment={"ONE": "1"})
    child, log = await box.run(order)
    await child.started
    return child, log


async def printed(box: Box, folder: Path, script: str) -> list[str]:
    """What a script printed by its end."""
    child, log = await started(box, folder, script)
    await child.ended
    return list(log.lines())


def test_what_a_program_finds(in_a_box: Callable[..., None]) -> None:
    async def look(box: Box, folder: Path) -> None:
        script = (
            "pwd; echo $ONE; ls /sys/class/net; ulimit -c; cat; grep -c shared: /proc/1/mountinfo"
        )
        lines = await printed(box, folder, script)
        # its folder, its environment, its own links and no others, no core dump, nothing to read,
        # and no mount of its own that others would see
        assert lines == [str(folder), "1", "eth0", "lo", "0", "0"]

    in_a_box(look)


def test_how_a_program_ended(in_a_box: Callable[..., None]) -> None:
    ends = {"exit 7": 7 << 8, "kill -SEGV $$": signal.SIGSEGV, "kill -INT $$": signal.SIGINT}

    async def look(box: Box, folder: Path) -> None:
        for script, status in ends.items():
            child, _ = await started(box, folder, script)
            assert await child.died == status, script
            await child.ended

    in_a_box(look)


def test_nothing_stays_of_a_program(in_a_box: Callable[..., None]) -> None:
    strays = "for one in 1 2 3; do setsid sleep 300 & done; echo up;"

    async def look(box: Box, folder: Path) -> None:
        # it ends by itself, and what it has left behind with it
        until = f"until {SLEEPERS} | grep 3; do :; done"
        assert await printed(box, folder, f"{strays} {until}") == ["up", "3"]
        assert await printed(box, folder, SLEEPERS) == ["0"]
        # it is killed
        child, log = await started(box, folder, f"{strays} exec sleep 300")
        await log.await_match(re.compile("up"))
        await box.kill(child)
        assert await child.died == signal.SIGKILL
        await child.ended
        assert await printed(box, folder, SLEEPERS) == ["0"]

    in_a_box(look)


def test_a_program_that_cannot_be_started(in_a_box: Callable[..., None]) -> None:
    async def look(box: Box, folder: Path) -> None:
        broken = folder / "broken"
        broken.write_text("#!/nowhere\n")
        broken.chmod(0o755)
        order = Order(argv=(str(broken),), address=("", 0), folder=folder, environment={})
        child, _ = await box.run(order)
        with pytest.raises(DeviceError, match=r"cannot run .*broken: No such file") as caught:
            await child.started
        assert caught.value.code == "device.start"
        await child.ended
        # the box is as it was
        assert await printed(box, folder, "pwd; ls /sys/class/net") == [str(folder), "eth0", "lo"]

    in_a_box(look)


def test_a_line_for_a_fifo(in_a_box: Callable[..., None]) -> None:
    async def look(box: Box, folder: Path) -> None:
        fifo = folder / "control"
        # a reader that opens it anew may find the end of the line before
        reads = "while :; do read -r line < control && echo $line; done"
        child, log = await started(box, folder, f"mkfifo control; echo made; {reads}")
        await log.await_match(re.compile("made"))
        for number in range(5):
            await box.control(fifo, f"line {number}", 10.0)
        with pytest.raises(DeviceError, match="No such file or directory"):
            await box.control(folder / "none", "line", 10.0)
        await box.kill(child)
        await child.ended
        assert log.lines() == ("made", *(f"line {number}" for number in range(5)))
        with pytest.raises(DeviceError, match="does not read it"):
            await box.control(fifo, "line", 0.05)

    in_a_box(look)
