"""Guests: what peer.yaml may say of them, and whose addresses are whose in their network."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.device import load_device
from harness.device.description.launch import UmlLaunch
from harness.device.description.namespace import Namespace
from harness.device.uml.site import Addresses
from harness.errors import DataError, DeviceError
from harness.run.hosts import GuestHosts

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
