"""The control connection: ids, set-up, authentication, the end (RFC 2661 4.4.3, 5.1, 5.7, 7.2)."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Final

from harness.spec.monitor.judge import Endpoint, Frame, Judge
from harness.spec.monitor.message import Message
from harness.spec.monitor.numbering import MODULUS
from harness.spec.monitor.registry import Registry
from harness.spec.monitor.rules import RuleId
from harness.spec.monitor.sequence import FAREWELLS, Numbered
from harness.spec.monitor.tunnel import Introduction, Side, Tunnel
from harness.wire import challenge_response

SET_UP: Final = {"SCCRQ": 0, "SCCRP": 1, "SCCCN": 0}
"""Who sends it: 0 the initiator, 1 the responder."""

CHALLENGES: Final = 4096
"""As many Challenges are remembered, of all hosts."""

LONG_CHALLENGE: Final = 8
"""Octets. Shorter ones may come again by chance."""

IN_A_ROW: Final = 4
"""Ids that count up by one, from which on that is no chance."""

HOSTS: Final = 4096
"""As many hosts' latest ids are remembered."""


class Connections:
    """The rules of control connections. `secret`: that of both sides, where it is known."""

    def __init__(self, judge: Judge, registry: Registry, secret: bytes | None) -> None:
        self.judge = judge
        self.registry = registry
        self.secret = secret
        self._challenges: OrderedDict[tuple[str, bytes], tuple[int, Frame]] = OrderedDict()
        self._ids: OrderedDict[str, list[int]] = OrderedDict()

    # -- every message ------------------------------------------------------------------------

    def judge_addresses(self, tunnel: Tunnel, index: int) -> None:
        """The addresses of a control message."""
        if tunnel.whole and not tunnel.entangled:
            judge_addresses(self.judge, tunnel, index)
        tunnel.sides[index].use(self.judge.frame.source)

    def judge_header_ids(
        self, tunnel: Tunnel, index: int, message: Message, *, sure: bool, nr: int, again: bool
    ) -> None:
        """The ids in the header of a control message.

        `sure`: it can belong to no other tunnel. `again`: it is a retransmission, which may be as
        it was when the id of the peer was not known yet.
        """
        judge = self.judge
        header = message.header
        if message.name == "SCCRQ":
            unknown = header.tunnel_id not in (0, *tunnel.sides[1 - index].ids)
            if judge.violated(RuleId.TUNNEL_ID_BEFORE, unknown):
                text = f"an SCCRQ has Tunnel ID {header.tunnel_id}"
                judge.blame(RuleId.TUNNEL_ID_BEFORE, text)
        elif tunnel.whole and not tunnel.entangled:
            known = self._knows_id(tunnel, index, nr)
            zero = not header.tunnel_id and known and sure and not again
            if judge.violated(RuleId.TUNNEL_ID, zero):
                peer = tunnel.sides[1 - index]
                text = f"{message.name} has Tunnel ID 0, {peer.ids[0]} has been assigned"
                earlier = [peer.id_frame.number] if peer.id_frame else []
                # A StopCCN may have been sent for the first time before the id was known.
                first = message.name != "StopCCN"
                judge.blame(RuleId.TUNNEL_ID, text, earlier=earlier, certain=first)
        if message.spec is not None and message.spec.scope == "tunnel":
            case = (
                message.name if message.name in judge.cases(RuleId.SESSION_ID_GLOBAL) else "other"
            )
            row = judge.row(RuleId.SESSION_ID_GLOBAL, case)
            if judge.violated(RuleId.SESSION_ID_GLOBAL, bool(header.session_id), row):
                text = f"{message.name} has Session ID {header.session_id}"
                judge.blame(RuleId.SESSION_ID_GLOBAL, text, rows=(row,))

    @staticmethod
    def _knows_id(tunnel: Tunnel, index: int, nr: int) -> bool:
        """Whether the sender has certainly received the Tunnel ID of its peer."""
        peer = tunnel.sides[1 - index]
        if len(peer.ids) != 1 or peer.opaque or any(one.unsure for one in peer.introductions):
            return False
        if index == 1:
            return "SCCRQ" in peer.marks
        return peer.marks.get("SCCRP", MODULUS) < nr

    def judge_second(self, tunnel: Tunnel, index: int, message: Message) -> None:
        """One SCCRQ is answered by one SCCRP with one Assigned Tunnel ID (5.8).

        A second one is of another tunnel, with the same id of the peer: its numbers are its own.
        """
        if message.name != "SCCRP" or index != 1 or tunnel.entangled:
            return
        me, peer = tunnel.sides[1], tunnel.sides[0]
        request = peer.numbering.sent.get(0)
        one_request = request is None or len(request.digests) == 1
        number = message.integer("assigned_tunnel_id")
        other = bool(me.ids and number and number not in me.ids) and one_request and me.judged
        judge = self.judge
        if judge.violated(RuleId.SECOND_TUNNEL, other):
            text = f"a second SCCRP assigns Tunnel ID {number}, the first one {me.ids[0]}"
            earlier = [me.id_frame.number] if me.id_frame else []
            judge.blame(RuleId.SECOND_TUNNEL, text, earlier=earlier)
            tunnel.entangled = True

    # -- what a new message says --------------------------------------------------------------

    def take(self, tunnel: Tunnel, index: int, message: Message, numbered: Numbered) -> None:
        """Judge a message that is new in a tunnel of which both sides are known."""
        me = tunnel.sides[index]
        judged = me.judged and not tunnel.entangled
        if judged:
            self._judge_after_stop(tunnel, index, message, numbered)
            if message.name in SET_UP:
                self._judge_set_up(tunnel, index, message, numbered)
            if message.name in ("SCCRP", "SCCCN") and SET_UP[message.name] == index:
                self._judge_response(tunnel, index, message)
        if message.name in ("SCCRQ", "SCCRP"):
            self._judge_challenge(tunnel, index, message)
        if message.name == "StopCCN":
            self._judge_stop(tunnel, index, message)

    def learn(self, tunnel: Tunnel, index: int, message: Message, *, unsure: bool) -> None:
        """Remember what an SCCRQ, SCCRP or StopCCN says about its sender."""
        frame = self.judge.frame
        side = tunnel.sides[index]
        if message.name in ("SCCRQ", "SCCRP"):
            side.introduce(Introduction.of(message, frame, unsure=unsure))
        elif message.name != "StopCCN" or side.ids:
            return
        first = not side.ids
        for number in message.integers("assigned_tunnel_id"):
            self.registry.announce(tunnel, index, number, frame)
        if first and side.ids and tunnel.whole and message.name != "StopCCN":
            self._judge_id(tunnel, index, side.ids[0])

    def _judge_id(self, tunnel: Tunnel, index: int, number: int) -> None:
        """An id that a side has assigned to a new tunnel (4.4.3, 9.1)."""
        frame = self.judge.frame
        for other, sender in self.registry.twins(tunnel, index, number):
            other.twin[1 - sender] = (tunnel, frame)
            other.entangled = tunnel.entangled = True
        if not frame.excused:
            host = tunnel.sides[index].host
            latest = self._ids.setdefault(host, [])
            self._ids.move_to_end(host)
            if len(self._ids) > HOSTS:
                self._ids.popitem(last=False)
            judge_counting(self.judge, latest, number, "tunnel")

    def judge_twin(self, tunnel: Tunnel, index: int, message: Message) -> None:
        """Whether a side keeps using a tunnel whose id it has given away again (4.4.3)."""
        judge = self.judge
        twin = tunnel.twin[index]
        if twin is None:
            judge.violated(RuleId.TUNNEL_ID_UNIQUE, False)
            return
        other, frame = twin
        late = judge.frame.at - frame.at > judge.view.horizon
        if message.name == "StopCCN" or other.closed:
            tunnel.twin[index] = None
        elif late and judge.violated(RuleId.TUNNEL_ID_UNIQUE, True):
            tunnel.twin[index] = None
            number = tunnel.sides[index].ids[0]
            text = f"Tunnel ID {number} was given to another tunnel, and this one goes on"
            judge.blame(RuleId.TUNNEL_ID_UNIQUE, text, earlier=(frame.number,))

    # -- set-up -------------------------------------------------------------------------------

    def _judge_set_up(
        self, tunnel: Tunnel, index: int, message: Message, numbered: Numbered
    ) -> None:
        judge = self.judge
        name = message.name
        me, peer = tunnel.sides[index], tunnel.sides[1 - index]
        row = judge.row(RuleId.SET_UP_ORDER, name)
        wrong = ""
        earlier: list[int] = []
        if SET_UP[name] != index:
            role = "initiator" if index == 0 else "responder"
            wrong = f"{name} comes from the {role} of the tunnel"
        elif name in me.marks and me.marks[name] != numbered.ns:
            wrong = f"a second {name}, with another Ns"
        elif name == "SCCCN" and "SCCRP" not in peer.marks and peer.seen_up_to(numbered.nr):
            wrong = f"{name} comes without an SCCRP"
        if judge.violated(RuleId.SET_UP_ORDER, bool(wrong), row):
            judge.blame(RuleId.SET_UP_ORDER, wrong, rows=(row,), earlier=earlier)
        if not wrong and name != "SCCRQ":
            self.judge_reply(
                tunnel, index, name, {"SCCRP": "SCCRQ", "SCCCN": "SCCRP"}[name], numbered
            )

    def judge_reply(
        self, tunnel: Tunnel, index: int, name: str, request: str, numbered: Numbered
    ) -> None:
        """A reply acknowledges what it answers: its sender has received that."""
        peer = tunnel.sides[1 - index]
        ns = peer.marks.get(request)
        if ns is not None and not peer.blurred and peer.numbering.started:
            judge_reply_number(self.judge, peer, name, request, ns, numbered.nr)

    def _judge_response(self, tunnel: Tunnel, index: int, message: Message) -> None:
        """The answer to a Challenge (5.1.1, 4.4.3)."""
        judge = self.judge
        peer = tunnel.sides[1 - index]
        introduction = peer.introduction("challenge")
        if introduction is None:
            return
        challenge = introduction.challenge
        earlier = (introduction.frame.number,)
        has = message.has("challenge_response")
        if challenge is None:
            if judge.violated(RuleId.CHALLENGE_UNASKED, has):
                text = f"{message.name} has a Challenge Response, yet there was no Challenge"
                judge.blame(RuleId.CHALLENGE_UNASKED, text, earlier=earlier)
            return
        if not challenge:
            return  # 4.4.3: one octet or more; nobody knows what to make of none
        if judge.violated(RuleId.CHALLENGE_ANSWERED, not has):
            text = f"{message.name} lacks the Challenge Response"
            judge.blame(RuleId.CHALLENGE_ANSWERED, text, earlier=earlier)
        responses = message.octets("challenge_response")
        if self.secret is None or not responses or message.spec is None:
            return
        expected = challenge_response(message.spec.type, self.secret, challenge)
        if judge.violated(RuleId.CHALLENGE_RESPONSE, expected not in responses):
            item = message.all("challenge_response")[0]
            text = f"the Challenge Response is {responses[0].hex()}, expected {expected.hex()}"
            offset = message.offset(item.index)
            judge.blame(RuleId.CHALLENGE_RESPONSE, text, offset=offset, earlier=earlier)

    def _judge_challenge(self, tunnel: Tunnel, index: int, message: Message) -> None:
        """A Challenge is not that of another tunnel (4.4.3)."""
        judge = self.judge
        for challenge in message.octets("challenge"):
            if len(challenge) < LONG_CHALLENGE or judge.frame.excused:
                continue
            key = (tunnel.sides[index].host, challenge)
            before = self._challenges.get(key)
            again = before is not None and before[0] != tunnel.key and not tunnel.entangled
            if judge.violated(RuleId.CHALLENGE_FRESH, again):
                assert before is not None
                text = "the Challenge is that of another tunnel"
                judge.blame(RuleId.CHALLENGE_FRESH, text, earlier=(before[1].number,))
            if before is None:
                self._challenges[key] = (tunnel.key, judge.frame)
                if len(self._challenges) > CHALLENGES:
                    self._challenges.popitem(last=False)

    # -- the end ------------------------------------------------------------------------------

    def _judge_stop(self, tunnel: Tunnel, index: int, message: Message) -> None:
        judge = self.judge
        me = tunnel.sides[index]
        number = message.integer("assigned_tunnel_id")
        if number is not None:
            row = judge.row(RuleId.STOPCCN_TUNNEL_ID, "zero")
            if judge.violated(RuleId.STOPCCN_TUNNEL_ID, number == 0, row):
                text = "the Assigned Tunnel ID of a StopCCN is 0"
                judge.blame(RuleId.STOPCCN_TUNNEL_ID, text, rows=(row,))
            if number and me.ids and me.judged and not tunnel.entangled:
                row = judge.row(RuleId.STOPCCN_TUNNEL_ID, "first")
                if judge.violated(RuleId.STOPCCN_TUNNEL_ID, number != me.ids[0], row):
                    text = f"a StopCCN has Assigned Tunnel ID {number}, first it was {me.ids[0]}"
                    earlier = [me.id_frame.number] if me.id_frame else []
                    judge.blame(RuleId.STOPCCN_TUNNEL_ID, text, rows=(row,), earlier=earlier)

    def _judge_after_stop(
        self, tunnel: Tunnel, index: int, message: Message, numbered: Numbered
    ) -> None:
        """Nothing new after a StopCCN of either side (5.7, 6.4, 7.2.1).

        What comes in a tunnel that has ended may be refused in it: nothing is said of that.
        """
        judge = self.judge
        me, peer = tunnel.sides[index], tunnel.sides[1 - index]
        case = message.name if message.name == "StopCCN" else "other"
        refused = refuses_anew(me, peer, message, numbered.nr)
        own = me.marks.get("StopCCN")
        if own is not None:
            row = judge.row(RuleId.AFTER_STOPCCN, case)
            follows = numbered.ns > own and not refused
            if judge.violated(RuleId.AFTER_STOPCCN, follows, row):
                text = f"{message.name} follows its own StopCCN (Ns {own % MODULUS})"
                earlier = [me.stopped.number] if me.stopped else []
                judge.blame(RuleId.AFTER_STOPCCN, text, rows=(row,), earlier=earlier)
        theirs = peer.marks.get("StopCCN")
        if theirs is not None and peer.stopped is not None and not peer.stop_unsure:
            if case == "other" and index == 1 and peer.marks.get("SCCCN", theirs) >= theirs:
                case = "set-up"  # where the tunnel was not up yet, only the table has it clean up
            row = judge.row(RuleId.AFTER_PEER_STOPCCN, case)
            follows = numbered.nr > theirs and not refused
            if judge.violated(RuleId.AFTER_PEER_STOPCCN, follows, row):
                text = f"{message.name} follows a StopCCN of the peer, which it acknowledges"
                # Sent first before the StopCCN came, and unseen then, it has a fresh Nr now.
                earlier = [peer.stopped.number]
                judge.blame(
                    RuleId.AFTER_PEER_STOPCCN, text, rows=(row,), earlier=earlier, certain=False
                )


