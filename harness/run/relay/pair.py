"""A LAC and an LNS through the relay: tunnel, call, some time, and the end of both.

It is one case of the run, `relay/LAC+LNS`, whose checks say how far the two came. What the
monitors found about each side are results of their own, `relay/LAC+LNS/lac/RULE`, which the
device's baseline may excuse as `monitor/RULE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from harness.device.description.device import Device
from harness.device.lease import Lease, Runner
from harness.errors import HarnessError
from harness.peer.made import Made
from harness.peer.network import Address
from harness.run.baseline import Baseline
from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Direction,
    Event,
    Frame,
    Note,
    Verdict,
)
from harness.run.hosts import Hosts
from harness.run.monitoring import CaseMonitor, Monitoring
from harness.run.relay.between import Between, End
from harness.run.relay.conversation import CALL, TUNNEL, Conversation, Who
from harness.run.relay.rules import Rule
from harness.run.relay.settings import settings_of
from harness.run.select import DIAL, can, dials_when_told
from harness.run.setting import FrameNumbers
from harness.run.verdicts import fold
from harness.spec.model import Specification
from harness.spec.monitor import RuleTable
from harness.wire import parse
from harness.wire.text import Names, summary

SUITE: Final = "relay"
UP_WITHIN: Final = 15.0
"""Seconds until a tunnel, and then a call, has to be up: time for four retransmissions."""

CLOSED_WITHIN: Final = 15.0
TUNNEL_CHECK: Final = "tunnel"
CALL_CHECK: Final = "call"
CLOSE_CHECK: Final = "close"
HELD: Final = "the call lasted for"
NOT_HELD: Final = "the call did not last:"
ENDING_ACTIONS: Final = ("close", "hangup")


@dataclass(frozen=True, slots=True)
class Side:
    """One device of a pair: who leases it, from where it is reached, what is known of it."""

    device: Device
    runner: Runner
    hosts: Hosts
    baseline: Baseline


@dataclass(slots=True)
class Stage:
    """What all pairs of a run share. hold: seconds that a call lasts.

    late: by how many seconds the harness was late at worst since a moment of the run.
    """

    specification: Specification
    rules: RuleTable
    names: Names
    emit: Callable[[Event], None]
    started: float
    impairing: Sequence[Rule] = ()
    hold: float = 3.0
    time_scale: float = 1.0
    late: Callable[[float], float] = lambda _since: 0.0
    numbers: FrameNumbers = field(default_factory=FrameNumbers)

    @property
    def at(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time() - self.started


@dataclass(slots=True)
class Pair:
    """A LAC and an LNS that have to do with each other."""

    stage: Stage
    sides: dict[Who, Side]
    checks: list[Check] = field(default_factory=list)
    monitors: dict[Who, CaseMonitor] = field(default_factory=dict)
    leases: dict[Who, Lease] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id of its case."""
        return f"{SUITE}/{self.sides['lac'].device.label}+{self.sides['lns'].device.label}"

    async def run(self) -> None:
        """Bring the two together, and say how it went."""
        stage, began = self.stage, self.stage.at
        lac, lns = self.sides["lac"].device, self.sides["lns"].device
        stage.emit(
            CaseStart(
                case=self.name,
                suite=SUITE,
                title=f"{lac.title} and {lns.title}",
                purpose=f"{lac.title} opens a tunnel to {lns.title} and places a call in it.",
                file="",
                line=0,
                covers=(),
                at=began,
            )
        )
        try:
            async with AsyncExitStack() as stack:
                await self._with_devices(stack)
            verdict, reason = fold(self.checks)
        except HarnessError as error:
            verdict, reason = Verdict.ERROR, str(error)
            stage.emit(DeviceLog(self.name, stage.at, error.cause, error.code))
        good = verdict in (Verdict.PASS, Verdict.WARN)
        expectation = Baseline().judge(self.name, verdict, self.checks).expectation
        seconds = stage.at - began
        stage.emit(
            CaseEnd(self.name, stage.at, verdict, expectation, reason, seconds, len(self.checks))
        )
        if good or self.checks:
            self._tell_monitors()

    async def _with_devices(self, stack: AsyncExitStack) -> None:
        """Lease both, the LNS first, and let them talk."""
        stage = self.stage
        ends: dict[Who, End] = {}
        for who in ("lns", "lac"):
            side = self.sides[who]
            port = _port(who, side)
            host = side.hosts.take(port)
            stack.callback(side.hosts.release, host)
            with settings_of(who):
                lease = await side.runner.lease(self.name, (host, port))
            stack.push_async_callback(side.runner.release, lease)
            self.leases[who] = lease
            ends[who] = End(host, lease.address)
            watching = Monitoring(stage.rules, side.device)
            watching.late = stage.late
            self.monitors[who] = watching.watch(
                self.name, lease.address[0], side.device.ixit.secret
            )
        between = Between(ends, Conversation(stage.specification), self._on_frame)
        for rule in stage.impairing:
            between.impairments.add(rule.impairment(stage.time_scale))
        stack.callback(between.close)
        for who, end in ends.items():
            port = _port(who, self.sides[who])
            end.link = await self.leases[who].network.open(between.receiver(who), end.host, port)
        try:
            await self._talk(between)
        finally:
            for who in ends:
                self.monitors[who].end(stage.at)
            self._tell_log()

    async def _talk(self, between: Between) -> None:
        stage, told = self.stage, between.conversation
        lac = self.sides["lac"].device
        if dials_when_told(lac):
            await self.leases["lac"].action(DIAL, {})
        within = UP_WITHIN * stage.time_scale
        up = await between.until(lambda: told.is_up or bool(told.endings), within)
        why = _ended(told) or told.reached(TUNNEL)
        self._check(TUNNEL_CHECK, told.is_up, "the tunnel comes up on both sides", why)
        if not told.is_up:
            return
        up = await between.until(lambda: told.has_call or bool(told.endings), within)
        why = _ended(told) or told.reached(CALL)
        self._check(CALL_CHECK, told.has_call, "the call comes up on both sides", why)
        if up and told.has_call:
            await self._hold(between)
        self._tell_data(between)
        await self._close(between)

    async def _hold(self, between: Between) -> None:
        """Let the call last. Either side may end it whenever it likes: that is told, no more."""
        stage, told, began = self.stage, between.conversation, self.stage.at
        await between.until(lambda: bool(told.endings), stage.hold)
        text = f"{HELD} {stage.hold:g} s"
        if told.endings:
            text = f"{NOT_HELD} it ended {stage.at - began:.2f} s after it was up: {_ended(told)}"
        stage.emit(Note(self.name, stage.at, text))

    async def _close(self, between: Between) -> None:
        stage, told = self.stage, between.conversation
        for who in ("lac", "lns"):
            death = await self.leases[who].examine()
            expected = f"the {who.upper()} survives"
            if death is not None:
                self._check("survival", False, expected, death.reason)
                stage.emit(DeviceLog(self.name, stage.at, death.reason, death.code))
        expected = "what ends the tunnel or the call is acknowledged by the other side"
        if not told.endings and not await self._act(between):
            told_so = "closing was not tried: neither device has an action for it"
            stage.emit(Note(self.name, stage.at, told_so))
            return
        within = CLOSED_WITHIN * stage.time_scale
        closed = await between.until(lambda: told.is_ended, within)
        self._check(CLOSE_CHECK, closed, expected, _ended(told) or "neither side ended anything")

    async def _act(self, between: Between) -> bool:
        """Have one of the devices end what is up; False when none can."""
        for who in ("lac", "lns"):
            side, ids = self.sides[who], between.conversation.ids[who]
            values = {name: str(number) for name, number in ids.items()}
            for action in ENDING_ACTIONS:
                if can(side.device, action):
                    await self.leases[who].action(action, values)
                    return True
        return False

    def _on_frame(
        self, who: Who, data: bytes, source: Address, destination: Address, came: bool
    ) -> str:
        stage = self.stage
        side = "LAC" if who == "lac" else "LNS"
        said = summary(parse(data), stage.names)
        frame = Frame(
            case=self.name,
            number=stage.numbers.take(),
            at=stage.at,
            direction=Direction.RECEIVED if came else Direction.SENT,
            source=source,
            destination=destination,
            data=data,
            summary=f"{side} side: {said}",
        )
        # what the other device made is not the relay's own, and is judged on its own side
        self.monitors[who].frame(frame, Made.FOREIGN if came else Made.ASKED)
        stage.emit(frame)
        return said

    def _check(self, name: str, holds: bool, expected: str, otherwise: str) -> None:
        check = Check(
            case=self.name,
            step=None,
            at=self.stage.at,
            name=name,
            rows=(),
            level="",
            verdict=Verdict.PASS if holds else Verdict.FAIL,
            expected=expected,
            actual="it does" if holds else otherwise,
        )
        self.checks.append(check)
        self.stage.emit(check)

    def _tell_data(self, between: Between) -> None:
        data = between.conversation.data
        text = f"data messages: {data['lac']} from the LAC, {data['lns']} from the LNS"
        self.stage.emit(Note(self.name, self.stage.at, text))
        if between.strangers:
            text = f"{between.strangers} datagrams came from neither of the two"
            self.stage.emit(Note(self.name, self.stage.at, text))

    def _tell_log(self) -> None:
        if fold(self.checks)[0] is Verdict.PASS:
            return
        for who, lease in self.leases.items():
            for line in lease.log():
                self.stage.emit(DeviceLog(self.name, self.stage.at, f"{who.upper()}: {line}"))

    def _tell_monitors(self) -> None:
        """What was found about each side, a result for each rule that was broken or kept."""
        for who, monitor in self.monitors.items():
            for result in monitor.whole.results(self.stage.at):
                rule = result.start.case.rpartition("/")[2]
                case = f"{self.name}/{who}/{rule}"
                purpose = f"{result.start.title}: the {who.upper()}, in every datagram it sent."
                self.stage.emit(replace(result.start, case=case, suite=SUITE, purpose=purpose))
                for frame in result.frames:
                    self.stage.emit(replace(frame, case=case))
                checks = [replace(check, case=case, seen_in=()) for check in result.checks]
                for check in checks:
                    self.stage.emit(check)
                verdict, reason = fold(checks)
                judged = self.sides[who].baseline.judge(
                    result.start.case, verdict, checks, whole=False
                )
                why = judged.reason or reason
                at = self.stage.at
                self.stage.emit(
                    CaseEnd(case, at, verdict, judged.expectation, why, 0.0, len(checks))
                )


def _port(who: Who, side: Side) -> int:
    """That of the relay's end on a side; 0: any. A LAC dials the well-known one, an LNS is dialled
    from any (8.1), or from the one that its peer.yaml wants."""
    return side.device.ixit.port if who == "lac" else side.hosts.port or 0


def _ended(told: Conversation) -> str:
    """Who ended it and how, in words; empty while nobody has."""
    return "; ".join(f"the {who.upper()} sent {said}" for who, said in told.endings)
