"""The reference peers against programs that nobody here wrote, seen by tcpdump, read by tshark.

xl2tpd's LAC dials the reference LNS; the reference LAC dials xl2tpd and l2tpns. tshark has not one
remark about any packet, and the monitors find nothing on our side, not even what would be a note.
xl2tpd and l2tpns are judged as well, as any capture is: what is found was checked by hand.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.device import load_device
from harness.device.addresses import LoopbackAddresses
from harness.peer.config import PeerConfig
from harness.peer.serve import serve
from harness.spec.model import Role
from harness.spec.monitor import RuleId
from tests.cli.command import ROOT, Command
from tests.device.bench import PEERS, opened, require_namespaces, require_program, run
from tests.device.test_l2tpns import in_folder
from tests.devices.tap import DISCARD, MARK, kinds_from, mark, message, tapped
from tests.monitor.talk import specification
from tests.wire.tshark import require_tshark

# one at a time: they listen to the same loopback interface

ZLB, SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO, ICRQ, ICRP, ICCN = 0, 1, 2, 3, 4, 6, 10, 11, 12
SECRETS = {"default": (), "authenticated": ("--challenge",)}

OF_XL2TPD = {RuleId.UDP_CHECKSUM, RuleId.ZLB_SESSION_ID}
"""Why these are right: tests/capture/test_recorded.py."""

OF_CALLED_XL2TPD = {*OF_XL2TPD, RuleId.NR_BEYOND}
"""Where xl2tpd calls xl2tpd. The answerer acknowledges the ICCN by a ZLB with the Session ID of the
call. If that crosses the StopCCN, the caller counts it as a message, and acknowledges one that was
never sent: tests/devices/test_closed_calls.py brings it about. No ZLB of ours has a Session ID."""

OF_L2TPNS: set[RuleId] = set()


@pytest.fixture(autouse=True)
def _installed() -> None:
    for name in ("xl2tpd", "slirp-fullbolt", "tcpdump"):
        require_program(name)
    require_tshark()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "capture.pcap"


@asynccontextmanager
async def reference(*arguments: str) -> AsyncIterator[Process]:
    """`l2tp-harness serve`, until the end of the block at the latest."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "harness", "serve", "--secret", "secret", "--hello-interval", "1"),
        *arguments,
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(process: Process, wanted: bytes) -> None:
    """Until a reference peer tells this."""
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if wanted in line:
            return
    raise AssertionError(f"it ended without {wanted!r}")


async def ended(process: Process) -> None:
    """End a reference peer as its user does: it closes its tunnels and waits for the answer."""
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("configuration", SECRETS)
@pytest.mark.parametrize("closing", ["lac", "lns"])
def test_xl2tpd_calls_the_reference_lns(
    command: Command, capture: Path, configuration: str, closing: str
) -> None:
    addresses = LoopbackAddresses()
    ours = addresses.take(1701)

    async def main() -> str:
        async with (
            opened(load_device(PEERS / "xl2tpd-lac")) as runner,
            tapped(capture, f"udp and host {ours}") as tap,
            reference("--address", ours, *SECRETS[configuration]) as lns,
        ):
            await says(lns, b"listens on")
            lease = await runner.lease("case", (ours, 1701), configuration)
            await lease.action("dial", {})
            await tap.until(message(ICCN), message(HELLO))
            if closing == "lac":
                await lease.action("close", {})
                await says(lns, b"receive StopCCN")
            await ended(lns)
            await tap.until(message(STOPCCN))
            await mark(tap, lease.address[0], ours)
            await runner.release(lease)
            return lease.address[0]

    try:
        theirs = run(main())
    finally:
        addresses.close()
    sent = {ZLB, SCCRP, ICRP, HELLO} | ({STOPCCN} if closing == "lns" else set())
    assert kinds_from(capture, ours) == sent
    check_ours(command, capture, ours)
    check_theirs(command, capture, theirs, OF_XL2TPD)