def refuses_anew(me: Side, peer: Side, message: Message, nr: int) -> bool:
    """Whether this refuses what the first StopCCN has crossed or what came later, each once."""
    if message.name not in FAREWELLS:
        return False
    ends = [
        (side.stopped.number, count)
        for side, count in ((me, me.stopped_nr), (peer, peer.marks.get("StopCCN", 0) + 1))
        if side.stopped is not None and not side.stop_unsure
    ]
    if not ends:
        return False
    frame, since = min(ends)
    sent = peer.numbering.sent.values()
    asked = sum(since <= one.ns < nr and one.name != "StopCCN" for one in sent)
    return sum(one.first.number > frame for one in me.numbering.sent.values()) <= asked


def judge_addresses(judge: Judge, tunnel: Tunnel, index: int) -> None:
    """Both ends stay where they are (8.1)."""
    source, destination = judge.frame.source, judge.frame.destination
    me, peer = tunnel.sides[index], tunnel.sides[1 - index]
    if me.addresses:
        moved = source not in me.addresses
        # A NAT that forgets its mapping looks the same from behind it.
        if judge.violated(RuleId.ADDRESS_STATIC, moved and not me.blurred):
            text = f"it sends from {_shown(source)}, before from {_shown(me.addresses[-1])}"
            judge.blame(RuleId.ADDRESS_STATIC, text, certain=False)
    if peer.addresses:
        astray = destination not in peer.addresses
        if judge.violated(RuleId.ADDRESS_REPLY, astray):
            text = f"it sends to {_shown(destination)}, the peer is {_shown(peer.addresses[-1])}"
            judge.blame(RuleId.ADDRESS_REPLY, text, certain=False)


