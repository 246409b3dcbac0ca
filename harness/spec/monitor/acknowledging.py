"""What one side acknowledges, judged: the Nr of its messages, and its ZLBs (RFC 2661 5.8).

What is sure without having seen every frame
- Nr does not go back. Ns of a ZLB is not below what was sent before.
What rests on having seen every frame, and is a note in a capture
- A ZLB or an Nr that claims more than was seen.
"""

from __future__ import annotations

from typing import Final

from harness.spec.monitor.judge import Judge
from harness.spec.monitor.message import ZLB, Message
from harness.spec.monitor.numbering import LEAP, MODULUS, Numbering, up_to
from harness.spec.monitor.rules import RuleId
from harness.spec.monitor.tunnel import Side, Tunnel

ANSWER: Final = 0.25
"""Seconds within which a ZLB after a ZLB is an answer to it."""

STORM: Final = 4
"""ZLBs that answer ZLBs; frames that a capture lacks do not explain so many."""

OVERDUE: Final = 2.0
"""Seconds after a message in which a ZLB may still be its acknowledgement."""


def judge_beyond(judge: Judge, me: Side, peer: Side, nr: int) -> bool:
    """Whether Nr is one that the peer's messages explain."""
    sent = peer.numbering
    frame = judge.frame
    if nr < 0:
        if judge.violated(RuleId.NR_BEYOND, True):
            text = f"Nr is {nr % MODULUS}, yet the peer has sent {_messages(sent.next)}"
            judge.blame(RuleId.NR_BEYOND, text)
        return False
    explained = nr <= sent.claimable or (nr <= sent.next and not judge.view.complete)
    judge.violated(RuleId.NR_BEYOND, False)
    if explained:
        _weigh_claim(judge, me, nr)
        return True
    if judge.view.complete:
        if judge.violated(RuleId.NR_BEYOND, True):
            text = f"Nr is {nr % MODULUS}, yet the peer has sent {up_to(sent.contiguous)} in order"
            judge.blame(RuleId.NR_BEYOND, text)
    elif me.claim is None and not frame.excused:
        me.claim = (nr, frame)
    return False


def _weigh_claim(judge: Judge, me: Side, nr: int) -> None:
    """Who has acknowledged more than it does now has claimed too much."""
    if me.claim is None:
        return
    claimed, frame = me.claim
    if nr >= claimed:
        me.claim = None
    elif judge.frame.at - frame.at > judge.view.horizon:
        me.claim = None
        text = f"Nr was {claimed % MODULUS}, later it is {nr % MODULUS}"
        judge.blame(RuleId.NR_BEYOND, text, culprit=frame, earlier=(judge.frame.number,))


def judge_back(judge: Judge, me: Side, message: Message, ns: int, nr: int) -> None:
    """Judge that Nr is no lower than it was."""
    settled = me.numbering.settled(judge.frame.at - judge.view.horizon)
    if settled is None:
        return
    before, frame = settled
    again = message.name != ZLB and ns in me.numbering.sent
    rule = RuleId.RETRANSMISSION_NR if again else RuleId.NR_BACK
    if judge.violated(rule, nr < before):
        what = f"{message.name} sent again has Nr" if again else "Nr is"
        text = f"{what} {nr % MODULUS}, it was {before % MODULUS} already"
        judge.blame(rule, text, earlier=(frame.number,))


def forget_lost(sent: Numbering, nr: int) -> None:
    """What is acknowledged alone, without what follows, was sent and only missed by the capture."""
    sent.lose([gap.ns for gap in sent.gaps.values() if gap.ns < nr <= gap.beyond.ns])


def judge_zlb(judge: Judge, tunnel: Tunnel, me: Side, message: Message, ns: int, nr: int) -> None:
    """Judge a ZLB: its Ns, its Session ID, and that there is something it acknowledges."""
    numbering = me.numbering
    frame = judge.frame
    if judge.view.complete and numbering.started:
        if judge.violated(RuleId.ZLB_NS, ns != numbering.next and not _goes_back(numbering, ns)):
            text = f"a ZLB has Ns {ns % MODULUS}, {numbering.next % MODULUS} is the next"
            judge.blame(RuleId.ZLB_NS, text, earlier=numbering.latest())
    else:
        _judge_zlb_of_capture(judge, me, ns)
    if message.header.session_id and judge.violated(RuleId.ZLB_SESSION_ID, True):
        text = f"a ZLB has Session ID {message.header.session_id}"
        judge.blame(RuleId.ZLB_SESSION_ID, text)
    if not tunnel.whole or me.heard is None:
        return
    acknowledgeable = me.zlb_credits
    while acknowledgeable and frame.at - acknowledgeable[0] > OVERDUE:
        del acknowledgeable[0]
    once, me.zlb_once = me.zlb_once, None
    # an acknowledgement may come a second time, whatever of ours has crossed it
    again = once is not None and once[:2] == (ns, nr) and frame.at - once[2] <= OVERDUE
    if acknowledgeable:
        del acknowledgeable[0]
        judge.violated(RuleId.ZLB_UNANSWERED, False)
        me.zlb_once = (ns, nr, frame.at)
    elif me.heard_zlb and not again and 0 <= frame.at - me.heard.at < ANSWER:
        me.zlb_storm += 1
        if judge.violated(RuleId.ZLB_UNANSWERED, True):
            text = "a ZLB answers a ZLB: no message is left to be acknowledged"
            sure = me.zlb_storm >= STORM
            earlier = (me.heard.number,)
            judge.blame(RuleId.ZLB_UNANSWERED, text, earlier=earlier, certain=sure)
        me.heard_zlb = False  # one answers one: further ones may be copies that the path made


def _goes_back(numbering: Numbering, ns: int) -> bool:
    """Whether it goes on with what followed the message that it has just sent again."""
    again = numbering.sent.get(ns - 1)
    if again is None or again.transmissions < 2:
        return False
    return all(one.last.number <= again.last.number for one in numbering.sent.values())


def _judge_zlb_of_capture(judge: Judge, me: Side, ns: int) -> None:
    frame = judge.frame
    numbering = me.numbering
    horizon = judge.view.horizon
    passed = [
        sent
        for number, sent in numbering.sent.items()
        if ns <= number and frame.at - sent.first.at > horizon
    ]
    if judge.violated(RuleId.ZLB_NS, bool(passed)):
        last = passed[-1]
        text = f"a ZLB has Ns {ns % MODULUS}, yet {last.name} had Ns {last.ns % MODULUS} already"
        judge.blame(RuleId.ZLB_NS, text, earlier=(last.first.number,))
    if frame.excused or not numbering.started:
        return
    if me.zlb_claim is not None:
        claimed, claiming = me.zlb_claim
        if ns < claimed and frame.at - claiming.at > horizon:
            me.zlb_claim = None
            text = f"a ZLB has Ns {claimed % MODULUS}, a later one has {ns % MODULUS}"
            judge.blame(RuleId.ZLB_NS, text, culprit=claiming, earlier=(frame.number,))
    if numbering.next < ns <= numbering.next + LEAP and me.zlb_claim is None:
        me.zlb_claim = (ns, frame)


def _messages(count: int) -> str:
    return "no message" if not count else f"{count} message{'s' if count > 1 else ''}"
