"""Violations of the rules of UDP and the header."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from harness.wire import Header, Packet, build
from tests.monitor.plants.planting import hello, plant
from tests.monitor.talk import LAC, LNS, Seen, Talk


@plant(RuleId.HEADER_TRUNCATED, "warn")
def short(talk: Talk) -> Seen:
    talk.tunnel()
    return talk.put(b"\xc8\x02\x00\x0c\x00\x0c\x00\x00\x00", LAC, LNS)


@plant(RuleId.HEADER_VERSION, "fail")
def version_three(talk: Talk) -> Seen:
    talk.tunnel()
    return talk.send(talk.lac, Packet(Header(version=3, tunnel_id=12, ns=2, nr=1)))


@plant(RuleId.HEADER_VERSION, "fail")
def version_zero_of_data(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, version=0)


@plant(RuleId.HEADER_LENGTH_BIT, "fail")
def no_length(talk: Talk) -> Seen:
    return hello(talk, length=None)


@plant(RuleId.HEADER_SEQUENCE_BIT, "fail")
def no_sequence(talk: Talk) -> Seen:
    return hello(talk, ns=None)


@plant(RuleId.HEADER_OFFSET_BIT, "fail")
def offset_on_control(talk: Talk) -> Seen:
    return hello(talk, offset_size=0)


@plant(RuleId.HEADER_PRIORITY_BIT, "fail")
def priority_on_control(talk: Talk) -> Seen:
    return hello(talk, priority=True)


@plant(RuleId.HEADER_RESERVED_BITS, "fail")
def reserved_bits(talk: Talk) -> Seen:
    return hello(talk, reserved=0x0400)


@plant(RuleId.HEADER_RESERVED_BITS, "fail")
def reserved_bits_of_data(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lns, reserved=0x0010)


@plant(RuleId.HEADER_LENGTH, "warn")
def length_too_small(talk: Talk) -> Seen:
    talk.tunnel()
    packet = talk.packet(talk.lac, "HELLO")
    data = build(packet) + b"\0\0"
    talk.lac.ns += 1
    talk.lns.nr = talk.lac.ns
    seen = talk.put(data, LAC, LNS)
    talk.ack(talk.lns)
    return seen


@plant(RuleId.HEADER_LENGTH, "warn")
def length_of_data(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, length=500)
