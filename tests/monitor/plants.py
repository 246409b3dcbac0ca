"""For every rule a conversation that breaks it in one frame, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.spec.model import Role
from harness.spec.monitor import RuleId
from harness.wire import AVP, Header, Packet, Value, build, challenge_response, hide_avp
from tests.monitor.talk import COUNTERS, LAC, LNS, SECRET, End, Seen, Talk, avp

Build = Callable[[Talk], Seen]


@dataclass(frozen=True)
class Plant:
    """A conversation with one violation. `build` gives the frame that is to blame.

    `live`, `capture`: what it comes to when all is seen, and in a capture; None: it cannot be
    told there. `also`: rules that the same frame cannot help but break.
    """

    rule: RuleId
    build: Build
    live: str | None
    capture: str | None
    also: frozenset[RuleId] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the id of a test."""
        return f"{self.rule}-{self.build.__name__}"


PLANTS: list[Plant] = []

_SAME = "as live"


def plant(
    rule: RuleId,
    severity: str | None,
    capture: str | None = _SAME,
    *,
    also: tuple[RuleId, ...] = (),
    **options: Any,
) -> Callable[[Build], Build]:
    """Add a conversation to the list."""

    def add(build: Build) -> Build:
        seen = severity if capture == _SAME else capture
        PLANTS.append(Plant(rule, build, severity, seen, frozenset(also), options))
        return build

    return add


def hello(talk: Talk, **header: object) -> Seen:
    """A HELLO with a header of one's own, in a tunnel."""
    talk.tunnel()
    seen = talk.message(talk.lac, "HELLO", header=header)
    talk.ack(talk.lns)
    return seen


# -- UDP and the header -----------------------------------------------------------------------


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


# -- AVPs -----------------------------------------------------------------------------------------


def icrq(talk: Talk, *extra: AVP, **changes: Any) -> Seen:
    """An ICRQ of one's own, in a tunnel."""
    talk.tunnel()
    seen = talk.message(talk.lac, "ICRQ", extra=extra, **changes)
    talk.ack(talk.lns)
    return seen


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


# -- contents -------------------------------------------------------------------------------------


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


# -- addresses and ids ----------------------------------------------------------------------------


@plant(RuleId.ADDRESS_STATIC, "fail", "note")
def initiator_moves(talk: Talk) -> Seen:
    talk.tunnel()
    packet = talk.packet(talk.lac, "HELLO")
    talk.lac.ns += 1
    talk.lns.nr = talk.lac.ns
    return talk.put(build(packet), (LAC[0], 50000), LNS)


@plant(RuleId.ADDRESS_STATIC, "fail", "note")
def data_from_elsewhere(talk: Talk) -> Seen:
    talk.tunnel().call()
    header = Header(control=False, tunnel_id=12, session_id=22, length=None)
    return talk.put(build(Packet(header, payload=b"\x00\x21x")), (LAC[0], 50000), LNS)


@plant(RuleId.ADDRESS_REPLY, "fail", None)
def answered_elsewhere(talk: Talk) -> Seen:
    talk.tunnel()
    packet = talk.packet(talk.lns, "HELLO")
    talk.lns.ns += 1
    talk.lac.nr = talk.lns.ns
    return talk.put(build(packet), LNS, (LAC[0], 50000))


@plant(RuleId.TUNNEL_ID, "fail", "note")
def another_tunnel_id(talk: Talk) -> Seen:
    return hello(talk, tunnel_id=999)


@plant(RuleId.TUNNEL_ID, "fail")
def tunnel_id_zero(talk: Talk) -> Seen:
    return hello(talk, tunnel_id=0)


@plant(RuleId.TUNNEL_ID, "fail", None)
def another_tunnel_id_of_data(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, tunnel_id=999)


@plant(RuleId.TUNNEL_ID_BEFORE, "fail")
def sccrq_with_tunnel_id(talk: Talk) -> Seen:
    seen = talk.message(talk.lac, "SCCRQ", header={"tunnel_id": 7})
    talk.message(talk.lns, "SCCRP")
    return seen


@plant(RuleId.SESSION_ID, "fail")
def iccn_for_another_session(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    talk.message(talk.lns, "ICRP")
    seen = talk.message(talk.lac, "ICCN", header={"session_id": 999})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.SESSION_ID, "fail")
