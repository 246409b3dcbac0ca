"""Loopback addresses: never the same for two, and free on the ports asked for."""

from __future__ import annotations

import socket

import pytest

from harness.device import LoopbackAddresses
from harness.device.addresses import is_free
from harness.device.machine.listening import is_bound, open_table
from harness.errors import DeviceError


def test_addresses_differ_across_runs_and_networks() -> None:
    one, other = LoopbackAddresses(), LoopbackAddresses()
    taken = [one.take(1701) for _ in range(300)] + [other.take(1701) for _ in range(300)]
    assert len(set(taken)) == 600
    assert all(address.startswith("127.") and not address.startswith("127.0.") for address in taken)
    assert {address.rsplit(".", 1)[0] for address in taken[:300]}.isdisjoint(
        {address.rsplit(".", 1)[0] for address in taken[300:]}
    )
    one.close()
    other.close()


def test_network_is_given_up_when_all_its_addresses_are_back() -> None:
    addresses = LoopbackAddresses()
    first = [addresses.take() for _ in range(254)]
    rest = addresses.take()
    assert rest.rsplit(".", 1)[0] != first[0].rsplit(".", 1)[0]
    for address in first:
        addresses.release(address)
    prefix = first[0].split(".")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lock:
        lock.bind(f"\0l2tp-harness/127.{prefix[1]}.{prefix[2]}")
    addresses.close()


def bound(address: str, port: int) -> bool:
    with open_table(address) as table:
        return is_bound((address, port), table)


def test_port_that_is_taken_everywhere() -> None:
    addresses = LoopbackAddresses()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as everywhere:
        everywhere.bind(("0.0.0.0", 0))
        port = everywhere.getsockname()[1]
        with pytest.raises(DeviceError) as caught:
            addresses.take(port)
        assert caught.value.code == "device.port-taken"
        assert str(port) in caught.value.hint
        assert bound("127.0.0.1", port)
    addresses.close()


def test_is_free_and_is_bound() -> None:
    addresses = LoopbackAddresses()
    address = addresses.take()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((address, 0))
        port = holder.getsockname()[1]
        assert not is_free(address, port)
        assert bound(address, port)
    assert is_free(address, port)
    assert not bound(address, port)
    addresses.close()


def test_address_of_another_machine() -> None:
    with pytest.raises(DeviceError, match="192"):
        is_free("192.0.2.1", 1701)


def test_bound_ipv6_port() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as holder:
        holder.bind(("::1", 0))
        assert bound("::1", holder.getsockname()[1])
        assert not is_free("::1", holder.getsockname()[1])
