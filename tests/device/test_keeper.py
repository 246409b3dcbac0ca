"""Nothing outlives the harness, whatever kills it and whatever is permitted here."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.device.lease import death_of
from harness.errors import DeviceError
from tests.device.bench import PATIENCE, fake, opened, processes_of, require_program, run

ROOT = Path(__file__).parents[2]
WITHOUT_NAMESPACES = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
WITHOUT_ANY = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    f'echo 0 > /proc/sys/user/max_user_namespaces && exec {" ".join(WITHOUT_NAMESPACES)} "$@"',
    "sh",
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")


@contextmanager
def holder(*arguments: str, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """A harness of its own, killed at the end if it is still there."""
    with subprocess.Popen(
        [*prefix, sys.executable, "-m", "tests.device.holder", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """The isolation and the addresses of a holder, once it is ready."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if line == "ready\n":
            break
        lines.append(line.strip())
    return lines[0], lines[1:]


def parent(process: int) -> int:
    """The parent of a process."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(words[1])


def all_gone(processes: list[int]) -> bool:
    """Whether they end, and soon."""
    poll = select.poll()
    handles = set()
    for process in processes:
        try:
            handle = os.pidfd_open(process)
        except ProcessLookupError:
            continue
        handles.add(handle)
        poll.register(handle, select.POLLIN)
    while handles:
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            return False
        for handle, _event in ready:
            poll.unregister(handle)
            os.close(handle)
            handles.remove(handle)
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "prefix",
    [pytest.param((), id="as-permitted"), pytest.param(WITHOUT_NAMESPACES, id="process-groups")],
)
def test_nothing_outlives_the_harness(number: signal.Signals, prefix: tuple[str, ...]) -> None:
    if prefix and os.geteuid() != 0:
        prefix = ()  # an ordinary user has no namespaces anyway
    with holder("family", "3", "forever", prefix=prefix) as process:
        isolation, addresses = said(process)
        assert isolation == "process-groups" if prefix else isolation
        alive = [one for address in addresses for one in processes_of(address)]
        assert len(alive) == 15
        folder = Path(f"/proc/{alive[0]}/cwd").readlink().parent
        keepers = [one for one in processes_of(str(folder)) if one not in alive]
        assert keepers
        process.send_signal(number)
        assert process.wait(PATIENCE) != 0
        assert all_gone(alive + keepers)
        assert not folder.exists()


@as_root
def test_devices_die_with_a_killed_keeper() -> None:
    async def main() -> None:
        async with opened(fake("family")) as runner:
            lease = await runner.lease("case", None)
            alive = processes_of(lease.address[0])
            (keeper,) = [
                one for one in processes_of(str(runner.work)) if parent(one) == os.getpid()
            ]
            os.kill(keeper, signal.SIGKILL)
            assert all_gone(alive)
            while (death := lease.death()) is None:
                await asyncio.sleep(0)
            assert "the keeper process has ended" in death.reason
            with pytest.raises(DeviceError, match="keeper"):
                await runner.lease("next", None)

    run(main())


@as_root
def test_stand_in_without_privileges() -> None:
    require_program("xl2tpd")
    with holder("xl2tpd-lns", "1", prefix=WITHOUT_NAMESPACES) as process:
        isolation, addresses = said(process)
        assert process.wait(PATIENCE) == 0
    assert isolation == "user-namespaces"
    assert processes_of(addresses[0]) == []


@as_root
def test_stand_in_where_nothing_is_permitted() -> None:
    require_program("xl2tpd")
    with holder("xl2tpd-lns", "1", prefix=WITHOUT_ANY) as process:
        text, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == DeviceError.exit_code
    assert "needs a stand-in for /usr/sbin/pppd" in text
    assert "Operation not permitted" in text
    assert "--cap-add SYS_ADMIN" in text


@pytest.mark.parametrize(
    ("status", "reason", "crashed"),
    [
        (0, "exited with status 0", False),
        (1 << 8, "exited with status 1", False),
        (139 << 8, "exited with status 139 (SIGSEGV)", True),
        (200 << 8, "exited with status 200", False),
        (6, "killed by signal 6 (SIGABRT)", True),
        (11 | 128, "killed by signal 11 (SIGSEGV)", True),
    ],
)
def test_death_in_words(status: int, reason: str, crashed: bool) -> None:
    death = death_of(status, ("last",))
    assert (death.reason, death.crashed, death.log) == (reason, crashed, ("last",))
