"""Violations of the rules of the reliable channel."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from harness.wire import Header, Packet, build
from tests.monitor.plants.planting import plant
from tests.monitor.talk import LAC, LNS, Seen, Talk


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
