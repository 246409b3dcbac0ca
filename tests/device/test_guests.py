"""Guests: what peer.yaml may say of them, and whose addresses are whose in their network."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Namespace
from harness.device.lease import Lease, Starvable
from harness.device.uml.boxes import Addresses
from harness.errors import DataError, DeviceError
from harness.run.hosts import GuestHosts
from tests.device.bench import PEERS, missing, opened, require_namespaces, require_program

PEER = "title: one\nrole: lns\nlaunch:\n  uml:\n    command: daemon\n"


def test_a_guest_has_a_network(tmp_path: Path) -> None:
    (tmp_path / "peer.yaml").write_text(f"{PEER}    ready: it serves\n")
    launch = load_device(tmp_path).launch
    assert isinstance(launch, UmlLaunch)
    assert launch.namespace == Namespace()
    assert (launch.kernel, launch.guests) == ("linux.uml", 1)


@pytest.mark.parametrize(
    ("keys", "code", "line"),
    [
        ("", "device.ready", 5),
        ("    ready: x\n    memory: 1\n", "data.range", 7),
        ("    ready: x\n    kernal: linux\n", "data.unknown-key", 7),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, keys: str, code: str, line: int) -> None:
    (tmp_path / "peer.yaml").write_text(PEER + keys)
    with pytest.raises(DataError) as caught:
        load_device(tmp_path)
    assert caught.value.place is not None
    assert (caught.value.code, caught.value.place.line) == (code, line), caught.value


def every(take: Callable[[], str]) -> Iterator[str]:
    """All that there is to take."""
    while True:
        try:
            yield take()
        except DeviceError:
            return


@pytest.mark.parametrize("text", ["198.18.0.1/24", "2001:db8::1/120", "198.18.0.1/26"])
def test_guests_and_the_harness_share_no_address(text: str) -> None:
    interface = ipaddress.ip_interface(text)
    hosts = GuestHosts(Namespace(addresses=(interface,)), None)
    boxes = Addresses(interface)
    taken = {str(ipaddress.ip_interface(one).ip) for one in every(boxes.take)}
    harness = set(every(lambda: hosts.take(0)))
    assert len(taken) > 20
    assert len(harness) > 20
    assert not taken & harness
    assert all(ipaddress.ip_address(one) in interface.network for one in taken | harness)


def test_an_address_that_is_given_back_is_there_again() -> None:
    boxes = Addresses(ipaddress.ip_interface("198.18.0.1/26"))
    first = boxes.take()
    assert first not in set(every(boxes.take))
    boxes.release(first)
    assert boxes.take() == first


@pytest.fixture
def kernel() -> None:
    """A guest can be booted here."""
    for program in ("linux.uml", "xl2tpd", "pppd"):
        require_program(program)
    if os.geteuid() != 0:
        missing("guests need root")
    require_namespaces()


PATIENCE = 120.0


def test_a_guest_that_dies_takes_its_boxes_with_it(kernel: None, tmp_path: Path) -> None:
    device = load_device(PEERS / "uml-xl2tpd-lns", {"launch.uml.guests": "2"})

    async def main() -> None:
        async with opened(device) as runner:
            leases = [await runner.lease(f"case-{number}", None) for number in range(3)]
            # each goes where there are the fewest
            first, second, third = [lease.house for lease in leases]
            assert first != second
            assert third in (first, second)
            os.kill(kernel_of(f"{runner.work}/{first}/"), signal.SIGKILL)
            deaths = [await lease.examine() for lease in leases]
            gone = [lease.house == first for lease in leases]
            assert [death is not None for death in deaths] == gone
            # the kernel of the other one tells how long it waited for a processor
            assert [waited(lease) is None for lease in leases] == gone
            death = deaths[0]
            assert death is not None
            assert death.house == first
            assert death.crashed
            assert death.reason.startswith(f"was in {first}, which ended: killed by signal 9")
            for lease in leases:
                await runner.release(lease)
            await runner.revive(first)
            again = [await runner.lease(f"case-{number}", None) for number in range(2)]
            assert {lease.house for lease in again} == {second, "guest-3"}
            assert [await lease.examine() for lease in again] == [None, None]

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def waited(lease: Lease) -> float | None:
    """As the lease tells it."""
    assert isinstance(lease, Starvable)
    return lease.starved()


def kernel_of(folder: str) -> int:
    """The first process of a guest, by its folder: the one that no other of them has started."""
    name = f"uml_dir={folder}".encode()
    parents = {
        int(entry.name): parent_of(entry)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and name in words(entry) and b"linux.uml" in words(entry)[0]
    }
    (first,) = (process for process, parent in parents.items() if parent not in parents)
    return first


def parent_of(process: Path) -> int:
    """Which process has started one; 0 when it has ended."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def words(process: Path) -> list[bytes]:
    """The command line of a process; one empty word when it has ended."""
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]
