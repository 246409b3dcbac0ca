"""Violations of the rules of AVPs."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from harness.wire import AVP, hide_avp
from tests.monitor.plants.planting import icrq, plant
from tests.monitor.talk import SECRET, Seen, Talk, avp


@plant(RuleId.AVP_STRUCTURE, "fail")
def avp_too_long(talk: Talk) -> Seen:
    return icrq(talk, AVP(21, b"555", length=20))


@plant(RuleId.AVP_STRUCTURE, "fail")
def avp_below_six(talk: Talk) -> Seen:
    return icrq(talk, AVP(21, b"", length=3))


@plant(RuleId.AVP_RESERVED_BITS, "fail")
def reserved_bits_of_avp(talk: Talk) -> Seen:
    return icrq(talk, AVP(21, b"5551234", reserved=4))


@plant(RuleId.AVP_MANDATORY_BIT, "fail")
def m_bit_missing(talk: Talk) -> Seen:
    return icrq(talk, AVP(21, b"5551234", mandatory=False))


@plant(RuleId.AVP_MANDATORY_BIT, "fail")
def m_bit_too_many(talk: Talk) -> Seen:
    return icrq(talk, AVP(25, bytes(4), mandatory=True))


@plant(RuleId.AVP_HIDDEN_BIT, "fail", secret=SECRET)
def hidden_host_name(talk: Talk) -> Seen:
    vector = avp("random_vector")
    hidden = hide_avp(avp("host_name", "lac"), SECRET, vector.value)
    seen = talk.message(talk.lac, "SCCRQ", omit=("host_name",), extra=(vector, hidden))
    talk.message(talk.lns, "SCCRP")
    return seen


@plant(RuleId.AVP_VALUE_LENGTH, "warn")
def bearer_type_of_two(talk: Talk) -> Seen:
    return icrq(talk, AVP(18, b"\0\1"))


@plant(RuleId.AVP_VALUE, "fail")
def reserved_bearer(talk: Talk) -> Seen:
    return icrq(talk, AVP(18, b"\0\0\0\4"))


@plant(RuleId.AVP_VALUE, "fail")
def session_id_zero(talk: Talk) -> Seen:
    return icrq(talk, values={"assigned_session_id": 0})


@plant(RuleId.AVP_MISSING, "fail")
def no_host_name(talk: Talk) -> Seen:
    seen = talk.message(talk.lac, "SCCRQ", omit=("host_name",))
    talk.message(talk.lns, "SCCRP")
    return seen


@plant(RuleId.AVP_FOREIGN, "warn")
def receive_window_in_icrq(talk: Talk) -> Seen:
    return icrq(talk, avp("receive_window_size", 4))


@plant(RuleId.AVP_DUPLICATE, "note")
def two_called_numbers(talk: Talk) -> Seen:
    return icrq(talk, avp("called_number", "1"), avp("called_number", "2"))


@plant(RuleId.AVP_UNASSIGNED, "note")
def attribute_20(talk: Talk) -> Seen:
    return icrq(talk, AVP(20, b"x", mandatory=False))


@plant(RuleId.VENDOR_AVP_MANDATORY, "note")
def mandatory_vendor_avp(talk: Talk) -> Seen:
    return icrq(talk, AVP(1, b"x", vendor=9))


@plant(RuleId.MESSAGE_TYPE_FIRST, "fail")
def host_name_first(talk: Talk) -> Seen:
    packet = talk.packet(talk.lac, "SCCRQ")
    first, second, *rest = packet.avps
    talk.lac.ns, talk.lns.nr = 1, 1
    return talk.send(talk.lac, packet._replace(avps=(second, first, *rest)))


@plant(RuleId.MESSAGE_TYPE_KNOWN, "note")
def type_99(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lac, "HELLO", avps=(AVP(0, b"\0\x63"),))
    talk.ack(talk.lns)
    return seen


@plant(RuleId.MESSAGE_TYPE_RESERVED, "warn")
def type_13(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lac, "HELLO", avps=(AVP(0, b"\0\x0d"),))
    talk.ack(talk.lns)
    return seen


@plant(RuleId.HIDDEN_WITHOUT_VECTOR, "fail")
def hidden_first(talk: Talk) -> Seen:
    vector = avp("random_vector")
    return icrq(talk, hide_avp(avp("called_number", "1"), SECRET, vector.value), vector)


@plant(RuleId.HIDDEN_WITHOUT_SECRET, "fail", secret_shared=False)
def hidden_for_nobody(talk: Talk) -> Seen:
    vector = avp("random_vector")
    return icrq(talk, vector, hide_avp(avp("called_number", "1"), SECRET, vector.value))


@plant(RuleId.HIDDEN_VALUE, "warn", secret=SECRET)
def hidden_under_another_secret(talk: Talk) -> Seen:
    vector = avp("random_vector")
    return icrq(talk, vector, hide_avp(avp("called_number", "1"), b"other", vector.value))


@plant(RuleId.RANDOM_VECTOR_LENGTH, "warn")
def short_vector(talk: Talk) -> Seen:
    return icrq(talk, AVP(36, b"short"))
