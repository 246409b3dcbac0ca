"""Violations of the rules of data messages."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from tests.monitor.plants.planting import plant
from tests.monitor.talk import Seen, Talk


@plant(RuleId.DATA_OFFSET, "warn")
def offset_beyond_end(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, offset_size=500)


@plant(RuleId.DATA_BEFORE_SESSION, "fail", "note")
def data_before_iccn(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    seen = talk.data(talk.lns)
    talk.wait(3.0).message(talk.lac, "ICCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.DATA_AFTER_CLOSE, "warn")
def data_after_cdn(talk: Talk) -> Seen:
    talk.tunnel().call().hang_up(talk.lac).wait(3.0)
    return talk.data(talk.lac)


@plant(RuleId.DATA_AFTER_CLOSE, "warn")
def data_after_stopccn(talk: Talk) -> Seen:
    talk.tunnel().call().close(talk.lns).wait(3.0)
    return talk.data(talk.lns)


@plant(RuleId.DATA_SEQUENCING_REQUIRED, "fail")
def unnumbered_data(talk: Talk) -> Seen:
    talk.tunnel().call(sequencing_required=None)
    talk.data(talk.lac, numbered=True)
    return talk.data(talk.lns)


@plant(RuleId.DATA_SEQUENCING_FOLLOWED, "fail")
def lac_without_numbers(talk: Talk) -> Seen:
    talk.tunnel().call()
    for _ in range(5):
        talk.data(talk.lns, numbered=True)
    talk.wait(2.0)
    return talk.data(talk.lac)


@plant(RuleId.DATA_NS, "warn")
def data_with_one_number(talk: Talk) -> Seen:
    talk.tunnel().call()
    talk.data(talk.lac, b"\x00\x21one", numbered=True)
    talk.lac.data_ns = 0
    return talk.data(talk.lac, b"\x00\x21two", numbered=True)


@plant(RuleId.DATA_NS, "warn")
def data_going_back(talk: Talk) -> Seen:
    talk.tunnel().call()
    for _ in range(40):
        talk.data(talk.lac, numbered=True)
    talk.wait(3.0)
    talk.lac.data_ns = 1
    return talk.data(talk.lac, numbered=True)


@plant(RuleId.DATA_ECHO_PRIORITY, "note")
def echo_without_priority(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, b"\xff\x03\xc0\x21\x09\x01\x00\x08magi")


CONFREQ = bytes.fromhex("ff03 c021 0101 0008 0104 05d4")


@plant(RuleId.DATA_FRAMING, "warn")
def flags(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, b"\x7e" + CONFREQ + b"\x7e")


@plant(RuleId.DATA_FRAMING, "warn")
def escapes(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, bytes.fromhex("ff7d 23c0 217d 217d 217d 207d 28 7d21 7d24 7d25 d4"))


@plant(RuleId.DATA_FRAMING, "warn")
def frame_check_sequence(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, CONFREQ + bytes.fromhex("194d"))