def icrp_with_zero(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    seen = talk.message(talk.lns, "ICRP", session=False)
    talk.ack(talk.lac)
    return seen


@plant(RuleId.SESSION_ID, "fail", "note")
def cdn_with_zero(talk: Talk) -> Seen:
    talk.tunnel().call()
    seen = talk.message(talk.lns, "CDN", session=False)
    talk.ack(talk.lac)
    return seen


@plant(RuleId.SESSION_ID, "fail", "note")
def data_of_another_session(talk: Talk) -> Seen:
    talk.tunnel().call()
    return talk.data(talk.lac, session_id=999)


@plant(RuleId.SESSION_ID_BEFORE, "fail")
def icrq_with_session_id(talk: Talk) -> Seen:
    return icrq(talk, header={"session_id": 5})


@plant(RuleId.SESSION_ID_GLOBAL, "fail")
def hello_of_a_session(talk: Talk) -> Seen:
    return hello(talk, session_id=3)


@plant(RuleId.SESSION_ID_GLOBAL, "warn")
def stopccn_of_a_session(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lac, "StopCCN", header={"session_id": 3})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.ZLB_SESSION_ID, "note")
def zlb_of_a_session(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "HELLO")
    return talk.ack(talk.lns, session_id=3)


@plant(RuleId.TUNNEL_ID_UNIQUE, "warn")
def two_tunnels_with_one_id(talk: Talk) -> Seen:
    talk.tunnel()
    lac, lns = talk.lac, talk.lns
    talk.lac, talk.lns = End(LAC, 31, 21), End(LNS, lns.tunnel_id, 22)
    talk.tunnel()
    talk.lac, talk.lns = lac, lns
    talk.wait(2.0)
    seen = talk.message(talk.lns, "HELLO")
    talk.ack(talk.lac)
    return seen


@plant(RuleId.SESSION_ID_UNIQUE, "warn", "note")
def two_sessions_with_one_id(talk: Talk) -> Seen:
    talk.tunnel().call()
    seen = talk.message(talk.lac, "ICRQ", {"call_serial_number": 2})
    talk.lns.session_id = 33
    talk.message(talk.lns, "ICRP")
    return seen


@plant(RuleId.IDS_UNPREDICTABLE, "warn")
def tunnels_that_count(talk: Talk) -> Seen:
    for number in range(4):
        address = (LAC[0], 41000 + number)
        talk.lac, talk.lns = End(address, 100 + number, 1), End(LNS, 7 * number * number + 200, 2)
        seen = talk.message(talk.lac, "SCCRQ")
        talk.message(talk.lns, "SCCRP")
    return seen


@plant(RuleId.IDS_UNPREDICTABLE, "warn")
def sessions_that_count(talk: Talk) -> Seen:
    talk.tunnel()
    for number in range(4):
        talk.lac.session_id, talk.lns.session_id = 50 + number, 9 * number * number + 200
        seen = talk.message(talk.lac, "ICRQ", {"call_serial_number": number})
        talk.message(talk.lns, "ICRP")
    return seen


@plant(RuleId.STOPCCN_TUNNEL_ID, "fail")
def stopccn_with_another_id(talk: Talk) -> Seen:
    talk.tunnel()
    seen = talk.message(talk.lns, "StopCCN", {"assigned_tunnel_id": 77})
    talk.ack(talk.lac)
    return seen


@plant(RuleId.STOPCCN_TUNNEL_ID, "warn")
def refusal_without_id(talk: Talk) -> Seen:
    talk.message(talk.lac, "SCCRQ")
    seen = talk.message(talk.lns, "StopCCN", {"assigned_tunnel_id": 0})
    talk.ack(talk.lac, tunnel_id=0)
    return seen


@plant(RuleId.CDN_SESSION_ID, "warn")
def cdn_with_another_id(talk: Talk) -> Seen:
    talk.tunnel().call()
    seen = talk.message(talk.lac, "CDN", {"assigned_session_id": 77})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.CDN_SESSION_ID, "warn")
