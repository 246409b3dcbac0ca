"""How fast the wire format is read and written, beside scapy layers doing the same.

The figure that counts is `harness`: it goes round thousands of SCCRQs of which no two are alike.
`harness, one packet` reads a single packet again and again, and shows what such a figure hides.
Time is that of the processor, so that neighbours on the machine count as little as they can.
"""

from __future__ import annotations

import time

import pytest

from harness.wire import build, parse
from harness.wire.reader import parse_carefully
from tests.bench.conftest import Measure
from tests.bench.scapy_layers import ScapyControl, scapy_packet
from tests.bench.sccrq import datagrams, datagrams_with_hidden_avp, packets

pytestmark = pytest.mark.benchmark(timer=time.process_time)

SCAPY_PACKETS = 200
"""As many of the packets keep scapy busy long enough to be measured."""


def test_parse(measure: Measure) -> None:
    measure("parse", "harness", parse, datagrams())


def test_parse_one_packet_again_and_again(measure: Measure) -> None:
    measure("parse", "harness, one packet", parse, datagrams()[:1] * len(datagrams()))


def test_parse_with_a_hidden_avp(measure: Measure) -> None:
    measure("parse", "harness, one AVP hidden", parse, datagrams_with_hidden_avp())


def test_parse_carefully(measure: Measure) -> None:
    measure("parse", "harness, defect path", parse_carefully, datagrams())


def test_parse_with_scapy(measure: Measure) -> None:
    measure("parse", "scapy", ScapyControl, datagrams()[:SCAPY_PACKETS])


def test_build(measure: Measure) -> None:
    measure("build", "harness", build, packets())


def test_build_with_scapy(measure: Measure) -> None:
    layers = [scapy_packet(packet) for packet in packets()[:SCAPY_PACKETS]]
    measure("build", "scapy", bytes, layers)
