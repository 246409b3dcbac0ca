"""Cases as short texts, played against fakes in memory and in virtual time."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.device.description.device import Device
from harness.device.description.ics import CAPABILITIES
from harness.device.description.template import DEFAULT_CONFIGURATION
from harness.device.embedded import EmbeddedLease, EmbeddedRunner, Factory, reference_endpoint
from harness.device.lease import Lease
from harness.device.reading.load import load_device
from harness.peer import clock
from harness.peer.config import PeerConfig
from harness.peer.endpoint import Endpoint
from harness.peer.network import Address
from harness.run.baseline import Baseline
from harness.run.events import CaseEnd, Check, DeviceLog, Direction, Event, Frame, Note, Verdict
from harness.run.hosts import MemoryHosts
from harness.run.monitoring import Monitoring
from harness.run.run import names_of
from harness.run.schedule import run_all
from harness.run.select import Selected
from harness.run.setting import Setting
from harness.spec.load import load_specification
from harness.spec.model import Specification
from harness.suite.load import loads_suite
from harness.suite.model import Case
from harness.wire import Packet, parse
from tests.run.fakes import Puppet, Rules

ROOT = Path(__file__).parents[2]
MUST = "RFC2661-5.8-06"
SHOULD = "RFC2661-5.8-25"
MAY = "RFC2661-5.8-07"

UP = "- establish: tunnel\n"
CALL = UP + "- send: ICRQ\n- expect: ICRP\n"
TWO_CALLS = (
    UP
    + """
- send: ICRQ
  session: a
- expect: ICRP
  session: a
- send: ICRQ
  session: b
- expect: ICRP
  session: b
"""
)
HELLO = UP + "- send: HELLO\n"
ASK = HELLO + "- expect: ack\n"


@functools.cache
def table() -> Specification:
    """The specification's tables."""
    return load_specification(ROOT / "suites" / "spec" / "rfc2661")


@functools.cache
def device(role: str = "lns") -> Device:
    """The reference peer of a role as a device."""
    return load_device(ROOT / "peers" / f"reference-{role}")


def cases_of(steps: str, extra: str = "", *, role: str = "lns") -> tuple[Case, ...]:
    """The cases that steps make, with further keys of the case."""
    keys = "".join(f"    {line}\n" for line in extra.splitlines() if line.strip())
    if "covers:" not in extra:
        keys += f"    covers: [{MUST}]\n"
    body = "".join(f"      {line}\n" for line in steps.splitlines() if line.strip())
    text = (
        "title: Sample\nspec: rfc2661\ncases:\n  one:\n"
        "    purpose: Something that can be told apart from its opposite.\n"
        f"    iut: [{role}]\n{keys}    steps:\n{body}"
    )
    return loads_suite(text, table(), CAPABILITIES, name="sample.yaml").cases


@dataclass
class Story:
    """What came of a case. `events`: of the whole run."""

    events: list[Event]
    case: str = ""
    checks: list[Check] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    ends: list[CaseEnd] = field(default_factory=list)

    @property
    def end(self) -> CaseEnd:
        """How the case ended."""
        (end,) = self.ends
        return end

    @property
    def verdict(self) -> Verdict:
        """What the case earned."""
        return self.end.verdict

    @property
    def last(self) -> Check:
        """The last check of the case."""
        return self.checks[-1]

    def check(self, name: str) -> Check:
        """The only check of that name."""
        (check,) = (one for one in self.checks if one.name == name)
        return check

    def sent(self, name: str = "") -> list[Packet]:
        """The packets that the scripted peer sent, all or those of a message."""
        packets = [
            packet
            for one in self.frames
            if one.direction is Direction.SENT and (packet := parse(one.data).packet) is not None
        ]
        return [packet for packet in packets if not name or called(packet) == name]

    def octets(self, name: str = "") -> list[bytes]:
        """The datagrams that the scripted peer sent, all or those of a message."""
        found = []
        for one in self.frames:
            packet = parse(one.data).packet
            known = called(packet) if packet is not None else ""
            if one.direction is Direction.SENT and name in ("", known):
                found.append(one.data)
        return found

    def evidence(self, check: Check) -> list[str]:
        """The frames that a check names, as `> SCCRQ` (sent) or `< SCCRP`."""
        by_number = {one.number: one for one in self.frames}
        return [arrow(by_number[number]) for number in check.frames]


def called(packet: Packet) -> str:
    """The name of a packet's message."""
    if not packet.header.control:
        return "data"
    if packet.is_zlb:
        return "ZLB"
    message = table().message(packet.message_type or 0)
    return message.name if message else str(packet.message_type)


def arrow(frame: Frame) -> str:
    """A frame in short."""
    packet = parse(frame.data).packet
    name = called(packet) if packet is not None else "unreadable"
    return f"{'>' if frame.direction is Direction.SENT else '<'} {name}"


