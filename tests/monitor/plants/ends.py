"""Violations of the rules of addresses and ids."""

from __future__ import annotations

from harness.spec.monitor import RuleId
from harness.wire import Header, Packet, build
from tests.monitor.plants.planting import hello, icrq, plant
from tests.monitor.talk import LAC, LNS, End, Seen, Talk


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


@plant(RuleId.SECOND_TUNNEL, "fail")
def second_sccrp(talk: Talk) -> Seen:
    request = talk.message(talk.lac, "SCCRQ")
    talk.message(talk.lns, "SCCRP")
    talk.again(request, nr=0, wait=1.0)
    talk.lns.ns, talk.lns.tunnel_id = 0, 99
    return talk.message(talk.lns, "SCCRP")
