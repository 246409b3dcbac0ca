"""Violations of the rules of what is in the AVPs."""

from __future__ import annotations

from typing import Any

from harness.spec.monitor import RuleId
from harness.wire import AVP, Value
from tests.monitor.plants.planting import icrq, plant
from tests.monitor.talk import SECRET, End, Seen, Talk, avp


def cdn(talk: Talk, end: End | None = None, **code: Any) -> Seen:
    """A call that ends with this Result Code."""
    talk.tunnel().call()
    end = end or talk.lac
    seen = talk.message(end, "CDN", {"result_code": code})
    talk.ack(talk.other(end))
    return seen


@plant(RuleId.TEXT_UTF8, "note")
def error_message_in_latin(talk: Talk) -> Seen:
    talk.tunnel().call()
    code = AVP(1, b"\0\2\0\1caf\xe9")
    seen = talk.message(talk.lac, "CDN", omit=("result_code",), extra=(code,))
    talk.ack(talk.lns)
    return seen


@plant(RuleId.TEXT_NUL, "note")
def host_name_with_nul(talk: Talk) -> Seen:
    seen = talk.message(talk.lac, "SCCRQ", {"host_name": "lac\0"})
    talk.message(talk.lns, "SCCRP")
    return seen


@plant(RuleId.TEXT_ASCII, "warn")
def number_in_unicode(talk: Talk) -> Seen:
    return icrq(talk, avp("called_number", "\uff10\uff11\uff12"))


def caused(talk: Talk, **value: int | str) -> Seen:
    """A CDN of the LAC with the cause that the line gave."""
    talk.tunnel().call()
    seen = talk.message(talk.lac, "CDN", {"q931_cause_code": value})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.TEXT_ASCII, "note")
def cause_in_unicode(talk: Talk) -> Seen:
    return caused(talk, cause=16, message=0x45, advisory="\uff10")


@plant(RuleId.Q931_CAUSE, "warn")
def cause_of_no_line(talk: Talk) -> Seen:
    return caused(talk, cause=128, message=0x45)


@plant(RuleId.Q931_CAUSE, "warn")
def cause_of_no_message(talk: Talk) -> Seen:
    return caused(talk, cause=16, message=0)


@plant(RuleId.RESULT_CODE_KNOWN, "note")
def result_99(talk: Talk) -> Seen:
    return cdn(talk, result=99)


@plant(RuleId.RESULT_CODE_KNOWN, "note")
def error_99(talk: Talk) -> Seen:
    return cdn(talk, result=2, error=99)


@plant(RuleId.RESULT_CODE_ROLE, "note")
def no_dial_tone_at_the_lns(talk: Talk) -> Seen:
    return cdn(talk, talk.lns, result=9)


@plant(RuleId.ERROR_CODE_PRESENT, "warn")
def error_unsaid(talk: Talk) -> Seen:
    return cdn(talk, result=2)


@plant(RuleId.ERROR_MESSAGE_PRESENT, "warn")
def attribute_unsaid(talk: Talk) -> Seen:
    return cdn(talk, result=2, error=8)


@plant(RuleId.PROXY_AUTHENTICATION, "fail")
def chap_without_challenge(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    values: dict[str, Value] = {
        "proxy_authen_type": 2,
        "proxy_authen_name": "user",
        "proxy_authen_id": 1,
        "proxy_authen_response": bytes(16),
    }
    seen = talk.message(talk.lac, "ICCN", values)
    talk.ack(talk.lns)
    return seen


@plant(RuleId.PROXY_AUTHENTICATION, "fail")
def name_without_type(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    seen = talk.message(talk.lac, "ICCN", {"proxy_authen_name": "user"})
    talk.ack(talk.lns)
    return seen


def proxied(talk: Talk, name: str, confreq: bytes) -> Seen:
    """An ICCN with one of the CONFREQs."""
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    seen = talk.message(talk.lac, "ICCN", {name: confreq})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.PROXY_LCP, "warn")
def whole_confreq(talk: Talk) -> Seen:
    return proxied(talk, "last_sent_lcp_confreq", bytes.fromhex("0101 0008 0104 05d4"))


@plant(RuleId.PROXY_LCP, "warn")
def half_an_option(talk: Talk) -> Seen:
    return proxied(talk, "last_received_lcp_confreq", bytes.fromhex("0104 05d4 05"))


@plant(RuleId.PROXY_LCP, "warn")
def option_too_long(talk: Talk) -> Seen:
    return proxied(talk, "initial_received_lcp_confreq", bytes.fromhex("0105 05d4"))


@plant(RuleId.PASSWORD_HIDDEN, "warn", secret=SECRET)
def password_in_clear(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    values: dict[str, Value] = {
        "proxy_authen_type": 3,
        "proxy_authen_name": "user",
        "proxy_authen_id": 1,
        "proxy_authen_response": b"password",
    }
    seen = talk.message(talk.lac, "ICCN", values)
    talk.ack(talk.lns)
    return seen
