"""The calls of a tunnel: ids, order, roles, what was announced (RFC 2661 4.4.4, 5.2, 6.6 to 7.5).

Which messages a side has received shows in its Nr. So whether it replies to something that never
came is sure as soon as all messages of its peer up to that Nr were seen, whatever a capture lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from harness.spec.model import Role
from harness.spec.monitor.connection import judge_counting, judge_reply_number
from harness.spec.monitor.judge import Judge
from harness.spec.monitor.message import Message
from harness.spec.monitor.numbering import MODULUS
from harness.spec.monitor.rules import RuleId
from harness.spec.monitor.sequence import Numbered
from harness.spec.monitor.tunnel import Call, Side, Tunnel

REQUESTS: Final = ("ICRQ", "OCRQ")
REPLIES: Final[Mapping[str, str]] = {"ICRP": "ICRQ", "OCRP": "OCRQ"}
CONNECTED: Final[Mapping[str, str]] = {"ICCN": "ICRQ", "OCCN": "OCRQ"}
ASSIGNING: Final = ("ICRQ", "ICRP", "OCRQ", "OCRP", "CDN")
_KINDS: Final[Mapping[str, str]] = {"ICRQ": "incoming", "OCRQ": "outgoing"}

WEN_INTERVAL: Final = 60.0
CLOCK: Final = 0.5
DELAYED: Final = 31.0
"""Seconds by which a capture may see a message later than it was sent first: until then it may
have been lost on its way to the place of the capture (5.8)."""

SERIAL_WRAP: Final = 0xF0000000


def judge_call(
    judge: Judge, tunnel: Tunnel, index: int, message: Message, numbered: Numbered, *, unsure: bool
) -> None:
    """A new message about a session, in a tunnel of which both sides are known."""
    name = message.name
    me = tunnel.sides[index]
    if judge.frame.excused and _misleads(message):
        me.session_ids_unknown = True
    if name in REQUESTS:
        call: Call | None = _request(judge, tunnel, index, message, numbered, unsure=unsure)
    else:
        call = _find(judge, tunnel, index, message, numbered)
        if call is None:
            _take_stray(tunnel, index, message)
            return
        call.unsure = call.unsure or unsure
        if me.judged and not tunnel.entangled:
            _judge_ended(judge, call, index, message, numbered)
            _judge_order(judge, tunnel, call, index, message, numbered)
    assert call is not None
    if not (call.unsure and name in (*REPLIES, *CONNECTED)):
        _judge_role(judge, tunnel, index, message)
    if name in (*REPLIES, *REQUESTS):
        _assign(judge, tunnel, call, index, message, unsure=unsure)
    elif name in CONNECTED:
        _connect(judge, tunnel, call, index, message)
    elif name == "CDN":
        _end(judge, tunnel, call, index, message, numbered)
    elif name == "WEN":
        _judge_wen(judge, call, index, message, numbered)
    call.marks[index].setdefault(name, numbered.ns)


def _misleads(message: Message) -> bool:
    """Whether a strange message may be taken to assign another Session ID than we read, or none."""
    kinds = Counter((one.came.vendor, one.came.type) for one in message.items)
    return assigns_out_of_place(message) or any(number > 1 for number in kinds.values())


def assigns_out_of_place(message: Message) -> bool:
    """Whether a message has an Assigned Session ID that does not list it, a HELLO for example."""
    return message.name not in ASSIGNING and message.has("assigned_session_id")


def _take_stray(tunnel: Tunnel, index: int, message: Message) -> None:
    """A message of no call that is known; the ids that it assigns may be used nevertheless."""
    for number in message.integers("assigned_session_id"):
        if number and (index, number) not in tunnel.calls:
            call = Call(message.name, index, unsure=True)
            call.ids[index] = number
            tunnel.remember(index, number, call)


# -- which call it is --------------------------------------------------------------------------


def _request(
    judge: Judge, tunnel: Tunnel, index: int, message: Message, numbered: Numbered, *, unsure: bool
) -> Call:
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    judged = me.judged and not tunnel.entangled
    if judge.violated(RuleId.SESSION_ID_BEFORE, bool(message.header.session_id)):
        text = f"{message.name} has Session ID {message.header.session_id}"
        judge.blame(RuleId.SESSION_ID_BEFORE, text)
    if judged:
        _judge_tunnel_first(judge, tunnel, index, message, numbered)
        _judge_serial(judge, me, message, numbered)
    if message.name == "OCRQ":
        _judge_bearer(judge, peer, message)
        _judge_framing(judge, peer, message)
    return Call(message.name, index, unsure=unsure)


def _find(
    judge: Judge, tunnel: Tunnel, index: int, message: Message, numbered: Numbered
) -> Call | None:
    """The call that the header names, or for Session ID 0 the Assigned Session ID of a CDN."""
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    session_id = message.header.session_id
    judged = me.judged and not tunnel.entangled and not tunnel.forgot
    sure = judged and peer.seen_up_to(numbered.nr) and not peer.session_ids_unknown
    if session_id:
        call = tunnel.calls.get((1 - index, session_id))
        if judge.violated(RuleId.SESSION_ID, call is None and sure):
            text = f"{message.name} has Session ID {session_id}, which the peer has not assigned"
            judge.blame(RuleId.SESSION_ID, text)
        return call
    if message.name != "CDN":
        if judge.violated(RuleId.SESSION_ID, sure):
            text = f"{message.name} has Session ID 0"
            judge.blame(RuleId.SESSION_ID, text)
        return None
    number = message.integer("assigned_session_id")
    call = tunnel.calls.get((index, number)) if number else None
    if call is not None and sure and not call.unsure:
        theirs = call.ids[1 - index]
        announced = min(call.marks[1 - index].values(), default=MODULUS * MODULUS)
        if judge.violated(RuleId.SESSION_ID, bool(theirs) and announced < numbered.nr):
            text = f"a CDN has Session ID 0, {theirs} has been assigned"
            judge.blame(RuleId.SESSION_ID, text, certain=False)
    return call


def _assign(
    judge: Judge, tunnel: Tunnel, call: Call, index: int, message: Message, *, unsure: bool
) -> None:
    """A Session ID that a request or reply assigns."""
    me = tunnel.sides[index]
    numbers = [number for number in message.integers("assigned_session_id") if number]
    if not numbers or len(message.all("assigned_session_id")) != len(numbers):
        me.session_ids_unknown = True
    for number in numbers:
        other = tunnel.calls.get((index, number))
        if other is not None and other is not call:
            _judge_unique(judge, tunnel, call, other, index, number)
            call.shared = call.shared or not any(other.ended)
        tunnel.remember(index, number, call)
    if numbers and call.ids[index] is None:
        call.ids[index] = numbers[0]
        if me.judged and not unsure:
            judge_counting(judge, me.session_ids, numbers[0], "session")


def _judge_unique(
    judge: Judge, tunnel: Tunnel, call: Call, other: Call, index: int, number: int
) -> None:
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    theirs = call.ids[1 - index]
    live = not any(other.ended) and not other.unsure and not call.unsure
    same = theirs is not None and theirs == other.ids[1 - index]
    sure = live and not same and me.judged and not peer.blurred and not tunnel.entangled
    if judge.violated(RuleId.SESSION_ID_UNIQUE, sure):
        text = f"Session ID {number} is assigned, and another session has it"
        judge.blame(RuleId.SESSION_ID_UNIQUE, text, certain=False)


# -- order -------------------------------------------------------------------------------------


def _judge_tunnel_first(
    judge: Judge, tunnel: Tunnel, index: int, message: Message, numbered: Numbered
) -> None:
    """The control connection is established before any call is begun (5.0)."""
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    if index == 0:
        done = me.marks.get("SCCCN")
        missing = done is None and me.numbering.contiguous >= numbered.ns
        early = (done is not None and done > numbered.ns) or missing
    else:
        done = peer.marks.get("SCCCN")
        early = done is None and peer.seen_up_to(numbered.nr)
        if done is not None and not peer.blurred:
            early = numbered.nr <= done
    if judge.violated(RuleId.CALL_BEFORE_TUNNEL, early and not (index and peer.opaque)):
        text = f"{message.name} comes before the control connection is established"
        judge.blame(RuleId.CALL_BEFORE_TUNNEL, text)


def _judge_order(
    judge: Judge, tunnel: Tunnel, call: Call, index: int, message: Message, numbered: Numbered
) -> None:
    name = message.name
    if name not in REPLIES and name not in CONNECTED:
        return
    peer = tunnel.sides[1 - index]
    request = {**REPLIES, **CONNECTED}[name]
    complete = tunnel.sides[index].numbering.contiguous >= numbered.ns
    by_caller = name == "ICCN"
    wrong = ""
    case = name
    if call.request != request:
        wrong = f"{name} is sent for a call that a{_n(call.request)} has begun"
    elif (call.caller == index) is not by_caller:
        wrong = f"{name} comes from the wrong side of the call"
    elif name in call.marks[index]:
        wrong, case = f"a second {name} for one call", _KINDS[call.request]
    elif name == "OCCN" and "OCRP" not in call.marks[index] and complete:
        wrong = "OCCN comes without an OCRP"
    row = judge.row(RuleId.CALL_ORDER, case)
    if judge.violated(RuleId.CALL_ORDER, bool(wrong) and not call.unsure, row):
        judge.blame(RuleId.CALL_ORDER, wrong, rows=(row,))
    if wrong or call.unsure or peer.blurred or not peer.numbering.started:
        return
    answered = {"ICRP": "ICRQ", "OCRP": "OCRQ", "ICCN": "ICRP"}.get(name)
    ns = call.marks[1 - index].get(answered) if answered else None
    if answered and ns is not None:
        judge_reply_number(judge, peer, name, answered, ns, numbered.nr)


def _n(name: str) -> str:
    return f"n {name}" if name[0] in "IO" else f" {name}"


def _judge_ended(
    judge: Judge, call: Call, index: int, message: Message, numbered: Numbered
) -> None:
    """Nothing new about a session after a CDN of either side (5.6, 6.12)."""
    own, theirs = call.ended[index], call.ended[1 - index]
    fresh = message.name in REPLIES  # it may answer a request that the capture lacks
    if own is not None and not fresh:
        ns, frame = own
        if judge.violated(RuleId.AFTER_CDN, numbered.ns > ns and not call.unsure):
            text = f"{message.name} follows its own CDN of that session"
            judge.blame(RuleId.AFTER_CDN, text, earlier=(frame.number,))
    if theirs is not None and not fresh:
        ns, frame = theirs
        if judge.violated(RuleId.AFTER_PEER_CDN, numbered.nr > ns and not call.unsure):
            text = f"{message.name} follows a CDN of the peer, which it acknowledges"
            # Sent first before the CDN came, and unseen then, it has a fresh Nr now.
            judge.blame(RuleId.AFTER_PEER_CDN, text, earlier=(frame.number,), certain=False)


# -- roles -------------------------------------------------------------------------------------


def _judge_role(judge: Judge, tunnel: Tunnel, index: int, message: Message) -> None:
    """Some messages come from the LAC only, others from the LNS only (6.6 to 6.14)."""
    spec = message.spec
    assert spec is not None
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    if me.role is not None:
        _judge_kept(judge, me.role, message.name)
    if len(spec.senders) != 1:
        return
    (sender,) = spec.senders
    row = judge.specification.message_row(message.name, "sender")
    wrong = me.role is not None and me.role is not sender
    if judge.violated(RuleId.SENDER_ROLE, wrong, row):
        assert me.role is not None
        text = f"{message.name} comes from the {me.role.upper()}"
        judge.blame(RuleId.SENDER_ROLE, text, rows=(row,))
    known = me.role is not None or peer.role is not None
    if not known and message.name in REQUESTS and not judge.frame.excused:
        me.role = sender
        peer.role = Role.LNS if sender is Role.LAC else Role.LAC


def _judge_kept(judge: Judge, role: Role, name: str) -> None:
    """Each call message of a side is a chance to send one that only the other side may send."""
    spec = judge.specification
    others = [one for one in spec.messages.values() if role not in one.senders and one.name != name]
    rows = [spec.message_row(one.name, "sender") for one in others]
    judge.violated(RuleId.SENDER_ROLE, False, *rows)


# -- what was announced ------------------------------------------------------------------------


def _judge_framing(judge: Judge, peer: Side, message: Message) -> None:
    introduction = peer.introduction("framing")
    asked = message.integer("framing_type")
    if introduction is None or introduction.framing is None or asked is None:
        return
    row = judge.row(RuleId.FRAMING_ANNOUNCED, message.name)
    foreign = asked & ~introduction.framing
    if judge.violated(RuleId.FRAMING_ANNOUNCED, bool(foreign), row):
        text = (
            f"{message.name} has Framing Type {asked:#x}, {introduction.framing:#x} was announced"
        )
        earlier = (introduction.frame.number,)
        judge.blame(RuleId.FRAMING_ANNOUNCED, text, rows=(row,), earlier=earlier)


def _judge_bearer(judge: Judge, peer: Side, message: Message) -> None:
    introduction = peer.introduction("bearer")
    if introduction is None:
        return
    earlier = (introduction.frame.number,)
    missing = introduction.bearer is None
    if judge.violated(RuleId.BEARER_NEEDED, missing):
        text = "an OCRQ goes to a peer that has announced no Bearer Capabilities"
        judge.blame(RuleId.BEARER_NEEDED, text, earlier=earlier)
    asked = message.integer("bearer_type")
    if introduction.bearer is None or asked is None:
        return
    foreign = asked & ~introduction.bearer
    if judge.violated(RuleId.BEARER_ANNOUNCED, bool(foreign)):
        text = f"an OCRQ has Bearer Type {asked:#x}, {introduction.bearer:#x} was announced"
        judge.blame(RuleId.BEARER_ANNOUNCED, text, earlier=earlier)


def _connect(judge: Judge, tunnel: Tunnel, call: Call, index: int, message: Message) -> None:
    """ICCN or OCCN: the session is established (6.8, 6.11)."""
    frame = judge.frame
    if message.name == "ICCN":
        _judge_framing(judge, tunnel.sides[1 - index], message)
    if message.has("sequencing_required"):
        call.sequencing = True
    if call.connected is None:
        call.connected = frame
        judge_early_data(judge, call, frame.at)


def judge_early_data(judge: Judge, call: Call, at: float) -> None:
    """Data messages that came before the session was established (5.0)."""
    for index, early in enumerate(call.early):
        if early is not None and at - early.at > judge.view.horizon:
            text = "a data message is sent before the session is established"
            judge.blame(RuleId.DATA_BEFORE_SESSION, text, culprit=early, certain=False)
        call.early[index] = None


def _judge_serial(judge: Judge, me: Side, message: Message, numbered: Numbered) -> None:
    value = message.integer("call_serial_number")
    if value is None or judge.frame.excused:
        return
    last = me.serial
    if last is not None:
        ns, before, frame = last
        later = numbered.ns > ns
        wrapped = before >= SERIAL_WRAP > value
        if judge.violated(RuleId.SERIAL_NUMBER, later and value <= before and not wrapped):
            text = f"Call Serial Number {value} follows {before}"
            judge.blame(RuleId.SERIAL_NUMBER, text, earlier=(frame.number,))
        if not later:
            return
    me.serial = (numbered.ns, value, judge.frame)


# -- during and after the call -----------------------------------------------------------------


def _end(
    judge: Judge, tunnel: Tunnel, call: Call, index: int, message: Message, numbered: Numbered
) -> None:
    me = tunnel.sides[index]
    number = message.integer("assigned_session_id")
    if number is not None:
        row = judge.row(RuleId.CDN_SESSION_ID, "zero")
        if judge.violated(RuleId.CDN_SESSION_ID, number == 0, row):
            text = "the Assigned Session ID of a CDN is 0"
            judge.blame(RuleId.CDN_SESSION_ID, text, rows=(row,))
        first = call.ids[index]
        if number and first is not None and me.judged and not tunnel.entangled:
            row = judge.row(RuleId.CDN_SESSION_ID, "first")
            if judge.violated(RuleId.CDN_SESSION_ID, number != first, row):
                text = f"a CDN has Assigned Session ID {number}, first it was {first}"
                judge.blame(RuleId.CDN_SESSION_ID, text, rows=(row,))
    if call.ended[index] is None:
        call.ended[index] = (numbered.ns, judge.frame)
    judge_early_data(judge, call, judge.frame.at)


def _judge_wen(judge: Judge, call: Call, index: int, message: Message, numbered: Numbered) -> None:
    value = message.value("call_errors")
    if not isinstance(value, Mapping) or judge.frame.excused:
        return
    frame = judge.frame
    counters = tuple(int(one) for one in value.values())
    latest = call.wens.get(index)
    if latest is None:
        if judge.violated(RuleId.WEN_REASON, not any(counters)):
            judge.blame(RuleId.WEN_REASON, "a WEN whose counters are all 0")
        call.wens[index] = (numbered.ns, frame, counters)
        return
    ns, before, known = latest
    if numbered.ns <= ns:
        return
    earlier = (before.number,)
    slack = CLOCK if judge.view.complete else DELAYED
    waited = frame.at - before.at
    if judge.violated(RuleId.WEN_RATE, 0 <= waited < WEN_INTERVAL - slack):
        text = f"a WEN follows another one of its session after {waited:.1f} s"
        judge.blame(RuleId.WEN_RATE, text, earlier=earlier)
    fallen = [name for name, one, old in zip(value, counters, known, strict=True) if one < old]
    if judge.violated(RuleId.WEN_COUNTERS, bool(fallen)):
        judge.blame(RuleId.WEN_COUNTERS, f"{', '.join(fallen)} of WEN fell", earlier=earlier)
    if judge.violated(RuleId.WEN_REASON, counters == known):
        judge.blame(RuleId.WEN_REASON, "a WEN whose counters have not grown", earlier=earlier)
    call.wens[index] = (numbered.ns, frame, counters)
