"""The numbers of a tunnel's messages, judged from outside: Ns, window, retransmissions (5.8).

What is sure without having seen every frame
- A number that comes again is the same message.
- No doubling schedule explains intervals that do not grow.
What rests on having seen every frame, and is a note in a capture
- A number that was passed over; a full window.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from harness.spec.monitor.acknowledging import (
    forget_lost,
    judge_back,
    judge_beyond,
    judge_zlb,
)
from harness.spec.monitor.judge import Frame, Judge
from harness.spec.monitor.message import ZLB, Message
from harness.spec.monitor.numbering import LEAP, MODULUS, Gap, Numbering, Sent, unwrap, up_to
from harness.spec.monitor.rules import RuleId
from harness.spec.monitor.timing import (
    EARLIEST,
    MOST_TRANSMISSIONS,
    Schedule,
    judge_schedule,
    reaches,
)
from harness.spec.monitor.tunnel import Side, Tunnel

COPY: Final = 0.05
"""Seconds within which the same octets again are a copy that a network or a capture made."""

SAME: Final = 60.0
"""Seconds after which a number of an unknown tunnel may belong to another one."""

SOON: Final = 0.45
"""Seconds within which a message that is new cannot be one that was lost and sent again."""

REPEATED: Final = 3
"""Times that a message comes again before what was passed over is not just lost each time."""

PATIENCE: Final = 2.0
"""Seconds in which a sender would have sent a lost message again."""

MOST_CREDIT: Final = 64
FAREWELLS: Final = frozenset({"CDN", "StopCCN"})
IN_VAIN: Final = 3
"""Transmissions after which a message that is not acknowledged may be why a tunnel is given up."""
VARIANTS: Final = 4
"""Messages with one number that are remembered, where one was made on purpose."""


class Numbered(NamedTuple):
    """A control message with its counts. `new`: not one that was seen before."""

    ns: int
    nr: int
    new: bool


def judge_numbers(
    judge: Judge, tunnel: Tunnel, index: int, message: Message, *, unsure: bool
) -> Numbered | None:
    """Judge Ns and Nr of a control message of side `index`, and remember them.

    `unsure`: the other side may have taken it for something else. None if it has no numbers.
    """
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    header = message.header
    if header.ns is None or header.nr is None:
        me.blurred = True
        me.numbering.slack += 1
        _hear(peer, judge.frame, zlb=False)
        return None
    if not (tunnel.whole or me.numbering.sent or me.numbering.levels):
        me.numbering.begin(header.ns)
    ns = me.numbering.absolute(header.ns)
    if tunnel.whole and peer.numbering.started:
        nr = unwrap(header.nr, peer.numbering.next)
    else:
        nr = unwrap(header.nr, me.numbering.nr) if me.numbering.levels else header.nr
    judged = me.judged and not tunnel.entangled
    if message.name == ZLB and not header.tunnel_id:
        judged = False  # it acknowledges in no tunnel: that is wrong, and its numbers are of none
    acceptable = True
    if judged and tunnel.whole and peer.numbering.started:
        acceptable = judge_beyond(judge, me, peer, nr)
    if judged:
        judge_back(judge, me, message, ns, nr)
    if message.name == ZLB:
        new = False
        if judged:
            judge_zlb(judge, tunnel, me, message, ns, nr)
    else:
        new = _take(judge, tunnel, index, message, ns, judged=judged, unsure=unsure)
    if acceptable:
        me.numbering.acknowledge(nr, judge.frame)
    if tunnel.whole:
        forget_lost(peer.numbering, nr)
    hides = message.packet.trailing or header.offset_size is not None
    if unsure and message.name == ZLB and hides:
        me.numbering.slack += 1  # with its octets behind Length or Offset it may pass for a message
    _hear(peer, judge.frame, zlb=message.name == ZLB and message.sound)
    return Numbered(ns, nr, new)


def suppose(frame: Frame, tunnel: Tunnel, index: int) -> None:
    """A message made on purpose, which side `index` of this tunnel may be taken to have sent."""
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    me.opaque = me.blurred = True
    me.numbering.slack += 1
    _hear(peer, frame, zlb=False)


def _hear(peer: Side, frame: Frame, *, zlb: bool) -> None:
    peer.heard = frame
    peer.heard_zlb = zlb
    if not zlb:
        peer.zlb_credits.append(frame.at)
        del peer.zlb_credits[:-MOST_CREDIT]
        peer.zlb_storm = 0


# -- messages --------------------------------------------------------------------------------


def _take(
    judge: Judge,
    tunnel: Tunnel,
    index: int,
    message: Message,
    ns: int,
    *,
    judged: bool,
    unsure: bool,
) -> bool:
    """Judge and remember a message by its number; whether it is a new one."""
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    numbering = me.numbering
    known = numbering.sent.get(ns)
    if known is not None and not tunnel.whole and judge.frame.at - known.last.at > SAME:
        known = None
    if known is not None:
        # what the peer has said of half a tunnel is not seen: it may have moved the timer on
        timed = judged and (tunnel.whole or judge.view.complete)
        return _take_again(judge, me, message, known, judged=judged, timed=timed, unsure=unsure)
    if not numbering.next - LEAP < ns <= numbering.next + LEAP or ns < 0:
        if judged and numbering.started and judge.violated(RuleId.NS_SEQUENCE, True):
            _blame_jump(judge, numbering, ns)
        return True
    if judged and tunnel.whole:
        _judge_new(judge, me, peer, message, ns)
    frame = judge.frame
    numbering.keep(
        Sent(
            ns=ns,
            name=message.name,
            digests=[message.digest],
            data=hash(message.data),
            first=frame,
            last=frame,
            unsure=unsure,
            run=[frame.at],
        )
    )
    return True


def _judge_new(judge: Judge, me: Side, peer: Side, message: Message, ns: int) -> None:
    """A number that was not seen before."""
    numbering = me.numbering
    if numbering.started:
        jump = judge.view.complete and ns > numbering.next
        if numbering.next == 0:
            if judge.violated(RuleId.NS_FIRST, jump):
                _blame_jump(judge, numbering, ns)
        elif not jump:
            _judge_order(judge, numbering, ns)
    if me.zlb_claim is not None:
        _weigh_zlb_claim(judge, me, ns)
    if peer.claim is not None and ns >= peer.claim[0]:
        peer.claim = None  # it has acknowledged what the capture lacks
    if ns < numbering.next:
        return
    window = peer.window()
    if window is None:
        return
    acknowledged = min(max(peer.numbering.nr, 0), numbering.next)
    under_way = ns + 1 - acknowledged
    oldest = numbering.sent.get(acknowledged)
    if message.name in FAREWELLS and oldest is not None and oldest.transmissions >= IN_VAIN:
        return  # the tunnel is given up, and with it what was under way
    rule = RuleId.WINDOW if peer.announced_window() else RuleId.WINDOW_DEFAULT
    if judge.violated(rule, under_way > window):
        text = (
            f"Ns {ns % MODULUS} makes {under_way} unacknowledged messages,"
            f" the peer's window holds {window}"
        )
        earlier = [
            numbering.sent[one].first.number for one in numbering.sent if one >= acknowledged
        ]
        judge.blame(rule, text, earlier=earlier[:window], certain=False)


def _judge_order(judge: Judge, numbering: Numbering, ns: int) -> None:
    """A message with the next number, or with one that was passed over.

    What was passed over and comes as a retransmission was lost on the way: nobody is to blame. What
    is not made good at all is seen at the end.
    """
    gap = numbering.gaps.get(ns)
    waited = judge.frame.at - gap.beyond.first.at if gap is not None else SOON
    if judge.violated(RuleId.NS_SEQUENCE, judge.view.complete and waited < SOON):
        assert gap is not None
        text = f"Ns {gap.beyond.ns % MODULUS} comes before {ns % MODULUS}"
        judge.blame(RuleId.NS_SEQUENCE, text, culprit=gap.beyond.first, earlier=numbering.latest())


def _blame_jump(judge: Judge, numbering: Numbering, ns: int) -> None:
    first = numbering.next == 0
    text = f"Ns is {ns % MODULUS}, {numbering.next % MODULUS} is the next"
    judge.blame(RuleId.NS_FIRST if first else RuleId.NS_SEQUENCE, text, earlier=numbering.latest())


def _weigh_zlb_claim(judge: Judge, me: Side, ns: int) -> None:
    """A message that comes right after a ZLB with a higher Ns is no retransmission."""
    assert me.zlb_claim is not None
    claimed, frame = me.zlb_claim
    if ns < claimed and judge.frame.at - frame.at < SOON:
        text = f"a ZLB has Ns {claimed % MODULUS}, the next message has {ns % MODULUS}"
        earlier = (judge.frame.number,)
        judge.blame(RuleId.ZLB_NS, text, culprit=frame, earlier=earlier, certain=False)
    me.zlb_claim = None


def _take_again(
    judge: Judge,
    me: Side,
    message: Message,
    known: Sent,
    *,
    judged: bool,
    timed: bool,
    unsure: bool,
) -> bool:
    """A number that was seen before: a copy, a retransmission, or another message."""
    frame = judge.frame
    same = message.digest in known.digests
    data = hash(message.data)
    waited = frame.at - known.last.at
    if not judge.view.complete and same and data == known.data and 0 <= waited < COPY:
        return False
    sure = judged and not known.unsure and not unsure
    if sure and judge.violated(RuleId.RETRANSMISSION_IDENTICAL, not same):
        text = (
            f"Ns {known.ns % MODULUS} was that of another message"
            f" ({known.name} then, {message.name} now)"
        )
        judge.blame(RuleId.RETRANSMISSION_IDENTICAL, text, earlier=(known.first.number,))
    new = not same and (unsure or known.unsure)
    if new and len(known.digests) < VARIANTS:
        known.digests.append(message.digest)
    known.unsure = known.unsure or unsure
    heard = me.heard is not None and me.heard.number > known.last.number
    if judged and same and known.transmissions == 1 and not heard:
        _judge_early(judge, known, waited)
    if not judge.view.complete and data == known.data and waited < judge.view.horizon:
        return new  # it may be a copy that the network made, and tells nothing about timers
    known.transmissions += 1
    known.run = [frame.at] if heard else [*known.run[-MOST_TRANSMISSIONS:], frame.at]
    if judged and same:
        _judge_count(judge, known)
    if timed and same:
        _judge_timing(judge, known)
    known.last = frame
    known.data = data
    return new


def _judge_early(judge: Judge, sent: Sent, waited: float) -> None:
    early = waited >= 0 and not reaches(waited, EARLIEST)
    if judge.violated(RuleId.RETRANSMISSION_EARLY, early):
        text = f"{sent.name} is sent again after {waited:.2f} s"
        judge.blame(RuleId.RETRANSMISSION_EARLY, text, earlier=(sent.first.number,), certain=False)


def _judge_count(judge: Judge, sent: Sent) -> None:
    earlier = (sent.first.number, sent.last.number)
    if judge.violated(RuleId.RETRANSMISSION_COUNT, sent.transmissions == MOST_TRANSMISSIONS + 1):
        text = f"{sent.name} is sent for the {sent.transmissions}th time"
        judge.blame(RuleId.RETRANSMISSION_COUNT, text, earlier=earlier)


def _judge_timing(judge: Judge, sent: Sent) -> None:
    run = sent.run
    earlier = (sent.first.number, sent.last.number)
    if len(run) < 3 or sent.slowed:
        return
    verdict = judge_schedule(run, complete=judge.view.complete)
    steps = ", ".join(f"{b - a:.2f}" for a, b in pairwise(run))
    for rule, schedule in (
        (RuleId.RETRANSMISSION_BACKOFF, Schedule.NOT_DOUBLED),
        (RuleId.RETRANSMISSION_CAP, Schedule.CAP_TOO_LOW),
    ):
        if judge.violated(rule, verdict is schedule):
            sent.slowed = True
            judge.blame(rule, f"{sent.name} is sent again after {steps} s", earlier=earlier)


# -- the end ---------------------------------------------------------------------------------


def finish_numbers(judge: Judge, tunnel: Tunnel) -> None:
    """What is still open when a tunnel is seen no more. Notes: a capture may lack the answer."""
    if not tunnel.whole or tunnel.entangled:
        return
    for index, me in enumerate(tunnel.sides):
        if not me.judged:
            continue
        peer = tunnel.sides[1 - index]
        gap = _open_gap(me.numbering, peer.numbering)
        if gap is not None:
            number, beyond = gap.ns % MODULUS, gap.beyond
            text = f"Ns {number} is not seen, yet {beyond.name} has Ns {beyond.ns % MODULUS}"
            # The peer still waits for it, and the sender repeats what comes behind it.
            sure = peer.numbering.nr == gap.ns and beyond.transmissions > REPEATED
            sure |= judge.view.complete
            judge.blame(RuleId.NS_SEQUENCE, text, culprit=beyond.first, certain=sure)
        if judge.view.complete:
            continue  # all else was seen as it came
        if me.claim is not None:
            nr, frame = me.claim
            text = (
                f"Nr is {nr % MODULUS}, messages of the peer are seen {up_to(peer.numbering.next)}"
            )
            judge.blame(RuleId.NR_BEYOND, text, culprit=frame, certain=False)
        if me.zlb_claim is not None:
            ns, frame = me.zlb_claim
            text = f"a ZLB has Ns {ns % MODULUS}, messages are seen {up_to(me.numbering.next)}"
            judge.blame(RuleId.ZLB_NS, text, culprit=frame, certain=False)


def _open_gap(numbering: Numbering, answers: Numbering) -> Gap | None:
    """The first number passed over that its sender has not made good in time."""
    if not numbering.started:
        return None
    last = max((one.last.at for one in numbering.sent.values()), default=0.0)
    for gap in numbering.gaps.values():
        if answers.nr > gap.beyond.ns or last - gap.beyond.first.at > PATIENCE:
            return gap
    return None