class StageRunner(EmbeddedRunner):
    """Leases as they are, on a network with its own latency; it knows what is leased."""

    def __init__(self, stage_device: Device, factory: Factory, latency: float, seed: int) -> None:
        super().__init__(stage_device, table(), seed=seed, factory=factory)
        self.latency = latency
        self.leased: list[str] = []
        self.most = 0
        self.now: dict[int, str] = {}

    async def lease(
        self, case: str, peer: Address | None, configuration: str = DEFAULT_CONFIGURATION
    ) -> Lease:
        lease = await super().lease(case, peer, configuration)
        assert isinstance(lease, EmbeddedLease)
        lease.network.latency = self.latency
        self.leased.append(case)
        self.now[id(lease)] = case
        self.most = max(self.most, len(self.now))
        return lease

    async def release(self, lease: Lease) -> None:
        await super().release(lease)
        del self.now[id(lease)]


def puppet(rules: Rules, kind: type[Puppet] = Puppet) -> Factory:
    """A factory of puppets with these rules."""

    def make(
        specification: Specification,
        config: PeerConfig,
        _chance: random.Random,
        log: Callable[[str], None],
    ) -> Endpoint:
        return kind(specification, config, rules, log)

    return make


def of_class(*kinds: type[Endpoint]) -> Factory:
    """A factory of endpoints of a class; of several, each has its turn, and the last one stays."""
    turns = list(kinds)

    def make(
        specification: Specification,
        config: PeerConfig,
        chance: random.Random,
        log: Callable[[str], None],
    ) -> Endpoint:
        kind = turns.pop(0) if len(turns) > 1 else turns[0]
        return kind(specification, config, chance=chance, log=log)

    return make


def play(
    steps: str,
    rules: Rules | None = None,
    *,
    extra: str = "",
    role: str = "lns",
    factory: Factory | None = None,
    secret: str | None = "secret",
    ics: Mapping[str, bool] | None = None,
    latency: float = 0.0005,
    seed: int = 0,
    time_scale: float = 1.0,
    baseline: Baseline | None = None,
    monitoring: Monitoring | None = None,
    port: int | None = None,
) -> Story:
    """Play the one case that the steps make; gives what came of it."""
    (case,) = cases_of(steps, extra, role=role)
    stage = device(role)
    stage = replace(
        stage,
        ixit=replace(stage.ixit, secret=secret),
        ics={**stage.ics, **(ics or {})},
    )
    if factory is None:
        factory = reference_endpoint if rules is None else puppet(rules)
    runner = StageRunner(stage, factory, latency, seed)
    events = play_all(
        [Selected(case)],
        runner,
        seed=seed,
        time_scale=time_scale,
        baseline=baseline,
        monitoring=monitoring,
        port=port,
    )
    return told(events, case.id)


def play_all(
    plan: Sequence[Selected],
    runner: StageRunner,
    *,
    jobs: int = 1,
    seed: int = 0,
    time_scale: float = 1.0,
    baseline: Baseline | None = None,
    emit: Callable[[Event], None] | None = None,
    monitoring: Monitoring | None = None,
    port: int | None = None,
) -> list[Event]:
    """Run a plan in virtual time; gives the events."""
    events: list[Event] = []

    def take(event: Event) -> None:
        events.append(event)
        if emit is not None:
            emit(event)

    async def main() -> None:
        setting = setting_of(runner, take, seed=seed, time_scale=time_scale, port=port)
        setting = replace(setting, baseline=baseline or Baseline(), monitoring=monitoring)
        await runner.open()
        try:
            await run_all(setting, plan, jobs)
        finally:
            await runner.close()

    clock.run(main(), virtual=True)
    return events


def setting_of(
    runner: StageRunner,
    emit: Callable[[Event], None],
    *,
    seed: int = 0,
    time_scale: float = 1.0,
    port: int | None = None,
) -> Setting:
    """What the cases of a run share. port: the only one that they may send from."""
    hosts = MemoryHosts()
    hosts.port = port
    return Setting(
        device=runner._device,
        runner=runner,
        hosts=hosts,
        specification=table(),
        baseline=Baseline(),
        emit=emit,
        names=names_of(table()),
        started=asyncio.get_running_loop().time(),
        seed=seed,
        time_scale=time_scale,
    )


def told(events: Sequence[Event], case: str) -> Story:
    """The story of one case."""
    story = Story(list(events), case)
    for event in events:
        if getattr(event, "case", None) != case:
            continue
        if isinstance(event, Check):
            story.checks.append(event)
        elif isinstance(event, Frame):
            story.frames.append(event)
        elif isinstance(event, Note):
            story.notes.append(event.text)
        elif isinstance(event, DeviceLog):
            story.log.append(event.text)
        elif isinstance(event, CaseEnd):
            story.ends.append(event)
    return story


def outcome(steps: str, rules: Rules, *, latency: float = 0.0005, extra: str = "") -> str:
    """The verdict and what the last check saw."""
    story = play(steps, rules, latency=latency, extra=extra)
    return f"{story.verdict}: {story.last.actual}"
