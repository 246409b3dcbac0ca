"""Violations of the rules of calls."""

from __future__ import annotations

from harness.spec.model import Role
from harness.spec.monitor import RuleId
from tests.monitor.plants.planting import icrq, plant
from tests.monitor.talk import COUNTERS, LAC, Seen, Talk


@plant(RuleId.SENDER_ROLE, "warn")
def sli_of_the_lac(talk: Talk) -> Seen:
    talk.tunnel().call()
    seen = talk.message(talk.lac, "SLI")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.SENDER_ROLE, "warn", roles={LAC[0]: Role.LNS})
def icrq_of_an_lns(talk: Talk) -> Seen:
    return icrq(talk)


@plant(RuleId.CALL_ORDER, "warn")
def two_iccns(talk: Talk) -> Seen:
    talk.tunnel().call()
    seen = talk.message(talk.lac, "ICCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.CALL_ORDER, "warn")
def occn_without_ocrp(talk: Talk) -> Seen:
    talk.tunnel({"bearer_capabilities": 3})
    talk.message(talk.lns, "OCRQ")
    seen = talk.message(talk.lac, "OCCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.AFTER_CDN, "warn")
def wen_after_cdn(talk: Talk) -> Seen:
    talk.tunnel().call().hang_up(talk.lac)
    seen = talk.message(talk.lac, "WEN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.AFTER_PEER_CDN, "warn", "note")
def cdn_answered_by_cdn(talk: Talk) -> Seen:
    talk.tunnel().call().hang_up(talk.lac)
    seen = talk.message(talk.lns, "CDN")
    talk.ack(talk.lac)
    return seen


@plant(RuleId.FRAMING_ANNOUNCED, "fail")
def iccn_with_another_framing(talk: Talk) -> Seen:
    talk.tunnel(None, {"framing_capabilities": 1})
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    seen = talk.message(talk.lac, "ICCN", {"framing_type": 2})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.FRAMING_ANNOUNCED, "fail")
def ocrq_with_another_framing(talk: Talk) -> Seen:
    talk.tunnel({"framing_capabilities": 1, "bearer_capabilities": 3})
    seen = talk.message(talk.lns, "OCRQ", {"framing_type": 3})
    talk.message(talk.lac, "OCRP")
    return seen


@plant(RuleId.BEARER_ANNOUNCED, "fail")
def ocrq_with_another_bearer(talk: Talk) -> Seen:
    talk.tunnel({"bearer_capabilities": 1})
    seen = talk.message(talk.lns, "OCRQ", {"bearer_type": 3})
    talk.message(talk.lac, "OCRP")
    return seen


@plant(RuleId.BEARER_NEEDED, "note")
def ocrq_without_bearer(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lns, "OCRQ")
    talk.message(talk.lac, "OCRP")
    return seen


@plant(RuleId.SERIAL_NUMBER, "warn")
def same_serial(talk: Talk) -> Seen:
    talk.tunnel().call()
    talk.lac.session_id, talk.lns.session_id = 31, 42
    seen = talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    return seen


def wen(talk: Talk, *counters: int) -> Seen:
    """A WEN with the first counters as given."""
    values = dict.fromkeys(COUNTERS, 0) | dict(zip(COUNTERS, counters, strict=False))
    seen = talk.message(talk.lac, "WEN", {"call_errors": values})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.WEN_RATE, "warn")
def wens_in_a_hurry(talk: Talk) -> Seen:
    talk.tunnel().call()
    wen(talk, 1)
    talk.wait(20)
    return wen(talk, 2)


@plant(RuleId.WEN_RATE, "warn", None)
def wens_in_less_of_a_hurry(talk: Talk) -> Seen:
    talk.tunnel().call()
    wen(talk, 1)
    talk.wait(50)
    return wen(talk, 2)


@plant(RuleId.WEN_COUNTERS, "warn")
def counter_falls(talk: Talk) -> Seen:
    talk.tunnel().call()
    wen(talk, 5, 5)
    talk.wait(100)
    return wen(talk, 6, 4)


@plant(RuleId.WEN_REASON, "warn")
def wen_for_nothing(talk: Talk) -> Seen:
    talk.tunnel().call()
    return wen(talk)


@plant(RuleId.WEN_REASON, "warn")
def wen_for_nothing_new(talk: Talk) -> Seen:
    talk.tunnel().call()
    wen(talk, 1)
    talk.wait(100)
    return wen(talk, 1)