def refused_call_without_id(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    seen = talk.message(talk.lns, "CDN", {"assigned_session_id": 0})
    talk.ack(talk.lac)
    return seen


@plant(RuleId.SECOND_TUNNEL, "fail", also=(RuleId.RETRANSMISSION_IDENTICAL,))
def second_sccrp(talk: Talk) -> Seen:
    request = talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    talk.again(request, nr=0, wait=1.0)
    talk.lns.ns, talk.lns.tunnel_id = 0, 99
    return talk.message(talk.lns, "SCCRP")


# -- the reliable channel -------------------------------------------------------------------------


@plant(RuleId.NS_FIRST, "warn")
def sccrq_with_ns(talk: Talk) -> Seen:
    talk.lac.ns = 5
    talk.tunnel()
    return talk.frames[0]


@plant(RuleId.NS_SEQUENCE, "warn", "note")
def skipped_number(talk: Talk) -> Seen:
    talk.tunnel()
    talk.lac.ns += 1
    seen = talk.message(talk.lac, "HELLO")
    talk.lns.nr -= 2  # its peer does what it should, and waits for the missing one
    talk.ack(talk.lns)
    talk.again(seen, wait=3.0)
    return seen


@plant(RuleId.RETRANSMISSION_IDENTICAL, "warn")
def number_used_twice(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    talk.lac.ns -= 1
    seen = talk.message(talk.lac, "ICRQ")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.RETRANSMISSION_NR, "fail")
def stale_nr(talk: Talk) -> Seen:
    talk.tunnel()
    hello = talk.message(talk.lac, "HELLO")
    talk.message(talk.lns, "HELLO")
    talk.ack(talk.lac)
    return talk.again(hello, nr=1, wait=1.5)


@plant(RuleId.RETRANSMISSION_EARLY, "note")
def impatient(talk: Talk) -> Seen:
    talk.tunnel()
    return talk.again(talk.message(talk.lac, "HELLO"), wait=0.1)


def repeated(talk: Talk, *intervals: float) -> Seen:
    """A HELLO at these intervals."""
    talk.tunnel()
    seen = talk.message(talk.lac, "HELLO", arrives=False)
    for interval in intervals:
        seen = talk.again(seen, wait=interval - 0.002)
    return seen


@plant(RuleId.RETRANSMISSION_BACKOFF, "fail", None)
def two_equal_intervals(talk: Talk) -> Seen:
    return repeated(talk, 1, 1)


@plant(RuleId.RETRANSMISSION_BACKOFF, "fail")
def shrinking_interval(talk: Talk) -> Seen:
    return repeated(talk, 4, 1)


@plant(RuleId.RETRANSMISSION_CAP, "fail")
def cap_of_four(talk: Talk) -> Seen:
    return repeated(talk, 1, 2, 4, 4)


@plant(RuleId.RETRANSMISSION_COUNT, "note")
def never_gives_up(talk: Talk) -> Seen:
    return repeated(talk, 1, 2, 4, 8, 8, 8, 8, 8, 8, 8)


@plant(RuleId.ZLB_FORM, "warn")
def zlb_with_octets(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "HELLO")
    header = Header(tunnel_id=11, ns=talk.lns.ns, nr=talk.lns.nr)
    return talk.put(build(Packet(header, payload=b"abc")), LNS, LAC)


@plant(RuleId.ZLB_NS, "fail")
def zlb_one_too_low(talk: Talk) -> Seen:
    talk.tunnel().wait(5.0)
    talk.message(talk.lac, "HELLO")
    return talk.ack(talk.lns, ns=0)


@plant(RuleId.ZLB_NS, "fail", "note")
def zlb_one_too_high(talk: Talk) -> Seen:
    talk.tunnel().wait(5.0)
    talk.message(talk.lac, "HELLO")
    return talk.ack(talk.lns, ns=2)


@plant(RuleId.ZLB_UNANSWERED, "fail", "note")
def zlb_for_a_zlb(talk: Talk) -> Seen:
    talk.tunnel().wait(5.0)
    talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    return talk.ack(talk.lac)


@plant(RuleId.NR_BEYOND, "warn", "note")
def acknowledged_in_advance(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "HELLO")
    return talk.ack(talk.lns, nr=9)


@plant(RuleId.NR_BEYOND, "warn")
def acknowledged_in_advance_and_not_later(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "HELLO")
    seen = talk.ack(talk.lns, nr=9)
    talk.wait(5.0).message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.NR_BACK, "warn")
def nr_goes_back(talk: Talk) -> Seen:
    talk.tunnel().wait(5.0)
    talk.message(talk.lns, "HELLO")
    seen = talk.message(talk.lac, "HELLO", header={"nr": 0})
    talk.ack(talk.lns)
    return seen


@plant(RuleId.NR_OF_REPLY, "warn")
def reply_to_the_unreceived(talk: Talk) -> Seen:
    talk.tunnel()
    talk.message(talk.lac, "ICRQ")
    seen = talk.message(talk.lns, "ICRP", header={"nr": 2})
    talk.ack(talk.lac)
    return seen


@plant(RuleId.WINDOW_DEFAULT, "fail", "note")
def five_at_once(talk: Talk) -> Seen:
    talk.tunnel()
    for _ in range(5):
        seen = talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    return seen


@plant(RuleId.WINDOW, "fail", "note")
def two_where_one_fits(talk: Talk) -> Seen:
    talk.tunnel(reply={"receive_window_size": 1})
    talk.message(talk.lac, "HELLO")
    seen = talk.message(talk.lac, "HELLO")
    talk.ack(talk.lns)
    return seen


# -- the control connection -----------------------------------------------------------------------


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


# -- calls ----------------------------------------------------------------------------------------


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


# -- data -----------------------------------------------------------------------------------------


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
