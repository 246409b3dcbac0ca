"""Violations of the rules of the control connection."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from harness.wire import challenge_response
from tests.monitor.plants.planting import plant
from tests.monitor.talk import LAC, LNS, SECRET, End, Seen, Talk


@plant(RuleId.SET_UP_ORDER, "warn")
def sccrp_of_the_initiator(talk: Talk) -> Seen:
    talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    seen = talk.message(talk.lac, "SCCRP")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.SET_UP_ORDER, "warn")
def second_scccn(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lac, "SCCCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.CHALLENGE_ANSWERED, "fail")
def challenge_ignored(talk: Talk) -> Seen:
    talk.tunnel({"challenge": b"sixteen octets.."})
    return talk.frames[1]


@plant(RuleId.CHALLENGE_RESPONSE, "fail", secret=SECRET)
def response_with_another_id(talk: Talk) -> Seen:
    challenge = b"sixteen octets.."
    wrong = challenge_response(2, SECRET, challenge)
    talk.tunnel(None, {"challenge": challenge}, {"challenge_response": wrong})
    return talk.frames[2]


@plant(RuleId.CHALLENGE_UNASKED, "warn")
def response_to_nothing(talk: Talk) -> Seen:
    talk.tunnel(None, {"challenge_response": bytes(16)})
    return talk.frames[1]


@plant(RuleId.CHALLENGE_FRESH, "warn")
def challenge_again(talk: Talk) -> Seen:
    challenge = b"sixteen octets.."
    answer = challenge_response(3, SECRET, challenge)
    talk.tunnel(None, {"challenge": challenge}, {"challenge_response": answer})
    talk.lac, talk.lns = End((LAC[0], 41000), 31, 41), End(LNS, 52, 62)
    talk.tunnel(None, {"challenge": challenge}, {"challenge_response": answer})
    return talk.frames[5]


@plant(RuleId.AFTER_STOPCCN, "fail")
def hello_after_stopccn(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "StopCCN")
    seen = talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.AFTER_STOPCCN, "warn")
def two_stopccns(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "StopCCN")
    seen = talk.message(talk.lac, "StopCCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.AFTER_PEER_STOPCCN, "fail", "note")
def hello_after_the_peers_stopccn(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "StopCCN")
    seen = talk.message(talk.lns, "HELLO")
    talk.ack(talk.lac)
    return seen


@plant(RuleId.AFTER_PEER_STOPCCN, "warn", "note")
def hello_after_the_peers_stopccn_in_place_of_an_scccn(talk: Talk) -> Seen:
    talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    talk.message(talk.lac, "StopCCN")
    seen = talk.message(talk.lns, "HELLO")
    talk.ack(talk.lac)
    return seen


@plant(RuleId.AFTER_PEER_STOPCCN, "warn", "note")
def stopccn_answered(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "StopCCN")
    seen = talk.message(talk.lns, "StopCCN")
    talk.ack(talk.lac)
    return seen


@plant(RuleId.CALL_BEFORE_TUNNEL, "fail")
def icrq_before_scccn(talk: Talk) -> Seen:
    talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    seen = talk.message(talk.lac, "ICRQ")
    talk.message(talk.lac, "SCCCN")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.CALL_BEFORE_TUNNEL, "fail")
def ocrq_before_scccn(talk: Talk) -> Seen:
    talk.message(talk.lac, "SCCRQ", {"bearer_capabilities": 3})
    talk.message(talk.lns, "SCCRP")
    seen = talk.message(talk.lns, "OCRQ")
    talk.ack(talk.lac)
    return seen