@pytest.mark.parametrize("configuration", SECRETS)
def test_the_reference_lac_calls_xl2tpd(
    command: Command, capture: Path, configuration: str
) -> None:
    addresses = LoopbackAddresses()
    ours = addresses.take(1701)

    async def main() -> str:
        async with (
            opened(load_device(PEERS / "xl2tpd-lns")) as runner,
            tapped(capture, f"udp and host {ours}") as tap,
        ):
            lease = await runner.lease("case", None, configuration)
            dialling = ("--role", "lac", "--address", ours, "--dial", lease.address[0])
            async with reference(*dialling, *SECRETS[configuration]) as lac:
                await tap.until(message(ICCN), message(HELLO))
                await ended(lac)
                await tap.until(message(STOPCCN))
                await mark(tap, lease.address[0], ours)
            await runner.release(lease)
            return lease.address[0]

    try:
        theirs = run(main())
    finally:
        addresses.close()
    assert kinds_from(capture, ours) == {SCCRQ, SCCCN, ICRQ, ICCN, HELLO, STOPCCN}
    check_ours(command, capture, ours)
    check_theirs(command, capture, theirs, OF_XL2TPD)


def test_the_reference_lac_calls_l2tpns(command: Command, capture: Path) -> None:
    require_program("l2tpns")
    require_namespaces()
    ours = "198.18.0.2"

    async def main() -> str:
        async with opened(load_device(PEERS / "l2tpns")) as runner:
            lease = await runner.lease("case", None)
            (inside, *_) = in_folder(lease.work)
            config = PeerConfig(role=Role.LAC, secret=b"secret", hello_interval=1.0)
            async with tapped(
                capture, f"udp and host {ours}", interface="eth0", network_of=inside
            ) as tap:
                lac = asyncio.create_task(
                    serve(
                        specification(),
                        config,
                        ours,
                        1701,
                        lambda _: None,
                        dial=lease.address,
                        network=lease.network,
                    )
                )
                await tap.until(message(ICCN), message(HELLO))
                lac.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await lac
                last = await lease.network.open(lambda *_: None, ours)
                last.send(MARK, (lease.address[0], DISCARD))
                await tap.until(message(STOPCCN), MARK)
                last.close()
            await runner.release(lease)
            return lease.address[0]

    theirs = run(main())
    assert kinds_from(capture, ours) == {SCCRQ, SCCCN, ICRQ, ICCN, HELLO, STOPCCN}
    check_ours(command, capture, ours)
    check_theirs(command, capture, theirs, OF_L2TPNS)


def test_xl2tpd_calls_xl2tpd(command: Command, capture: Path) -> None:
    async def main() -> tuple[str, str]:
        async with (
            opened(load_device(PEERS / "xl2tpd-lns")) as answering,
            opened(load_device(PEERS / "xl2tpd-lac")) as calling,
        ):
            lns = await answering.lease("case", None)
            async with tapped(capture, f"udp and host {lns.address[0]}") as tap:
                lac = await calling.lease("case", lns.address)
                await lac.action("dial", {})
                await tap.until(message(ICCN))
                await lac.action("close", {})
                await tap.until(message(STOPCCN))
                await mark(tap, lac.address[0], lns.address[0])
            await calling.release(lac)
            await answering.release(lns)
            return lac.address[0], lns.address[0]

    for host in run(main()):
        check_theirs(command, capture, host, OF_CALLED_XL2TPD)


def check_ours(command: Command, capture: Path, ours: str) -> None:
    """Nobody finds anything about what a reference peer has sent."""
    assert remarks_of_tshark(capture) == []
    found = judged(command, capture, "--iut", ours, "--complete")
    assert found["findings"] == []
    assert found["exit_code"] == 0
    assert found["conversations"] == 1


def check_theirs(command: Command, capture: Path, theirs: str, known: set[RuleId]) -> None:
    """A real implementation breaks the rules that it is known to break, and those as notes."""
    found = judged(command, capture, "--iut", theirs)
    assert {one["rule"] for one in found["findings"]} <= known, found["findings"]
    assert {one["severity"] for one in found["findings"]} <= {"note"}
    assert found["exit_code"] == 0


def judged(command: Command, capture: Path, *options: str) -> Any:
    """What `check` says of a capture."""
    result = command("check", capture, "--secret", "secret", "--json", *options)
    assert result.err == ""
    return result.json


def remarks_of_tshark(capture: Path) -> list[str]:
    """Everything that tshark finds remarkable, of whatever severity; all of it has to be L2TP."""
    program = require_tshark()
    odd = "_ws.expert or _ws.malformed or _ws.short or _ws.unreassembled"
    other = f"not l2tp and not udp.port == {DISCARD}"
    remarks = []
    for wanted in (odd, other):
        done = subprocess.run(
            [program, "-n", "-r", str(capture), "-Y", wanted, "-V"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        remarks += done.stdout.splitlines()
    return remarks