def judge_reply_number(judge: Judge, peer: Side, name: str, request: str, ns: int, nr: int) -> None:
    """Nr of a reply against Ns of its request."""
    sent = peer.numbering.sent.get(ns)
    if judge.violated(RuleId.NR_OF_REPLY, nr <= ns):
        text = f"{name} has Nr {nr % MODULUS}, the {request} that it answers had Ns {ns % MODULUS}"
        judge.blame(RuleId.NR_OF_REPLY, text, earlier=[sent.first.number] if sent else [])


def judge_counting(judge: Judge, latest: list[int], number: int, case: str) -> None:
    """Ids that count up can be guessed (9.1). `latest`: the ones before, to be kept."""
    latest.append(number)
    del latest[:-IN_A_ROW]
    steps = {(b - a) % MODULUS for a, b in pairwise(latest)}
    row = judge.row(RuleId.IDS_UNPREDICTABLE, case)
    counting = len(latest) == IN_A_ROW and steps == {1}
    if judge.violated(RuleId.IDS_UNPREDICTABLE, counting, row):
        text = f"the last {IN_A_ROW} {case} ids are {', '.join(map(str, latest))}"
        judge.blame(RuleId.IDS_UNPREDICTABLE, text, rows=(row,))


def _shown(endpoint: Endpoint) -> str:
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
