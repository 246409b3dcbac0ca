"""What the steps of one running case share: the peer, the values saved, the checks made."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from harness.device.description.device import Device
from harness.device.external.hosts import NO_FURTHER_ADDRESS
from harness.device.lease import Lease
from harness.errors import DeviceError
from harness.peer.network import Address, Link
from harness.peer.observed import Observed
from harness.peer.scripted import ScriptedPeer, ScriptedSession, ScriptedTunnel
from harness.run.events import Check, Event, Note, Verdict
from harness.run.sending import Assembler
from harness.run.view import Received, view
from harness.spec.model import Requirement, Specification
from harness.spec.monitor import Unseen
from harness.suite.model import Case, Severity, Step
from harness.suite.variables import substitute_text
from harness.suite.vocabulary import LIMIT_VARIABLE
from harness.wire import Value, challenge_response

RANK: Mapping[Severity, int] = {
    Severity.FAIL: 3,
    Severity.WARN: 2,
    Severity.INCONC: 1,
    Severity.NOTE: 0,
}
LATEST_FIRST = 5.0
"""Seconds before the first retransmission that cases reckon with (P-14)."""
FLOOD = "flood"
"""The check that a device sends no more than anybody would."""

CHALLENGED: Mapping[str, int] = {"SCCRQ": 2, "SCCRP": 3}
"""Who sends a Challenge in which message, and the id of the digest that answers it (4.4.3)."""


class CaseEndedError(Exception):
    """A check settled the case: no further step makes sense. Never reaches a user."""


@dataclass(slots=True, eq=False)
class Context:
    """One case while it runs. Times are seconds on the loop's clock, `at` since the run began.

    ppp_takes: how long a PPP of this case took to answer, the slowest that was asked.
    port: the only one that we may send from; 0: any.
    unseen: told of messages that are in no record: from where, to where, with which Tunnel ID.
    """

    case: Case
    device: Device
    lease: Lease
    specification: Specification
    peer: ScriptedPeer
    assembler: Assembler
    emit: Callable[[Event], None]
    started: float
    chance: random.Random
    host: str
    new_host: Callable[[], str]
    port: int = 0
    time_scale: float = 1.0
    step: int | None = None
    checks: list[Check] = field(default_factory=list)
    variables: dict[str, Value] = field(default_factory=dict)
    collected: dict[str, list[Value]] = field(default_factory=dict)
    configure_requests: int = 0
    ppp_takes: float = 0.0
    unseen: Callable[[Address, Address, int, Unseen], None] | None = None

    # -- time and names ----------------------------------------------------------------------

    @property
    def at(self) -> float:
        """Seconds since the run began."""
        return self.peer.now - self.started

    def scaled(self, seconds: float) -> float:
        """How long to wait for something that takes `seconds` on a device of this machine."""
        return seconds * self.time_scale

    async def news(self, deadline: float) -> bool:
        """Wait until something arrives or the deadline passes; False when it passed.

        A device that floods us, and a defect in the background, end the case here.
        """
        self.look_behind()
        came = await self.peer.news(deadline)
        self.look_behind()
        return came

    def look_behind(self) -> None:
        """End the case when something happened that no step waits for, but none gets over."""
        if self.peer.defect is not None:
            raise self.peer.defect
        if self.peer.flooded:
            expected = "a bounded number of datagrams"
            self.check(None, FLOOD, Verdict.FAIL, expected, "more than anybody would send")

    @property
    def secret(self) -> str | None:
        """The secret that both sides share: the case's own, else the device's."""
        return self.case.secret if self.case.secret is not None else self.device.ixit.secret

    @property
    def unhurried(self) -> float:
        """By how much longer than others the IUT waits before it sends again, if it says so (P-14).

        What is waited for until it does so is waited for that much longer.
        """
        schedule = self.device.configured(self.case.configuration).ixit.retransmit
        return max(1.0, schedule.first / LATEST_FIRST) if schedule is not None else 1.0

    @property
    def hidden_with(self) -> bytes | None:
        """What the IUT hides AVPs with: its own secret, whatever that of the case is."""
        secret = self.device.configured(self.case.configuration).ixit.secret or self.secret
        return secret.encode() if secret else None

    def tunnel(self, step: Step) -> ScriptedTunnel:
        """The step's tunnel; on first use it is made, on our first link."""
        tunnel = self.peer.tunnels.get(step.tunnel)
        if tunnel is None:
            secret = self.secret
            tunnel = self.peer.open_tunnel(
                step.tunnel,
                self.peer.links["default"],
                self.lease.address,
                secret=secret.encode() if secret else None,
                hidden_with=self.hidden_with,
            )
        return tunnel

    def session(self, step: Step) -> ScriptedSession:
        """The step's session; on first use it gets an id of ours."""
        return self.tunnel(step).session(step.session)

    async def link(self, name: str) -> Link:
        """An endpoint of ours: with `host` in its name on another address, else on another port.

        A case that needs another port where there is one alone says nothing.
        """
        if name not in self.peer.links:
            if self.port and "host" not in name:
                expected = "the harness has another port to send from"
                told = f"all has to come from port {self.port} (launch.external.source.port)"
                self.check(None, "preamble", Verdict.INCONC, expected, told)
            address = self._further_host() if "host" in name else self.host
            await self.peer.open_link(name, address, self.port)
        return self.peer.links[name]

    async def fresh_link(self, name: str) -> Link:
        """An endpoint for a peer that the case knows nothing of, on the only port if there is one.

        Where the case has that, it is shared: the tunnels are told apart by their IDs.
        """
        for one in self.peer.open_links:
            if self.port and one.local == (self.host, self.port):
                return one
        return await self.peer.open_link(name, self.host, self.port)

    def _further_host(self) -> str:
        """Another address of ours. A case that needs more than there are says nothing."""
        try:
            return self.new_host()
        except DeviceError as error:
            if error.code != NO_FURTHER_ADDRESS:
                raise
            expected = "the harness has another address to send from"
            self.check(None, "preamble", Verdict.INCONC, expected, error.cause, note=error.hint)
            raise CaseEndedError from error

    def values(self, step: Step) -> dict[str, Value]:
        """What `${name}` stands for in this step."""
        values: dict[str, Value] = dict(self.variables)
        if self.case.limit is not None:
            values[LIMIT_VARIABLE] = self.case.limit.number
        # the names themselves may be made of variables: s${index}
        name = substitute_text(step.tunnel, values, step.place)
        values |= self.peer.ids(name, substitute_text(step.session, values, step.place))
        tunnel = self.peer.tunnels.get(name)
        if tunnel is not None:
            values["sent_ns"] = tunnel.sent_ns
            values["iut_next_ns"] = tunnel.channel.nr
        if tunnel is not None and tunnel.challenge is not None and tunnel.secret is not None:
            challenger = "SCCRQ" if "SCCRQ" in tunnel.last_sent else "SCCRP"
            values["expected_challenge_response"] = challenge_response(
                CHALLENGED[challenger], tunnel.secret, tunnel.challenge
            )
        return values

    def pass_over(self, tunnel: ScriptedTunnel, ours: Unseen, theirs: Unseen | None = None) -> None:
        """Account for messages of a tunnel that are in no record, on our side and on the IUT's."""
        if self.unseen is None:
            return
        local, remote = tunnel.link.local, tunnel.remote
        self.unseen(local, remote, tunnel.peer_id, ours)
        if theirs is not None:
            self.unseen(remote, local, tunnel.local_id, theirs)

    def view(self, observed: Observed, tunnel: ScriptedTunnel) -> Received:
        """A received message as matchers see it."""
        return view(self.specification, observed, tunnel.hidden_with)

    # -- judging -----------------------------------------------------------------------------

    def rows(self, step: Step | None) -> tuple[str, ...]:
        """The requirement rows that a check of this step is about."""
        return step.rows if step is not None and step.rows else self.case.covers

    def requirements(self, rows: Sequence[str]) -> list[Requirement]:
        """The rows themselves."""
        known = self.specification.requirements
        return [known[row] for row in rows if row in known]

    def severity(self, step: Step | None) -> Severity:
        """What a failed check counts as: as the step says, else as its strictest row says."""
        if step is not None and step.otherwise is not None:
            return step.otherwise
        found = [Severity(row.severity) for row in self.requirements(self.rows(step))]
        return max(found, key=RANK.__getitem__, default=Severity.FAIL)

    def level(self, rows: Sequence[str]) -> str:
        """The strictest level of the rows, as reports print it."""
        found = self.requirements(rows)
        if not found:
            return ""
        strictest = max(found, key=lambda row: RANK[Severity(row.severity)])
        return strictest.level_name

    def check(
        self,
        step: Step | None,
        name: str,
        verdict: Verdict,
        expected: str,
        actual: str,
        frames: Sequence[int] = (),
        *,
        policy: str = "",
        note: str = "",
    ) -> None:
        """Record one judgement; anything worse than a warning ends the case.

        Evidence are the frames that were judged, and the message of the script before them.
        """
        rows = self.rows(step)
        evidence = tuple(sorted({*frames, *self._provoking(step)}))
        check = Check(
            case=self.case.id,
            step=self.step,
            at=self.at,
            name=name,
            rows=rows,
            level=self.level(rows),
            verdict=verdict,
            expected=expected,
            actual=actual,
            frames=evidence,
            policy=policy or (step.policy if step else "") or None,
            note=note or (step.note if step else ""),
        )
        self.checks.append(check)
        self.emit(check)
        if verdict not in (Verdict.PASS, Verdict.WARN):
            raise CaseEndedError

    def _provoking(self, step: Step | None) -> tuple[int, ...]:
        """The frame of what was sent last on the step's tunnel, or without a step last of all."""
        tunnels = self.peer.tunnels.items()
        sent = [
            one.sent_frame
            for name, one in tunnels
            if one.sent_frame is not None and (step is None or name == step.tunnel)
        ]
        return (max(sent),) if sent else ()

    def passed(
        self, step: Step, name: str, expected: str, actual: str, frames: Sequence[int] = ()
    ) -> None:
        """Record a check that holds."""
        self.check(step, name, Verdict.PASS, expected, actual, frames)

    def failed(
        self, step: Step, name: str, expected: str, actual: str, frames: Sequence[int] = ()
    ) -> NoReturn:
        """Record a check that does not hold, as grave as its rows are. The case ends with it."""
        self.settle(step, name, self.severity(step), expected, actual, frames)
        raise CaseEndedError

    def settle(
        self,
        step: Step,
        name: str,
        severity: Severity,
        expected: str,
        actual: str,
        frames: Sequence[int] = (),
        *,
        policy: str = "",
        note: str = "",
    ) -> None:
        """Record an outcome of known gravity; a note is a check that holds, with a remark."""
        policy = policy or step.policy
        if severity is Severity.NOTE:
            remark = note or step.note or f"{name}: {actual}"
            self.emit(Note(self.case.id, self.at, remark, policy or None))
        verdict = _VERDICTS[severity]
        self.check(step, name, verdict, expected, actual, frames, policy=policy, note=note)

    def inconclusive(
        self, step: Step, expected: str, actual: str, frames: Sequence[int] = ()
    ) -> NoReturn:
        """A prerequisite did not come about: nothing can be said."""
        self.check(step, "preamble", Verdict.INCONC, expected, actual, frames)
        raise CaseEndedError


_VERDICTS: Mapping[Severity, Verdict] = {
    Severity.FAIL: Verdict.FAIL,
    Severity.WARN: Verdict.WARN,
    Severity.NOTE: Verdict.PASS,
    Severity.PASS: Verdict.PASS,
    Severity.INCONC: Verdict.INCONC,
}
