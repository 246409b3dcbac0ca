"""The real l2tpns, in network namespaces: up in numbers, acted on, gone without a trace."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.device import ProcessRunner, load_device
from harness.device.process_lease import ProcessLease
from harness.errors import DeviceError
from harness.wire import AVP, challenge_response
from tests.device.bench import PEERS, opened, require_namespaces, require_program, run
from tests.device.test_keeper import parent
from tests.device.test_xl2tpd import (
    ASSIGNED_SESSION,
    CHALLENGE,
    ICCN,
    ICRP,
    ICRQ,
    OCTETS,
    RESPONSE,
    SCCRP,
    SCCRQ,
    STOPCCN,
    Wire,
    number,
    value,
)

RESULT = 1


@pytest.fixture(autouse=True)
def _l2tpns() -> None:
    require_program("l2tpns")
    require_namespaces()


def in_folder(work: Path) -> list[int]:
    """The processes of a lease: nothing in their command line tells them apart."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(work) in (entry / "mountinfo").read_text():
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended
    return found


@asynccontextmanager
async def wired(
    runner: ProcessRunner, configuration: str = "default"
) -> AsyncIterator[tuple[Wire, ProcessLease]]:
    """A fresh l2tpns, and a peer in its network."""
    lease = await runner.lease("case", None, configuration)
    wire = Wire(lease.address)
    wire.link = await lease.network.open(wire.receive, "198.18.0.2")
    try:
        yield wire, lease
        await runner.release(lease)
        assert in_folder(lease.work) == []
    finally:
        wire.link.close()


def test_several_at_once() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns")) as runner:

            async def one() -> bytes | None:
                async with wired(runner) as (wire, lease):
                    wire.begin(SCCRQ)
                    sccrp = await wire.hear(SCCRP)
                    assert await lease.examine() is None
                    return value(sccrp, 7)

            assert await asyncio.gather(*(one() for _ in range(6))) == [b"iut"] * 6

    run(main())


@pytest.mark.parametrize("configuration", ["default", "no-secret"])
def test_configurations(configuration: str) -> None:
    async def main() -> None:
        async with (
            opened(load_device(PEERS / "l2tpns")) as runner,
            wired(runner, configuration) as (wire, _lease),
        ):
            sccrp = await wire.establish(AVP(CHALLENGE, OCTETS))
            expected = challenge_response(SCCRP, b"secret", OCTETS)
            assert value(sccrp, RESPONSE) == (expected if configuration == "default" else None)
            assert value(sccrp, CHALLENGE) is None

    run(main())


def test_call_comes_up() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns")) as runner, wired(runner) as (wire, _lease):
            await wire.establish()
            wire.say(ICRQ, AVP(ASSIGNED_SESSION, number(5)), AVP(15, b"\0\0\0\1"))
            icrp = await wire.hear(ICRP)
            session = int.from_bytes(value(icrp, ASSIGNED_SESSION) or b"", "big")
            wire.say(ICCN, AVP(24, b"\0\0\xff\xff"), AVP(19, b"\0\0\0\1"), session=session)
            frame = await wire.arrived.get()
            assert frame.header.session_id == 5
            assert frame.payload[:5].hex() == "ff03c02101"  # it begins with LCP

    run(main())


@pytest.mark.parametrize(("action", "result"), [("close", 1), ("shutdown", 6)])
def test_tunnel_is_closed_when_told(action: str, result: int) -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns")) as runner, wired(runner) as (wire, lease):
            await wire.establish()
            await lease.action(action, {"tunnel_id": str(wire.tunnel)})
            assert (value(await wire.hear(STOPCCN), RESULT) or b"")[:2] == number(result)
            if action == "close":
                with pytest.raises(DeviceError, match="exited with status 1"):
                    await lease.action(action, {"tunnel_id": "77"})
                return
            while (death := await lease.examine()) is None:
                continue
            assert death.reason == "exited with status 0"
            assert not death.crashed

    run(main())


def test_death_is_seen() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns")) as runner, wired(runner) as (_wire, lease):
            found = in_folder(lease.work)
            (process,) = [one for one in found if parent(one) not in found]
            os.kill(process, signal.SIGSEGV)
            while (death := await lease.examine()) is None:
                continue
            assert death.reason == "killed by signal 11 (SIGSEGV)"
            assert death.crashed

    run(main())


def test_starts_again() -> None:
    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns")) as runner, wired(runner) as (wire, lease):
            await wire.establish()
            await lease.action("restart", {})
            again = Wire(lease.address)
            again.link = await lease.network.open(again.receive, "198.18.0.3")
            await again.establish()
            again.link.close()

    run(main())


def test_folder_that_is_not_there_is_one_clear_error() -> None:
    overrides = {"launch.process.stand_ins": "{/etc/l2tpns-of-nobody: /tmp}"}

    async def main() -> None:
        async with opened(load_device(PEERS / "l2tpns", overrides)) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.lease("case", None)
            assert "cannot mount over /etc/l2tpns-of-nobody" in caught.value.cause

    run(main())
