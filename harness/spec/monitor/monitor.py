"""The judge of every datagram: finds its tunnel, has it judged, and remembers what matters.

What it remembers is bounded, whatever is fed to it: so many tunnels (`registry.TUNNELS`), of each
so many calls (`tunnel.CALLS`), messages and gaps (`numbering`). What had to be forgotten is never
held against anybody: it counts as not seen.

A datagram that our own peer has made wrong on purpose is fed with `deliberate=True`. Nothing in it
is held against its sender, and it makes the judge careful about both sides: the other side may
have taken it, dropped it, or understood it otherwise; its sender's own numbers are its script's.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from harness.spec.model import Role
from harness.spec.monitor.avps import judge_avps
from harness.spec.monitor.calls import assigns_out_of_place, judge_call, judge_early_data
from harness.spec.monitor.connection import Connections
from harness.spec.monitor.contents import judge_contents
from harness.spec.monitor.data import DataMessages
from harness.spec.monitor.header import (
    judge_control_header,
    judge_data_header,
    judge_truncated,
)
from harness.spec.monitor.judge import LIVE, Endpoint, Finding, Frame, Judge, View
from harness.spec.monitor.message import ZLB, Message, Reader
from harness.spec.monitor.numbering import Unseen
from harness.spec.monitor.registry import TUNNELS, Found, Registry
from harness.spec.monitor.rules import RuleId, RuleTable
from harness.spec.monitor.sequence import finish_numbers, judge_numbers, suppose
from harness.spec.monitor.tunnel import Tunnel
from harness.wire.model import VERSION_BITS

SHORTEST_DATA: Final = 6
OPAQUE_HOSTS: Final = 4096

_OTHER: Final[Mapping[Role | None, Role]] = {Role.LAC: Role.LNS, Role.LNS: Role.LAC}

_word = struct.Struct(">H").unpack_from


class Monitor:
    """Judges the datagrams of any number of tunnels, in both directions.

    `secret`: what both sides share, to look into hidden AVPs and at Challenge Responses; None: not
    known. `secret_shared`: whether they share one at all, None: not known (a `secret` says yes).
    `roles`: of hosts, by address; learnt from ICRQ and OCRQ where it is not given. `view`: `LIVE`
    or `CAPTURE`. `accounts`: hosts for which `applied` counts how often each rule was put to each
    row, which is what coverage needs; `EVERYONE` for all others together. `tunnels`: as many are
    remembered.
    """

    def __init__(
        self,
        rules: RuleTable,
        *,
        secret: bytes | None = None,
        hidden_with: bytes | None = None,
        secret_shared: bool | None = None,
        roles: Mapping[str, Role] | None = None,
        view: View = LIVE,
        accounts: Collection[str] = (),
        tunnels: int = TUNNELS,
    ) -> None:
        self.rules = rules
        self.secret = secret
        self.secret_shared = True if secret is not None else secret_shared
        self.roles = dict(roles or {})
        self._reader = Reader(rules.specification, rules.plans, hidden_with or secret)
        self._judge = Judge(rules, view, accounts)
        self._registry = Registry(tunnels)
        self._connections = Connections(self._judge, self._registry, secret)
        self._opaque: set[str] = set()
        self._perhaps: set[tuple[str, int]] = set()
        self._of_nobody: set[tuple[Endpoint, Endpoint]] = set()
        self._data = DataMessages(self._judge, self._registry, self._opaque, self._perhaps)

    @property
    def applied(self) -> Mapping[str, Counter[tuple[RuleId, str]]]:
        """For each host of `accounts`, how often a rule was put to a row, kept or not."""
        return self._judge.applied

    def knows(self, source: Endpoint, destination: Endpoint, data: bytes) -> bool:
        """Whether a datagram has the Tunnel ID of a tunnel that is known between these hosts."""
        if len(data) < SHORTEST_DATA:
            return False
        (word,) = _word(data)
        place = 4 if word & 0x4000 else 2
        if len(data) < place + 2:
            return False
        (number,) = _word(data, place)
        found = self._registry.addressed(source, destination, number, strict=True)
        return found is not None and found[0].whole

    def datagram(
        self,
        at: float,
        source: Endpoint,
        destination: Endpoint,
        data: bytes,
        number: int,
        *,
        deliberate: bool = False,
        checksum: bool | None = None,
    ) -> list[Finding]:
        """Judge one datagram; gives what is found against its sender, or proved against another.

        `at`: seconds, of one clock for all datagrams. `number`: of the frame, growing.
        `deliberate`: it was made as it is on purpose. `checksum`: whether it has one of
        UDP, where that is known.
        """
        judge = self._judge
        judge.frame = Frame(at, number, source, destination, deliberate)
        if checksum is not None and data:
            self._judge_checksum(bool(data[0] & 0x80), checksum)
        if len(data) >= SHORTEST_DATA and data[1] & VERSION_BITS == 2 and not data[0] & 0x80:
            self._data.take(data)
            return judge.take() if judge.findings else []
        message = self._reader.read(data)
        if message is None:
            judge_truncated(judge, data)
        elif isinstance(message, Message):
            self._control(message)
        else:
            judge_data_header(judge, data)
            self._be_careful()
        return judge.take()

    def pass_over(
        self, source: Endpoint, destination: Endpoint, tunnel_id: int, unseen: Unseen
    ) -> None:
        """Messages of a tunnel went by unseen. `tunnel_id`: as it stands in their headers."""
        found = self._registry.addressed(source, destination, tunnel_id, strict=False)
        if found is None or not unseen.acknowledged + unseen.under_way:
            return
        tunnel, index = found
        me, peer = tunnel.sides[index], tunnel.sides[1 - index]
        me.numbering.pass_over(unseen)
        me.session_ids_unknown |= unseen.calls
        if unseen.acknowledged:
            nr = me.numbering.contiguous - unseen.under_way
            peer.numbering.acknowledge(nr, self._judge.frame)

    def end(self, at: float) -> list[Finding]:
        """What can be said only when nothing follows any more. The monitor is spent then."""
        judge = self._judge
        for tunnel in list(self._registry.tunnels.values()):
            self._finish(tunnel, at)
        return judge.take()

    # -- control messages ---------------------------------------------------------------------

    def _control(self, message: Message) -> None:
        judge = self._judge
        frame = judge.frame
        judge.violated(RuleId.HEADER_TRUNCATED, False)
        judge_control_header(judge, message)
        if message.header.version != 2:
            self._be_careful()
            return
        judge_avps(judge, message, secret_shared=self.secret_shared)
        if frame.excused:
            self._suspect(message)
        unsure = frame.excused or not message.sound
        found, sure = self._find(message)
        role = self.roles.get(frame.source[0])
        if found is None:
            judge_contents(judge, message, role, secret_shared=self.secret_shared)
            return
        tunnel, index = found
        side = tunnel.sides[index]
        role = role or side.role
        judge_contents(judge, message, role, secret_shared=self.secret_shared)
        self._registry.touch(tunnel, frame.at)
        self._follow(tunnel, index, message, sure=sure, unsure=unsure)
        crowd = self._registry.crowd()
        if crowd is not None:
            self._finish(crowd, frame.at)
            self._data.forget_routes()

    def _follow(
        self, tunnel: Tunnel, index: int, message: Message, *, sure: bool, unsure: bool
    ) -> None:
        """A control message of a known tunnel."""
        judge = self._judge
        frame = judge.frame
        me = tunnel.sides[index]
        connections = self._connections
        connections.judge_addresses(tunnel, index)
        if frame.excused:
            me.blurred = True
            me.opaque |= 0 in message.integers("assigned_tunnel_id")
            me.session_ids_unknown |= assigns_out_of_place(message)
        if not message.sound:
            me.opaque = True
        connections.judge_twin(tunnel, index, message)
        connections.judge_second(tunnel, index, message)
        numbered = judge_numbers(judge, tunnel, index, message, unsure=unsure)
        nr = numbered.nr if numbered else 0
        again = numbered is not None and not numbered.new and message.name != ZLB
        connections.judge_header_ids(tunnel, index, message, sure=sure, nr=nr, again=again)
        if numbered is None or message.name == ZLB:
            return
        if numbered.new and tunnel.whole:
            connections.take(tunnel, index, message, numbered)
            if message.spec is not None and message.spec.scope == "session":
                judge_call(judge, tunnel, index, message, numbered, unsure=unsure)
            if me.stopped is None and message.name == "StopCCN":
                me.stopped, me.stopped_nr, me.stop_unsure = frame, numbered.nr, unsure
            me.marks.setdefault(message.name, numbered.ns)
        known = len(me.ids)
        if numbered.new or message.name == "SCCRP":
            connections.learn(tunnel, index, message, unsure=unsure)
        if len(me.ids) != known:
            self._data.forget_routes()

    def _find(self, message: Message) -> tuple[Found | None, bool]:
        """The tunnel of a control message, and whether it can be no other."""
        judge = self._judge
        frame = judge.frame
        source, destination = frame.source, frame.destination
        tunnel_id = message.header.tunnel_id
        if message.name == "SCCRQ":
            found = self._addressed(tunnel_id) if tunnel_id else None
            return found or (self._request(message), 0), True
        if not tunnel_id:
            assigned = message.integer("assigned_tunnel_id")
            guess = self._registry.unaddressed(source, destination, assigned)
            if guess is not None and self._is_of_another(guess[0], assigned):
                guess = None
            named = guess is not None and assigned in guess[0][0].sides[guess[0][1]].ids
            if frame.excused and not named and len(self._of_nobody) < OPAQUE_HOSTS:
                self._of_nobody.add((source, destination))
            elif not assigned and (destination, source) in self._of_nobody:
                # the answer to a message for no tunnel is a message of no tunnel
                return None, False
            if frame.excused and (guess is None or not guess[1]):
                for tunnel, index in self._registry.between(source, destination):
                    suppose(frame, tunnel, index)
            return guess or (None, False)
        found = self._addressed(tunnel_id)
        if found is not None:
            if message.name == "SCCRP" and not found[0].whole:
                found = None  # the id is given out anew
            else:
                return found, True
        if message.name == "SCCRP" and not judge.view.complete:
            tunnel = self._registry.answered(source, destination, tunnel_id)
            self._greet(tunnel)
            return (tunnel, 1), True
        return self._stray(message, tunnel_id), False

    def _is_of_another(self, found: Found, assigned: int | None) -> bool:
        """Whether a message assigns another id than its sender has in a tunnel.

        Then it is of a tunnel that began before the capture did. Where all is seen it is a mistake.
        """
        tunnel, index = found
        ids = tunnel.sides[index].ids
        return bool(not self._judge.view.complete and assigned and ids) and assigned not in ids

    def _addressed(self, tunnel_id: int) -> Found | None:
        frame = self._judge.frame
        strict = not self._judge.view.complete
        return self._registry.addressed(frame.source, frame.destination, tunnel_id, strict=strict)

    def _request(self, message: Message) -> Tunnel:
        """The tunnel that an SCCRQ asks for, a new one unless the SCCRQ is sent again."""
        frame = self._judge.frame
        source, destination = frame.source, frame.destination
        numbers = [number for number in message.integers("assigned_tunnel_id") if number] or [0]
        known = self._registry.asked(source, destination[0], numbers[0])
        if known is not None:
            first = known.sides[0].numbering.sent.get(0)
            same = first is not None and message.digest in first.digests
            pending = known.sides[1].numbering.next == 0
            # a capture may begin between two copies of it
            unseen = first is None and not self._judge.view.complete
            again = same or pending or unseen or known.sides[0].blurred or frame.excused
            if again and not known.closed:
                return known
        tunnel = self._registry.request(source, destination)
        if known is not None:
            # Frames with these ids may belong to the old tunnel or to the new one.
            known.entangled = known.entangled or not known.closed
            tunnel.entangled = True
        if numbers == [0]:
            self._registry.asking(source, destination[0], tunnel)
        ns = message.header.ns
        if ns:
            judge = self._judge
            if judge.violated(RuleId.NS_FIRST, True):
                judge.blame(RuleId.NS_FIRST, f"the first message of a tunnel has Ns {ns}")
            tunnel.sides[0].numbering.begin(ns)
            tunnel.sides[0].numbering.started = not frame.excused
        self._greet(tunnel)
        self._data.forget_routes()
        return tunnel

    def _greet(self, tunnel: Tunnel) -> None:
        first, second = tunnel.sides
        first.role = self.roles.get(first.host, _OTHER.get(self.roles.get(second.host)))
        second.role = self.roles.get(second.host, _OTHER.get(self.roles.get(first.host)))

    def _stray(self, message: Message, tunnel_id: int) -> Found | None:
        """A message whose Tunnel ID nobody is known to have assigned."""
        judge = self._judge
        frame = judge.frame
        header = message.header
        if frame.excused:
            # It may be taken for a message of any tunnel that its id or its addresses fit.
            likely = [
                *self._registry.owned(frame.destination[0], tunnel_id),
                *self._registry.between(frame.source, frame.destination),
            ]
            for tunnel, index in dict.fromkeys(likely):
                suppose(frame, tunnel, index)
            self._be_careful()
            return None
        found = None
        if header.ns is not None and header.nr is not None:
            found = self._registry.fitting(frame.source, frame.destination, header.ns, header.nr)
        if judge.view.complete:
            host = frame.destination[0]
            unknown = not self._registry.forgot and host not in self._opaque
            unknown = unknown and (host, tunnel_id) not in self._perhaps
            if judge.violated(RuleId.TUNNEL_ID, unknown):
                self._blame_id(tunnel_id)
        elif found is not None:
            text = f"Tunnel ID {tunnel_id} is not seen to be assigned, but another tunnel fits"
            judge.blame(RuleId.TUNNEL_ID, text, certain=False)
            # or it is of a third one, which began before the capture did
            found[0].entangled = True
        if found is not None:
            return found
        return self._registry.half(frame.source, frame.destination, tunnel_id), 0

    def _blame_id(self, tunnel_id: int) -> None:
        judge = self._judge
        frame = judge.frame
        asked = self._registry.unaddressed(frame.source, frame.destination, None)
        unnamed = asked is not None and not asked[0][0].sides[1 - asked[0][1]].ids
        if unnamed:
            text = f"Tunnel ID is {tunnel_id}, yet the peer has not assigned one"
            judge.blame(RuleId.TUNNEL_ID_BEFORE, text)
        else:
            text = f"Tunnel ID is {tunnel_id}, which the peer has not assigned"
            judge.blame(RuleId.TUNNEL_ID, text)

    def _judge_checksum(self, control: bool, checksum: bool) -> None:
        judge = self._judge
        rows = judge.rules.rules[RuleId.UDP_CHECKSUM].rows
        if not control:
            rows = rows[:1]
        if judge.violated(RuleId.UDP_CHECKSUM, not checksum, *rows):
            text = f"a {'control' if control else 'data'} message comes without a UDP checksum"
            # a capture does not show whether somebody has switched it off (8.1)
            judge.blame(RuleId.UDP_CHECKSUM, text, rows=rows, noted=not judge.view.as_it_comes)

    # -- the rest -----------------------------------------------------------------------------

    def _suspect(self, message: Message) -> None:
        """What a strange message names as its Tunnel ID may be taken for it, wherever it stands."""
        if message.unreadable("assigned_tunnel_id"):
            self._be_careful()
        host = self._judge.frame.source[0]
        for number in message.integers("assigned_tunnel_id"):
            if len(self._perhaps) < OPAQUE_HOSTS:
                self._perhaps.add((host, number))

    def _be_careful(self) -> None:
        """Do not hold against others what they make of strange messages of this sender."""
        frame = self._judge.frame
        if frame.excused and len(self._opaque) < OPAQUE_HOSTS:
            self._opaque.add(frame.source[0])

    def _finish(self, tunnel: Tunnel, at: float) -> None:
        judge = self._judge
        frame = judge.frame
        finish_numbers(judge, tunnel)
        for call in dict.fromkeys(tunnel.calls.values()):
            if call.connected is None and not call.unsure:
                judge_early_data(judge, call, at)
        judge.frame = frame
