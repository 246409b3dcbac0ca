"""Devices in network namespaces: alike, apart, IPv6 too, and gone with the harness."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest

from harness.device.description.namespace import Namespace
from harness.device.machine.netlink import HARNESS_INTERFACE, Namespaces
from harness.device.process_lease import ProcessLease
from harness.errors import DeviceError
from tests.device.bench import (
    PATIENCE,
    answer_through,
    fake,
    opened,
    processes_of,
    require_namespaces,
    run,
)
from tests.device.test_keeper import all_gone, holder, said

SIX = "2001:db8::1"


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    require_namespaces()


def namespace_of(process: int | str) -> str:
    return str(Path(f"/proc/{process}/ns/net").readlink())


def held(process: int | str = "self") -> set[str]:
    """The network namespaces that a process has a descriptor of."""
    targets = [
        str(one.readlink()) for one in Path(f"/proc/{process}/fd").iterdir() if one.is_symlink()
    ]
    return {target for target in targets if target.startswith("net:")}


async def told(lease: ProcessLease, source: str) -> str:
    """Which address has sent it a datagram, as a device sees it."""
    text = await answer_through(lease.network, source, lease.address, b"?")
    return text.decode().partition(" ")[0]


def test_several_at_once_are_alike_and_apart() -> None:
    async def main() -> None:
        async with opened(fake("isolated")) as runner:
            leases = await asyncio.gather(*(runner.lease(f"case {one}", None) for one in range(5)))
            assert {lease.address for lease in leases} == {("198.18.0.1", 1701)}
            for lease in leases:
                assert await told(lease, "198.18.0.2") == "198.18.0.2"
                assert await told(lease, "198.18.255.254") == "198.18.255.254"
            namespaces = {
                namespace_of(process)
                for lease in leases
                for process in processes_of(str(lease.work))
            }
            assert len(namespaces) == 5
            assert namespaces < held()
            assert namespace_of("self") not in namespaces
            machine = {name for _, name in socket.if_nameindex()}
            assert not {"wan0", HARNESS_INTERFACE} & machine
            await runner.release(leases[0])
            assert await told(leases[1], "198.18.0.9") == "198.18.0.9"

    own = namespace_of("self")
    run(main())
    assert namespace_of("self") == own
    assert not held()


def test_ipv6() -> None:
    async def main() -> None:
        async with opened(fake("isolated", ixit__address=SIX)) as runner:
            assert runner.parallel is None
            leases = [await runner.lease(f"case {one}", None) for one in range(2)]
            for lease in leases:
                assert lease.address == (SIX, 1701)
                assert await told(lease, "2001:db8::2") == "2001:db8::2"
                # written in another way it is the same address
                assert await told(lease, "2001:db8:0::2") == "2001:db8::2"
                assert await told(lease, "2001:db8::ffff:2") == "2001:db8::ffff:2"

    run(main())


def test_device_sees_its_own_link_and_settings() -> None:
    async def main() -> str:
        async with opened(fake("isolated")) as runner:
            lease = await runner.lease("case", None)
            await lease.action("note", {})
            return (lease.work / "noted").read_text()

    before = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    assert run(main()).split() == ["lo", "wan0", "1", "1"]
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == before


def test_ready_when_the_port_is_bound_in_there() -> None:
    async def main() -> None:
        async with opened(fake("isolated", launch__process__ready="")) as runner:
            lease = await runner.lease("case", None)
            assert await told(lease, "198.18.0.2") == "198.18.0.2"

    run(main())


def test_addresses_of_others_cannot_be_bound() -> None:
    async def main() -> None:
        async with opened(fake("isolated")) as runner:
            lease = await runner.lease("case", None)
            for address in ("192.0.2.1", "198.18.0.1"):
                with pytest.raises(DeviceError, match=f"cannot bind UDP {address}"):
                    await lease.network.open(lambda _data, _source: None, address)
            first = await lease.network.open(lambda _data, _source: None, "198.18.0.2", 1701)
            with pytest.raises(DeviceError, match="in use"):
                await lease.network.open(lambda _data, _source: None, "198.18.0.2", 1701)
            first.close()
            (await lease.network.open(lambda _data, _source: None, "198.18.0.2", 1701)).close()

    run(main())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_harness(number: signal.Signals) -> None:
    with holder("isolated", "3", "forever") as process:
        said(process)
        folders = {
            Path(f"/proc/{one}/cwd").readlink()
            for one in processes_of("fake.py")
            if parent_of_all(one, process.pid)
        }
        assert len(folders) == 3
        devices = [one for folder in folders for one in processes_of(str(folder))]
        assert {namespace_of(one) for one in devices} < held(process.pid)
        # nothing but these processes holds the namespaces
        assert len(held(process.pid) - {namespace_of("self")}) == 6
        keepers = [one for one in processes_of(str(folders.pop().parent)) if one not in devices]
        process.send_signal(number)
        assert process.wait(PATIENCE) != 0
        assert all_gone(devices + keepers)


def parent_of_all(process: int, ancestor: int) -> bool:
    """Whether a process descends from another."""
    while process > 1:
        if process == ancestor:
            return True
        try:
            words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        process = int(words[1])
    return False


@pytest.mark.parametrize("capability", ["sys_admin", "net_admin"])
def test_without_privileges(capability: str) -> None:
    bounded = ("setpriv", "--bounding-set", f"-{capability}", "--inh-caps", f"-{capability}")
    with holder("isolated", "1", prefix=bounded) as process:
        text, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == DeviceError.exit_code
    assert "[device.namespace]" in text
    assert "Operation not permitted" in text
    assert "--cap-add SYS_ADMIN --cap-add NET_ADMIN" in text


def test_without_pyroute2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroute2", None)

    async def main() -> None:
        with pytest.raises(DeviceError) as caught:
            async with opened(fake("isolated")):
                pass
        assert caught.value.code == "device.no-pyroute2"
        assert "l2tp-harness[devices]" in caught.value.hint

    run(main())


def test_setting_that_the_kernel_refuses() -> None:
    async def main() -> None:
        namespaces = Namespaces()
        await namespaces.open()
        try:
            with pytest.raises(DeviceError, match="cannot set net/ipv4/ip_forward to 'maybe'"):
                await namespaces.make(Namespace(sysctls={"net/ipv4/ip_forward": "maybe"}))
            assert (await namespaces.make(Namespace())).namespace > 0
        finally:
            namespaces.close()

    run(main())
    assert not held()
