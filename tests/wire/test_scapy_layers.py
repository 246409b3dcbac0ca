"""The benchmark compares like with like: scapy's packets are ours, octet by octet."""

from __future__ import annotations

from harness.wire import parse
from tests.bench.scapy_layers import ScapyControl, scapy_packet
from tests.bench.sccrq import COUNT, datagrams, packets


def test_no_two_packets_are_alike_and_each_has_nine_avps() -> None:
    assert len(set(datagrams())) == COUNT
    assert {len(packet.avps) for packet in packets()} == {9}
    assert all(not parse(data).defects for data in datagrams())


def test_scapy_builds_and_dissects_the_same() -> None:
    for packet, data in zip(packets()[:100], datagrams()[:100], strict=True):
        assert bytes(scapy_packet(packet)) == data
        dissected = ScapyControl(data)
        assert (dissected.ns, dissected.nr) == (packet.header.ns, packet.header.nr)
        found = [
            (avp.type, avp.value, avp.vendor, bool(avp.mandatory), bool(avp.hidden))
            for avp in dissected.avps
        ]
        assert found == [avp[:5] for avp in packet.avps]
