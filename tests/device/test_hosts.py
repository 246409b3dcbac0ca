"""Addresses for the harness's side of cases that have a network to themselves."""

from __future__ import annotations

import ipaddress

import pytest

from harness.device.description.namespace import Namespace
from harness.errors import DeviceError
from harness.run.hosts import MemoryHosts, NamespaceHosts, NetworkHosts


def test_no_address_twice_at_a_time() -> None:
    hosts = NetworkHosts(ipaddress.IPv4Network("192.0.2.0/29"), "192.0.2.1", "198.51.100.1")
    taken = [hosts.take(1701) for _ in range(5)]
    assert taken == [f"192.0.2.{last}" for last in range(2, 7)]
    with pytest.raises(DeviceError) as caught:
        hosts.take(0)
    assert caught.value.code == "device.addresses"
    hosts.release(taken[3])
    assert hosts.take(0) == taken[3]
    hosts.release(taken[0])
    hosts.release(taken[1])
    assert [hosts.take(0), hosts.take(0)] == taken[:2]


def test_address_given_back_is_the_last_to_be_taken_again() -> None:
    hosts = NetworkHosts(ipaddress.IPv4Network("192.0.2.0/29"))
    first = hosts.take(0)
    hosts.release(first)
    assert [hosts.take(0) for _ in range(6)][-1] == first


def test_thousands_of_embedded_cases() -> None:
    hosts = MemoryHosts()
    assert len({hosts.take(0) for _ in range(10000)}) == 10000


def test_hosts_are_in_the_network_where_the_device_listens() -> None:
    addresses = (ipaddress.ip_interface("192.0.2.7/24"), ipaddress.ip_interface("2001:db8::2/64"))
    namespace = Namespace(addresses=addresses)
    assert NamespaceHosts(namespace, None).take(0) == "192.0.2.1"
    six = NamespaceHosts(namespace, "2001:db8::2")
    assert [six.take(0), six.take(0)] == ["2001:db8::1", "2001:db8::3"]
